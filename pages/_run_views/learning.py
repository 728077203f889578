"""How runs were learned: loss, accuracy and macro-F1 on one axis, and when each was at its best."""

import pandas as pd
import streamlit as st

from pages import _charts, _curves
from pages._runs import Looked
from pages._shared import duration


@st.fragment
def show(looked: Looked) -> None:
    """The view."""
    curves = {letter: _curves.curves_of(run) for letter, run in looked.runs.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        axis = st.segmented_control(
            "Axis", ["epoch", "time"], format_func={"epoch": "By epoch", "time": "By time"}.get, default="epoch",
            required=True, key="axis", bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        smoothing = st.slider(
            "Smoothing", 0.0, 0.95, 0.0, 0.05, key="smoothing", bind="query-params", width=240,
            help="Exponential moving average; what was measured stays visible behind.",
        )  # fmt: skip
    left, right = st.columns([2.6, 1], gap="large")
    with left:
        figure = _curves.linked(curves, str(axis), float(smoothing))
        _charts.show(figure, f"linked_{axis}", _curves.in_words(curves), 620)
        chooser = next(iter(curves.values())).chooser
        st.caption(
            f"Solid: {chooser}, which chooses the epoch. Dotted: Training, while it was learned. Drag to zoom all "
            "three at once, double-click to see everything again."
        )
    with right:
        st.markdown("**At its best**")
        lines = []
        for letter, run in looked.runs.items():
            best = run.document["best"]
            line = {"run": letter, "epoch": f"{best['epoch']} of {run.document['recipe']['epochs']}"}
            line |= {"accuracy": best["val_accuracy"], "loss": best["val_loss"]}
            lines.append(line | {"time": duration(run.document["wall_s"])})
        table = pd.DataFrame(lines)
        st.dataframe(
            table if len(lines) > 1 else table.drop(columns="run"),
            column_config={
                "run": "Run",
                "epoch": "Epoch",
                "accuracy": st.column_config.NumberColumn("Accuracy", format="percent"),
                "loss": st.column_config.NumberColumn("Loss", format="%.3f"),
                "time": "Trained for",
            },
            hide_index=True,
            height="content",
            key="best_epochs",
            alt="The epoch that was chosen for each run",
        )
        gap = {
            letter: found.training["train_accuracy"].iloc[-1] - found.chosen_on["val_accuracy"].iloc[-1]
            for letter, found in curves.items()
            if len(found.training) and len(found.chosen_on)
        }
        for letter, value in gap.items():
            name = f"{letter}: at" if len(curves) > 1 else "At"
            st.caption(
                f"{name} the end, Training is {100 * abs(value):.1f} points {'above' if value > 0 else 'below'} "
                f"{curves[letter].chooser}. Training is measured while learning, on changed pictures."
            )
