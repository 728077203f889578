"""Every measure with its histogram and a limit that moves: how many it would find, and which."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit import not_a_face, quality
from fer_core.audit.findings import REASONS
from fer_core.dataset.store import SPLITS
from fer_core.emotions import NAMES
from pages import _charts
from pages._audit_views import picked
from pages._audit_views.context import Context

BINS = 80


@dataclass(frozen=True)
class Measure:
    """A column of the audit's scores with a limit."""

    reason: str
    title: str
    column: str
    below: bool
    limit: float
    slider: tuple[float, float, float]


def measures(context: Context) -> list[Measure]:
    """All reasons that a limit decides about."""
    found = [
        Measure(check.reason, check.title, check.column, check.below, check.limit, check.slider)
        for check in quality.CHECKS
    ]
    found.append(
        Measure(
            "not-a-face", "Chance that people see no face", "not_a_face", False, not_a_face.LIMIT, (0.02, 1.0, 0.01)
        )
    )
    if context.searched:
        found.insert(
            0,
            Measure(
                "label",
                "Suspicion of the label",
                "suspicion",
                False,
                context.audit.document["suspect_from"],
                (0.2, 0.95, 0.01),
            ),
        )
    return found


def show(context: Context) -> None:
    """The view."""
    counts = context.audit.document["findings"]
    known = {measure.reason: measure for measure in measures(context)}
    left, right = st.columns([1, 1.4], gap="large")
    with left:
        _charts.findings_bars(counts)
    with right:
        reason = st.selectbox(
            "Measure", list(known), key="measure", bind="query-params",
            format_func=lambda key: f"{key.replace('-', ' ').capitalize()} ({counts[key]:,})",
        )  # fmt: skip
        measure = known[reason]
        least, greatest, step = (float(value) for value in measure.slider)
        limit = st.slider(
            f"{measure.title}: found {'at or below' if measure.below else 'from'}",
            least, greatest, float(measure.limit), step, key=f"limit_{reason}",
        )  # fmt: skip
        values = context.audit.scores[measure.column].to_numpy().astype(np.float64)
        beyond = values <= limit if measure.below else values >= limit
        if measure.column in quality.MEASURES and measure.reason != "flat":
            beyond &= context.audit.scores["range"].to_numpy() > quality.FLAT_RANGE
        _histogram(values, limit, measure)
        change = int(beyond.sum()) - counts[reason]
        st.caption(
            f"{REASONS[reason]} **{int(beyond.sum()):,} images** at this limit"
            + (
                f", {abs(change):,} {'more' if change > 0 else 'fewer'} than the audit found."
                if change
                else ", as found."
            )
        )
    rows = np.flatnonzero(beyond)
    worst = rows[np.argsort(values[rows] if measure.below else -values[rows], kind="stable")]
    _spread(context, rows)
    where = st.segmented_control(
        "Order", ["Worst first", "At the limit first"], default="At the limit first", required=True, key="reason_order",
        label_visibility="collapsed",
    )  # fmt: skip
    if where != "Worst first":
        worst = worst[::-1]
    part = picked.paged(len(worst), "reason_page")
    chosen = picked.faces(context, worst[part], "reason_grid", f"Images: {measure.title}")
    picked.actions(context, np.array(chosen) if chosen else worst, f"Audit: {reason.replace('-', ' ')}", "reasons")


def _histogram(values: np.ndarray, limit: float, measure: Measure) -> None:
    low, high = min(float(values.min()), measure.slider[0]), max(float(values.max()), measure.slider[1])
    counts, edges = np.histogram(values, bins=BINS, range=(low, high))
    middles = (edges[:-1] + edges[1:]) / 2
    inside = middles <= limit if measure.below else middles >= limit
    figure = go.Figure(
        go.Bar(
            x=middles,
            y=counts,
            marker_color=np.where(inside, "#D55E00", "#3579A6"),
            hovertemplate="%{y:,}<extra></extra>",
        )
    )
    figure.add_vline(x=limit, line_dash="dash", line_color="#D55E00")
    figure.update_layout(bargap=0.05, yaxis_title="images (log)", showlegend=False)
    figure.update_yaxes(type="log")
    _charts.show(figure, "histogram", f"Histogram: {measure.title}", height=230)


def _spread(context: Context, rows: np.ndarray) -> None:
    """Where the images found stand: by class and by split."""
    table = pd.crosstab(
        pd.Categorical(np.array(NAMES)[context.dataset.labels[rows]], NAMES),
        pd.Categorical(np.array(SPLITS)[context.dataset.splits[rows]], SPLITS),
        dropna=False,
    )
    words = ", ".join(f"{name} {count:,}" for name, count in table.sum(axis=1).items())
    splits = ", ".join(f"{name} {count:,}" for name, count in table.sum(axis=0).items())
    st.caption(f"By class: {words}. By split: {splits}.")
