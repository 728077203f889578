"""What the panels of versions are made of.

policy      the switches of a policy
effect      what a policy would change, before anything is cut
compare     two versions against each other, with the faces that differ
export      a version as a file, written in the background
"""
