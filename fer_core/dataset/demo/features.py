"""The moving parts of a face: eyes, brows, nose, mouth, and the lines that they draw on the skin."""

import numpy as np

from fer_core.dataset.demo.canvas import Canvas, ellipse, mirrored, outline
from fer_core.dataset.demo.expressions import Expression
from fer_core.dataset.demo.people import Person

EYE_LINE = -0.28
MOUTH_LINE = 0.68
_ALONG = np.linspace(-1, 1, 13)  # across an eye or a mouth
_HALF = np.linspace(0, 1, 7)


def draw_eyes(canvas: Canvas, person: Person, face: Expression, skin: np.ndarray, gaze: float) -> None:
    """Both eyes. `skin`: tones of the lit skin (48, 48); `gaze`: where the iris stands, -1 to 1 across the eye."""
    opening = person.eye_open * max(0.18, 1 + 0.75 * face.lid_upper)
    lower = person.eye_open * max(0.1, 0.8 - 0.75 * face.lid_lower)
    width = person.eye_width * (1 + 0.08 * face.lid_upper)
    x = person.eye_distance + width * _ALONG
    arch = np.sqrt(np.maximum(0, 1 - _ALONG**2)) ** 1.3
    tilt = -face.eye_slant * _ALONG
    upper_lid = EYE_LINE + tilt - opening * arch
    lower_lid = EYE_LINE + tilt + lower * arch

    canvas.fill(mirrored(outline(x, upper_lid, lower_lid)), np.minimum(245, 0.45 * skin + 125))
    # The iris is cut by the lids, so it is drawn as a shape between them.
    radius = 0.105
    middle = EYE_LINE - 0.01
    span = radius * np.linspace(-1, 1, 11)
    half = np.sqrt(np.maximum(0, radius**2 - span**2))
    irises: list[np.ndarray] = []
    pupils: list[np.ndarray] = []
    for side in (-1, 1):
        centre = side * person.eye_distance + gaze * 0.35 * width
        place = np.clip((centre + span) * side, x[0], x[-1])
        top = np.interp(place, x, upper_lid)
        bottom = np.interp(place, x, lower_lid)
        for shapes, size in ((irises, 1.0), (pupils, 0.5)):
            shapes.append(
                outline(
                    centre + size * span,
                    np.minimum(np.maximum(middle - size * half, top), bottom),
                    np.maximum(np.minimum(middle + size * half, bottom), top),
                )
            )
    canvas.fill(irises, person.iris)
    canvas.fill(pupils, 8.0, 0.8)
    canvas.stroke(mirrored(np.stack([x, upper_lid], axis=1)), 0.9, 0.22 * skin, 0.95)
    canvas.stroke(mirrored(np.stack([x[2:-1], lower_lid[2:-1]], axis=1)), 0.5, 0.5 * skin, 0.6)
    crease = np.stack([x[1:], upper_lid[1:] - 0.055 - 0.02 * face.lid_upper], axis=1)
    canvas.stroke(mirrored(crease), 0.5, 0.55 * skin, 0.5)
    glint = [
        ellipse(side * person.eye_distance + gaze * 0.35 * width - 0.03, middle - 0.03, 0.02, 0.02, 8)
        for side in (-1, 1)
    ]
    canvas.fill(glint, 235.0, 0.7)


def draw_brows(canvas: Canvas, person: Person, face: Expression, skin: np.ndarray) -> None:
    """Tapered bands from the root of the nose outwards, curved through three heights."""
    inner, outer = person.eye_distance - 0.22 - face.brow_together, person.eye_distance + 0.27
    x = inner + (outer - inner) * _HALF
    rest = EYE_LINE - person.brow_height - np.array([0.0, 0.05, -0.01])  # inner, middle, outer
    heights = rest - np.array([face.brow_inner, face.brow_middle, face.brow_outer])
    # The parabola through the three; the middle stands at 0.6 of the way out, where a brow arches.
    y = np.polynomial.polynomial.polyval(_HALF, _parabola(*heights))
    thick = person.brow_thick * (1 - 0.75 * _HALF**2)
    tone = np.minimum(0.62 * skin, 0.5 * person.hair + 0.12 * skin)
    canvas.fill(mirrored(outline(x, y - thick / 2, y + thick / 2)), tone, 0.95, soft=0.35)


