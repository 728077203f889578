"""The seven classes of FER2013: order, names, colours, and what other data sets call them.

The order is that of the `emotion` column of `fer2013.csv`. It is the order of every probability vector, every
confusion matrix and the review keys 1 to 7. Class folders sort differently (neutral before sad), so folders are
always read by name.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Emotion:
    """One class: `index` in FER2013's order, lower-case `name`, and a `colour` that stays the same on every chart."""

    index: int
    name: str
    colour: str

    @property
    def key(self) -> str:
        """The review key, `1` to `7`."""
        return str(self.index + 1)


# Okabe and Ito's palette, which people with any common colour blindness can tell apart; neutral is grey.
EMOTIONS = (
    Emotion(0, "angry", "#D55E00"),
    Emotion(1, "disgust", "#009E73"),
    Emotion(2, "fear", "#CC79A7"),
    Emotion(3, "happy", "#E69F00"),
    Emotion(4, "sad", "#0072B2"),
    Emotion(5, "surprise", "#56B4E9"),
    Emotion(6, "neutral", "#8A8F98"),
)
NAMES = tuple(emotion.name for emotion in EMOTIONS)
COLOURS = {emotion.name: emotion.colour for emotion in EMOTIONS}
CLASSES = len(EMOTIONS)

_ALIASES = {
    "anger": "angry",
    "disgusted": "disgust",
    "afraid": "fear",
    "fearful": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "suprise": "surprise",
    "neutrality": "neutral",
}


def class_index(name: str) -> int | None:
    """The index of a class by any of its usual names, in any case; None where FER2013 has no counterpart (contempt)."""
    word = name.strip().lower()
    word = _ALIASES.get(word, word)
    return NAMES.index(word) if word in NAMES else None
