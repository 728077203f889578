"""People who do not exist: what stays the same about a face whatever it feels."""

from dataclasses import dataclass

import numpy as np

HAIR = ("cropped", "short", "parted", "fringe", "long", "curly", "bun", "bald", "hat", "brim", "scarf")
_HAIR_WEIGHTS = np.array([13, 17, 14, 11, 15, 9, 6, 5, 4, 3, 3]) / 100


@dataclass(frozen=True)
class Person:
    """Lengths in face units, tones 0 to 255 under even light, the rest from 0 (none) to 1."""

    skin: float
    hair: float
    cloth: float
    style: str  # one of HAIR
    hairline: float  # y where the forehead ends
    width: float
    chin: float  # y of its lowest point
    jaw: float  # exponent of the lower outline: 1.8 pointed, 2.9 square
    ears: float
    brow_thick: float
    brow_height: float
    eye_distance: float
    eye_width: float
    eye_open: float
    iris: float
    nose_length: float
    nose_width: float
    mouth_width: float
    lip_upper: float
    lip_lower: float
    lip_tone: float  # as a part of the skin's
    beard: float
    moustache: float
    glasses: float
    age: float


def random_person(rng: np.random.Generator) -> Person:
    """Somebody. Every trait is drawn on its own, save that beards and long hair seldom meet."""

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def sometimes(share: float, low: float, high: float) -> float:
        value = between(low, high)
        return value if rng.random() < share else 0.0

    skin = between(95, 212)
    style = HAIR[rng.choice(len(HAIR), p=_HAIR_WEIGHTS)]
    hair = between(12, 70) if rng.random() < 0.7 else between(70, 205)
    if abs(hair - skin) < 35:  # a hairline that can be seen
        hair = skin - 45
    bearded = style not in ("long", "bun", "scarf") and rng.random() < 0.3
    return Person(
        skin=skin,
        hair=max(10.0, hair),
        cloth=between(15, 235),
        style=style,
        hairline=between(-0.98, -0.8),
        width=between(0.86, 1.04),
        chin=between(1.14, 1.34),
        jaw=between(1.8, 2.8),
        ears=between(0.3, 1),
        brow_thick=between(0.045, 0.1),
        brow_height=between(0.2, 0.28),
        eye_distance=between(0.38, 0.46),
        eye_width=between(0.19, 0.245),
        eye_open=between(0.09, 0.12),
        iris=between(15, 95),
        nose_length=between(0.26, 0.36),
        nose_width=between(0.13, 0.21),
        mouth_width=between(0.32, 0.41),
        lip_upper=between(0.055, 0.1),
        lip_lower=between(0.08, 0.135),
        lip_tone=between(0.5, 0.76),
        beard=between(0.35, 0.9) if bearded else 0.0,
        moustache=between(0.5, 0.9) if bearded and rng.random() < 0.7 else sometimes(0.04, 0.6, 0.9),
        glasses=sometimes(0.16, 0.5, 1),
        age=between(0, 1) ** 1.5,
    )
