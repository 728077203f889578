"""The review card as a component: what it is given, and what it sends back.

The card lives in the browser (queue.html, *.css, *.js); Python deals faces, stores answers and acknowledges them.
`data` goes in, the component's state `outbox` comes out; both are described in pages/_review.py and at the top of
queue.js.
"""

from typing import Any

from fer_core.emotions import EMOTIONS
from fer_core.review.cards.exemplars import HARD_PAIRS
from fer_core.review.cards.preferences import RESERVED
from fer_core.review.events.verdict import ANSWER_KEYS, KEEP, NOT_A_FACE, SKIP, UNSURE, UNUSABLE
from pages._components import declare

_component = declare(
    "review_queue",
    "queue.html",
    "../answering.css",
    "queue.css",
    "side.css",
    "../make.js",
    "../answering.js",
    "queue.js",
    "keys.js",
    "reveal.js",
    "guide.js",
    "history.js",
    "session.js",
)

TITLES = {NOT_A_FACE: "Not a face", UNUSABLE: "Unusable", UNSURE: "Unsure", SKIP: "Skip", KEEP: "Keep given label"}
# command, key, title, place: "act" stands among the answers, "panel" opens a panel beside the face
_TOOLS = (
    ("undo", "u", "Undo", "act"),
    ("flag", "f", "Flag", "act"),
    ("note", "n", "Note", "note"),
    ("reveal", "v", "Look", "reveal"),
    ("guide", "h", "Guide", "panel"),
    ("history", "l", "History", "panel"),
    ("session", "i", "Session", "panel"),
    ("keys", "k", "Keys", "panel"),
    ("map", "m", "Where a network looked", "map"),
)
KEYS = {**{answer: ANSWER_KEYS[answer] for answer in ANSWER_KEYS}, **{command: key for command, key, *_ in _TOOLS}}

GUIDE = (
    ("angry", "Brows drawn down and together, hard stare, lips pressed or teeth bared."),
    ("disgust", "Nose wrinkled, upper lip raised, cheeks pushed up."),
    ("fear", "Brows raised and pulled together, eyes wide, mouth stretched sideways."),
    ("happy", "Corners of the mouth up and back, cheeks raised, eyes narrowed."),
    ("sad", "Inner brows raised, eyelids heavy, corners of the mouth down."),
    ("surprise", "Brows raised in an arc, eyes wide, jaw dropped and loose."),
    ("neutral", "No expression that you could name, the muscles at rest."),
    (NOT_A_FACE, "A drawing, a text, an object: there is no face to read."),
    (UNUSABLE, "A face, but covered, cut off or blurred until nobody could tell."),
    (UNSURE, "You looked, and two classes fit. That is an answer: the face is ambiguous."),
    (SKIP, "You do not want to answer now. It comes back in the skipped queue."),
)
TELL_APART = {
    (
        "fear",
        "surprise",
    ): "Fear pulls the brows together and the mouth sideways; surprise lifts the brows in a clean arc "
    "and lets the jaw fall.",
    ("sad", "neutral"): "Sad lifts the inner ends of the brows or pulls the corners of the mouth down; a mouth that is "
    "only closed, or eyes that only look away, are neutral.",
    ("angry", "disgust"): "Disgust wrinkles the nose and lifts the upper lip; anger leaves the nose smooth, lowers the "
    "brows and stares.",
}


def review_queue(key: str, data: dict[str, Any]) -> None:
    """Draw the card. Its outbox is found in `st.session_state[key]` by the run that it starts."""
    words = {"unit": "answered in this queue", "end": data.pop("end")}
    fixed = {"buttons": buttons(), "guide": guide(), "pairs": pairs(), "reserved": list(RESERVED), "words": words}
    _component(key=key, data={**data, **fixed}, on_outbox_change=_heard)


def _heard() -> None:
    """The state is read at the top of the run that it starts; the callback makes it a state of the component."""


def buttons() -> list[dict[str, str]]:
    """All commands of the card: name, key as it ships, title, place, and the colours of the classes."""
    classes = [
        {
            "command": emotion.name,
            "key": KEYS[emotion.name],
            "title": emotion.name.capitalize(),
            "place": "class",
            "colour": emotion.colour,
            "ink": ink_on(emotion.colour),
        }
        for emotion in EMOTIONS
    ]
    others = [
        {"command": answer, "key": KEYS[answer], "title": TITLES[answer], "place": "other"}
        for answer in (NOT_A_FACE, UNUSABLE, UNSURE, SKIP)
    ]
    keep = {"command": KEEP, "key": KEYS[KEEP], "title": TITLES[KEEP], "place": "keep"}
    tools = [{"command": command, "key": key, "title": title, "place": place} for command, key, title, place in _TOOLS]
    return [*classes, *others, keep, *tools]


def guide() -> list[dict[str, str]]:
    """What to look for, in the order of the buttons."""
    return [{"command": command, "text": text} for command, text in GUIDE]


def pairs() -> list[dict[str, str]]:
    """The pairs of classes that people confuse, with what tells them apart; in the order of their examples."""
    return [{"one": one, "other": other, "text": TELL_APART[one, other]} for one, other in HARD_PAIRS]


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour (WCAG's relative luminance)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#111416" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"
