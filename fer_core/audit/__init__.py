"""What is wrong with a data set: one module per reason, a ranking of suspects, and the audits that are kept.

duplicates    exact copies, groups with conflicting labels, leaks between splits
quality       flat and blurred images
labels        out-of-fold probabilities and how badly the given label fits them
ranking       every image in one order, most suspect first
results       audits on disk
stages        one audit from start to end, resumable at the stage and fold it was in
"""
