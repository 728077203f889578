"""One little photograph: somebody, somewhere, in some light, through a cheap lens."""

import cv2
import numpy as np

from fer_core.dataset.demo.canvas import Canvas, View, ellipse
from fer_core.dataset.demo.expressions import random_expression
from fer_core.dataset.demo.features import draw_brows, draw_eyes, draw_lines, draw_mouth, draw_nose
from fer_core.dataset.demo.head import draw_beard, draw_body, draw_glasses, draw_hair, draw_head, lit_skin
from fer_core.dataset.demo.people import random_person
from fer_core.dataset.store import SIDE


def draw_photo(label: int, rng: np.random.Generator) -> np.ndarray:
    """A face showing class `label` (0 to 6): uint8 (48, 48)."""
    person, face, view = random_person(rng), random_expression(label, rng), _random_view(rng)
    canvas = Canvas(view, background(rng))
    strands = cv2.resize(rng.normal(0, 1, (9, 30)), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    light = np.array([rng.uniform(-0.9, 0.9), rng.uniform(-0.8, 0.1), 1.0])
    light /= np.sqrt(light @ light)
    skin = lit_skin(person, view, tuple(light.tolist()), rng.uniform(0.25, 0.6))
    gaze, parting = rng.uniform(-0.6, 0.6), rng.uniform(-1, 1)
    hair = (person.hair + 6) * (0.55 + 0.45 * skin / person.skin) * (1 + 0.13 * strands)

    draw_body(canvas, person, skin, hair)
    draw_head(canvas, person, skin, face.jaw)
    draw_beard(canvas, person, hair, face.jaw)
    draw_lines(canvas, person, face, skin)
    draw_nose(canvas, person, face, skin, float(light[0]))
    draw_mouth(canvas, person, face, skin)
    draw_eyes(canvas, person, face, skin, gaze)
    draw_hair(canvas, person, hair, parting)
    draw_brows(canvas, person, face, skin)
    draw_glasses(canvas, person)
    return develop(canvas.tones, rng)


def _random_view(rng: np.random.Generator) -> View:
    return View(
        centre=(24 + rng.normal(0, 1.0), 23.2 + rng.normal(0, 0.9)),
        scale=rng.uniform(17.2, 20.6),
        tilt=rng.normal(0, 0.075),
        yaw=np.clip(rng.normal(0, 0.14), -0.35, 0.35),
        pitch=np.clip(rng.normal(0, 0.07), -0.15, 0.15),
    )


def background(rng: np.random.Generator) -> np.ndarray:
    """Something out of focus, float64 (48, 48): a gradient and a few blurred shapes."""
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    tones = rng.uniform(25, 225) + rng.uniform(0, 90) * (across * np.cos(angle) + down * np.sin(angle))
    frame = Canvas(View((24.0, 24.0), SIDE / 2, 0.0, 0.0, 0.0), tones)
    for _ in range(rng.integers(1, 5)):
        (x, y), (wide, high) = rng.uniform(-1, 1, 2).tolist(), rng.uniform(0.1, 0.9, 2).tolist()
        shape = ellipse(x, y, wide, high, points=int(rng.choice([4, 4, 16])))
        frame.fill([shape], rng.uniform(10, 245), rng.uniform(0.2, 0.7), soft=rng.uniform(0.8, 3))
    return frame.tones


def develop(tones: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lens, exposure and film: a slight blur, gain and gamma, uneven light, grain. Returns uint8 (48, 48)."""
    tones = cv2.GaussianBlur(tones, (0, 0), rng.uniform(0.32, 0.7))
    blotches = cv2.resize(rng.normal(0, 1, (9, 9)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    tones = tones * (1 + rng.uniform(0.02, 0.05) * blotches)
    # Cameras choose their exposure: towards the full range, not all the way.
    dark, bright = np.partition(tones.ravel(), (60, -60))[[60, -60]].tolist()
    full = (tones - dark) / max(60.0, bright - dark) * rng.uniform(180, 250) + rng.uniform(0, 30)
    share = rng.uniform(0.5, 1)
    tones = share * full + (1 - share) * tones
    exposed = 255 * np.clip(tones / 255, 0.004, 1.0) ** rng.uniform(0.75, 1.15)
    grain = rng.normal(0, rng.uniform(1, 4.5), (SIDE, SIDE))
    return np.clip(np.rint(exposed + grain), 0, 255).astype(np.uint8)
