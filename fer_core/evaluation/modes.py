"""The kinds of test-time augmentation by name, for those who only name them; `testtime` says what they are."""

NONE, FLIP, CROPS, SAMPLES = "none", "flip", "crops", "samples"
MODES = (NONE, FLIP, CROPS, SAMPLES)
AUGMENTED = (FLIP, CROPS, SAMPLES)
