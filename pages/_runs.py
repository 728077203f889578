"""What the Runs page shows, computed from the run folders: leaderboards, matrices and the faces behind a cell.

Everything expensive is cached by run id and file time, so that a click costs only what it changes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.dataset.store import Dataset, open_dataset
from fer_core.emotions import COLOURS, NAMES
from fer_core.evaluation.metrics import wilson
from fer_core.training.results import changed_sides, comparison, confusion_difference, evaluation, subset_predictions
from fer_core.training.run import Run, probabilities
from pages import _charts, _shared
from pages._shared import duration

# B minus A: the two ends of Okabe and Ito's palette that everybody can tell apart, over the page's own background.
_MORE, _LESS = "#0072B2", "#D55E00"
_BY_RUN = {Run: lambda run: (run.id, (run.path / "report.json").stat().st_mtime_ns)}
_cached = st.cache_resource(max_entries=128, show_spinner=False, hash_funcs=_BY_RUN)


@dataclass(frozen=True)
class Board:
    """Runs that may be ranked against each other: the same data set, so the same images chose and scored."""

    dataset: str
    chooser: str  # the name of the images that chose the epochs
    scorer: str  # the name of the images that were scored once
    runs: list[Run]  # the best on the choosing images first


@dataclass(frozen=True)
class Shown:
    """What the figures are computed on: "val" or "test", whole or clean."""

    role: str
    subset: str
    name: str  # in words
    ratios: bool  # cells as shares of their row, else as counts


def boards(runs: list[Run]) -> list[Board]:
    """Finished runs by protocol. Runs on other images never share a table."""
    groups: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs:
        names = [run.document["protocol"][role]["name"] for role in ("val", "test")]
        groups.setdefault((run.document["dataset_hash"], *names), []).append(run)
    return [
        Board(members[0].dataset, chooser, scorer, sorted(members, key=_val_accuracy, reverse=True))
        for (_, chooser, scorer), members in groups.items()
    ]


def _val_accuracy(run: Run) -> float:
    return float(run.document["result"]["val"]["whole"]["accuracy"])


def board_table(board: Board) -> pd.DataFrame:
    """A leaderboard as people read it, one line per run."""
    return pd.DataFrame([_line(run) for run in board.runs])


def _line(run: Run) -> dict[str, Any]:
    document = run.document
    val, test = (document["result"][role]["whole"] for role in ("val", "test"))
    low, high = wilson(round(test["accuracy"] * test["n"]), test["n"])
    return {
        "run": run.id,
        "version": run.version,
        "val": 100 * val["accuracy"],
        "test": 100 * test["accuracy"],
        "interval": f"{low:.1%} – {high:.1%}",
        "macro_f1": test["macro_f1"],
        "network": document["network"],
        "size": document["size"],
        "recipe": document["recipe"]["name"],
        "epochs": document["recipe"]["epochs"],
        "time": duration(document["wall_s"]),
        "date": document["started"][:10],
    }


def board_columns(board: Board) -> dict[str, Any]:
    """How the columns of `board_table` are headed and written."""
    number = st.column_config.NumberColumn
    return {
        "run": st.column_config.TextColumn("Run", pinned=True),
        "version": "Trained on",
        "val": number(_short(board.chooser, "Choosing"), format="%.1f %%", help=f"Accuracy on {board.chooser}"),
        "test": number(_short(board.scorer, "Scored"), format="%.1f %%", help=f"Accuracy on {board.scorer}"),
        "interval": st.column_config.TextColumn("95 % interval", help=f"Of the accuracy on {board.scorer} (Wilson)"),
        "macro_f1": number("Macro-F1", format="%.3f", help=f"Mean F1 of the classes on {board.scorer}"),
        "network": "Network",
        "size": "Size",
        "recipe": "Recipe",
        "epochs": "Epochs",
        "time": "Time",
        "date": "Date",
    }


def _short(name: str, otherwise: str) -> str:
    return name if len(name) < 16 else otherwise


@_cached
def evaluated(run: Run, role: str, subset: str) -> dict[str, Any]:
    """The document of `evaluate`."""
    return evaluation(_shared.workspace(), run, role, subset)


@_cached
def compared(runs: list[Run], role: str, subset: str) -> dict[str, Any]:
    """The document of `compare`."""
    return comparison(_shared.workspace(), runs, role, subset)


@_cached
def changed(a: Run, b: Run, role: str, subset: str) -> pd.DataFrame:
    """The images on which exactly one of two runs is right: row, label, a_says, b_says, right ("a" or "b")."""
    found = changed_sides(_shared.workspace(), a, b, role)
    return found[found["row"].isin(called(a, role, subset)["row"])]


@_cached
def called(run: Run, role: str, subset: str) -> pd.DataFrame:
    """row, label, says (0 to 6) and confidence of every image that is scored."""
    table = subset_predictions(_shared.workspace(), run, role, subset)
    found = probabilities(table)
    return pd.DataFrame(
        {"row": table["row"], "label": table["label"], "says": found.argmax(1), "confidence": found.max(1)}
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def dataset_of(name: str, content_hash: str) -> Dataset:
    """The data set that a run was scored on; the hash is part of the key."""
    return open_dataset(_shared.workspace(), name)


@_cached
def matrix_figure(run: Run, role: str, subset: str, ratios: bool, dark: bool) -> go.Figure:
    """The confusion matrix, as counts or as shares of each true class; its cells can be clicked."""
    counts = np.asarray(evaluated(run, role, subset)["confusion"])
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    words = np.vectorize(lambda share: f"{share:.0%}")(shares) if ratios else counts.astype(str)
    figure = _charts.matrix(_frame(shares), _frame(words), "")
    hover = [
        f"{counts[i, j]:,} of {counts[i].sum():,} {NAMES[i]} called {NAMES[j]} ({shares[i, j]:.1%})"
        for i in range(len(NAMES))
        for j in range(len(NAMES))
    ]
    return _clickable(figure, hover)


@_cached
def difference_figure(a: Run, b: Run, role: str, subset: str, dark: bool) -> go.Figure:
    """Row shares of B minus those of A, in points; its cells can be clicked."""
    points = 100 * confusion_difference(evaluated(a, role, subset), evaluated(b, role, subset))
    words = np.vectorize(lambda value: f"{value:+.0f}" if abs(value) >= 0.5 else "0")(points)
    figure = _charts.matrix(_frame(points), _frame(words), "")
    middle = "#14171A" if dark else "#FBFAF8"
    reach = max(float(np.abs(points).max()), 1.0)
    figure.data[0].update(zmin=-reach, zmax=reach, colorscale=[[0, _LESS], [0.5, middle], [1, _MORE]])
    hover = [
        f"{NAMES[i]} called {NAMES[j]}: {points[i, j]:+.1f} points"
        for i in range(len(NAMES))
        for j in range(len(NAMES))
    ]
    return _clickable(figure, hover)


def _frame(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, index=list(NAMES), columns=list(NAMES))


def _clickable(figure: go.Figure, hover: list[str]) -> go.Figure:
    """Lay transparent points over the cells: a heat map itself sends no selection. customdata is 7 * true + called."""
    figure.data[0].update(hoverinfo="skip", hovertemplate=None)
    figure.add_scatter(
        x=[name for _ in NAMES for name in NAMES],
        y=[name for name in NAMES for _ in NAMES],
        customdata=list(range(len(NAMES) ** 2)),
        text=hover,
        hovertemplate="%{text}<extra></extra>",
        mode="markers",
        marker={"size": 44, "symbol": "square", "color": "rgba(0,0,0,0)"},
        showlegend=False,
    )
    figure.update_layout(xaxis_title="called", yaxis_title="labelled", clickmode="event+select", dragmode=False)
    edges = [-0.5, len(NAMES) - 0.5]  # the points would make room for themselves around the cells
    figure.update_xaxes(range=edges)
    figure.update_yaxes(range=edges[::-1], autorange=False)
    return figure


def clicked_cell(event: Any) -> tuple[int, int] | None:
    """(true, called) of the cell that was clicked."""
    points = event["selection"]["points"] if event else []
    if not points:
        return None
    return divmod(int(points[0]["customdata"]), len(NAMES))


def cell_faces(run: Run, shown: Shown, true: int, says: int) -> pd.DataFrame:
    """The images of a cell (as `called`), the surest first."""
    table = called(run, shown.role, shown.subset)
    cell = table[(table["label"] == true) & (table["says"] == says)]
    return cell.sort_values(["confidence", "row"], ascending=[False, True])


def moved_faces(a: Run, b: Run, shown: Shown, true: int, says: int) -> pd.DataFrame:
    """Images labelled `true` that exactly one of two runs calls `says`: row, says_a, says_b."""
    both = called(a, shown.role, shown.subset).merge(
        called(b, shown.role, shown.subset), on=["row", "label"], suffixes=("_a", "_b")
    )
    return both[(both["label"] == true) & ((both["says_a"] == says) != (both["says_b"] == says))]


def class_table(run: Run, shown: Shown) -> pd.DataFrame:
    """Precision, recall and F1 per class, with the interval of F1 and the number of images."""
    document = evaluated(run, shown.role, shown.subset)
    lines = []
    for name, figures in document["per_class"].items():
        low, high = document["intervals"]["per_class"][name]["f1"]
        lines.append({"class": name, **figures, "f1_interval": f"{low:.2f} – {high:.2f}"})
    return pd.DataFrame(lines)


CLASS_COLUMNS = {
    "class": "Class",
    "precision": st.column_config.NumberColumn("Precision", format="%.3f", help="Of those called so, how many are"),
    "recall": st.column_config.NumberColumn("Recall", format="%.3f", help="Of those that are, how many are called so"),
    "f1": st.column_config.NumberColumn("F1", format="%.3f"),
    "n": st.column_config.NumberColumn("Images", format="localized"),
    "f1_interval": st.column_config.TextColumn("F1, 95 %", help="Bootstrap over the images"),
}


def colours(labels: pd.Series) -> list[str]:
    """The class colours of labels 0 to 6."""
    return [COLOURS[NAMES[label]] for label in labels]
