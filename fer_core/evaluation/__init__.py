"""Functions on arrays: which rows count, what a network says about them, how good that is, which run is better.

protocol      splits, clean subsets and hold-outs by duplicate group
folds         balanced by class, all copies of an image in one
vote_test     the part of Training that nobody trains on, scored by annotators' votes
inference     probabilities of a model for images
testtime      the same as the mean over several views of each image; modes: its kinds by name
metrics       accuracy, macro-F1, top-2, calibration, confusion matrix, each with a 95 % interval
comparison    the paired test between two runs, or two groups of seeds, in a sentence
seeds         runs that differ only in their seed as one: mean and standard deviation
fidelity      how near a restored picture is to the original
"""
