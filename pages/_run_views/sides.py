"""The faces on which exactly one of two runs is right, both ways."""

import streamlit as st

from fer_core.emotions import NAMES
from pages import _runs
from pages._run_views import faces
from pages._runs import Looked


@st.fragment
def show(looked: Looked) -> None:
    """The view."""
    letters = list(looked.runs)
    a, b = letters[0], letters[1]
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(letters) > 2:
            b = str(
                st.segmented_control(
                    "Against", letters[1:], default=b, format_func=lambda letter: f"{a} and {letter}", required=True,
                    key="sides_of", label_visibility="collapsed",
                )
            )  # fmt: skip
        table = _runs.both(looked.runs[a], looked.runs[b], looked.shown)
        right = {a: table["says_a"] == table["label"], b: table["says_b"] == table["label"]}
        only = {a: right[a] & ~right[b], b: right[b] & ~right[a]}
        winner = str(
            st.segmented_control(
                "Right by", [b, a], format_func=lambda side: f"Only {side} is right: {int(only[side].sum()):,}",
                default=b, required=True, key=f"right_by_{b}", label_visibility="collapsed",
            )
        )  # fmt: skip
    found = table[only[winner]]
    # The surest changes first: where the loser was most certain of what it got wrong.
    loser = "confidence_a" if winner == b else "confidence_b"
    found = found.sort_values([loser, "row"], ascending=[False, True])
    captions = [f"{NAMES[x]} → {NAMES[y]}" for x, y in zip(found["says_a"], found["says_b"], strict=True)]
    words = (
        f"Under each face: what {a} says, then {b}. Those first of which the one that is wrong was surest. "
        f"{int((right[a] & right[b]).sum()):,} are right by both, {int((~right[a] & ~right[b]).sum()):,} by none."
    )
    title = f"only {winner} of {a} and {b} is right"
    faces.gallery(looked, found.assign(caption=captions), title, words, f"sides_{winner}{b}")
