"""Finding faces: where they are, how many, and not where there are none."""

from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fer_core.files import decode_image
from fer_core.imaging.crop import to_grey
from fer_core.imaging.faces import find_faces, merge_overlapping


def centre(box):
    x, y, width, height = box
    return np.array([x + width / 2, y + height / 2])


FACE = np.array([225, 115])  # between her eyes and her mouth


def test_the_astronaut_has_one_face_and_it_is_hers(astronaut):
    (box,) = find_faces(to_grey(astronaut))
    assert np.abs(centre(box) - FACE).max() < 12
    assert 80 < box[2] < 125


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_phone_photo_is_turned_by_its_exif_orientation(astronaut, orientation):
    # As a camera held sideways stores it: the pixels turned, and a tag that says how to turn them back.
    turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[orientation]
    sideways = astronaut.transpose(turn)
    unturned = find_faces(to_grey(sideways))
    assert not any(np.abs(centre(box) - FACE).max() < 12 for box in unturned)  # the tag makes the difference
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = BytesIO()
    sideways.save(stored, "PNG", exif=exif)
    (box,) = find_faces(to_grey(decode_image(stored.getvalue())))
    assert np.abs(centre(box) - FACE).max() < 12


@pytest.mark.parametrize("across", [2, 3])
def test_every_copy_in_a_tiled_picture_is_found_once(astronaut, across):
    sheet = Image.new("RGB", (512 * across, 512 * across))
    for column in range(across):
        for row in range(across):
            sheet.paste(astronaut, (512 * column, 512 * row))
    boxes = find_faces(to_grey(sheet))
    assert len(boxes) == across**2
    tiles = {tuple((centre(box) // 512).astype(int)) for box in boxes}
    assert len(tiles) == across**2
    for box in boxes:
        assert np.abs(centre(box) % 512 - FACE).max() < 15


def test_boxes_are_in_the_pixels_of_the_original(astronaut):
    (box,) = find_faces(to_grey(astronaut.resize((2560, 2560))))
    assert np.abs(centre(box) / 5 - FACE).max() < 12


def test_the_largest_face_comes_first(astronaut):
    scene = Image.new("RGB", (1200, 620), (120, 130, 140))
    scene.paste(astronaut.resize((300, 300)), (20, 20))
    scene.paste(astronaut, (500, 50))
    boxes = find_faces(to_grey(scene))
    assert [box[0] > 500 for box in boxes] == [True, False]


def test_a_small_face_in_a_large_photo_is_found_at_full_size(astronaut):
    scene = Image.new("RGB", (3000, 2000), (120, 130, 140))
    scene.paste(astronaut.resize((256, 256)), (1500, 1200))  # the face is 48 pixels wide, 10 on the working copy
    (box,) = find_faces(to_grey(scene))
    assert np.abs(centre(box) - (np.array([1500, 1200]) + FACE / 2)).max() < 10


@pytest.mark.parametrize(
    "name", ["brick.png", "chelsea.png", "coffee.png", "coins.png", "grass.png", "hubble_deep_field.jpg", "rocket.jpg"]
)
def test_things_and_cats_are_no_faces(name):
    assert find_faces(to_grey(decode_image((files("skimage.data") / name).read_bytes()))) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (2, 2), (700, 1), (48, 48)])
def test_any_size_of_picture_is_searched_without_complaint(shape):
    assert find_faces(np.zeros(shape, np.uint8)) == []


def test_eight_threads_find_what_one_finds(astronaut):
    grey = [to_grey(astronaut.resize((side, side))) for side in (300, 400, 512)] * 4
    alone = [find_faces(picture) for picture in grey]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(find_faces, grey))
    assert together == alone
    assert all(alone)


def test_overlapping_boxes_become_the_larger_one_and_neighbours_stay():
    large, inside, beside, apart = (0, 0, 100, 100), (20, 20, 40, 40), (70, 0, 90, 90), (300, 300, 50, 50)
    assert merge_overlapping([inside, apart, beside, large]) == [large, beside, apart]
