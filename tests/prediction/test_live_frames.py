"""Frames from a browser: small JPEGs are answered, whatever else is refused with a sentence."""

import base64
import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fer_core.errors import ImageRefused
from fer_core.imaging.faces import find_faces
from fer_core.prediction.live import MOST_BYTES, answer, read_frame


def as_text(image: Image.Image, form="JPEG", **options):
    stored = BytesIO()
    image.save(stored, form, **options)
    return base64.b64encode(stored.getvalue()).decode()


@pytest.fixture
def two_faces(astronaut):
    """320 x 240 with the astronaut twice, the right one smaller."""
    scene = Image.new("RGB", (320, 240), (120, 120, 120))
    head = astronaut.convert("RGB").crop((120, 0, 330, 210))
    scene.paste(head.resize((110, 110)), (200, 60))
    scene.paste(head.resize((170, 170)), (10, 30))
    return scene


def test_faces_are_answered_from_left_to_right_with_their_own_numbers(two_faces, shallow):
    grey = read_frame(as_text(two_faces, quality=90))
    assert grey.shape == (240, 320)
    faces = answer(grey, shallow)
    assert [face["box"] for face in faces] == [list(box) for box in sorted(find_faces(grey))]
    assert len(faces) == 2
    for face in faces:
        assert sum(face["probabilities"]) == pytest.approx(1, abs=0.001)


def test_an_empty_room_has_no_faces(shallow):
    assert answer(read_frame(as_text(Image.new("RGB", (320, 180)))), shallow) == []


def huge_header():
    """A JPEG that says it has 60,000 x 60,000 pixels."""
    sizes = struct.pack(">BHHB", 8, 60_000, 60_000, 1) + b"\x01\x11\x00"
    content = b"\xff\xd8\xff\xc0" + struct.pack(">H", len(sizes) + 2) + sizes + b"\xff\xda\x00\x02"
    return base64.b64encode(content).decode()


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (320, 320, 3), np.uint8))
SMALL = Image.new("RGB", (320, 240))
BAD = {
    "nothing": (None, "no text"),
    "a number": (5, "no text"),
    "a list": ([1, 2], "no text"),
    "no base64": ("ÿØÿ not base64", "base64"),
    "a PNG": (as_text(SMALL, "PNG"), "not a JPEG"),
    "a letter": (base64.b64encode(b"Dear network,").decode(), "not a JPEG"),
    "empty": ("", "not a JPEG"),
    "cut": (as_text(NOISE, quality=30)[:2000], "damaged"),
    "a header alone": (base64.b64encode(b"\xff\xd8\xff\xe0\x00").decode(), "damaged"),
    "too wide": (as_text(Image.new("RGB", (640, 480))), "640 x 480"),
    "too small": (as_text(Image.new("RGB", (8, 8))), "8 x 8"),
    "huge": (huge_header(), "far too large"),
    "too many bytes": ("A" * (2 * MOST_BYTES), "at most 96 KB"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_frame_is_refused_with_a_sentence(name):
    sent, why = BAD[name]
    with pytest.raises(ImageRefused, match=why):
        read_frame(sent)
