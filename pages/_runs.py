"""What the views of the Runs page are computed from: figures, predictions and pairs of runs, cached.

A cache's key is the run's id, its folder and the time of its report, so that a click costs only what it changes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.dataset.store import Dataset, list_datasets, open_dataset
from fer_core.emotions import NAMES
from fer_core.errors import InputRefused
from fer_core.evaluation.calibration import PrecisionRecall, Reliability, precision_recall, reliability
from fer_core.evaluation.comparison import Comparison, GroupComparison, compare, compare_groups
from fer_core.runs.leaderboard import Board, Entry
from fer_core.runs.run import GIVEN, PROBABILITIES, VOTES, Run, default_labels, probabilities
from pages import _shared


@dataclass(frozen=True)
class Shown:
    """What the figures are computed on."""

    role: str  # "val", "test" or "votetest"
    subset: str  # "whole" or "clean"
    labels: str  # "given" or "votes"
    name: str  # the images, in words

    @property
    def on(self) -> str:
        """Images and labels in words."""
        return f"{self.name}, {'vote labels' if self.labels == VOTES else 'given labels'}"

    @property
    def key(self) -> str:
        return f"{self.role}_{self.subset}_{self.labels}"


@dataclass(frozen=True)
class Looked:
    """What every view is given: the runs that are shown, by letter, and what they are shown on."""

    board: Board
    entries: dict[str, Entry]  # the lines of the leaderboard that the runs stand for, by letter
    runs: dict[str, Run]
    shown: Shown

    @property
    def first(self) -> Run:
        return next(iter(self.runs.values()))

    @property
    def key(self) -> str:
        """Names runs and images for widgets and charts."""
        return f"{'_'.join(run.id for run in self.runs.values())}_{self.shown.key}"


@dataclass(frozen=True)
class Augmented:
    """A run with test-time augmentation against the same run without, on the same images."""

    mode: str
    views: int
    times: float  # as long as without
    gain: Comparison  # A without, B with


def _stamp(run: Run) -> tuple[str, int]:
    return str(run.path), (run.path / "report.json").stat().st_mtime_ns


cached = st.cache_resource(max_entries=256, show_spinner=False, hash_funcs={Run: _stamp, Entry: lambda e: [
    _stamp(run) for run in e.runs
]})  # fmt: skip


@cached
def report(run: Run) -> dict[str, Any]:
    """report.json."""
    return run.report()


def roles_of(run: Run) -> dict[str, str]:
    """What was scored, and how people call it: the scored images first."""
    found = report(run)
    return {role: found[role]["name"] for role in ("test", "val", "votetest") if role in found}


def labels_of(run: Run, role: str) -> list[str]:
    """By which labels a role was scored, its own first."""
    first = default_labels(role)
    other = GIVEN if first == VOTES else VOTES
    return [first, other] if other in report(run)[role] else [first]


def evaluated(run: Run, shown: Shown) -> dict[str, Any]:
    """All metrics with their intervals, as the end of the run stored them."""
    figures: dict[str, Any] = report(run)[shown.role]
    if shown.labels != default_labels(shown.role):
        figures = figures[shown.labels]
    return dict(figures[shown.subset])


@cached
def predictions(run: Run, shown: Shown) -> pd.DataFrame:
    """row, label (the one that is scored against), p_angry ... p_neutral of every image that is scored."""
    from fer_core.runs.results import subset_predictions

    table = subset_predictions(_shared.workspace(), run, shown.role, shown.subset, labels=shown.labels)
    return table[["row", "label", *PROBABILITIES]].reset_index(drop=True)


@cached
def called(run: Run, shown: Shown) -> pd.DataFrame:
    """row, label, says (0 to 6), confidence and loss (nats) of every image that is scored."""
    table = predictions(run, shown)
    found, labels = probabilities(table), table["label"].to_numpy(np.int64)
    own = found[np.arange(len(labels)), labels]
    return pd.DataFrame(
        {
            "row": table["row"].to_numpy(),
            "label": labels,
            "says": found.argmax(1),
            "confidence": found.max(1),
            "loss": -np.log(np.maximum(own, 1e-12)),
        }
    )


@cached
def both(a: Run, b: Run, shown: Shown) -> pd.DataFrame:
    """The images that two runs were scored on: row, label, and says, confidence, loss with _a and _b."""
    one, other = called(a, shown), called(b, shown)
    if np.array_equal(one["row"], other["row"]) and np.array_equal(one["label"], other["label"]):
        sides = [table[["says", "confidence", "loss"]].add_suffix(side) for table, side in ((one, "_a"), (other, "_b"))]
        return pd.concat([one[["row", "label"]], *sides], axis=1)
    tables = [table.drop_duplicates(["row", "label"]) for table in (one, other)]
    return tables[0].merge(tables[1], on=["row", "label"], suffixes=("_a", "_b"))


def change_of(a: Run, b: Run, shown: Shown) -> np.ndarray:
    """Row shares of B's confusion matrix minus those of A's in percentage points, float64 (7, 7)."""
    from fer_core.runs.results import confusion_difference

    return 100 * confusion_difference(evaluated(a, shown), evaluated(b, shown))


def differences_of(runs: list[Run]) -> dict[str, list[Any]]:
    """What is not the same in all runs, one value per run."""
    from fer_core.runs.results import differences

    return differences(runs)


@cached
def paired(a: Run, b: Run, shown: Shown) -> Comparison:
    """McNemar's test between two runs."""
    table = both(a, b, shown)
    return compare(table["says_a"].to_numpy(), table["says_b"].to_numpy(), table["label"].to_numpy())


