"""The sample photo: Eileen Collins by NASA (public domain), as it comes in scikit-image's wheel."""

from importlib.resources import files

SAMPLE_NAME = "astronaut.png"


def sample_photo() -> bytes:
    """The photo's PNG bytes: 512 x 512, one face, smiling."""
    return (files("skimage.data") / SAMPLE_NAME).read_bytes()
