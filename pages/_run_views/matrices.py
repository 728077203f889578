"""Confusion matrices: row shares, counts, or what one run has more than the other; a cell opens its faces."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.emotions import NAMES
from fer_core.runs import figures
from pages import _charts, _runs
from pages._run_views import faces
from pages._runs import Looked

LISTED = 9  # of the largest confusions or changes
SHARES, COUNTS, CHANGE = "Row shares", "Counts", "Difference"
Cell = tuple[str, int, int]  # the letter of a matrix, the label, what it was called


@st.fragment
def show(looked: Looked) -> None:
    """The view."""
    letters = list(looked.runs)
    options = [SHARES, COUNTS, CHANGE] if len(letters) > 1 else [SHARES, COUNTS]
    with st.container(horizontal=True, vertical_alignment="center"):
        unit = st.segmented_control(
            "Cells", options, default=options[-1] if len(letters) > 1 else SHARES, required=True, key="unit",
            label_visibility="collapsed",
        )  # fmt: skip
        if unit == CHANGE:
            st.caption(f"Row shares minus those of {letters[0]}, in points. Blue on the diagonal is better.")
        else:
            st.caption("Rows: how it is labelled. Columns: what it was called. A cell opens its faces.")
    drawn = letters[1:] if unit == CHANGE else letters
    events: dict[str, Any] = {}
    with st.container(key="matrices"):
        columns = st.columns([1, 1] if len(drawn) > 1 else [1.35, 1], gap="medium")
        for place, letter in enumerate(drawn):
            with columns[place % 2]:
                events[letter] = _matrix(looked, letter, str(unit))
        if len(drawn) == 1:
            with columns[1]:
                _worst(looked, drawn[0], str(unit))
    cell = _last_clicked(events, f"{looked.key}_{unit}")
    if cell is not None:
        _open(looked, cell, str(unit))


def _matrix(looked: Looked, letter: str, unit: str) -> Any:
    dark = st.context.theme.type == "dark"
    run, first = looked.runs[letter], next(iter(looked.runs))
    several = len(looked.runs) > 1
    if unit == CHANGE:
        title = f"{letter} minus {first}"
        figure = _change(looked.runs[first], run, looked.shown, dark)
        alt = f"Confusion matrix of {run.id} minus that of {looked.runs[first].id}: {_alt_change(looked, letter)}"
    else:
        title = f"{letter} · {run.id}" if several else "Confusion matrix"
        figure = _own(run, looked.shown, unit == SHARES, dark)
        alt = f"Confusion matrix of {run.id} on {looked.shown.on}: {_alt(looked, letter)}"
    st.markdown(f"**{title}**")
    return _charts.show(
        figure, f"matrix_{letter}_{unit}_{looked.key}", alt, height=430, on_select="rerun", selection_mode="points"
    )


@_runs.cached
def _own(run: Any, shown: Any, shares: bool, dark: bool) -> Any:
    return figures.confusion(np.asarray(_runs.evaluated(run, shown)["confusion"]), shares, dark)


@_runs.cached
def _change(a: Any, b: Any, shown: Any, dark: bool) -> Any:
    return figures.confusion_change(_runs.change_of(a, b, shown), dark)


def _last_clicked(events: dict[str, Any], key: str) -> Cell | None:
    """The cell that was clicked last: every matrix keeps its own selection, so the one that changed wins."""
    now = {letter: _point(event) for letter, event in events.items()}
    before, last = st.session_state.get("matrix_clicks", ("", {}, None))[1:] if _known(key) else ({}, None)
    for letter, point in now.items():
        if point is not None and point != before.get(letter):
            last = letter
    if last is None or now.get(last) is None:
        last = next((letter for letter, point in now.items() if point is not None), None)
    st.session_state["matrix_clicks"] = (key, now, last)
    if last is None:
        return None
    true, says = divmod(now[last] or 0, len(NAMES))
    return last, true, says


def _known(key: str) -> bool:
    return bool(st.session_state.get("matrix_clicks", ("",))[0] == key)


def _point(event: Any) -> int | None:
    points = event["selection"]["points"] if event else []
    return int(points[0]["customdata"]) if points else None


def _open(looked: Looked, cell: Cell, unit: str) -> None:
    """The faces of a cell: of one run's matrix all of them, the surest first; of a difference those that moved."""
    letter, true, says = cell
    if unit == CHANGE:
        first = next(iter(looked.runs))
        table = moved(looked, first, letter, true, says)
        title = f"{NAMES[true].capitalize()}, called {NAMES[says]} by one of {first} and {letter}"
        words = f"{len(table):,} images. Under each: what {first} says, then {letter}."
    else:
        table = cell_faces(looked, letter, true, says)
        by = f" by {letter}" if len(looked.runs) > 1 else ""
        title = f"{NAMES[true].capitalize()} called {NAMES[says]}{by}"
        words = f"{len(table):,} images of {looked.shown.name}, the surest first."
    st.subheader(title, anchor=False)
    faces.gallery(looked, table, title, f"{words} Click the cell again to close.", f"cell_{letter}")


