"""A leaderboard as a component: a real table with intervals drawn in its cells, rows that open and boxes that compare.

A click on a row shows that run alone; its box adds it to the comparison or takes it out. Sorting happens in the
browser. What is chosen stands in the address, `?run=`, and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import streamlit as st

from pages._components import declare

_component = declare("leaderboard", "../make.js", "board.js", "board.css")
MOST = 6  # runs in one comparison


@dataclass(frozen=True)
class Column:
    """A column; `kind` is "text", "number" or "tags", `help` shows while the pointer rests on its head."""

    key: str
    title: str
    kind: str = "text"
    help: str = ""


@dataclass(frozen=True)
class Cell:
    """What stands in a cell. `sort` orders the rows; `low` to `high` is drawn as a line with a dot at `sort`."""

    text: str
    sort: float | str = ""
    sub: str = ""
    low: float | None = None
    high: float | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A line; `id` is the run that it opens."""

    id: str
    title: str
    sub: str
    cells: dict[str, Cell] = field(default_factory=dict)
    badges: tuple[str, ...] = ()


def leaderboard(
    columns: Sequence[Column], rows: Sequence[Row], chosen: Sequence[tuple[str, str, str]], key: str, label: str
) -> None:
    """Draw the table. `chosen`: (row id, letter, colour) of the runs that are shown; a click changes `?run=`."""
    state: dict[str, Any] = (st.session_state.get(key) or {}).get("chosen") or {}
    data = {
        "columns": [asdict(column) for column in columns],
        "rows": [asdict(row) for row in rows],
        "chosen": [{"id": run, "letter": letter, "colour": colour} for run, letter, colour in chosen],
        "turn": state.get("turn", 0),  # which click the choice answers
        "most": MOST,
        "label": label,
    }

    def heard() -> None:
        st.query_params["run"] = [str(run) for run in st.session_state[key]["chosen"]["ids"]][:MOST]

    _component(key=key, data=data, on_chosen_change=heard)
