"""The head around the features: skin under a light, hair, hats, beards, glasses, shoulders."""

import numpy as np

from fer_core.dataset.demo.canvas import Canvas, View, ellipse, mirrored, outline
from fer_core.dataset.demo.features import EYE_LINE, MOUTH_LINE
from fer_core.dataset.demo.people import Person

CROWN = -1.22  # y of the top of the skull
_ANGLE = np.linspace(0, 2 * np.pi, 48, endpoint=False)


def lit_skin(person: Person, view: View, light: tuple[float, float, float], ambient: float) -> np.ndarray:
    """Tones (48, 48) of skin on an egg-shaped head. `light`: direction towards it (x, y, z), of length 1."""
    x, y = view.grid
    normal_x, normal_y = x / (1.15 * person.width), y / 1.6
    normal_z = np.sqrt(np.maximum(0.05, 1 - normal_x**2 - normal_y**2))
    facing = normal_x * light[0] + normal_y * light[1] + normal_z * light[2]
    return person.skin * (ambient + (1.12 - ambient) * np.maximum(0, facing))


def face_outline(person: Person, jaw_drop: float, grow: float = 1.0) -> np.ndarray:
    """The outline of the head without hair, clockwise from the right ear, (48, 2)."""
    cos, sin = np.cos(_ANGLE), np.sin(_ANGLE)
    lower = sin > 0
    power = np.where(lower, 2 / person.jaw, 2 / 2.15)
    height = np.where(lower, person.chin + jaw_drop, -CROWN)
    x = np.sign(cos) * np.abs(cos) ** power * person.width * (1 - 0.12 * np.where(lower, sin, 0) ** 2)
    return np.stack([x, np.sign(sin) * np.abs(sin) ** power * height], axis=1) * grow


def draw_body(canvas: Canvas, person: Person, skin: np.ndarray, hair: np.ndarray) -> None:
    """Neck and shoulders, and whatever hair falls behind them."""
    wide = person.width
    behind = {
        "long": [ellipse(0, -0.1, 1.25 * wide, 1.32), np.array([[-1.25, 0], [1.25, 0], [1.3, 2.2], [-1.3, 2.2]])],
        "curly": [ellipse(0, -0.35, 1.38 * wide, 1.25)],
        "scarf": [ellipse(0, 0.05, 1.22 * wide, 1.45), np.array([[-0.9, 0.9], [0.9, 0.9], [1.5, 2.2], [-1.5, 2.2]])],
        "bun": [ellipse(0, -1.42, 0.4, 0.34)],
    }
    tone = person.cloth if person.style == "scarf" else hair
    if person.style in behind:
        canvas.fill(behind[person.style], 0.85 * tone, soft=0.5)
    chin = person.chin
    canvas.fill([np.array([[-0.55, 0.6], [0.55, 0.6], [0.6, 2], [-0.6, 2]])], 0.62 * skin)
    shoulders = np.array(
        [
            [-2.6, 2.3],
            [-2.1, chin + 0.42],
            [-0.62, chin + 0.14],
            [0, chin + 0.4],
            [0.62, chin + 0.14],
            [2.1, chin + 0.42],
            [2.6, 2.3],
        ]
    )
    canvas.fill([shoulders], person.cloth, soft=0.4)


def draw_head(canvas: Canvas, person: Person, skin: np.ndarray, jaw_drop: float) -> None:
    """Ears, then the face itself with its sockets, cheekbones and temples."""
    if person.style not in ("long", "scarf"):
        ears = ellipse(1.0 * person.width, -0.08, 0.09 + 0.07 * person.ears, 0.22)
        canvas.fill(mirrored(ears), 0.8 * skin)
    canvas.fill([face_outline(person, jaw_drop)], skin)
    canvas.shade(
        [
            *((side * person.eye_distance, EYE_LINE - 0.06, 0.28, 0.16, -0.16) for side in (-1, 1)),
            *((side * 0.95 * person.width, 0.75, 0.25, 0.6, -0.14) for side in (-1, 1)),
            (0, EYE_LINE - 0.45, 0.5, 0.25, 0.08),
            (0, person.chin - 0.12, 0.25, 0.12, 0.08),
            (0, person.chin + jaw_drop + 0.12, 0.7, 0.12, -0.3),
        ]
    )