def _parabola(start: float, middle: float, end: float, at: float = 0.6) -> tuple[float, float, float]:
    """Coefficients, constant first, of the parabola with these values at 0, `at` and 1."""
    bend = ((end - start) - (middle - start) / at) / (1 - at)
    return start, end - start - bend, bend


def draw_nose(canvas: Canvas, person: Person, face: Expression, skin: np.ndarray, side_light: float) -> None:
    """Bridge, wings and nostrils; `side_light`: -1 lit from the left, 1 from the right."""
    tip = EYE_LINE + 0.22 + person.nose_length - 0.05 * face.nose_wrinkle
    width = person.nose_width * (1 + 0.18 * face.nostrils)
    shadow = -np.sign(side_light) or 1.0
    canvas.shade(
        [
            (shadow * 0.13, tip - 0.25, 0.09, 0.3, -0.16 - 0.12 * abs(side_light)),
            (-shadow * 0.03, tip - 0.2, 0.07, 0.35, 0.1),
            (0, tip - 0.02, 0.1, 0.09, 0.12),
            (0, tip + 0.12, 0.22, 0.07, -0.2),
            *((side * width, tip + 0.02, 0.06, 0.09, -0.14) for side in (-1, 1)),
        ]
    )
    nostril = ellipse(0.55 * width, tip + 0.07, 0.045 + 0.015 * face.nostrils, 0.026, 10)
    canvas.fill(mirrored(nostril), 0.25 * skin, 0.85)
    wing = np.array([[width, tip - 0.06], [width + 0.025, tip + 0.02], [0.8 * width, tip + 0.085]])
    canvas.stroke(mirrored(wing), 0.5, 0.5 * skin, 0.6)
    if face.nose_wrinkle > 0.2:
        strength = min(1.0, face.nose_wrinkle)
        bunny = [np.array([[0.07, -0.3], [0.17, -0.17]]), np.array([[0.1, -0.17], [0.18, -0.05]])]
        lines = [line for shape in bunny for line in mirrored(shape + np.array([0, tip]))]
        across = [np.array([[-0.08, y + 0.03], [0, y], [0.08, y + 0.03]]) + np.array([0, tip]) for y in (-0.38, -0.28)]
        canvas.stroke([*lines, *across], 0.6, 0.42 * skin, 0.75 * strength, soft=0.3)


