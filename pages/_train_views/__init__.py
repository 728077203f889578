"""What the Train page is made of.

context        what can be chosen: versions, networks, recipes; and what a version holds
form           what is chosen, kept through every redraw, and as a command line
settings       every setting of a recipe in plain words
options        the options of the networks in plain words
difference     in what two recipes differ, in words
controls       the settings as widgets, a group at a time
card           the card from which a training starts
preview        nine faces as the network will see them
upscaled       one face by bicubic interpolation and by the upscaler
charts         the learning rate over the epochs, the classes before and after balancing
memory         how much memory it will take
shapes         networks that have shapes but no numbers, to count by
pace           how long it will take, and how that is known
panel          the settings beside what they do
sweeps         searches over settings
background     the trainings that run, wait and have ended
"""
