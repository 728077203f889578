"""From the photo to what the network gets, step by step, each as a picture: only the steps that this model takes."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from PIL import Image

from fer_core.imaging.crop import FRAMING, to_rgb, upright
from fer_core.networks.inputs import InputSpec, cropped, equalised
from fer_core.prediction.seen import Face

AROUND = 1.6  # sides of the box that the first picture shows
SIDE = 192  # pixels of the first two pictures at most


@dataclass(frozen=True)
class Step:
    """One picture: uint8 (H, W) grey or (H, W, 3) RGB, with what was done to get it."""

    title: str
    picture: np.ndarray
    words: str


def steps(image: Image.Image, face: Face, spec: InputSpec) -> list[Step]:
    """Found, turned, cropped, equalised, cut, enlarged: what of this happened to one face of `image`."""
    taken = [Step("Found", _surroundings(image, face), f"{face.box[2]} × {face.box[3]} pixels of the photo")]
    if face.turn:
        taken.append(Step("Turned", _upright(image, face), f"upright, by {abs(face.turn):.0f}°"))
    side = len(face.crop)
    taken.append(Step("Cropped", face.crop, f"grey, {side} × {side}"))
    pixels = torch.from_numpy(np.array(face.crop[None]))
    if spec.equalise:
        pixels = equalised(pixels)
        taken.append(Step("Equalised", pixels[0].numpy(), "its greys spread evenly"))
    if spec.crop:
        pixels = cropped(pixels, spec.crop)
        taken.append(Step("Cut", pixels[0].numpy(), f"the middle {spec.crop} × {spec.crop}"))
    numbers = spec.tensor(face.crop[None])[0, 0].numpy()
    shown = ((numbers * spec.std + spec.mean) * 255).round().clip(0, 255).astype(np.uint8)
    if spec.size != pixels.shape[-1]:
        way = {"espcn": "by a network, ESPCN"}.get(spec.resize, spec.resize)
        taken.append(Step("Resized", shown, f"{spec.size} × {spec.size}, {way}"))
    low, high = (f"{value:.1f}".replace("-", "−") for value in (numbers.min(), numbers.max()))
    return [*taken, Step("Input", _signed(numbers), f"numbers from {low} to {high}")]


def _surroundings(image: Image.Image, face: Face) -> np.ndarray:
    """The box with what is around it, in colour; the box is drawn."""
    x, y, width, height = face.box
    reach = max(1, round(max(width, height) * AROUND / 2))
    middle = x + width // 2, y + height // 2
    area = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
    less = max(1, reach // (2 * SIDE))  # Pillow refuses to cut out more pixels than a photo may have
    left, top, right, bottom = (round(edge / less) for edge in area)
    patch = to_rgb(image).reduce(less).crop((left, top, right, bottom))  # outside the photo it is black
    patch = patch.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    picture = np.array(patch)
    half = SIDE / AROUND / 2
    corners = cv2.boxPoints(((SIDE / 2, SIDE / 2), (2 * half, 2 * half), face.turn)).round().astype(np.int32)
    cv2.polylines(picture, [corners], True, (0, 0, 0), 4)
    return np.asarray(cv2.polylines(picture, [corners], True, (255, 255, 255), 2))


def _upright(image: Image.Image, face: Face) -> np.ndarray:
    """The face's square of the photo, in colour, after turning."""
    turned, (x, y, side, _) = upright(np.asarray(to_rgb(image)), face.box, face.turn)
    grow = round(side * (FRAMING - 1) / 2)
    square = turned[y - grow : y + side + grow, x - grow : x + side + grow]
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR)


def _signed(numbers: np.ndarray) -> np.ndarray:
    """Numbers around zero as a picture, uint8 (S, S, 3): blue below, white at zero, orange above."""
    share = (numbers / 2.5).clip(-1, 1)[..., None]
    low, high = np.array([0, 114, 178.0]), np.array([213, 94, 0.0])  # the ends of Okabe and Ito's palette
    colour = 255 + np.where(share < 0, -share * (low - 255), share * (high - 255))
    return colour.round().clip(0, 255).astype(np.uint8)
