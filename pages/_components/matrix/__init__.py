"""A matrix of numbers as a component: a real table, its cells coloured by their value, each a button where asked.

It is painted at once, where a heat map of Plotly's costs more than a second of a page's first paint; it can be read by
screen readers and walked through by keyboard.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pages._components import declare

_component = declare("matrix", "../make.js", "matrix.js", "matrix.css")


@dataclass(frozen=True)
class Cell:
    """`text` stands in it, `share` in [-1, 1] is how strong its colour is, `words` say it in full."""

    text: str
    share: float = 0.0
    words: str = ""


def matrix(
    cells: Sequence[Sequence[Cell]],
    rows: Sequence[str],
    columns: Sequence[str],
    key: str,
    label: str,
    *,
    row_title: str = "",
    column_title: str = "",
    clickable: bool = False,
) -> tuple[int, int] | None:
    """Draw it; where it is `clickable`, the (row, column) of the cell that is chosen. A second click lets go of it."""
    data = {
        "cells": [[asdict(cell) for cell in line] for line in cells],
        "rows": list(rows),
        "columns": list(columns),
        "label": label,
        "row_title": row_title,
        "column_title": column_title,
        "clickable": clickable,
    }
    if not clickable:
        _component(key=key, data=data)
        return None
    state: dict[str, Any] = _component(key=key, data=data, on_cell_change=_heard).cell or {}
    at = state.get("at")
    if not at or not (0 <= at[0] < len(rows) and 0 <= at[1] < len(columns)):
        return None
    return int(at[0]), int(at[1])


def _heard() -> None:
    """The choice is read by the run that it starts; the callback makes it a state of the component."""
