"""The loop as a component: its stations in order, which are behind, which is next, and what each has come to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pages._components import declare

_component = declare("loop", "../make.js", "loop.js", "loop.css")


@dataclass(frozen=True)
class Station:
    """`state` is "done", "next" or "later"; `words` say what it has come to, or what it will bring."""

    title: str
    words: str
    state: str


def loop(stations: Sequence[Station], key: str, label: str) -> None:
    """Draw them in a row, on a phone one below the other. `label` names the list for screen readers."""
    _component(key=key, data={"stations": [asdict(station) for station in stations], "label": label})
