"""The look of every chart: quiet, without a tool bar, class colours fixed. Pages build figures and show them here."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit.findings import REASONS
from fer_core.dataset.store import SPLITS
from pages._components.bars import Bar, bars
from pages._components.matrix import Cell
from pages._components.matrix import matrix as matrix_table

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
    """How many images were found for each reason, the most frequent first."""
    ordered = sorted(REASONS, key=lambda reason: -counts[reason])
    lines = [
        Bar(reason.replace("-", " "), (counts[reason],), (f"{counts[reason]:,}",), help=REASONS[reason])
        for reason in ordered
    ]
    bars(lines, "findings", "Images found for each reason")


def leak_matrix(leaks: dict[str, dict[str, int]]) -> None:
    """How many images of one split (rows) have an exact copy in another."""
    most = max((count for others in leaks.values() for count in others.values()), default=0) or 1

    def cell(split: str, other: str) -> Cell:
        if split == other:
            return Cell("")
        count = leaks.get(split, {}).get(other, 0)
        return Cell(f"{count:,}", count / most, f"{count:,} {split} images with an exact copy in {other}")

    cells = [[cell(split, other) for other in SPLITS] for split in SPLITS]
    matrix_table(cells, SPLITS, SPLITS, "leaks", "Images of one split with an exact copy in another",
                 row_title="the split of an image", column_title="where an exact copy of it stands")  # fmt: skip
