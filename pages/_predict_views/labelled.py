"""What people say that their photos show, against what the network says: a small table, and how often both agree."""

from hashlib import sha256

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.emotions import NAMES
from fer_core.prediction.seen import Face
from pages import _charts
from pages._predict import Answer, Photo

Line = tuple[str, int, Face, str]
"""A photo's name, the face's number in it, the face, the photo's key."""


@st.fragment
def show_labelled(answers: dict[Photo, Answer]) -> None:
    """A fold below several faces. What is said here stays in this session."""
    faces: list[Line] = [
        (photo.name, number, face, photo.key)
        for photo, answer in answers.items()
        if answer.predictions
        for number, face in enumerate(answer.predictions[0].faces, 1)
    ]
    if not faces:
        return
    fold = st.expander("Say what they show, and see how often it agrees", on_change="rerun", key="predict_labelled")
    if not fold.open:
        return
    with fold:
        table, figures = st.columns([3, 2], gap="large")
        with table:
            said = _asked(faces)
        with figures:
            _compared(said, np.array([face.probabilities for _, _, face, _ in faces]))


def _asked(faces: list[Line]) -> list[int | None]:
    """A line for each face: what the network says, and a choice of what it shows; the class or None for each."""
    several = len({key for *_, key in faces}) < len(faces)
    lines = pd.DataFrame(
        {
            "photo": [f"{name}, face {number}" if several else name for name, number, *_ in faces],
            "network": [f"{face.label} ({face.confidence:.0%})" for _, _, face, _ in faces],
            "shows": pd.Series([None] * len(faces), dtype="object"),
        }
    )
    edited = st.data_editor(
        lines,
        column_config={
            "photo": "Photo",
            "network": "The network says",
            "shows": st.column_config.SelectboxColumn("You say", options=list(NAMES), width="small"),
        },
        disabled=["photo", "network"],
        hide_index=True,
        placeholder="choose",
        # What was said is said of these crops: with others under the same names it would move to other faces.
        key="predict_said_" + sha256(b"".join(face.crop.tobytes() for _, _, face, _ in faces)).hexdigest()[:16],
        alt="What the network says of each face, and what you say",
    )
    return [NAMES.index(answer) if answer in NAMES else None for answer in edited["shows"]]


def _compared(said: list[int | None], probabilities: np.ndarray) -> None:
    known = [position for position, label in enumerate(said) if label is not None]
    if not known:
        st.caption("Choose a class for a face or more; how often the network agrees is counted here.")
        return
    from fer_core.prediction.scoring import score_answers

    figures = score_answers([label for label in said if label is not None], probabilities[known])
    low, high = figures["intervals"]["accuracy"]
    hits = round(figures["accuracy"] * figures["n"])
    st.markdown(f"**It agrees with you on {hits} of {figures['n']}.** 95 % interval {low:.0%} to {high:.0%}.")
    show_confusion(figures["confusion"], "said_confusion", "you say", 300)


def show_confusion(confusion: list[list[int]], key: str, truth: str, height: int) -> None:
    """A confusion matrix in counts, shaded by the shares of each row."""
    counts = pd.DataFrame(confusion, index=list(NAMES), columns=list(NAMES))
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    text = counts.map(lambda count: f"{count:,}" if count else "")
    figure = _charts.matrix(shares, text, "%{text} " + truth + " %{y}, called %{x}")
    figure.update_layout(xaxis_title="called", yaxis_title=truth)
    alt = "; ".join(
        f"{name}: " + ", ".join(f"{count:,} called {other}" for other, count in row.items() if count)
        for name, row in counts.iterrows()
        if row.sum()
    )
    _charts.show(figure, key, f"Confusion matrix. {alt}", height=height)
