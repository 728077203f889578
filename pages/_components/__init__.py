"""Streamlit components of our own: each a folder with its script, style and markup, and a function that draws it."""

import base64
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

_SHARED = Path(__file__).parent / "shared.js"


def script(file: Path) -> str:
    """A component's script behind what the components share. They travel as one text: a component is one module."""
    return _SHARED.read_text(encoding="utf-8") + "\n" + file.read_text(encoding="utf-8")


def png_uri(image: np.ndarray) -> str:
    """A picture as a PNG data URI. `image`: uint8 (H, W) or (H, W, 3)."""
    return _png_uri(np.ascontiguousarray(image).tobytes(), image.shape)


@lru_cache(maxsize=4096)
def _png_uri(pixels: bytes, shape: tuple[int, ...]) -> str:
    """Faces are about 2 KB each, so the cache stays below 10 MB of them."""
    buffer = BytesIO()
    Image.fromarray(np.frombuffer(pixels, np.uint8).reshape(shape)).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
