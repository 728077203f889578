"""`fit`: images in memory, a recipe and rows in; a model out. The run folder and the audit's folds both train here.

Images stay uint8 in memory; each batch is scaled, normalised and augmented as one tensor.
"""

import math
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from fer_core.dataset.supplements import Images
from fer_core.errors import FerretError, UsageError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.evaluation.metrics import accuracy, confusion_matrix, cross_entropy, macro_f1
from fer_core.networks.weights import Model
from fer_core.progress import Report, silent
from fer_core.training.lessons import Lessons
from fer_core.training.patience import stopped_words
from fer_core.training.randomness import seeded
from fer_core.training.recipe import Recipe
from fer_core.training.schedule import learning_rate
from fer_core.training.state import Training

__all__ = ["Observer", "Training", "fit"]

TICK_SECONDS = 2.0
REPORT_SECONDS = 0.2


class Observer:
    """What a training tells whoever keeps its books. Every method may be left as it is."""

    def stepped(self, training: Training, batch: Tensor, logits: Tensor) -> None:
        """After each step: the positions in `fit`'s rows, int64 (B,), and the logits for their augmented images."""

    def ticked(self, training: Training, tick: dict[str, Any]) -> None:
        """About every two seconds within an epoch."""

    def epoch_done(self, training: Training, epoch: dict[str, Any]) -> None:
        """After each epoch, evaluated; `epoch` is already in the history."""

    def stopped(self, training: Training) -> None:
        """When it was cancelled: the last chance to store where it stands."""


