"""What a face does in each of the seven expressions: muscles as numbers, after Ekman and Friesen's descriptions.

Lengths are in face units (see canvas), upward movements positive; the rest are strengths from 0 to 1. Each class
has one or more poses; a drawn face takes one of them at its own intensity, every muscle a little off.
"""

from dataclasses import astuple, dataclass, fields

import numpy as np

from fer_core.emotions import NAMES


@dataclass(frozen=True)
class Expression:
    """The state of a face. All zeros: at rest."""

    brow_inner: float = 0.0
    brow_middle: float = 0.0
    brow_outer: float = 0.0
    brow_together: float = 0.0  # inner ends towards each other
    furrow: float = 0.0  # vertical lines between the brows
    forehead: float = 0.0  # horizontal lines
    lid_upper: float = 0.0  # 1: wide open; -1: shut
    lid_lower: float = 0.0  # 1: pushed up over the iris
    eye_slant: float = 0.0  # outer corner up
    nose_wrinkle: float = 0.0
    nostrils: float = 0.0  # flared
    cheeks: float = 0.0  # raised
    fold: float = 0.0  # from nostril to mouth corner
    mouth_width: float = 0.0  # added to the half width
    mouth_height: float = 0.0  # the whole mouth moves up
    corners: float = 0.0
    open_upper: float = 0.0  # upper lip off the closed line
    open_lower: float = 0.0
    square: float = 0.0  # 0: pointed opening; 1: box
    lips: float = 0.0  # -1: pressed thin; 1: pushed out
    sneer: float = 0.0  # upper lip drawn up in the middle
    teeth: float = 0.0  # upper row
    teeth_lower: float = 0.0
    tongue: float = 0.0  # out over the lower lip
    chin: float = 0.0  # bunched
    jaw: float = 0.0  # dropped


