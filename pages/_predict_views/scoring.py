"""A model on an imported data set, with one click: how often it is right there, and what it mixes up."""

from typing import Any

import pandas as pd
import streamlit as st

from fer_core.dataset.store import list_datasets
from fer_core.emotions import NAMES
from fer_core.errors import FerretError
from pages import _shared
from pages._predict import Question
from pages._predict_views.labelled import show_confusion

PARTS = {"test": "PrivateTest", "val": "PublicTest", "train": "Training", "all": "all images"}


@st.fragment
def show_scoring(question: Question) -> None:
    """A fold: choose a data set, press the button."""
    fold = st.expander("Score it on a data set", on_change="rerun", key="predict_scoring")
    if not fold.open:
        return
    with fold:
        names = [info.name for info in list_datasets(_shared.workspace())]
        if not names:
            st.markdown("**No data set yet.** Import one of your own on the Overview page: labelled folders will do.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.selectbox("Data set", names, key="predict_dataset", width=220)
            split = st.selectbox("Images", list(PARTS), format_func=PARTS.__getitem__, key="predict_split", width=180)
            pressed = st.button("Score", type="primary", icon=":material/play_arrow:", key="predict_score")
        st.caption("Images that the network was trained on are left out, wherever that can be known.")
        known: dict = st.session_state.setdefault("predict_scores", {})
        key = (question, name, split)
        if pressed:
            known[key] = _scored(question, name, split)
        for document in known.get(key, []):
            _show(document, f"{document['run']}_{name}_{split}")


def _scored(question: Question, name: str, split: str) -> list[dict[str, Any]]:
    from fer_core.prediction.scoring import score_dataset

    bar = st.progress(0.0, "Starting")
    try:
        asked = question.asked()
        return [
            score_dataset(
                _shared.workspace(),
                one,
                name,
                split,
                question.tta,
                lambda _, done, start=number: bar.progress((start + done) / len(asked), f"Asking {asked[start].name}"),
            )
            for number, one in enumerate(asked)
        ]
    except FerretError as error:  # in a fragment nobody else catches it
        st.error(_shared.literal(str(error)), icon=":material/error:")
        return []
    finally:
        bar.empty()


def _show(document: dict[str, Any], key: str) -> None:
    st.markdown(f"**{document['run']}** on {document['n']:,} images of {document['dataset']}, by their given labels")
    intervals = document["intervals"]
    with st.container(horizontal=True):
        for title, name, help_text in (
            ("Accuracy", "accuracy", "The share of images whose given label it says"),
            ("Macro-F1", "macro_f1", "The mean of the classes' F1: small classes count as much as large ones"),
            ("Calibration error", "ece", "How far its sureness is from how often it is right, on average"),
        ):
            low, high = intervals[name]
            style = "{:.1%}" if name == "accuracy" else "{:.3f}"
            st.metric(
                title,
                style.format(document[name]),
                f"{style.format(low)} to {style.format(high)}",
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=help_text,
                width=200,
            )
    _remarks(document)
    matrix, classes = st.columns([3, 2], gap="large")
    with matrix:
        show_confusion(document["confusion"], f"score_confusion_{key}", "labelled", 360)
    with classes:
        st.dataframe(
            pd.DataFrame([{"class": name, **document["per_class"][name]} for name in NAMES]),
            column_config={
                "class": "Class",
                "precision": st.column_config.NumberColumn("Precision", format="%.2f"),
                "recall": st.column_config.NumberColumn("Recall", format="%.2f"),
                "f1": st.column_config.NumberColumn("F1", format="%.2f"),
                "n": st.column_config.NumberColumn("Images", format="localized"),
            },
            hide_index=True,
            key=f"score_classes_{key}",
        )


def _remarks(document: dict[str, Any]) -> None:
    if document["left_out"]:
        st.caption(f"{document['left_out']:,} images were left out: it was trained on their very pixels.")
    if document["unchecked"]:
        st.caption(
            "Whether it was trained on some of these images cannot be known: what it learned from "
            f"({', '.join(document['unchecked'])}) is not in this workspace as it was."
        )
