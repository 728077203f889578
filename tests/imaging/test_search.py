"""Faces that are not found at first: small, tight and leaning ones; and YuNet, where it is there."""

import numpy as np
import pytest
from PIL import Image

from fer_core.errors import InputRefused, NotFound, UsageError
from fer_core.files import decode_image
from fer_core.imaging import yunet
from fer_core.imaging.crop import crop_face, to_grey
from fer_core.imaging.faces import find_faces
from fer_core.imaging.search import YUNET, search_faces

FACE = np.array([225, 115])  # between her eyes and her mouth
GREY = (120, 130, 140)


def centre(box):
    x, y, width, height = box
    return np.array([x + width / 2, y + height / 2])


def turned(point, degrees, side=512):
    """Where a point of the photo is after turning it clockwise on a canvas of the same size."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return matrix @ (point - side / 2) + side / 2


def test_an_upright_face_is_found_as_ever(astronaut):
    grey = to_grey(astronaut)
    (found,) = search_faces(grey)
    assert ([found.box], found.turn) == (find_faces(grey), 0)


@pytest.mark.parametrize("degrees", [-25, 45])
def test_a_leaning_face_is_found_where_it_is_and_cropped_upright(astronaut, degrees):
    leaning = to_grey(astronaut.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=GREY))
    assert find_faces(leaning) == []
    (found,) = search_faces(leaning)
    assert np.abs(centre(found.box) - turned(FACE, degrees)).max() < 15
    assert np.sign(found.turn) == np.sign(degrees)
    assert abs(found.turn - degrees) <= 20
    assert 80 < found.box[2] < 125
    (upright,) = search_faces(to_grey(astronaut))
    crops = [crop_face(to_grey(astronaut), upright.box), crop_face(leaning, found.box, found.turn)]
    middles = [crop[10:38, 10:38].ravel() for crop in crops]
    assert np.corrcoef(*middles)[0, 1] > 0.6


def test_a_turned_crop_is_the_picture_turned_back():
    # A bar that leans by 30 degrees clockwise stands upright in the crop.
    bar = Image.new("L", (300, 300), 0)
    bar.paste(255, (140, 60, 160, 240))
    leaning = np.asarray(bar.rotate(-30, Image.Resampling.BICUBIC))
    crop = crop_face(leaning, (80, 80, 140, 140), 30.0)
    assert crop[:, 21:27].min() > 150
    assert crop[:, :16].max() == crop[:, 32:].max() == 0
    assert crop_face(leaning, (80, 80, 140, 140))[0, 21:27].max() < 50  # unturned, its ends leave the middle


@pytest.mark.parametrize("enlarged", [1, 4])
def test_a_face_that_fills_the_picture_is_found(astronaut, enlarged):
    tight = astronaut.crop((185, 74, 266, 155)).resize((81 * enlarged, 81 * enlarged))
    assert find_faces(to_grey(tight)) == []
    (found,) = search_faces(to_grey(tight))
    assert 70 * enlarged < found.box[2] <= 81 * enlarged


def test_a_face_of_twenty_pixels_is_found(astronaut):
    small = to_grey(astronaut.resize((100, 100)))
    assert find_faces(small) == []
    (found,) = search_faces(small)
    assert np.abs(centre(found.box) - FACE * 100 / 512).max() < 4


def test_a_picture_as_small_as_fer2013s_is_not_searched_for_a_face_within(astronaut):
    assert search_faces(to_grey(astronaut.crop((185, 74, 266, 155)).resize((48, 48)))) == []


@pytest.mark.parametrize("name", ["coins.png", "chelsea.png", "rocket.jpg", "clock_motion.png"])
def test_patience_sees_no_faces_in_things(name):
    from importlib.resources import files

    assert search_faces(to_grey(decode_image((files("skimage.data") / name).read_bytes()))) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (700, 2), (65, 65)])
def test_any_size_of_picture_is_searched_without_complaint(shape):
    assert search_faces(np.zeros(shape, np.uint8)) == []


def test_an_unknown_detector_is_named_with_the_known_ones():
    with pytest.raises(UsageError, match="haar, yunet"):
        search_faces(np.zeros((9, 9), np.uint8), "crystal ball")


class Pretended:
    """In place of OpenCV's YuNet, whose weights do not ship: it "sees" one face where the picture is white."""

    def setInputSize(self, size):  # noqa: N802 - OpenCV's name
        self.size = size

    def detect(self, picture):
        assert picture.shape == (self.size[1], self.size[0], 3)
        rows, columns = np.nonzero(picture[..., 0] > 200)
        if not len(rows):
            return 1, None
        x, y, wide, high = columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
        eyes = [x + 0.3 * wide, y + 0.3 * high, x + 0.7 * wide, y + 0.3 * high + 0.4 * wide]  # 45 degrees
        return 1, np.array([[x, y, wide, high, *eyes, *[0] * 6, 0.9]], np.float32)


def test_yunets_boxes_are_in_the_pixels_of_the_photo_and_its_eyes_tell_the_lean(tmp_path, monkeypatch):
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"weights")
    monkeypatch.setattr(yunet, "_detector", lambda file: Pretended())
    photo = np.zeros((1000, 2000), np.uint8)
    photo[400:600, 1200:1360] = 255
    ((box, lean),) = yunet.find_yunet(photo, tmp_path)
    assert np.abs(np.array(box) - [1200, 400, 160, 200]).max() <= 4
    assert lean == pytest.approx(45, abs=1)


def test_without_yunets_weights_the_sentence_says_what_to_do():
    if yunet.yunet_file() is not None:
        pytest.skip("YuNet's weights are in models/")
    with pytest.raises(NotFound, match=r"put face_detection_yunet_2023mar\.onnx"):
        search_faces(np.zeros((50, 50), np.uint8), YUNET)


def test_a_file_that_is_not_yunet_is_refused(tmp_path):
    (tmp_path / "face_detection_yunet_fake.onnx").write_bytes(b"not a network")
    with pytest.raises(InputRefused, match="not the weights of YuNet"):
        yunet.find_yunet(np.zeros((50, 50), np.uint8), tmp_path)
