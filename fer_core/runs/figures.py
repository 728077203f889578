"""The charts about runs, as Plotly figures: the Runs page shows them and the report carries them.

Classes keep their colours everywhere. Runs have letters and colours of their own, none of them that of a class; a
letter always stands beside the colour.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fer_core.emotions import COLOURS, NAMES
from fer_core.evaluation.calibration import PrecisionRecall, Reliability
from fer_core.runs.curves import MEASURES, Curves

LETTERS = "ABCDEF"
RUN_COLOURS = ("#2A9D8F", "#7B6CB0", "#B8860B", "#A0527A", "#6B8E23", "#5C7FA8")
CLASS_MEASURES = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
# B minus A: the two ends of Okabe and Ito's palette that everybody can tell apart, over the page's own background.
MORE, LESS = "#0072B2", "#D55E00"
_MIDDLE = {True: "#14171A", False: "#FBFAF8"}
# Opaque, from a little off the background upwards, so that Plotly can choose a readable colour for the numbers.
_SCALE = {True: [[0, "#1D262D"], [1, "#3F83B0"]], False: [[0, "#EEF3F7"], [1, "#1F618F"]]}
_FAINT = "rgba(128,134,140,0.55)"


def run_colour(position: int) -> str:
    """The colour of the run in that place of a comparison."""
    return RUN_COLOURS[position % len(RUN_COLOURS)]


def confusion(counts: np.ndarray, as_shares: bool, dark: bool = False) -> go.Figure:
    """A confusion matrix, int (7, 7), coloured by row shares, with shares or counts written in its cells."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    words = np.vectorize(lambda share: f"{share:.0%}")(shares) if as_shares else np.vectorize("{:,}".format)(counts)
    hover = [
        f"{counts[i, j]:,} of {counts[i].sum():,} {NAMES[i]} called {NAMES[j]} ({shares[i, j]:.1%})"
        for i in range(len(NAMES))
        for j in range(len(NAMES))
    ]
    return _cells(shares, words, hover, colorscale=_SCALE[dark], zmin=0, zmax=1)


def confusion_change(points: np.ndarray, dark: bool = False) -> go.Figure:
    """Row shares of one matrix minus those of another in percentage points, float (7, 7)."""
    words = np.vectorize(lambda value: f"{value:+.0f}" if abs(value) >= 0.5 else "0")(points)
    reach = max(float(np.abs(points).max()), 1.0)
    hover = [
        f"{NAMES[i]} called {NAMES[j]}: {points[i, j]:+.1f} points"
        for i in range(len(NAMES))
        for j in range(len(NAMES))
    ]
    scale = [[0, LESS], [0.5, _MIDDLE[dark]], [1, MORE]]
    return _cells(points, words, hover, colorscale=scale, zmin=-reach, zmax=reach)


def _cells(values: np.ndarray, words: np.ndarray, hover: Sequence[str], **colours: Any) -> go.Figure:
    """A heat map with transparent points over its cells: a heat map itself sends no selection.

    customdata of a point is 7 * true + called.
    """
    names = list(NAMES)
    figure = go.Figure(
        go.Heatmap(
            z=values, x=names, y=names, text=words, texttemplate="%{text}", textfont_size=12,
            hoverinfo="skip", showscale=False, xgap=2, ygap=2, **colours,
        )
    )  # fmt: skip
    figure.add_scatter(
        x=[name for _ in NAMES for name in NAMES],
        y=[name for name in NAMES for _ in NAMES],
        customdata=list(range(len(NAMES) ** 2)),
        text=hover,
        hovertemplate="%{text}<extra></extra>",
        mode="markers",
        marker={"size": 40, "symbol": "square", "color": "rgba(0,0,0,0)"},
        showlegend=False,
    )
    edges = [-0.5, len(NAMES) - 0.5]  # the points would make room for themselves around the cells
    figure.update_layout(clickmode="event+select", dragmode=False, plot_bgcolor="rgba(0,0,0,0)")
    figure.update_xaxes(range=edges, showgrid=False, title="called", side="bottom", fixedrange=True)
    figure.update_yaxes(range=edges[::-1], autorange=False, showgrid=False, title="labelled", fixedrange=True)
    return figure


