"""The review grid as a component: what it is given, and what it sends back.

The grid lives in the browser (grid.html, grid.css, grid.js); Python deals sheets of faces, stores answers and
acknowledges them. `data` goes in, the component's state `outbox` comes out; both are described where they are made, in
pages/_grid_lane.py and at the top of grid.js.
"""

from collections.abc import Mapping
from typing import Any

from fer_core.emotions import EMOTIONS
from fer_core.review.events.verdict import ANSWER_KEYS, NOT_A_FACE, UNSURE, UNUSABLE
from pages._components import declare
from pages._components.review_queue import ink_on

_component = declare(
    "review_grid", "grid.html", "../answering.css", "grid.css", "../make.js", "../answering.js", "grid.js"
)

UNDO, CLEAR = "undo", "clear"
KEYS = {**ANSWER_KEYS, UNDO: "u"}
_TITLES = {NOT_A_FACE: "Not a face", UNUSABLE: "Unusable", UNSURE: "Unsure"}


def review_grid(key: str, data: dict[str, Any], keys: Mapping[str, str] | None = None) -> None:
    """Draw the grid. Its outbox is found in `st.session_state[key]` by the run that it starts.

    `keys`: command to key, for those that differ from KEYS. Space, Enter, Escape and the arrows are the grid's own.
    """
    words = {"unit": data.pop("unit"), "end": data.pop("end")}
    _component(key=key, data={**data, "buttons": buttons(keys or {}), "words": words}, on_outbox_change=_heard)


def _heard() -> None:
    """The state is read at the top of the run that it starts; the callback makes it a state of the component."""


def buttons(keys: Mapping[str, str]) -> list[dict[str, str]]:
    """All buttons but the one that confirms: command, key, what is written for it, title, colours of the classes."""
    chosen = {**KEYS, **keys}
    classes = [
        {"command": one.name, "title": one.name.capitalize(), "colour": one.colour, "ink": ink_on(one.colour)}
        for one in EMOTIONS
    ]
    others = [{"command": answer, "title": title} for answer, title in _TITLES.items()]
    tools = [{"command": UNDO, "title": "Undo"}]
    known = [
        {**one, "key": chosen[one["command"]], "cap": chosen[one["command"]]} for one in (*classes, *others, *tools)
    ]
    return [*known, {"command": CLEAR, "title": "Clear", "key": "Escape", "cap": "esc"}]
