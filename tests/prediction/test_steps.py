"""From the photo to the network's input: every picture is what really happened."""

import cv2
import numpy as np

from fer_core.imaging.crop import crop_face, to_grey
from fer_core.networks.inputs import InputSpec
from fer_core.prediction.seen import Face, look
from fer_core.prediction.steps import steps


def one_face(image) -> Face:
    sight = look(image)
    return Face(sight.found[0].box, sight.crops[0], np.full(7, 1 / 7, np.float32), sight.found[0].turn)


def test_a_plain_model_takes_three_steps(astronaut):
    face = one_face(astronaut)
    taken = steps(astronaut, face, InputSpec())
    assert [step.title for step in taken] == ["Found", "Cropped", "Input"]
    assert np.array_equal(taken[1].picture, crop_face(to_grey(astronaut), face.box))


def test_what_a_model_does_to_its_input_is_shown_in_its_order(astronaut):
    face = one_face(astronaut)
    taken = {step.title: step for step in steps(astronaut, face, InputSpec(224, equalise=True, crop=40))}
    assert list(taken) == ["Found", "Cropped", "Equalised", "Cut", "Resized", "Input"]
    equalised = cv2.equalizeHist(face.crop)
    assert np.array_equal(taken["Equalised"].picture, equalised)
    assert np.array_equal(taken["Cut"].picture, equalised[4:44, 4:44])
    assert taken["Resized"].picture.shape == (224, 224)
    smaller = cv2.resize(taken["Resized"].picture, (40, 40), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(smaller - equalised[4:44, 4:44]).mean() < 4


def test_the_input_is_blue_where_it_is_dark_and_orange_where_it_is_light(astronaut):
    face = one_face(astronaut)
    picture = steps(astronaut, face, InputSpec())[-1].picture.astype(int)
    dark, light = face.crop < 60, face.crop > 200
    assert (picture[dark, 2] > picture[dark, 0]).all()
    assert (picture[light, 0] > picture[light, 2]).all()


def test_a_leaning_face_is_shown_as_it_is_turned(astronaut):
    leaning = astronaut.rotate(-35, fillcolor=(120, 130, 140))
    face = one_face(leaning)
    taken = {step.title: step for step in steps(leaning, face, InputSpec())}
    assert list(taken) == ["Found", "Turned", "Cropped", "Input"]
    turned = cv2.resize(cv2.cvtColor(taken["Turned"].picture, cv2.COLOR_RGB2GRAY), (48, 48), interpolation=3)
    assert np.corrcoef(turned.ravel(), face.crop.ravel())[0, 1] > 0.97
