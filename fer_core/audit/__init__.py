"""What is wrong with a data set: one module per reason, a ranking of suspects, and the audits that are kept.

duplicates        exact copies, groups with conflicting labels, leaks between splits
near_duplicates   the same photograph again, cropped or mirrored another way; sketches are what makes that quick
quality           flat, blurred, dark, bright, poor and black-and-white images
not_a_face        icons, text, empty tiles
labels            networks that judge what they have not seen (folds: one of them)
scores            how badly a label fits what they say; expected_votes is ours
classes           pairs of classes that are taken for each other
crowd             small networks that learnt from votes, for FER2013
embedding         the map
opinion           all of the last four together
ranking           every image in one order, most suspect first
results           audits on disk; differences: how two of them differ
strengths         how thorough an audit is, by a word
stages            one audit from start to end, resumable at the stage and fold it was in
"""
