"""From a photo to probabilities, and to where the network looked.

models         which models there are: shipped ones and the best checkpoints of finished runs
seen           what is to be seen in a picture: faces, their crops, their probabilities (no torch)
predictor      who answers: one model, or several as one
photos         photos on disk: folders, patterns, looking ahead
methods        the ways to explain a prediction, by name
explanation    a heat map on the exact crop that the network saw; `score_cam` and `gradients` are of our own
steps          from the photo to what the network gets, in pictures
sureness       how often a model is right when it is as sure as this
cards          the model card of whatever can be asked
scoring        any model on any imported data set, or on labelled photos
guessing       labels for faces that nobody has labelled, to be reviewed
live           frames of a live camera: checked, answered, forgotten
tracking, timeline, watching, background    faces of a video followed, what they show over time, by a process of its own
answer         predictions as JSON, as CSV, in words
picture        the photo with its faces boxed and numbered
"""
