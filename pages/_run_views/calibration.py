"""How far confidence can be believed, and what a threshold costs: reliability and precision-recall curves."""

import numpy as np
import streamlit as st

from fer_core.emotions import COLOURS, NAMES
from fer_core.runs.figures import precision_recall_chart, reliability_chart
from pages import _charts, _runs
from pages._run_views.verdict import colours
from pages._runs import Looked

CLEARLY = 0.01  # mean confidence above or below accuracy from which it is worth a word


def show(looked: Looked) -> None:
    """The view."""
    left, right = st.columns(2, gap="large")
    with left:
        _reliability(looked)
    with right:
        _precision_recall(looked)


def _reliability(looked: Looked) -> None:
    st.subheader("Reliability", anchor=False)
    bins = {letter: _runs.bins_of(run, looked.shown) for letter, run in looked.runs.items()}
    said = "; ".join(
        f"{letter}: " + ", ".join(f"{sure:.0%} sure {right:.0%} right"
                                  for sure, right in zip(found.confidence, found.accuracy, strict=True))
        for letter, found in bins.items()
    )  # fmt: skip
    _charts.show(reliability_chart(bins), "reliability", f"Share of right calls by confidence. {said}", 430)
    for letter, run in looked.runs.items():
        figures, name = _runs.evaluated(run, looked.shown), f"{letter}: calibration" if len(bins) > 1 else "Calibration"
        low, high = figures["intervals"]["ece"]
        excess = bins[letter].excess
        lean = "surer than it is right" if excess > 0 else "less sure than it is right"
        words = f"on average {abs(excess):.1%} {lean}" if abs(excess) >= CLEARLY else "neither too sure nor too careful"
        st.caption(f"{name} error (ECE) {figures['ece']:.3f} ({low:.3f} to {high:.3f}), {words}.")
    st.caption("On the dashed line a network is right as often as it says. Below: how many calls there are.")


@st.fragment
def _precision_recall(looked: Looked) -> None:
    st.subheader("Precision and recall", anchor=False)
    if len(looked.runs) == 1:
        curves, ink = _runs.precision_recalls(looked.first, looked.shown), dict(COLOURS)
        about = "Every class against the rest, called from a falling probability on."
    else:
        name = st.pills("Class", NAMES, default="fear", required=True, key="pr_class", label_visibility="collapsed")
        curves = {letter: _runs.precision_recalls(run, looked.shown)[str(name)] for letter, run in looked.runs.items()}
        ink, about = (
            colours(looked),
            f"{str(name).capitalize()} against the rest, called from a falling probability on.",
        )
    average = {name: curve.average for name, curve in curves.items() if len(curve.recall)}
    said = ", ".join(f"{name} {value:.2f}" for name, value in average.items())
    _charts.show(precision_recall_chart(curves, ink), "precision_recall", f"Precision over recall. {said}", 430)
    mean = f" Mean: {np.mean(list(average.values())):.2f}." if len(looked.runs) == 1 and average else ""
    st.caption(f"{about} Average precision: {said}.{mean}")