def draw_beard(canvas: Canvas, person: Person, hair: np.ndarray, jaw_drop: float) -> None:
    """Beard and moustache, painted before the mouth so that the lips stay in front."""
    tone = 0.85 * hair + 10
    if person.beard:
        rim = face_outline(person, jaw_drop, 1.02)
        rim = rim[(rim[:, 1] > 0.1)]
        inner = ellipse(0, 0.15, 0.78 * person.width, 0.42)
        inner = inner[inner[:, 1] >= 0.14][::-1]
        canvas.fill([np.concatenate([rim, inner])], tone, 0.75 * person.beard, soft=0.8)
    if person.moustache:
        x = np.linspace(-0.36, 0.36, 9)
        y = MOUTH_LINE - 0.15 + 0.9 * x**2
        canvas.fill([outline(x, y - 0.06, y + 0.06)], tone, person.moustache, soft=0.5)


def draw_hair(canvas: Canvas, person: Person, hair: np.ndarray, parting: float) -> None:
    """Hair, hat or scarf in front of the skull. `parting`: where the hair divides, -1 to 1."""
    if person.style == "bald":
        return
    if person.style == "scarf":
        rim = face_outline(person, 0.0, 1.14)
        hole = ellipse(0, 0.15, 0.86 * person.width, 1.02, 48)
        canvas.fill([np.concatenate([rim, rim[:1], hole[:1], hole[::-1]])], person.cloth, soft=0.4)
        return
    if person.style in ("hat", "brim"):
        x = 1.06 * person.width * np.linspace(-1, 1, 13)
        edge = -0.72 - 0.12 * (1 - (x / x[-1]) ** 2)
        canvas.fill(
            [outline(x, edge - 0.75 * np.sqrt(np.maximum(0, 1 - (x / x[-1]) ** 4)), edge)], person.cloth, soft=0.3
        )
        reach = 1.7 if person.style == "brim" else 1.0
        canvas.stroke([np.stack([x * reach, edge], axis=1)], 2.2, 0.7 * person.cloth, soft=0.3)
        canvas.shade([(0, -0.55, 0.9, 0.18, -0.2)])
        return
    grow = {"cropped": 1.03, "curly": 1.2, "bun": 1.05}.get(person.style, 1.1)
    depth = {"cropped": -0.45, "long": 0.55, "curly": 0.1, "fringe": 0.0, "bun": -0.35}.get(person.style, -0.15)
    rim = face_outline(person, 0.0, grow)
    rim = rim[rim[:, 1] <= depth]
    rim = rim[np.argsort(np.arctan2(rim[:, 0], -rim[:, 1]))]  # from left to right over the crown
    x = 0.9 * person.width * np.linspace(1, -1, 15)
    line = person.hairline + 0.5 * np.abs(x) ** 3
    if person.style == "parted":
        line = line + 0.22 * np.abs(x - 0.6 * parting) - 0.16
    if person.style == "fringe":
        line = np.minimum(line + 0.08, -0.74) + 0.04 * np.sin(9 * x + 5 * parting)
    if person.style == "curly":
        line = line + 0.06 * np.sin(14 * x + 5 * parting)
    line = line + 0.025 * np.sin(7 * x + 9 * parting) + 0.02 * np.sin(23 * x)  # no ruler drew it
    inner = np.stack([x, line], axis=1)
    sides = np.array([[0.93 * person.width, depth]])
    shape = np.concatenate([rim, sides, inner, sides * (-1, 1)])
    canvas.fill([shape + np.array([0, 0.07])], 0.4 * hair, 0.35, soft=1.3)  # its shadow on the skin
    canvas.fill([shape], hair, soft=0.45)
    shine = ellipse(0.35 * parting, -1.15, 0.5, 0.09)
    canvas.fill([shine], hair + 55, 0.5, soft=1.2)


def draw_glasses(canvas: Canvas, person: Person) -> None:
    """Thin frames, so that eyes and brows stay readable."""
    if person.glasses:
        frame = ellipse(person.eye_distance, EYE_LINE + 0.03, 0.31, 0.23)
        frame = np.concatenate([frame, frame[:1]])
        bridge = np.array([[-0.12, EYE_LINE], [0, EYE_LINE - 0.04], [0.12, EYE_LINE]])
        temple = np.array([[person.eye_distance + 0.3, EYE_LINE], [person.width, EYE_LINE - 0.04]])
        canvas.stroke([*mirrored(frame), bridge, *mirrored(temple)], 0.75, 30.0, 0.8 * person.glasses)
