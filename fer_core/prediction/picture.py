"""The photo with its faces boxed and numbered."""

import math
from collections.abc import Sequence

from PIL import Image, ImageColor, ImageDraw, ImageFont

from fer_core.emotions import COLOURS
from fer_core.imaging.crop import to_rgb
from fer_core.imaging.faces import Box
from fer_core.prediction.seen import Face


def draw_boxes(image: Image.Image, faces: Sequence[Face], side: int = 1280) -> Image.Image:
    """An RGB copy of at most `side` pixels; each face has a box in its class's colour and its number, from 1."""
    scale = min(1.0, side / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    picture = to_rgb(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    draw = ImageDraw.Draw(picture)
    line = max(2, round(max(size) / 250))
    font = ImageFont.load_default(max(12, round(max(size) / 34)))
    for number, face in enumerate(faces, 1):
        left, top, width, height = (value * scale for value in face.box)
        colour = COLOURS[face.label]
        # Black outside, colour inside: one of the two stands out on any photo.
        if face.turn:
            corners = [(x * scale, y * scale) for x, y in leaning(face.box, face.turn)]
            draw.line([*corners, *corners[:2]], fill="black", width=line + 3, joint="curve")
            draw.line([*corners, *corners[:2]], fill=colour, width=line, joint="curve")
        else:
            draw.rectangle((left - 1, top - 1, left + width + 1, top + height + 1), outline="black", width=line + 2)
            draw.rectangle((left, top, left + width, top + height), outline=colour, width=line)
        _, _, wide, high = draw.textbbox((0, 0), f" {number} ", font=font)
        above = max(0, top - high - 2 * line)
        draw.rectangle((left, above, left + wide, above + high + 2 * line), fill=colour)
        draw.text((left, above + line), f" {number} ", fill=_readable_on(colour), font=font)
    return picture


def leaning(box: Box, turn: float) -> list[tuple[float, float]]:
    """The four corners of a box that leans by `turn` degrees clockwise around its centre."""
    x, y, width, height = box
    sine, cosine = math.sin(math.radians(turn)), math.cos(math.radians(turn))
    return [
        (x + width / 2 + dx * cosine - dy * sine, y + height / 2 + dx * sine + dy * cosine)
        for dx, dy in (
            (-width / 2, -height / 2),
            (width / 2, -height / 2),
            (width / 2, height / 2),
            (-width / 2, height / 2),
        )
    ]


def _readable_on(colour: str) -> str:
    """Black or white, whichever stands out more."""
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else "white"
