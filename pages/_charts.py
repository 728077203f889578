"""The look of every chart: quiet, without a tool bar, class colours fixed. Pages build figures and show them here."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.emotions import EMOTIONS, NAMES

# Opaque, from a little off the background upwards, so that Plotly can choose a readable colour for the numbers.
_LIGHT_SCALE = [[0, "#EEF3F7"], [1, "#1F618F"]]
_DARK_SCALE = [[0, "#1D262D"], [1, "#3F83B0"]]
_CONFIG = {"displayModeBar": False}


def show(figure: go.Figure, key: str, alt: str, height: int = 280, **options: Any) -> Any:
    """Draw a figure at the width of its column. `alt` is what a screen reader says instead."""
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 28, "b": 8}, legend={"orientation": "h", "y": 1.12}
    )
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
