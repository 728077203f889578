"""Out-of-fold probabilities: what networks that never trained on an image say of it.

Folds are cut by duplicate group, so no copy of an image is ever in the training of the network that judges it, and
fitted on Training rows only. PublicTest and PrivateTest rows are judged by the mean of all fold networks: test labels
steer nothing, and no fold network has seen a copy of the test image either.
"""

from dataclasses import replace

import numpy as np

from fer_core.audit.results import AuditSettings
from fer_core.dataset.store import TRAINING, Dataset
from fer_core.emotions import CLASSES
from fer_core.errors import InputRefused
from fer_core.evaluation.inference import predict_probabilities
from fer_core.evaluation.protocol import grouped_folds
from fer_core.files import atomic_path
from fer_core.progress import Report, part
from fer_core.training.loop import fit
from fer_core.training.recipe import load_recipe


def out_of_fold(dataset: Dataset, settings: AuditSettings, report: Report) -> np.ndarray:
    """float32 (N, 7): for every image the mean of the networks that saw neither it nor a copy of it.

    Every finished fold is kept in the audit's folder, so an audit that was killed goes on at the fold it was in.
    Raises InputRefused where there are too few Training images for the folds.
    """
    rows = np.flatnonzero(dataset.splits == TRAINING)
    groups = len(np.unique(dataset.groups[rows]))
    if groups < 2 * settings.folds:
        raise InputRefused(
            f"{dataset.name}: {groups:,} different Training images are too few for {settings.folds} folds; "
            "ask for fewer folds, or for the model-free reasons alone (--reasons model-free)."
        )
    total = np.zeros((len(dataset), CLASSES), np.float32)
    judges = np.zeros((len(dataset), 1), np.float32)
    folds = grouped_folds(dataset.labels[rows], dataset.groups[rows], settings.folds, settings.seed)
    for fold in range(settings.folds):
        fitted = rows[folds != fold]
        stage = part(report, fold / settings.folds, (fold + 1) / settings.folds)
        judged = _judge_fold(dataset, settings, fitted, fold, stage)
        blind = ~np.isin(dataset.groups, dataset.groups[fitted])
        total[blind] += judged[blind]
        judges[blind] += 1
    # Every image has a judge: a Training row its own fold's, a test row the fold that holds its copies, or all.
    return total / judges


def _judge_fold(dataset: Dataset, settings: AuditSettings, fitted: np.ndarray, fold: int, report: Report) -> np.ndarray:
    """What a network fitted on some rows says of every image, float32 (N, 7); from the disk when it is there."""
    kept = settings.folder(dataset) / f"fold-{fold}.npy"
    if kept.exists():
        return np.load(kept, allow_pickle=False)
    stage = f"training network {fold + 1} of {settings.folds}"
    model = fit(
        dataset.images,
        dataset.labels,
        fitted,
        replace(load_recipe(settings.recipe), network=settings.network, size=settings.size),
        seed=settings.seed + fold,
        report=_renamed(stage, part(report, 0.0, 0.9)),
    )
    judged = predict_probabilities(model, dataset.images, report=_renamed(stage, part(report, 0.9, 1.0)))
    with atomic_path(kept) as temporary, temporary.open("wb") as handle:
        np.save(handle, judged)
    return judged


def _renamed(stage: str, report: Report) -> Report:
    """The work below says what it does to one network; here it is known which of how many."""
    return lambda _, fraction: report(stage, fraction)