def draw_mouth(canvas: Canvas, person: Person, face: Expression, skin: np.ndarray) -> None:
    """Lips around a line or an opening, with teeth in it."""
    width = max(0.12, person.mouth_width + face.mouth_width)
    x = width * _ALONG
    power = 2 + 3 * np.clip(face.square, 0, 1)
    bulge = np.maximum(0, 1 - np.abs(_ALONG) ** power) ** (1 / power if face.square > 0 else 0.8)
    line = MOUTH_LINE - face.mouth_height + 0.5 * face.jaw - face.corners * (np.abs(_ALONG) ** 1.7 - 0.4)
    line = line - face.sneer * (1 - _ALONG**2)
    gap_upper, gap_lower = max(face.open_upper, -0.04), max(face.open_lower, 0.0)
    if gap_lower + gap_upper < 0.03:
        gap_upper = gap_lower = 0.0
    inner_upper, inner_lower = line - gap_upper * bulge, line + gap_lower * bulge
    fullness = max(0.25, 1 + face.lips)
    bow = (1 - np.abs(_ALONG) ** 2.2) * (1 - 0.22 * np.exp(-((_ALONG / 0.18) ** 2)))
    outer_upper = inner_upper - person.lip_upper * fullness * bow
    outer_lower = inner_lower + person.lip_lower * fullness * (1 - np.abs(_ALONG) ** 2.4)

    lip = person.lip_tone * skin
    canvas.fill([outline(x, outer_upper, inner_upper)], 0.88 * lip, 0.9)
    canvas.fill([outline(x, inner_lower, outer_lower)], 1.08 * lip, 0.9)
    if gap_lower + gap_upper:
        canvas.fill([outline(x, inner_upper, inner_lower)], 18.0)
        gap = inner_lower - inner_upper
        inside = slice(1, -1)
        if face.teeth > 0.2:
            depth = np.minimum(0.8 * gap, 0.12 * min(face.teeth, 1))
            canvas.fill([outline(x[inside], inner_upper[inside], (inner_upper + depth)[inside])], 0.35 * skin + 140)
        if face.teeth_lower > 0.2:
            depth = np.minimum(0.35 * gap, 0.08 * min(face.teeth_lower, 1))
            canvas.fill([outline(x[inside], (inner_lower - depth)[inside], inner_lower[inside])], 0.35 * skin + 110)
        if face.tongue > 0.2:
            middle = float(inner_lower[6])
            canvas.fill([ellipse(0, middle + 0.02, 0.5 * width, 0.11)], 1.05 * lip + 35, soft=0.3)
            canvas.stroke([np.array([[0, middle - 0.05], [0, middle + 0.08]])], 0.6, 0.55 * lip, 0.6)
    else:
        canvas.stroke([np.stack([x, line], axis=1)], 0.8, 0.28 * skin, 0.9)
    corner = np.array([[width - 0.02, line[-1]], [width + 0.03, line[-1] - 0.25 * face.corners]])
    canvas.stroke(mirrored(corner), 0.75, 0.45 * skin, 0.6, soft=0.4)
    below = float(outer_lower[6])
    canvas.shade([(0, below + 0.07, 0.22, 0.06, -0.2), (0, below - 0.05, 0.15, 0.04, 0.12)])
    if face.chin > 0.3:
        dent = np.array([[-0.16, below + 0.16], [0, below + 0.1], [0.16, below + 0.16]])
        canvas.stroke([dent], 0.7, 0.5 * skin, min(0.6, 0.5 * face.chin), soft=0.5)


def draw_lines(canvas: Canvas, person: Person, face: Expression, skin: np.ndarray) -> None:
    """Furrows, forehead lines, folds and cheeks: the skin around the moving parts."""
    old = 0.3 * person.age
    furrow = min(0.9, max(0.0, face.furrow) + 0.3 * old)
    if furrow > 0.2:
        y = EYE_LINE - person.brow_height
        canvas.stroke(mirrored(np.array([[0.05, y - 0.1], [0.065, y + 0.1]])), 0.6, 0.4 * skin, 0.75 * furrow)
    forehead = min(0.9, max(0.0, face.forehead) + old)
    if forehead > 0.2:
        across = np.array([[-0.45, 0.03], [-0.2, -0.02], [0.2, -0.02], [0.45, 0.03]])
        canvas.stroke([across + np.array([0, y]) for y in (-0.78, -0.9)], 0.5, 0.5 * skin, 0.5 * forehead, soft=0.35)
    fold = min(1.0, max(0.0, face.fold) + old)
    if fold > 0.15:
        width = person.mouth_width + face.mouth_width
        start = EYE_LINE + 0.2 + person.nose_length
        end = MOUTH_LINE - face.corners * 0.5 - 0.02
        bow = np.array([[person.nose_width + 0.06, start], [width + 0.08, (start + end) / 2], [width + 0.11, end]])
        canvas.stroke(mirrored(bow), 0.8, 0.5 * skin, 0.65 * fold, soft=0.45)
    cheeks = max(0.0, face.cheeks)
    canvas.shade(
        [
            *((side * 0.52, 0.2 - 0.04 * cheeks, 0.2, 0.14, 0.06 + 0.14 * cheeks) for side in (-1, 1)),
            *((side * 0.45, -0.06, 0.2, 0.05, -0.1 - 0.12 * cheeks - 0.1 * person.age) for side in (-1, 1)),
        ]
    )
