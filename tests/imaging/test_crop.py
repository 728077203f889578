"""From any picture to 48x48 grey pixels."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fer_core.files import decode_image
from fer_core.imaging.crop import FRAMING, crop_face, crop_whole, to_grey


def through(image: Image.Image, form: str, **options) -> Image.Image:
    """The picture as it comes back from a file."""
    stored = BytesIO()
    image.save(stored, form, **options)
    return decode_image(stored.getvalue())


RAMP = np.tile(np.arange(256, dtype=np.uint8), (64, 1))


def test_sixteen_bit_pictures_keep_their_shades():
    deep = Image.fromarray(RAMP.astype(np.uint16) * 257)
    assert np.array_equal(to_grey(through(deep, "PNG")), RAMP)


def test_palette_pictures_are_read_by_colour_not_by_index():
    palette = Image.fromarray(255 - RAMP).convert("RGB").quantize(256)
    assert np.abs(to_grey(through(palette, "PNG")).astype(int) - (255 - RAMP)).max() <= 2


def test_transparent_parts_are_white():
    picture = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 30, 60))
    grey = to_grey(through(picture, "PNG"))
    assert (grey[:, :30] == 0).all()
    assert (grey[:, 30:] == 255).all()


def test_cmyk_jpegs_come_out_the_right_way_round():
    grey = to_grey(through(Image.fromarray(RAMP).convert("RGB").convert("CMYK"), "JPEG", quality=95))
    assert np.abs(grey.astype(int) - RAMP).mean() < 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB"])
def test_every_mode_keeps_light_and_dark(mode):
    picture = Image.fromarray(np.where(RAMP > 127, 255, 0).astype(np.uint8)).convert(mode)
    grey = to_grey(through(picture, "PNG"))
    assert grey.dtype == np.uint8
    assert (grey[:, :128] == 0).all()
    assert (grey[:, 128:] == 255).all()


def test_a_fer2013_image_passes_the_whole_picture_crop_unchanged():
    image = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    assert np.array_equal(crop_whole(image), image)


def test_a_large_face_is_averaged_not_sampled():
    # A checkerboard finer than the crop's pixels: any sampling without averaging keeps black and white.
    board = (np.indices((960, 960)).sum(0) % 2 * 255).astype(np.uint8)
    crop = crop_whole(board)
    assert crop.shape == (48, 48)
    assert np.abs(crop.astype(int) - 127).max() <= 1


def test_a_face_is_framed_as_fer2013_frames_it():
    grey = np.zeros((400, 400), np.uint8)
    grey[100:300, 100:300] = 255  # the box itself; the frame is 4 % wider
    crop = crop_face(grey, (100, 100, 200, 200))
    assert crop[1:-1, 1:-1].min() > 200
    side = 200 * FRAMING
    assert crop.mean() / 255 == pytest.approx((200 / side) ** 2, abs=0.01)


@pytest.mark.parametrize("box", [(-40, -40, 100, 100), (350, 350, 90, 90), (0, 0, 400, 400)])
def test_a_box_at_the_edge_continues_the_edge(box):
    crop = crop_face(np.full((400, 400), 90, np.uint8), box)
    assert crop.shape == (48, 48)
    assert (crop == 90).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (20, 31), (1000, 400)])
def test_whole_pictures_of_any_shape_become_one_crop(shape):
    crop = crop_whole(np.full(shape, 77, np.uint8))
    assert crop.shape == (48, 48)
    assert (crop == 77).all()


def test_the_whole_picture_keeps_its_proportions():
    grey = np.zeros((100, 300), np.uint8)
    grey[40:60, 140:160] = 255  # a square must stay one
    rows, columns = np.nonzero(crop_whole(grey) > 64)
    assert np.ptp(rows) == np.ptp(columns)
