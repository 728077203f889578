"""From a version and a recipe to a run folder.

recipe         every knob of a training, frozen, printed and stored; TOML files in recipes/
augmentation   flips, shifts, turns: on batches of tensors
schedule       the learning rate as a function of the step
machine        what this computer is and what runs on it: goes into every run.json
loop           `fit`: rows and a recipe in, a model out
checkpoints    the whole state of a training in one safetensors file
run            the run folder: opening, listing, reading
session        `train_version`: protocol, fit, scores, all into a run folder
"""