@cached
def paired_seeds(a: Entry, b: Entry, shown: Shown) -> GroupComparison | None:
    """Two trainings over all their seeds; None where the runs were not scored on the same images."""
    tables = [[called(run, shown) for run in entry.runs] for entry in (a, b)]
    rows = tables[0][0]["row"].to_numpy()
    if not all(np.array_equal(rows, table["row"]) for group in tables for table in group):
        return None
    right = [np.stack([(table["says"] == table["label"]).to_numpy() for table in group]) for group in tables]
    return compare_groups(*right)


def augmented(run: Run, shown: Shown) -> list[Augmented]:
    """What test-time augmentation changed, for every mode with which somebody has evaluated the run."""
    files = sorted(run.path.glob("predictions-*.parquet"))
    return [_augmented(run, shown, str(file), file.stat().st_mtime_ns) for file in files]


@cached
def _augmented(run: Run, shown: Shown, file: str, stamp: int) -> Augmented:
    plain, table = predictions(run, shown), pd.read_parquet(file)
    averaged = plain[["row", "label"]].merge(table[table["split"] == shown.role], on="row")
    found = compare(probabilities(plain).argmax(1), probabilities(averaged).argmax(1), plain["label"].to_numpy())
    alone, together = table.attrs["seconds"][1], table.attrs["seconds"][0]
    mode = Path(file).stem.removeprefix("predictions-")
    return Augmented(mode, int(table.attrs["views"]), together / alone, found)


@cached
def bins_of(run: Run, shown: Shown) -> Reliability:
    """The calls in bins of their confidence."""
    table = predictions(run, shown)
    return reliability(probabilities(table), table["label"].to_numpy())


@cached
def precision_recalls(run: Run, shown: Shown) -> dict[str, PrecisionRecall]:
    """The curve of every class."""
    table = predictions(run, shown)
    labels = table["label"].to_numpy()
    return {name: precision_recall(table[f"p_{name}"].to_numpy(), labels == index) for index, name in enumerate(NAMES)}


@st.cache_resource(max_entries=4, show_spinner=False)
def _dataset(name: str, content_hash: str, root: str) -> Dataset:
    """Opened once; its hash is part of the key."""
    return open_dataset(_shared.workspace(), name)


def dataset_of(run: Run) -> Dataset:
    """The data set that a run was scored on, whatever it is called now; InputRefused where it is gone."""
    wanted = run.document["dataset_hash"]
    there = [info.name for info in list_datasets(_shared.workspace()) if info.hash == wanted]
    if not there:
        raise InputRefused(
            f"The data set {run.dataset} is no longer the one that {run.id} was scored on, so its faces cannot be "
            "shown. Import that one under another name to see them."
        )
    name = run.dataset if run.dataset in there else there[0]
    return _dataset(name, wanted, str(_shared.workspace().root))