def cell_faces(looked: Looked, letter: str, true: int, says: int) -> pd.DataFrame:
    """row, label, caption of a cell of a run's matrix, the surest first."""
    table = _runs.called(looked.runs[letter], looked.shown)
    cell = table[(table["label"] == true) & (table["says"] == says)]
    cell = cell.sort_values(["confidence", "row"], ascending=[False, True])
    return cell.assign(caption=[f"{NAMES[says]} {sure:.0%}" for sure in cell["confidence"]])


def moved(looked: Looked, a: str, b: str, true: int, says: int) -> pd.DataFrame:
    """row, label, caption of the images labelled `true` that exactly one of two runs calls `says`."""
    table = _runs.both(looked.runs[a], looked.runs[b], looked.shown)
    found = table[(table["label"] == true) & ((table["says_a"] == says) != (table["says_b"] == says))]
    captions = [f"{NAMES[x]} → {NAMES[y]}" for x, y in zip(found["says_a"], found["says_b"], strict=True)]
    return found.assign(caption=captions)


def _worst(looked: Looked, letter: str, unit: str) -> None:
    """Beside a single matrix: what is confused most, or what changed most. As text: a data grid takes time to load."""
    counts = np.asarray(_runs.evaluated(looked.runs[letter], looked.shown)["confusion"])
    if unit == CHANGE:
        points = _runs.change_of(looked.first, looked.runs[letter], looked.shown)
        order = np.argsort(-np.abs(points), axis=None)[:LISTED]
        title, lines = "Changed most", ["| labelled | called | points |", "|:--|:--|--:|"]
        lines += [f"| {NAMES[i]} | {NAMES[j]} | {points[i, j]:+.1f} |" for i, j in map(_place, order)]
    else:
        wrong = np.where(np.eye(len(NAMES), dtype=bool), -1, counts)
        order = np.argsort(-wrong, axis=None, kind="stable")[:LISTED]
        title, lines = "Confused most", ["| labelled | called | images | of the class |", "|:--|:--|--:|--:|"]
        lines += [
            f"| {NAMES[i]} | {NAMES[j]} | {counts[i, j]:,} | {counts[i, j] / counts[i].sum():.0%} |"
            for i, j in map(_place, order)
            if counts[i, j]
        ]
    st.markdown(f"**{title}**")
    st.markdown("\n".join(lines))


def _place(flat: int) -> tuple[int, int]:
    row, column = divmod(int(flat), len(NAMES))
    return row, column


def _alt(looked: Looked, letter: str) -> str:
    figures_ = _runs.evaluated(looked.runs[letter], looked.shown)
    return ", ".join(f"{name} right {figures_['per_class'][name]['recall']:.0%}" for name in NAMES)


def _alt_change(looked: Looked, letter: str) -> str:
    points = _runs.change_of(looked.first, looked.runs[letter], looked.shown)
    return ", ".join(f"{name} {points[index, index]:+.1f} points" for index, name in enumerate(NAMES))
