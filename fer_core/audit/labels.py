"""What networks say of labels that they have, and have not, been trained on.

Folds are cut by duplicate group, so no copy of an image is ever in the training of the network that judges it, and
fitted on Training rows only. PublicTest and PrivateTest rows are judged by the mean of all fold networks: test labels
steer nothing, and no fold network has seen a copy of the test image either.
"""

import os
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from fer_core.audit.folds import judge_fold, load_fold
from fer_core.audit.results import AuditSettings, network_name
from fer_core.dataset.store import TRAINING
from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import CLASSES
from fer_core.errors import InputRefused
from fer_core.evaluation.folds import grouped_folds
from fer_core.progress import Report, silent
from fer_core.work.tasks import run_tasks


@dataclass(frozen=True)
class Judgement:
    """What the fold networks say, all by row."""

    out_of_fold: np.ndarray  # float32 (N, 7): mean of the networks that saw neither the image nor a copy of it
    in_training: np.ndarray  # float32 (N, 7): mean of those that trained on it, while they did; else out of fold
    margins: np.ndarray  # float32 (N,): area under the margin, in logits; NaN where no network trained on the image
    features: np.ndarray  # float16 (N, D): of the first network
    judges: np.ndarray  # int8 (N,): a kept network (see results.network_name) that saw neither image nor copy
    seconds: float  # that the networks took, one after the other


def judge_labels(
    version: DatasetVersion, settings: AuditSettings, report: Report = silent, cores: int | None = None
) -> Judgement:
    """Train the fold networks on `cores` cores (None: all), or on the cluster, and put together what they say.

    Every finished fold is kept in the audit's folder, so an audit that was killed goes on at the fold it was in.
    Raises InputRefused where there are too few Training images for the folds.
    """
    dataset, labels = version.dataset, version.own_labels
    rows = version.own_rows(TRAINING)
    groups = len(np.unique(dataset.groups[rows]))
    if groups < 2 * settings.folds:
        raise InputRefused(
            f"{version}: {groups:,} different Training images are too few for {settings.folds} folds; "
            "ask for fewer folds, or for the model-free reasons alone (--reasons model-free)."
        )
    recipe = settings.resolved_recipe()
    folder = settings.folder(version)
    files, tasks = [], []
    for repeat in range(settings.repeats):
        seed = settings.seed + repeat * settings.folds
        folds = grouped_folds(labels[rows], dataset.groups[rows], settings.folds, seed)
        for fold in range(settings.folds):
            file = folder / f"fold-{repeat}-{fold}.npz"
            files.append(file)
            network = folder / network_name(fold) if repeat == 0 else None
            fitted, first = rows[folds != fold], repeat == fold == 0
            if not file.exists():
                tasks.append(partial(judge_fold, dataset, labels, fitted, recipe, seed + fold, file, network, first))

    cores = cores or os.cpu_count() or 1
    # A graphics card is one worker; a processor is as many as it has cores.
    processes = 1 if torch.cuda.is_available() else min(cores, len(tasks))
    done = len(files) - len(tasks)
    stage = f"training {len(files)} networks" + (f" ({done} stored before)" if done else "")
    if tasks:
        run_tasks(tasks, stage, processes, max(1, cores // max(processes, 1)), report, [folder])

    seen, heard = _Mean(len(dataset)), _Mean(len(dataset))
    margins, times, seconds = np.zeros(len(dataset), np.float32), np.zeros(len(dataset), np.float32), 0.0
    features = np.zeros((len(dataset), 0), np.float16)
    judges = np.zeros(len(dataset), np.int8)
    for place, file in enumerate(files):
        said = load_fold(file)
        seen.add(said.unseen)
        heard.add(said.fitted)
        listened = ~np.isnan(said.margins)
        margins[listened] += said.margins[listened]
        times += listened
        seconds += said.seconds
        if said.features.shape[1]:
            features = said.features
        if place < settings.folds:
            judges[~np.isnan(said.unseen[:, 0])] = place
    # Every image has a judge: a Training row its own fold's, another row the fold that holds its copies, or all.
    out_of_fold = seen.mean()
    in_training = np.where(heard.times > 0, heard.mean(), out_of_fold)
    with np.errstate(invalid="ignore"):
        margins = np.where(times > 0, margins / times, np.nan).astype(np.float32)
    return Judgement(out_of_fold, in_training, margins, features, judges, seconds)


class _Mean:
    """The mean over tables in which rows may be missing (NaN)."""

    def __init__(self, count: int) -> None:
        self.total = np.zeros((count, CLASSES), np.float32)
        self.times = np.zeros((count, 1), np.float32)

    def add(self, table: np.ndarray) -> None:
        there = ~np.isnan(table[:, :1])
        self.total += np.where(there, table, 0)
        self.times += there

    def mean(self) -> np.ndarray:
        return self.total / np.maximum(self.times, 1)
