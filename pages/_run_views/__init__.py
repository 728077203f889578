"""The views of the Runs page, one module each; only the chosen one is computed.

board         the leaderboard: protocol, filters, columns, seeds as one line, deleting and bringing back
shown         on which images and labels everything is computed
summary       one run in four figures; its tags and its note
verdict       several runs: the paired tests in words, what differs between the recipes
matrices      confusion matrices as shares, counts and differences; a cell opens its faces
by_class      precision, recall and F1 per class with intervals
calibration   reliability and precision-recall curves
learning      the curves of the training
mistakes      misclassified faces: a wrong label or a wrong network?
sides         the faces on which exactly one of two runs is right
faces         a grid of faces with one of them in detail; sending them to review
proofs        whether one version trains better than another
card          the model card, and the report to download
"""
