"""From a photo to probabilities, and to where the network looked.

models         which models there are: shipped ones and the best checkpoints of finished runs
predictor      a photo's faces with seven probabilities each
methods        the ways to explain a prediction, by name
explanation    a heat map on the exact crop that the network saw
answer         predictions as JSON, as CSV, in words
picture        the photo with its faces boxed and numbered
"""
