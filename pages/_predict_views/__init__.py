"""The parts of the Predict page, in the order of the screen.

inputs     photos from files, the camera or the sample; which networks are asked, and how
photo      one photo with its boxes, and a box set by hand
face       one face: what was seen, where it was looked, what was said; the steps that led there
labelled   what people say that their photos show, against what the network says
scoring    a model on an imported data set
card       the model card
"""
