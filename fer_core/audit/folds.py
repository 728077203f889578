"""One fold: a network is fitted on all other folds and judges the images that it has not seen.

While it is fitted, it is also listened to: what it says of its own images, augmented, in the later epochs. A small
network with augmentation hardly learns single wrong labels by heart in a few epochs, so a label that it keeps
disagreeing with is suspect although it was trained on it (Pleiss et al., "Identifying mislabeled data using the area
under the margin ranking", 2020).
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fer_core.dataset.store import Dataset
from fer_core.emotions import CLASSES
from fer_core.evaluation.inference import predict_features, predict_probabilities
from fer_core.files import atomic_path
from fer_core.networks.weights import save_model
from fer_core.progress import Report, part
from fer_core.training.loop import Observer, Training, fit
from fer_core.training.machine import default_device
from fer_core.training.recipe import Recipe

LISTEN_FROM = 0.35  # of all epochs; before, a network disagrees with most labels


@dataclass(frozen=True)
class Fold:
    """What the network of one fold says. Rows it has nothing to say about are NaN."""

    unseen: np.ndarray  # float32 (N, 7): probabilities of images of which it saw neither them nor a copy
    fitted: np.ndarray  # float32 (N, 7): mean probabilities of its own images while it learnt
    margins: np.ndarray  # float32 (N,): mean logit of the given class less the best other one, while it learnt
    features: np.ndarray  # float16 (N, D): what its last layer gets, of every image; (N, 0) where it was not asked
    seconds: float  # that it took


def judge_fold(
    dataset: Dataset,
    labels: np.ndarray,
    rows: np.ndarray,
    recipe: Recipe,
    seed: int,
    file: Path,
    network_file: Path | None,
    with_features: bool,
    report: Report,
) -> None:
    """Fit a network on `rows` with `labels` (int (N,)) and store what it says as a Fold in `file`.

    The network itself is kept in `network_file`, where one is given.
    """
    started = time.monotonic()
    ear = _Ear(len(rows), labels[rows], recipe)
    device = default_device()
    model = fit(
        dataset.images, labels, rows, recipe, seed=seed, device=device, report=part(report, 0.0, 0.85), observer=ear
    )
    judged = np.flatnonzero(~np.isin(dataset.groups, dataset.groups[rows]))
    images = np.ascontiguousarray(dataset.images[judged])
    seen = predict_probabilities(model, images, report=part(report, 0.85, 0.90))
    mirrored = predict_probabilities(model, np.ascontiguousarray(images[:, :, ::-1]), report=part(report, 0.90, 0.95))
    features = np.zeros((len(dataset), 0), np.float32)
    if with_features:
        features = predict_features(model, dataset.images, report=part(report, 0.95, 1.0))
    if network_file is not None:
        save_model(network_file, model.module, model.spec, "float16")
    with atomic_path(file) as temporary, temporary.open("wb") as handle:
        np.savez(
            handle,
            unseen=_spread(len(dataset), judged, (seen + mirrored) / 2),
            fitted=_spread(len(dataset), rows, ear.probabilities()),
            margins=_spread(len(dataset), rows, ear.margins()),
            features=features.astype(np.float16),
            seconds=time.monotonic() - started,
        )


def load_fold(file: Path) -> Fold:
    """A finished fold from the disk."""
    with np.load(file, allow_pickle=False) as stored:
        return Fold(stored["unseen"], stored["fitted"], stored["margins"], stored["features"], float(stored["seconds"]))


def _spread(count: int, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values at their rows, NaN elsewhere."""
    whole = np.full((count, *values.shape[1:]), np.nan, np.float32)
    whole[rows] = values
    return whole


class _Ear(Observer):
    """Adds up what the network says of its own images in the later epochs.

    Of two images mixed into one it says nothing about either, so a recipe that mixes is heard in its plain epochs only.
    """

    def __init__(self, count: int, labels: np.ndarray, recipe: Recipe) -> None:
        self.targets = torch.from_numpy(labels.astype(np.int64))
        self.first = int(LISTEN_FROM * recipe.epochs) + 1
        if recipe.mixup or recipe.cutmix:
            self.first = max(self.first, recipe.epochs - recipe.plain_epochs + 1)
        self.said = torch.zeros(count, CLASSES)
        self.ahead = torch.zeros(count)
        self.times = torch.zeros(count)

    def stepped(self, training: Training, batch: Tensor, logits: Tensor) -> None:
        # After the last step of an epoch, `training.epoch` is the next one already.
        if (training.progress.step - 1) // training.steps_per_epoch + 1 < self.first:
            return
        logits, batch = logits.cpu(), batch.cpu()
        given = self.targets[batch, None]
        self.said[batch] += torch.softmax(logits, 1)
        self.ahead[batch] += logits.gather(1, given)[:, 0] - logits.scatter(1, given, -torch.inf).amax(1)
        self.times[batch] += 1

    def probabilities(self) -> np.ndarray:
        return (self.said / self.times[:, None]).numpy()

    def margins(self) -> np.ndarray:
        return (self.ahead / self.times).numpy()
