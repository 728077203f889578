"""The look of every chart: quiet, without a tool bar, class colours fixed. Pages build figures and show them here."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit.findings import REASONS
from fer_core.dataset.store import SPLITS
from fer_core.emotions import EMOTIONS, NAMES

# Opaque, from a little off the background upwards, so that Plotly can choose a readable colour for the numbers.
_LIGHT_SCALE = [[0, "#EEF3F7"], [1, "#1F618F"]]
_DARK_SCALE = [[0, "#1D262D"], [1, "#3F83B0"]]
_CONFIG = {"displayModeBar": False}


def show(figure: go.Figure, key: str, alt: str, height: int = 280, **options: Any) -> Any:
    """Draw a figure at the width of its column. `alt` is what a screen reader says instead."""
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 28, "b": 8}, legend_orientation="h")
    if figure.layout.legend.y is None:
        figure.update_layout(legend_y=1.12)
    return st.plotly_chart(figure, key=key, alt=alt, config=_CONFIG, **options)


def class_bars(columns: dict[str, np.ndarray], axis: str) -> go.Figure:
    """Seven groups of bars, one bar per column of `columns` (seven numbers each); later columns are lighter."""
    figure = go.Figure()
    for position, (name, values) in enumerate(columns.items()):
        figure.add_bar(
            x=list(NAMES),
            y=values,
            name=name,
            marker_color=[emotion.colour for emotion in EMOTIONS],
            marker_opacity=1 - 0.55 * position / max(len(columns) - 1, 1),
            hovertemplate="%{x}, " + name + ": %{y:,}<extra></extra>",
            showlegend=len(columns) > 1,
        )
    figure.update_layout(barmode="group", yaxis_title=axis, bargap=0.25, bargroupgap=0.08)
    return figure


def matrix(values: pd.DataFrame, text: pd.DataFrame, hover: str) -> go.Figure:
    """A heat map with its numbers written in the cells; rows run downwards. `hover`: what %{y} and %{x} are."""
    figure = go.Figure(
        go.Heatmap(
            z=values.to_numpy(),
            x=list(values.columns),
            y=list(values.index),
            text=text.to_numpy(),
            texttemplate="%{text}",
            hovertemplate=hover + "<extra></extra>",
            colorscale=_DARK_SCALE if st.context.theme.type == "dark" else _LIGHT_SCALE,
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def findings_bars(counts: dict[str, int]) -> None:
    """How many images were found for each reason; the axis is logarithmic, since some reasons find thousands."""
    figure = go.Figure(
        go.Bar(
            x=[max(counts[reason], 0.8) for reason in REASONS],
            y=[reason.replace("-", " ") for reason in REASONS],
            text=[f"{counts[reason]:,}" for reason in REASONS],
            orientation="h",
            marker_color="#3579A6",
            customdata=list(REASONS.values()),
            hovertemplate="%{customdata}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(visible=False, type="log")
    alt = ", ".join(f"{reason} {count:,}" for reason, count in counts.items())
    show(figure, "findings", f"Images found for each reason: {alt}", height=400)


def leak_matrix(leaks: dict[str, dict[str, int]]) -> None:
    """How many images of one split (rows) have an exact copy in another."""
    table = pd.DataFrame(leaks).T.reindex(index=SPLITS, columns=SPLITS)
    text = table.map(lambda value: "" if pd.isna(value) else f"{int(value):,}")
    alt = "; ".join(
        f"{split}: {', '.join(f'{count:,} in {other}' for other, count in others.items())}"
        for split, others in leaks.items()
    )
    figure = matrix(table, text, "%{text} %{y} images with an exact copy in %{x}")
    show(figure, "leaks", f"Matrix of images with an exact copy in another split: {alt}", height=210)
