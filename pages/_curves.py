"""Learning curves on a page: three charts side by side while a run trains, one linked figure where runs compare."""

import plotly.graph_objects as go
import streamlit as st

from fer_core.runs.curves import MEASURES, Curves, read_curves
from fer_core.runs.figures import RUN_COLOURS, learning_curves
from fer_core.runs.run import Run
from pages import _charts


def curves_of(run: Run) -> Curves:
    """Read a run's events, again only when there are new ones."""
    path = run.path / "events.jsonl"
    return _read(run, str(path), path.stat().st_mtime_ns if path.exists() else 0)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Run: lambda run: run.id})
def _read(run: Run, path: str, stamp: int) -> Curves:
    return read_curves(run)


def latest_event(run: Run) -> dict[str, float]:
    """The newest line that says how fast the training goes: images_per_s, eta_s, time; empty before the first."""
    told = [event for event in run.events() if event.get("images_per_s")]
    return told[-1] if told else {}


def curve_charts(runs: dict[str, Curves], key: str, height: int = 220) -> None:
    """Three charts side by side for one run or several. The keys of `runs` stand at the ends of the lines."""
    for column, (measure, title) in zip(st.columns(3), MEASURES.items(), strict=True):
        with column:
            _charts.show(_figure(runs, measure, title), f"{key}_{measure}", _words(runs, measure, title), height)
    chooser = next(iter(runs.values())).chooser
    st.caption(f"Solid: {chooser}, which chooses the epoch. Dotted: Training, while it was learned.")


def linked(runs: dict[str, Curves], axis: str, smoothing: float) -> go.Figure:
    """The three measures one under the other; a zoom into one zooms all."""
    return learning_curves(runs, axis, smoothing)


def in_words(runs: dict[str, Curves]) -> str:
    """All charts for those who do not see them."""
    return " ".join(_words(runs, measure, title) + "." for measure, title in MEASURES.items())


def _figure(runs: dict[str, Curves], measure: str, title: str) -> go.Figure:
    figure = go.Figure()
    percent = measure == "accuracy"
    value = "%{y:.1%}" if percent else "%{y:.3f}"
    for (name, curves), colour in zip(runs.items(), RUN_COLOURS, strict=False):
        prefix = f"{name}, " if len(runs) > 1 else ""
        if f"train_{measure}" in curves.training:
            figure.add_scatter(
                x=curves.training["x"],
                y=curves.training[f"train_{measure}"],
                mode="lines",
                line={"color": colour, "width": 1.5, "dash": "dot"},
                hovertemplate=f"{prefix}Training {value}<extra></extra>",
            )
        chosen_on = curves.chosen_on
        figure.add_scatter(
            x=chosen_on["x"],
            y=chosen_on[f"val_{measure}"],
            mode="lines+markers+text" if len(runs) > 1 else "lines+markers",
            text=[""] * (len(chosen_on) - 1) + [f" {name}"],
            textposition="middle right",
            textfont={"color": colour, "size": 13},
            cliponaxis=False,
            line={"color": colour, "width": 2},
            marker={"size": 5},
            hovertemplate=f"{prefix}{curves.chooser} {value}<extra></extra>",
        )
    figure.update_layout(
        title={"text": title, "font": {"size": 14}}, hovermode="x unified", showlegend=False, uirevision="kept"
    )
    last = max((curves.training["x"].max() for curves in runs.values() if len(curves.training)), default=1)
    figure.update_xaxes(title="epoch", range=[0, max(last, 1) * 1.06], showgrid=False, nticks=6)
    figure.update_yaxes(tickformat=".0%" if percent else None, nticks=5, rangemode="tozero")
    return figure


def _words(runs: dict[str, Curves], measure: str, title: str) -> str:
    """The chart for those who do not see it."""
    said = []
    for name, curves in runs.items():
        column = curves.chosen_on[f"val_{measure}"]
        said.append(f"{name}: {column.iloc[-1]:.3f} after {len(column)} epochs" if len(column) else f"{name}: none yet")
    return f"{title} over epochs. " + "; ".join(said)