def class_measure(documents: Mapping[str, dict[str, Any]], measure: str) -> go.Figure:
    """Bars of one measure per class with 95 % intervals, one bar per run; the keys are the runs' letters.

    A document is one of `evaluate`. Later runs are paler, and the letters stand under their bars.
    """
    figure = go.Figure()
    several = len(documents) > 1
    for position, (letter, document) in enumerate(documents.items()):
        values = np.array([document["per_class"][name][measure] for name in NAMES])
        ranges = np.array([document["intervals"]["per_class"][name][measure] for name in NAMES])
        figure.add_bar(
            x=[list(NAMES), [letter] * len(NAMES)] if several else list(NAMES),
            y=values,
            marker_color=[COLOURS[name] for name in NAMES],
            marker_opacity=1 - 0.55 * position / max(len(documents) - 1, 1) if several else 1,
            error_y={
                "array": (ranges[:, 1] - values).clip(0), "arrayminus": (values - ranges[:, 0]).clip(0),
                "color": _FAINT, "thickness": 1.5, "width": 3,
            },
            text=[f"{name}{f', {letter}' if several else ''}" for name in NAMES],
            textposition="none",
            customdata=ranges,
            hovertemplate="%{text}: %{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="relative", bargap=0.12 if several else 0.22, showlegend=False)
    figure.update_xaxes(dividercolor="rgba(0,0,0,0)", showgrid=False)
    figure.update_yaxes(range=[0, 1], nticks=5, title=CLASS_MEASURES[measure])
    return figure


def reliability_chart(runs: Mapping[str, Reliability]) -> go.Figure:
    """What share of calls is right at each confidence, over how many calls there are; the keys are letters."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.06)
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": _FAINT, "width": 1, "dash": "dash"}, hoverinfo="skip"
    )
    for position, (letter, bins) in enumerate(runs.items()):
        colour = run_colour(position)
        figure.add_scatter(
            x=bins.confidence,
            y=bins.accuracy,
            mode="lines+markers+text" if len(runs) > 1 else "lines+markers",
            text=_mark(len(bins.count), len(bins.count) - 1 - 2 * position, letter),
            textposition="bottom right",
            textfont={"color": colour, "size": 13},
            cliponaxis=False,
            line={"color": colour, "width": 2},
            marker={"size": 6},
            error_y={
                "array": bins.interval[:, 1] - bins.accuracy, "arrayminus": bins.accuracy - bins.interval[:, 0],
                "thickness": 1, "width": 2,
            },
            customdata=bins.count,
            hovertemplate=f"{letter}: %{{x:.0%}} sure, %{{y:.0%}} right (%{{customdata:,}} images)<extra></extra>",
        )  # fmt: skip
        figure.add_bar(
            x=bins.low + bins.width / 2,
            y=bins.count,
            marker_color=colour,
            marker_opacity=0.75,
            hovertemplate=f"{letter}: %{{y:,}} images<extra></extra>",
            row=2,
            col=1,
        )
    figure.update_layout(showlegend=False, bargap=0.08, barmode="group")
    figure.update_xaxes(range=[0, 1.03], tickformat=".0%", nticks=6, showgrid=False)
    figure.update_xaxes(title="how sure it is", row=2, col=1)
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%", nticks=6, title="right", row=1, col=1)
    figure.update_yaxes(title="images", nticks=3, row=2, col=1)
    return figure


def _mark(count: int, place: int, name: str) -> list[str]:
    """The texts of a line of `count` points with its name at one of them."""
    return [f" {name}" if position == max(place, 0) else "" for position in range(count)]


def precision_recall_chart(curves: Mapping[str, PrecisionRecall], colours: Mapping[str, str]) -> go.Figure:
    """Precision over recall; the keys are classes or letters and stand at their curves, each further right."""
    figure = go.Figure()
    for name, curve in curves.items():
        drawn = curve.thinned()
        if not len(drawn.recall):
            continue
        place = int(np.abs(drawn.recall - (0.2 + 0.1 * (len(figure.data) % len(NAMES)))).argmin())
        figure.add_scatter(
            x=drawn.recall,
            y=drawn.precision,
            mode="lines+text",
            text=_mark(len(drawn.recall), place, name),
            textposition="top right",
            textfont={"color": colours[name], "size": 12},
            line={"color": colours[name], "width": 2},
            customdata=drawn.threshold,
            hovertemplate=f"{name}: precision %{{y:.2f}} at recall %{{x:.2f}}, "
            "called from %{customdata:.0%}<extra></extra>",
            cliponaxis=False,
        )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title="recall", range=[0, 1.02], nticks=6, showgrid=False)
    figure.update_yaxes(title="precision", range=[0, 1.02], nticks=6)
    return figure


def learning_curves(runs: Mapping[str, Curves], axis: str = "epoch", smoothing: float = 0.0) -> go.Figure:
    """Loss, accuracy and macro-F1 one under the other on one axis: a zoom into one zooms all.

    axis: "epoch" or "time"; smoothing: see `curves.smoothed`; what was smoothed stays visible behind. Keys: letters.
    """
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05)
    for position, (letter, curves) in enumerate(runs.items()):
        colour, prefix = run_colour(position), f"{letter}, " if len(runs) > 1 else ""
        for row, measure in enumerate(MEASURES, start=1):
            value = "%{y:.1%}" if measure == "accuracy" else "%{y:.3f}"
            if smoothing:
                for raw, dash in zip(curves.series(measure, axis), ("dot", "solid"), strict=True):
                    figure.add_scatter(
                        x=raw["x"], y=raw["y"], mode="lines", hoverinfo="skip", opacity=0.22,
                        line={"color": colour, "width": 1, "dash": dash}, row=row, col=1,
                    )  # fmt: skip
            training, held_out = curves.series(measure, axis, smoothing)
            figure.add_scatter(
                x=training["x"], y=training["y"], mode="lines", line={"color": colour, "width": 1.5, "dash": "dot"},
                hovertemplate=f"{prefix}Training {value}<extra></extra>", row=row, col=1,
            )  # fmt: skip
            figure.add_scatter(
                x=held_out["x"],
                y=held_out["y"],
                mode="lines+text" if len(held_out) > 40 else "lines+markers+text",
                text=[*[""] * (len(held_out) - 1), f" {letter}" if len(runs) > 1 else ""][: len(held_out)],
                textposition="middle right",
                textfont={"color": colour, "size": 13},
                cliponaxis=True,
                line={"color": colour, "width": 2},
                marker={"size": 5},
                hovertemplate=f"{prefix}{curves.chooser} {value}<extra></extra>",
                row=row,
                col=1,
            )
    for row, (measure, title) in enumerate(MEASURES.items(), start=1):
        figure.update_yaxes(title=title, tickformat=".0%" if measure == "accuracy" else None, nticks=5, row=row, col=1)
    figure.update_xaxes(showgrid=False, nticks=8)
    figure.update_xaxes(title="minutes" if axis == "time" else "epoch", row=3, col=1)
    figure.update_layout(hovermode="x unified", showlegend=False, dragmode="zoom", uirevision="kept")
    return figure
