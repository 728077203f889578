"""Draws docs/images/demo-faces.webp: the seven expressions of the generated demo, a row each, then its planted faults.

    python docs/make_contact_sheet.py

Every face is drawn by the program; nobody is shown.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from fer_core.dataset.demo import DemoSet, draw_demo  # noqa: E402
from fer_core.emotions import NAMES  # noqa: E402

TARGET = REPOSITORY / "docs" / "images" / "demo-faces.webp"
ACROSS = 6
ZOOM = 0.85
MARGIN = 116  # for the row's name
FAULTS = {
    "near_copy": "near copies",
    "blurred": "blurred",
    "black_and_white": "black and white",
    "not_a_face": "not a face",
}


def rows(demo: DemoSet) -> dict[str, np.ndarray]:
    """Name of a row of the sheet to its images, uint8 (ACROSS, 48, 48), the first ones that the demo has."""
    kinds = demo.truth["kinds"].to_numpy()
    truth = demo.truth["true_label"].to_numpy()
    chosen = {name: np.flatnonzero((kinds == "") & (truth == label)) for label, name in enumerate(NAMES)}
    for kind, title in FAULTS.items():
        planted = np.flatnonzero([kind in text.split(";") for text in kinds])
        if kind == "near_copy":  # each beside the image that it was made from
            planted = np.stack([demo.truth["partner"].to_numpy()[planted], planted], axis=1).ravel()
        chosen[title] = planted
    return {title: demo.images.pixels[found[:ACROSS]] for title, found in chosen.items()}


def draw_sheet(demo: DemoSet) -> Image.Image:
    """The sheet, names on the left."""
    shown = rows(demo)
    side = round(48 * ZOOM)
    sheet = Image.new("L", (MARGIN + ACROSS * side, len(shown) * side), 255)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(14)
    for row, (title, images) in enumerate(shown.items()):
        pen.text((6, (row + 0.5) * side), title, fill=0, font=font, anchor="lm")
        for column, image in enumerate(images):
            face = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
            sheet.paste(face, (MARGIN + column * side, row * side))
    return sheet


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    draw_sheet(draw_demo()).save(TARGET, quality=30, method=6)
    print(f"{TARGET.relative_to(REPOSITORY)}: {TARGET.stat().st_size >> 10} kB")
