"""Runs on images of another data set than the one they were trained on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, SPLITS, TRAINING, Dataset
from fer_core.dataset.version import open_version
from fer_core.dataset.votes import open_votes
from fer_core.errors import InputRefused, UsageError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.evaluation.modes import NONE
from fer_core.evaluation.protocol import clean
from fer_core.evaluation.vote_test import vote_test
from fer_core.progress import Report, part, silent
from fer_core.runs.augmented import Cost, timed_views
from fer_core.runs.results import evaluation_document, gain_document, joint_cost
from fer_core.runs.run import GIVEN, LABELS, PROBABILITIES, SUBSETS, VOTES, Run
from fer_core.runs.tables import clear_votes, no_votes
from fer_core.training.machine import default_device
from fer_core.workspace import Workspace

ALL = "all"
SPLIT_OF = {"val": PUBLIC_TEST, "test": PRIVATE_TEST}
CHOICES = (*SPLIT_OF, "votetest", ALL)


def on_dataset(
    workspace: Workspace,
    runs: Run | Sequence[Run],
    name: str,
    role: str = "test",
    subset: str = "whole",
    *,
    labels: str | None = None,
    tta: str = NONE,
    report: Report = silent,
) -> dict[str, Any]:
    """The document of `evaluate` for images of the data set `name`, predicted now: one run, or the mean of several.

    role: "val" and "test" are its PublicTest and PrivateTest, "votetest" its VoteTest, "all" every image that it has
    (a version of it changes Training only, and is not looked at). The clean subset leaves out copies, and whatever any
    of the runs was trained on. Raises InputRefused where there is no such image, or no votes.
    """
    members = [runs] if isinstance(runs, Run) else list(runs)
    labels = labels or (VOTES if role == "votetest" else GIVEN)
    if role not in CHOICES or subset not in SUBSETS or labels not in LABELS:
        raise UsageError(f"There is no {role!r}, {subset!r}, {labels!r}: choose {', '.join(CHOICES)}; whole or clean.")
    dataset = open_version(workspace, name).dataset
    rows = _rows(dataset, role)
    if subset == "clean":
        elsewhere = np.setdiff1d(np.arange(len(dataset)), rows)
        if role == "votetest":  # its copies are in Training, which is not what these runs were trained on
            elsewhere = elsewhere[:0]
        rows = clean(rows, elsewhere, dataset.groups)
        rows = rows[~dataset.table["content"].iloc[rows].isin(_seen(workspace, members)).to_numpy()]
    truth = dataset.labels if labels == GIVEN else clear_votes(dataset)
    rows = rows[truth[rows] >= 0]
    if not len(rows):
        raise InputRefused(f"None of these images of {dataset.name} can be scored by {labels} labels in this subset.")

    tables = {NONE: _table(rows, truth), tta: _table(rows, truth)}
    costs = []
    for number, run in enumerate(members):
        told = part(report, number / len(members), (number + 1) / len(members))
        for mode, table in tables.items():
            predicted, cost = _predicted(run, dataset.images[rows], mode, told)
            table[PROBABILITIES] += predicted / len(members)
            costs += [cost] if cost else []
    predicted = tables[tta][PROBABILITIES].to_numpy(np.float32)
    document = evaluation_document(members, dataset.name, role, subset, labels, predicted, truth[rows], tta)
    if tta != NONE:
        gain = gain_document(tables[NONE], tables[tta], tta, f"{dataset.name}, {role}")
        document["gain"] = {**gain, "cost": joint_cost(costs).document()}
    return document


def _rows(dataset: Dataset, role: str) -> np.ndarray:
    if role == ALL:
        return np.arange(len(dataset))
    if role == "votetest":
        votes = open_votes(dataset)
        found = None if votes is None else vote_test(dataset, votes, np.zeros(0, np.int64))
        if found is None:
            raise InputRefused(
                f"There is no VoteTest: {no_votes(dataset)}" if votes is None else "Too few clear votes."
            )
        return found.rows
    rows = np.flatnonzero(dataset.splits == SPLIT_OF[role])
    if not len(rows):
        raise InputRefused(
            f"{dataset.name} has no {SPLITS[SPLIT_OF[role]]} images to evaluate on; try the other --split, or "
            f"`--split all` for every image that it has."
        )
    return rows


def _seen(workspace: Workspace, runs: Sequence[Run]) -> set[str]:
    """The contents that any of the runs may have been trained on."""
    seen: set[str] = set()
    for run in runs:
        version = open_version(workspace, run.version)
        trained = np.ones(len(version.dataset), bool) if run.leaky else version.dataset.splits == TRAINING
        seen |= set(version.dataset.table["content"][trained])
        if version.supplements is not None:
            seen |= set(version.supplements.table["content"])
    return seen


def _table(rows: np.ndarray, truth: np.ndarray) -> pd.DataFrame:
    """row, label and probabilities that are still zero."""
    return pd.DataFrame({"row": rows, "label": truth[rows], **dict.fromkeys(PROBABILITIES, 0.0)})


def _predicted(run: Run, images: np.ndarray, mode: str, report: Report) -> tuple[np.ndarray, Cost | None]:
    model = run.model(default_device())
    if mode == NONE:
        return predict_probabilities(model, images, report=report), None
    return timed_views(model, images, mode, report)