def fit(
    images: Images,
    labels: np.ndarray,
    rows: np.ndarray,
    recipe: Recipe,
    *,
    targets: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    validation: np.ndarray | None = None,
    seed: int = 0,
    device: str = "cpu",
    training: Training | None = None,
    report: Report = silent,
    observer: Observer | None = None,
) -> Model:
    """Train on some rows and return the model of the last step.

    images: uint8 (N, H, W), memory-mapped or not; labels: int (N,), 0 to 6; rows: indices of the images to train on,
    of which one that stands there twice is shown twice an epoch; targets: soft labels to train on, float32 (N, 7);
    weights: of the classes in the loss, float32 (7,); validation: rows to evaluate after each epoch (never trained
    on), by which a recipe's plateau and early stop decide; training: one that a checkpoint restored, to go on with, or
    that is a team's, of which every process calls this with the same and observes its own part of each batch.
    The seed decides everything random; torch's own generators are left as they were. A training that stops early ends
    like any other, and `report` is told why.

    Raises UsageError for no rows, for classes that would be balanced twice and where there is nothing to freeze,
    FerretError when the loss is no longer a number. `Cancelled` goes through after `observer.stopped`.
    """
    if len(rows) < 2:
        raise UsageError(f"There is nothing to train on: {len(rows)} images.")
    training = training or Training(recipe, len(rows), seed, device)
    observer = observer or Observer()
    lessons = Lessons(images, labels, rows, targets, weights, recipe, training.seed, training.device)
    training.per_epoch = lessons.per_epoch
    team = training.team
    if team:
        team.refuse_small_parts(training.per_epoch // training.steps_per_epoch)
    held_out = None if validation is None else (images[validation], labels[validation])
    clock = _Clock(training, report, observer)
    whole = True  # within a step there is nothing worth keeping: batch norms have seen images that weights have not
    try:
        with seeded(seed):
            if training.epoch_is_over:  # it was stopped between an epoch's last step and its evaluation
                clock.epoch_done(held_out)
            for batch, again in _batches(training, lessons):
                mine, mine_again = (team.part(batch), team.part(again)) if team else (batch, again)
                whole = False
                logits = training.advance(*lessons.batch(mine, mine_again))
                whole = True
                observer.stepped(training, mine, logits)
                if team:
                    team.raise_if_stopped()
                clock.step_done(len(batch))
                if training.epoch_is_over:
                    clock.epoch_done(held_out)
            if words := stopped_words(recipe, training.progress.history):
                report(words, 1.0)
    except (FerretError, KeyboardInterrupt):
        clock.pause()
        if whole:
            observer.stopped(training)
        raise
    return training.model()


def _batches(training: Training, lessons: Lessons) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of `Lessons.epoch` from where the training stands to its end: near-equal parts, no image left out."""
    parts = training.steps_per_epoch
    while not training.finished:
        epoch, first = divmod(training.progress.step, parts)
        positions, again = lessons.epoch(epoch)
        yield from list(zip(positions.tensor_split(parts), again.tensor_split(parts), strict=True))[first:]


class _Clock:
    """Times a training, tells the report and the observer, and closes epochs."""

    def __init__(self, training: Training, report: Report, observer: Observer) -> None:
        self.training, self.report, self.observer = training, report, observer
        self.started = time.perf_counter() - training.progress.seconds
        self.here = time.perf_counter()
        self.images = 0  # of this sitting
        self.told = self.ticked = -math.inf
        self.opened = self.here

    def pause(self) -> None:
        self.training.progress.seconds = time.perf_counter() - self.started

    def step_done(self, images: int) -> None:
        training, now = self.training, time.perf_counter()
        self.images += images
        if now - self.told >= REPORT_SECONDS:
            self.told = now
            self.report(self._stage(), training.progress.step / training.steps)
        if now - self.ticked >= TICK_SECONDS:
            self.ticked = now
            self.observer.ticked(training, self._tick(now))

    def _stage(self) -> str:
        return f"training, epoch {self.training.epoch} of {self.training.recipe.epochs}"

    def _rate(self, now: float) -> float:
        return self.images / max(now - self.here, 1e-9)

    def _tick(self, now: float) -> dict[str, Any]:
        training, progress = self.training, self.training.progress
        self.pause()
        return {
            "epoch": training.epoch,
            "step": progress.step,
            "steps": training.steps,
            "train_loss": round(progress.loss_sum / max(progress.seen, 1), 5),
            "train_accuracy": round(progress.correct / max(progress.seen, 1), 5),
            "learning_rate": training.rate,
            "images_per_s": round(self._rate(now), 1),
            "eta_s": self._eta(now),
            "seconds": round(progress.seconds, 2),
        }

    def _eta(self, now: float) -> float:
        """Seconds until all epochs are done, at this sitting's pace, evaluations included."""
        training, progress = self.training, self.training.progress
        left = training.steps - progress.step
        if not self.images:  # resumed just now
            return round(left * progress.seconds / progress.step, 1)
        return round(left * training.recipe.batch / self._rate(now), 1)

    def epoch_done(self, held_out: tuple[np.ndarray, np.ndarray] | None) -> None:
        training, progress = self.training, self.training.progress
        now = time.perf_counter()
        document: dict[str, Any] = {
            "epoch": progress.step // training.steps_per_epoch,
            "step": progress.step,
            "train_loss": progress.loss_sum / progress.seen,
            "train_accuracy": progress.correct / progress.seen,
            "learning_rate": learning_rate(training.recipe, progress.step - 1, training.steps, progress.history),
            "images_per_s": round(progress.seen / (now - self.opened), 1) if self.images >= progress.seen else None,
        }
        if held_out is not None:
            document |= training.from_leader(partial(_validated, training, *held_out))
        self.pause()
        progress.history.append(document)
        eta = 0.0 if training.finished else self._eta(time.perf_counter())
        document |= {"eta_s": eta, "seconds": round(progress.seconds, 2)}
        progress.loss_sum, progress.correct, progress.seen = 0.0, 0, 0
        self.observer.epoch_done(training, document)
        self.opened = time.perf_counter()


def _validated(training: Training, images: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    probabilities = predict_probabilities(training.model(), images)
    matrix = confusion_matrix(labels, probabilities.argmax(1))
    return {
        "val_loss": cross_entropy(probabilities, labels),
        "val_accuracy": accuracy(matrix),
        "val_macro_f1": macro_f1(matrix),
    }
