"""The model that ships: it works in the first minute, on the photo that comes along."""

import numpy as np
import pytest

from fer_core.prediction.cards import card_of, sureness_of
from fer_core.prediction.explanation import explain
from fer_core.prediction.models import SHIPPED, choose
from fer_core.prediction.predictor import Predictor


@pytest.fixture
def shipped(workspace) -> Predictor:
    """What somebody gets who names no model and has no run."""
    choice = choose(workspace)
    assert choice.kind == SHIPPED
    return choice.open()


def test_it_sees_a_smile(shipped, astronaut):
    (face,) = shipped.predict(astronaut).faces
    assert face.label == "happy"
    assert face.confidence > 0.6


@pytest.mark.parametrize("method", ["gradcam", "layercam", "hirescam"])
def test_it_sees_the_smile_at_the_mouth(shipped, astronaut, method):
    (face,) = shipped.predict(astronaut).faces
    heat = explain(shipped, face.crop, face.index, method)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 28 <= row < 48  # her mouth is in rows 34 to 42, columns 12 to 34; a cell of the map is eight pixels wide
    assert 8 <= column < 40


def test_its_card_says_what_it_is_not_for_and_what_its_calls_are_worth(workspace):
    choice = choose(workspace)
    card = card_of(workspace, choice)
    for misuse in ("hiring", "proctoring or attendance", "identify", "diagnosis", "Expressions are not feelings"):
        assert misuse in card
    counted = sureness_of(workspace, choice)
    assert counted.place == "PrivateTest"
    assert counted.calls.sum() == 3589
    assert 0.60 < counted.right.sum() / 3589 < 0.70  # its accuracy, counted a second way
    assert counted.sentence(0.999) == "Of calls this sure, about 19 of 20 were right on PrivateTest."


def test_the_mirror_image_smiles_as_well(shipped, astronaut):
    (plain,) = shipped.predict(astronaut).faces
    (averaged,) = shipped.predict(astronaut, tta="flip").faces
    assert averaged.label == plain.label
