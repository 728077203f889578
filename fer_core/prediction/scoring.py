"""How good a model is on pictures whose labels are known: any model on any imported data set, or on labelled photos."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset, open_dataset
from fer_core.dataset.version import open_version
from fer_core.emotions import CLASSES
from fer_core.errors import InputRefused, NotFound, UsageError
from fer_core.evaluation.metrics import score
from fer_core.evaluation.modes import NONE
from fer_core.prediction.predictor import Asked, Predictor
from fer_core.progress import Report, part, silent
from fer_core.runs.run import open_run
from fer_core.workspace import Workspace

SPLITS = {"all": None, "train": TRAINING, "val": PUBLIC_TEST, "test": PRIVATE_TEST}
BATCH = 512  # images between two reports


@dataclass(frozen=True)
class Learnt:
    """What a model has learnt from, as far as this workspace knows: the pixels' hashes, or None when it does not."""

    version: str
    contents: frozenset[str] | None


def score_dataset(
    workspace: Workspace, asked: Asked, name: str, split: str = "test", tta: str = NONE, report: Report = silent
) -> dict[str, Any]:
    """The document of `evaluate` for a model, or an ensemble, on one split of a data set (or "all" of it).

    Images that a member was trained on, by their pixels, are left out and counted (`left_out`); where the data that it
    was trained on is not in this workspace, that cannot be known, and `unchecked` names it. Raises UsageError for a
    split that does not exist and InputRefused when no image is left.
    """
    if split not in SPLITS:
        raise UsageError(f"There is no split {split!r} (there: {', '.join(SPLITS)}).")
    dataset = open_dataset(workspace, name)
    rows = np.arange(len(dataset)) if SPLITS[split] is None else np.flatnonzero(dataset.splits == SPLITS[split])
    learnt = [_learnt(workspace, member) for member in asked.members]
    contents = dataset.table["content"].iloc[rows]
    fresh = ~contents.isin(set().union(*(one.contents or () for one in learnt))).to_numpy()
    if not fresh.any():
        why = "it has none" if not len(rows) else "the model was trained on every one of them"
        raise InputRefused(f"{name}, {split}: no images to score a model on ({why}). Choose another split.")
    predicted = _mean_of_members(asked, dataset, rows[fresh], tta, report)
    return {
        "run": asked.name,
        "dataset": name,
        "split": split,
        "subset": "whole" if fresh.all() else "unseen",
        "labels": "given",
        **score(predicted, dataset.labels[rows[fresh]]),
        "tta": tta != NONE,
        "left_out": int((~fresh).sum()),
        "unchecked": sorted({one.version for one in learnt if one.contents is None}),
    }


def score_answers(said: list[int], probabilities: np.ndarray) -> dict[str, Any]:
    """The figures for photos of which somebody said what they show: classes, int (N,), and float (N, 7)."""
    if not said:
        raise InputRefused("There is no photo with both a face and a label to score the model on.")
    return score(np.asarray(probabilities).reshape(-1, CLASSES), np.asarray(said, np.int64))


def _mean_of_members(asked: Asked, dataset: Dataset, rows: np.ndarray, tta: str, report: Report) -> np.ndarray:
    """Probabilities, float32 (n, 7); nobody else waits for more than a batch of one member."""
    found = []
    for number, member in enumerate(asked.members):
        told = part(report, number / len(asked.members), (number + 1) / len(asked.members))
        parts = []
        for start in range(0, len(rows), BATCH):
            told("predicting", start / len(rows))
            parts.append(member.probabilities(dataset.images[rows[start : start + BATCH]], tta))
        found.append(np.concatenate(parts))
    return np.stack(found).mean(0)


def _learnt(workspace: Workspace, member: Predictor) -> Learnt:
    about = member.model.spec.about
    reference = str(about.get("version", ""))
    try:
        version = open_version(workspace, reference) if reference else None
    except (NotFound, UsageError):
        version = None
    if version is None or version.hash != about.get("version_hash"):
        return Learnt(reference or member.name, None)
    dataset = version.dataset
    learnt = np.ones(len(dataset), bool) if _leaky(workspace, about) else dataset.splits == TRAINING
    contents = set(dataset.table["content"][learnt])
    if version.supplements is not None:
        contents |= set(version.supplements.table["content"])
    return Learnt(reference, frozenset(contents))


def _leaky(workspace: Workspace, about: Mapping[str, Any]) -> bool:
    """Whether its run pooled all splits before it trained."""
    try:
        return open_run(workspace, str(about["run"])).leaky if about.get("run") else False
    except (NotFound, UsageError):
        return False
