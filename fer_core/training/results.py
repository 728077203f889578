"""Reading finished runs: the metrics of one on any of its subsets, and two or more against each other.

What `evaluate` and `compare` print and the pages show; everything follows from a run's predictions, so that nothing is
predicted twice. Only `on_dataset` runs the network: for images of another data set.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, SPLITS, TRAINING, Dataset, open_dataset
from fer_core.dataset.version import open_version
from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, UsageError
from fer_core.evaluation.comparison import compare
from fer_core.evaluation.metrics import score
from fer_core.evaluation.protocol import clean, clean_rows, make_protocol
from fer_core.progress import Report, silent
from fer_core.training.run import PROBABILITIES, ROLES, SUBSETS, Run, probabilities
from fer_core.workspace import Workspace

ROLE_SPLITS = {"val": PUBLIC_TEST, "test": PRIVATE_TEST}


def evaluation(workspace: Workspace, run: Run, role: str = "test", subset: str = "whole") -> dict[str, Any]:
    """The document of `evaluate` for the run's own data set, from its stored predictions."""
    table = subset_predictions(workspace, run, role, subset)
    return _document(run, run.dataset, role, subset, probabilities(table), table["label"].to_numpy())


def on_dataset(
    workspace: Workspace, run: Run, name: str, role: str = "test", subset: str = "whole", report: Report = silent
) -> dict[str, Any]:
    """The document of `evaluate` for images of another data set: its split of that role.

    The clean subset leaves out what the run was trained on as well.
    """
    from fer_core.evaluation.inference import predict_probabilities

    dataset = open_dataset(workspace, name)
    trained = open_version(workspace, run.version)
    rows = np.flatnonzero(dataset.splits == ROLE_SPLITS[role])
    if not len(rows):
        raise InputRefused(f"{name} has no {SPLITS[ROLE_SPLITS[role]]} images to evaluate on; try the other --split.")
    if subset == "clean":
        rows = clean(rows, np.setdiff1d(np.arange(len(dataset)), rows), dataset.groups)
        seen = set(trained.dataset.table["content"][trained.dataset.splits == TRAINING])
        if trained.supplements is not None:
            seen |= set(trained.supplements.table["content"])
        rows = rows[~dataset.table["content"].iloc[rows].isin(seen).to_numpy()]
    predicted = predict_probabilities(run.model(), dataset.images[rows], report=report)
    return _document(run, name, role, subset, predicted, dataset.labels[rows])


def _document(
    run: Run, dataset: str, role: str, subset: str, predicted: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    figures = score(predicted, labels)
    return {
        "run": run.id,
        "dataset": dataset,
        "split": role,
        "subset": subset,
        "labels": "given",
        "n": figures["n"],
        "accuracy": figures["accuracy"],
        "macro_f1": figures["macro_f1"],
        "ece": figures["ece"],
        "per_class": figures["per_class"],
        "confusion": figures["confusion"],
        "tta": False,
        "intervals": figures["intervals"],
    }


def subset_predictions(workspace: Workspace, run: Run, role: str = "test", subset: str = "whole") -> pd.DataFrame:
    """A run's predictions (row, label, p_angry ...) on the whole of "val" or "test", or on its clean subset."""
    if role not in ROLES or subset not in SUBSETS:
        raise UsageError(f"There is no {role!r}, {subset!r}: choose val or test, whole or clean.")
    table = run.predictions(role)
    if subset == "whole":
        return table
    dataset = _dataset_of(workspace, run)
    kept = clean_rows(dataset, make_protocol(dataset, np.flatnonzero(dataset.splits == TRAINING)), role)
    return table[table["row"].isin(kept)].reset_index(drop=True)


def _dataset_of(workspace: Workspace, run: Run) -> Dataset:
    return open_version(workspace, run.version).dataset


def comparison(workspace: Workspace, runs: list[Run], role: str = "test", subset: str = "whole") -> dict[str, Any]:
    """The document of `compare`: every run's figures, every pair's paired test, and what differs between the runs.

    Raises UsageError for fewer than two runs and InputRefused for runs on different data sets: a paired test needs the
    same images.
    """
    if len({run.id for run in runs}) < 2:
        raise UsageError("Compare at least two different runs.")
    hashes = {run.document["dataset_hash"] for run in runs}
    if len(hashes) > 1:
        names = ", ".join(sorted({run.dataset for run in runs}))
        raise InputRefused(f"These runs are on different data sets ({names}): a paired test needs the same images.")
    tables = {run.id: subset_predictions(workspace, run, role, subset) for run in runs}
    on = f"{runs[0].document['protocol'][role]['name']}{' (clean)' if subset == 'clean' else ''}, given labels"
    return {
        "split": role,
        "subset": subset,
        "labels": "given",
        "runs": [evaluation(workspace, run, role, subset) for run in runs],
        "pairs": [_pair(a, b, tables[a.id], tables[b.id], on) for a, b in combinations(runs, 2)],
        "differences": differences(runs),
    }


def _pair(a: Run, b: Run, a_table: pd.DataFrame, b_table: pd.DataFrame, on: str) -> dict[str, Any]:
    both = a_table.merge(b_table, on=["row", "label"], suffixes=("_a", "_b"))
    called = [both[[f"{name}_{side}" for name in PROBABILITIES]].to_numpy().argmax(1) for side in "ab"]
    found = compare(called[0], called[1], both["label"].to_numpy())
    return {"a": a.id, "b": b.id, **found.document(), "sentence": found.sentence(a.id, b.id, on)}


def differences(runs: list[Run]) -> dict[str, list[Any]]:
    """What is not the same in all runs, one value per run: version, seed, and every knob of the recipe."""
    described = []
    for run in runs:
        recipe = {f"recipe.{key}": value for key, value in run.document["recipe"].items() if key != "note"}
        described.append({"version": run.version, "seed": run.document["seed"], **recipe})
    keys = dict.fromkeys(key for document in described for key in document)
    values = {key: [document.get(key) for document in described] for key in keys}
    return {key: column for key, column in values.items() if any(value != column[0] for value in column)}


def confusion_difference(a: dict[str, Any], b: dict[str, Any]) -> np.ndarray:
    """B's row ratios minus A's, float64 (7, 7), from two documents of `evaluate`."""
    return _ratios(b["confusion"]) - _ratios(a["confusion"])


def _ratios(matrix: list[list[int]]) -> np.ndarray:
    counts = np.asarray(matrix, float)
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def changed_sides(workspace: Workspace, a: Run, b: Run, role: str = "test") -> pd.DataFrame:
    """The images on which exactly one of two runs is right: row, label, a_says, b_says (names), right ("a" or "b")."""
    both = a.predictions(role).merge(b.predictions(role), on=["row", "label"], suffixes=("_a", "_b"))
    called = {side: both[[f"{name}_{side}" for name in PROBABILITIES]].to_numpy().argmax(1) for side in "ab"}
    right = {side: called[side] == both["label"].to_numpy() for side in "ab"}
    changed = right["a"] != right["b"]
    names = np.array(NAMES)
    return pd.DataFrame(
        {
            "row": both["row"][changed],
            "label": both["label"][changed],
            "a_says": names[called["a"][changed]],
            "b_says": names[called["b"][changed]],
            "right": np.where(right["a"][changed], "a", "b"),
        }
    ).reset_index(drop=True)
