"""Run folders: everything about one training in files that people can read, and what is made of them.

run            the run folder: opening, listing, reading    events   its log of the training
plan           what a run trains on, what chooses its epoch and what scores it    material   that in words
leaky          the plan that reproduces how 85 % comes about, marked as such
session        `train_version`: plan, fit, scores, all into a run folder
together       the same by several workers of a Ray cluster    crew   those workers
scoring        what the chosen epoch says of every scored image, and how good that is
tables         what finished runs said, as tables: any split, subset and labels, several runs as their mean
augmented      the same with test-time augmentation
results        the figures of runs, ensembles and seeds, and runs against each other
elsewhere      runs on images of another data set
leaderboard    runs by protocol, seeds as one entry
proof          `prove`: whether one version trains better than another
notes, trash   tags and notes; deleting so that it can be undone
curves, figures, card, report    learning curves, charts, the model card, all of it as one HTML file
"""
