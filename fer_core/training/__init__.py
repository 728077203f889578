"""From rows and a recipe to a model.

recipe         every knob of a training, frozen, printed and stored; TOML files in recipes/
recipe_files   recipes of one's own, in the workspace
lessons        what is learnt from, on its device, and the loss
balance        classes of like size: by weights, by showing small ones again
augmentation   flips, shifts, turns: on batches of tensors; mixing: two images in one
optimisers     by their names in a recipe; freezing: what they leave alone at first
schedule       the learning rate as a function of the step; patience: what the finished epochs decide
randomness     seeds for every step
state          `Training`: where one stands, and one step of it; checkpoints: that in one safetensors file
loop           `fit`: rows and a recipe in, a model out
team           several processes that train one network
machine        what this computer is and what runs on it: goes into every run.json
upscaler       the training of the ESPCN
search/        the search over settings
"""
