"""Streamlit components of our own: each a folder with its script, style and markup, and a function that draws it.

What several of them share lies beside this module: `make.js`; `answering.js` and `answering.css` of the two in which
people answer.
"""

import base64
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

_HERE = Path(__file__).parent


def declare(name: str, *files: str) -> Any:
    """The component of the folder `name`, as a function that draws it.

    `files` are named from there; those of a kind travel as one text, in this order: a component is one module.
    """
    texts: dict[str, list[str]] = {}
    for file in files:
        path = _HERE / name / file
        texts.setdefault(path.suffix[1:], []).append(path.read_text(encoding="utf-8"))
    return st.components.v2.component(f"ferret_{name}", **{kind: "\n".join(found) for kind, found in texts.items()})


def png_uri(image: np.ndarray) -> str:
    """A picture as a PNG data URI. `image`: uint8 (H, W) or (H, W, 3)."""
    return _png_uri(np.ascontiguousarray(image).tobytes(), image.shape)


@lru_cache(maxsize=4096)
def _png_uri(pixels: bytes, shape: tuple[int, ...]) -> str:
    """Faces are about 2 KB each, so the cache stays below 10 MB of them."""
    buffer = BytesIO()
    Image.fromarray(np.frombuffer(pixels, np.uint8).reshape(shape)).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
