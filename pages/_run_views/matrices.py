"""Confusion matrices: row shares, counts, or what one run has more than the other; a cell opens its faces."""

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.emotions import EMOTIONS, NAMES
from pages import _runs
from pages._components.bars import Bar, bars
from pages._components.matrix import Cell, matrix
from pages._run_views import faces
from pages._runs import Looked

LISTED = 9  # of the largest confusions or changes
RISEN, FALLEN = "#3579A6", "#C0702B"  # as the matrix colours them
SHARES, COUNTS, CHANGE = "Row shares", "Counts", "Difference"
Clicked = tuple[str, int, int]  # the letter of a matrix, the label, what it was called


@st.fragment
def show(looked: Looked) -> None:
    """The view."""
    letters = list(looked.runs)
    options = [SHARES, COUNTS, CHANGE] if len(letters) > 1 else [SHARES, COUNTS]
    with st.container(horizontal=True, vertical_alignment="center"):
        unit = str(
            st.segmented_control(
                "Cells", options, default=options[-1] if len(letters) > 1 else SHARES, required=True, key="unit",
                label_visibility="collapsed",
            )
        )  # fmt: skip
        if unit == CHANGE:
            st.caption(f"Row shares minus those of {letters[0]}, in points. Blue on the diagonal is better.")
        else:
            st.caption("A cell opens its faces.")
    drawn = letters[1:] if unit == CHANGE else letters
    clicked: dict[str, tuple[int, int] | None] = {}
    with st.container(key="matrices"):
        columns = st.columns([1, 1] if len(drawn) > 1 else [1.35, 1], gap="medium")
        for place, letter in enumerate(drawn):
            with columns[place % 2]:
                clicked[letter] = _matrix(looked, letter, unit)
        if len(drawn) == 1:
            with columns[1]:
                _worst(looked, drawn[0], unit)
    cell = _last_clicked(clicked, f"{looked.key}_{unit}")
    if cell is not None:
        _open(looked, cell, unit)


def _matrix(looked: Looked, letter: str, unit: str) -> tuple[int, int] | None:
    run, first = looked.runs[letter], next(iter(looked.runs))
    if unit == CHANGE:
        title, about = f"{letter} minus {first}", f"{run.id} minus {looked.runs[first].id}"
        cells = _change(looked, letter)
    else:
        title, about = (f"{letter} · {run.id}" if len(looked.runs) > 1 else "Confusion matrix"), run.id
        cells = _own(looked, letter, unit == SHARES)
    st.markdown(f"**{title}**")
    return matrix(
        cells, NAMES, NAMES, f"matrix_{letter}_{unit.replace(' ', '-')}_{looked.key}",
        f"Confusion matrix of {about} on {looked.shown.on}",
        row_title="how it is labelled", column_title="what it was called", clickable=True,
    )  # fmt: skip


def _own(looked: Looked, letter: str, shares: bool) -> list[list[Cell]]:
    """A run's matrix, coloured by the shares of its rows."""
    counts = np.asarray(_runs.evaluated(looked.runs[letter], looked.shown)["confusion"])
    rows = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return [
        [
            Cell(
                f"{rows[i, j]:.0%}" if shares else f"{counts[i, j]:,}",
                float(rows[i, j]),
                f"{counts[i, j]:,} labelled {true}, called {says}: {rows[i, j]:.1%} of the class",
            )
            for j, says in enumerate(NAMES)
        ]
        for i, true in enumerate(NAMES)
    ]


def _change(looked: Looked, letter: str) -> list[list[Cell]]:
    """What a run has more than the first one, in points of the rows' shares; both signs up to the same strength."""
    points = _runs.change_of(looked.first, looked.runs[letter], looked.shown)
    reach = max(float(np.abs(points).max()), 1e-9)
    return [
        [
            Cell(
                f"{points[i, j]:+.1f}",
                float(points[i, j]) / reach,
                f"labelled {true}, called {says}: {points[i, j]:+.1f} points",
            )
            for j, says in enumerate(NAMES)
        ]
        for i, true in enumerate(NAMES)
    ]


def _last_clicked(now: dict[str, tuple[int, int] | None], key: str) -> Clicked | None:
    """The cell that was clicked last: every matrix keeps its own choice, so the one that changed wins."""
    before, last = st.session_state.get("matrix_clicks", ("", {}, None))[1:] if _known(key) else ({}, None)
    for letter, at in now.items():
        if at is not None and at != before.get(letter):
            last = letter
    if last is None or now.get(last) is None:
        last = next((letter for letter, at in now.items() if at is not None), None)
    st.session_state["matrix_clicks"] = (key, now, last)
    at = now[last] if last is not None else None
    return None if last is None or at is None else (last, *at)


def _known(key: str) -> bool:
    return bool(st.session_state.get("matrix_clicks", ("",))[0] == key)


def _open(looked: Looked, cell: Clicked, unit: str) -> None:
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
    """Beside a single matrix: what is confused most, or what changed most."""
    counts = np.asarray(_runs.evaluated(looked.runs[letter], looked.shown)["confusion"])
    if unit == CHANGE:
        title, series = "Changed most", "points of the class"
        points = _runs.change_of(looked.first, looked.runs[letter], looked.shown)
        lines = [
            Bar(
                f"{NAMES[i]} → {NAMES[j]}",
                (abs(points[i, j]),),
                (f"{points[i, j]:+.1f}",),
                RISEN if points[i, j] > 0 else FALLEN,
            )
            for i, j in _largest(np.abs(points))
        ]
    else:
        title, series = "Confused most", "images, and their share of the class"
        wrong = np.where(np.eye(len(NAMES), dtype=bool), 0, counts)
        lines = [
            Bar(
                f"{NAMES[i]} → {NAMES[j]}",
                (float(counts[i, j]),),
                (f"{counts[i, j]:,} · {counts[i, j] / counts[i].sum():.0%}",),
                EMOTIONS[i].colour,
            )
            for i, j in _largest(wrong)
        ]
    st.markdown(f"**{title}**")
    bars(lines, f"worst_{letter}_{unit.replace(' ', '-')}", f"{title}: {series}")
    st.caption(f"Labelled → called: {series}.")


def _largest(values: np.ndarray) -> list[tuple[int, int]]:
    """(row, column) of the largest cells, the largest first, without those that hold nothing."""
    order = np.argsort(-values, axis=None, kind="stable")[:LISTED]
    return [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, values.shape), strict=True) if values[i, j]]
