"""The loop as a component: its stations in order, which are behind, which is next, and what each has come to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "ferret_loop",
    css=(_HERE / "loop.css").read_text(encoding="utf-8"),
    js=(_HERE / "loop.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Station:
    """`state` is "done", "next" or "later"; `words` say what it has come to, or what it will bring."""

    title: str
    words: str
    state: str


def loop(stations: Sequence[Station], key: str, label: str) -> None:
    """Draw them in a row, on a phone one below the other. `label` names the list for screen readers."""
    _component(key=key, data={"stations": [asdict(station) for station in stations], "label": label})
