"""Functions on arrays: which rows count, what a network says about them, how good that is, which run is better.

protocol      splits, clean subsets, hold-outs and folds by duplicate group
inference     probabilities of a model for images
metrics       accuracy, macro-F1, calibration, confusion matrix, each with a 95 % interval
comparison    the paired test between two runs, in a sentence
"""
