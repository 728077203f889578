"""The photo that the imaging tests work on."""

import pytest
from PIL import Image

from fer_core.files import decode_image
from fer_core.imaging.sample import sample_photo


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    """512 x 512, one face: its box is about (177, 66, 97, 97)."""
    return decode_image(sample_photo())