# fmt: off
POSES: dict[str, tuple[Expression, ...]] = {
    "angry": (
        Expression(  # lips pressed
            brow_inner=-0.2, brow_middle=-0.09, brow_outer=0.06, brow_together=0.08, furrow=1, lid_upper=-0.25,
            lid_lower=0.25, eye_slant=0.05, nostrils=0.8, fold=0.3, corners=-0.09, lips=-0.75, mouth_width=0.02,
            chin=0.5,
        ),
        Expression(  # shouting
            brow_inner=-0.2, brow_middle=-0.09, brow_outer=0.07, brow_together=0.08, furrow=1, lid_upper=-0.05,
            lid_lower=0.25, eye_slant=0.05, nostrils=1, fold=0.7, corners=-0.05, open_upper=0.1, open_lower=0.18,
            square=1, lips=-0.4, teeth=0.9, teeth_lower=0.8, mouth_width=0.03, jaw=0.06,
        ),
    ),
    "disgust": (
        Expression(  # upper lip drawn up over the teeth
            brow_inner=-0.09, brow_middle=-0.11, brow_outer=-0.06, brow_together=0.02, furrow=0.2, lid_upper=-0.75,
            lid_lower=0.85, nose_wrinkle=1, nostrils=0.7, cheeks=0.6, fold=1, mouth_height=0.05, corners=-0.12,
            sneer=0.1, open_upper=0.08, open_lower=0.04, square=0.5, teeth=1, lips=0.1, chin=0.5,
        ),
        Expression(  # tongue out
            brow_inner=-0.08, brow_middle=-0.1, brow_outer=-0.05, brow_together=0.02, furrow=0.2, lid_upper=-0.75,
            lid_lower=0.85, nose_wrinkle=1, nostrils=0.6, cheeks=0.6, fold=1, mouth_height=0.05, corners=-0.1,
            sneer=0.08, open_upper=0.05, open_lower=0.13, square=0.3, tongue=1, jaw=0.05,
        ),
    ),
    "fear": (
        Expression(
            brow_inner=0.17, brow_middle=0.1, brow_outer=0.0, brow_together=0.08, furrow=0.5, forehead=0.7,
            lid_upper=0.85, lid_lower=-0.1, mouth_width=0.09, corners=-0.08, open_upper=0.03, open_lower=0.1,
            square=0.9, lips=-0.35, teeth_lower=0.8, teeth=0.4, jaw=0.03, fold=0.2,
        ),
        Expression(  # mouth further open
            brow_inner=0.18, brow_middle=0.11, brow_outer=0.0, brow_together=0.08, furrow=0.5, forehead=0.8,
            lid_upper=1, lid_lower=-0.1, mouth_width=0.08, corners=-0.1, open_upper=0.05, open_lower=0.17,
            square=1, lips=-0.35, teeth_lower=0.6, teeth=0.6, jaw=0.07, fold=0.3,
        ),
    ),
    "happy": (
        Expression(  # smile
            brow_middle=0.02, lid_upper=-0.2, lid_lower=0.45, cheeks=0.9, fold=0.7, mouth_width=0.1, corners=0.19,
            lips=-0.1,
        ),
        Expression(  # laugh
            brow_middle=0.04, brow_outer=0.02, lid_upper=-0.35, lid_lower=0.6, cheeks=1, fold=0.9, mouth_width=0.13,
            corners=0.22, open_upper=-0.03, open_lower=0.19, teeth=1, lips=-0.2, jaw=0.03,
        ),
    ),
    "sad": (
        Expression(
            brow_inner=0.17, brow_middle=0.02, brow_outer=-0.1, brow_together=0.05, furrow=0.3, lid_upper=-0.35,
            eye_slant=-0.07, fold=0.4, corners=-0.15, mouth_width=-0.05, lips=0.1, chin=0.9, mouth_height=0.02,
        ),
        Expression(  # lower lip pushed out
            brow_inner=0.18, brow_middle=0.03, brow_outer=-0.1, brow_together=0.04, furrow=0.2, lid_upper=-0.45,
            eye_slant=-0.07, fold=0.2, corners=-0.17, mouth_width=-0.07, lips=0.5, chin=1, mouth_height=0.04,
        ),
    ),
    "surprise": (
        Expression(
            brow_inner=0.17, brow_middle=0.27, brow_outer=0.17, forehead=0.9, lid_upper=0.8, lid_lower=-0.1,
            mouth_width=-0.14, open_upper=0.14, open_lower=0.26, square=0.25, lips=0.1, jaw=0.12,
        ),
        Expression(  # smaller mouth
            brow_inner=0.18, brow_middle=0.28, brow_outer=0.18, forehead=1, lid_upper=0.9, lid_lower=-0.1,
            mouth_width=-0.18, open_upper=0.11, open_lower=0.19, square=0.25, lips=0.3, jaw=0.09,
        ),
    ),
    "neutral": (Expression(),),
}
# fmt: on

_LENGTHS = {
    "brow_inner",
    "brow_middle",
    "brow_outer",
    "brow_together",
    "eye_slant",
    "mouth_width",
    "mouth_height",
    "corners",
    "open_upper",
    "open_lower",
    "sneer",
    "jaw",
}
# How far a muscle at rest strays (the parting of closed lips not at all), and a working one in proportion.
_STRAY_AT_REST = np.array(
    [0.0 if f.name.startswith("open") else 0.012 if f.name in _LENGTHS else 0.06 for f in fields(Expression)]
)
_STRAY_AT_WORK = 0.1
_MUSCLES = [np.array([astuple(pose) for pose in POSES[name]]) for name in NAMES]


def random_expression(label: int, rng: np.random.Generator) -> Expression:
    """One of the poses of class `label` (0 to 6) at an intensity between a clear and a full one."""
    poses = _MUSCLES[label]
    pose = poses[rng.integers(len(poses))]
    stray = _STRAY_AT_REST + _STRAY_AT_WORK * np.abs(pose)
    return Expression(*(rng.uniform(0.85, 1.15) * pose + stray * rng.normal(size=len(pose))).tolist())
