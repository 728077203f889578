"""Predictions as documents, tables and words."""

import csv
from io import StringIO

import numpy as np
import pytest
from PIL import Image

from fer_core.emotions import NAMES
from fer_core.prediction.answer import as_csv, document, in_words, refusal
from fer_core.prediction.picture import draw_boxes
from fer_core.prediction.seen import Face, Prediction


def a_face(probabilities, box=(10, 20, 30, 40), turn=0.0):
    return Face(box, np.zeros((48, 48), np.uint8), np.array(probabilities, np.float32), turn)


MOSTLY_HAPPY = [0.02, 0.01, 0.03, 0.71, 0.04, 0.05, 0.14]


def test_a_document_has_exactly_the_promised_fields():
    answer = document("a.png", Prediction(640, 480, (a_face(MOSTLY_HAPPY),)), "shallow48")
    assert answer == {
        "file": "a.png",
        "width": 640,
        "height": 480,
        "faces": [
            {
                "box": [10, 20, 30, 40],
                "probabilities": dict(zip(NAMES, MOSTLY_HAPPY, strict=True)),
                "label": "happy",
                "confidence": 0.71,
            }
        ],
        "model": "shallow48",
    }


def test_what_is_out_of_the_ordinary_has_a_key_of_its_own():
    answer = document("a.png", Prediction(9, 9, (a_face(MOSTLY_HAPPY, turn=-20.0),), "by hand"), "a + b", "crops")
    assert (answer["tta"], answer["boxes"], answer["model"]) == ("crops", "by hand", "a + b")
    assert answer["faces"][0]["turn"] == -20.0


def test_the_table_has_a_line_for_every_face_and_for_every_file_without_one():
    answers = [
        document("two.png", Prediction(640, 480, (a_face(MOSTLY_HAPPY), a_face(MOSTLY_HAPPY[::-1]))), "m"),
        document("none.png", Prediction(10, 10, ()), "m"),
        refusal("bad.png", ValueError("bad.png: not a picture")),
    ]
    lines = list(csv.DictReader(StringIO(as_csv(answers))))
    assert [line["file"] for line in lines] == ["two.png", "two.png", "none.png", "bad.png"]
    assert [line["face"] for line in lines] == ["1", "2", "", ""]
    assert [line["label"] for line in lines] == ["happy", "happy", "", ""]
    assert float(lines[0]["neutral"]) == 0.14
    assert float(lines[1]["neutral"]) == 0.02
    assert [line["error"] for line in lines] == ["", "", "no face found", "bad.png: not a picture"]
    assert (lines[0]["x"], lines[0]["y"], lines[0]["width"], lines[0]["height"]) == ("10", "20", "30", "40")


@pytest.mark.parametrize("name", ["=1+1.png", "+a.png", "-a.png", "@a.png", "\ta.png"])
def test_no_file_name_becomes_a_formula(name):
    (line,) = csv.DictReader(StringIO(as_csv([refusal(name, ValueError(f"{name}: broken"))])))
    assert line["file"] == f"'{name}"
    assert line["error"].startswith("'")


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        (MOSTLY_HAPPY, "probably happy (71 %), perhaps neutral (14 %)"),
        ([0.0, 0.0, 0.0, 0.95, 0.0, 0.0, 0.05], "very probably happy (95 %), perhaps neutral (5 %)"),
        ([0.0, 0.0, 0.0, 0.996, 0.0, 0.0, 0.004], "very probably happy (over 99 %), hardly anything else"),
        ([0.0, 0.0, 0.2, 0.1, 0.5, 0.1, 0.1], "perhaps sad (50 %), perhaps fear (20 %)"),
        ([0.36, 0.0, 0.30, 0.1, 0.14, 0.0, 0.1], "undecided between angry (36 %) and fear (30 %)"),
    ],
)
def test_words_say_how_sure_it_is(probabilities, words):
    assert in_words(np.array(probabilities, np.float32)) == words


def test_boxes_are_drawn_where_the_faces_are(astronaut):
    drawn = np.asarray(draw_boxes(astronaut, [a_face(MOSTLY_HAPPY, (177, 66, 97, 97))])).astype(int)
    changed = np.abs(drawn - np.asarray(astronaut.convert("RGB")).astype(int)).sum(2) > 0
    rows, columns = np.nonzero(changed)
    assert rows.max() in range(163, 168)
    assert columns.min() in range(172, 178)
    assert columns.max() in range(274, 280)
    assert not changed[80:150, 190:260].any()  # the face itself stays as it is


def test_large_photos_are_drawn_small(astronaut):
    large = astronaut.resize((3000, 1500))
    picture = draw_boxes(large, [a_face(MOSTLY_HAPPY, (1000, 200, 500, 500))], side=600)
    assert picture.size == (600, 300)


def test_a_leaning_face_has_a_leaning_box(astronaut):
    blank = Image.new("RGB", (400, 400), "white")
    upright, leaning = (
        np.asarray(draw_boxes(blank, [a_face(MOSTLY_HAPPY, (150, 150, 100, 100), turn)])) for turn in (0.0, 45.0)
    )
    right_middle = upright[200, 248:253].sum()
    assert right_middle < 255 * 15  # an upright box runs there
    assert (leaning[200, 248:253] == 255).all()
    assert (leaning[200, 266:275] != 255).any()  # a diamond reaches 71 pixels from its middle
