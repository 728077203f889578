"""`fit`: images in memory, a recipe and rows in; a model out. The run folder and the audit's folds both train here.

Images stay uint8 in memory; each batch is scaled, normalised and augmented as one tensor. All randomness of a step is a
function of the seed and the step's number, so a training that was stopped anywhere and resumed gives what it would
have given, and a checkpoint needs no generator states.
"""

import copy
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fer_core.dataset.supplements import Images
from fer_core.errors import FerretError, UsageError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.evaluation.metrics import accuracy, confusion_matrix, cross_entropy, macro_f1
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model, ModelSpec
from fer_core.progress import Report, silent
from fer_core.training.augmentation import augment
from fer_core.training.lessons import Lessons, weighted_loss
from fer_core.training.machine import bfloat16_pays
from fer_core.training.recipe import Recipe
from fer_core.training.schedule import learning_rate

TICK_SECONDS = 2.0
REPORT_SECONDS = 0.2
ORDER = 1 << 32  # keeps the shuffle of an epoch apart from the draws of the step with the same number


@dataclass
class Progress:
    """Where a training is; everything in it goes into a checkpoint."""

    step: int = 0  # steps done
    seconds: float = 0.0  # spent training so far, all sittings together
    loss_sum: float = 0.0  # over the images of the unfinished epoch
    correct: int = 0
    seen: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)  # one document per finished epoch


class Training:
    """The state of one training: network, optimiser, moving average and progress."""

    def __init__(
        self, recipe: Recipe, images: int, seed: int, device: str = "cpu", about: dict[str, Any] | None = None
    ) -> None:
        """A fresh training on so many images; `about` goes into the spec of its model."""
        self.recipe, self.seed, self.device = recipe, seed, torch.device(device)
        self.spec = ModelSpec(recipe.network, InputSpec(recipe.size), dict(recipe.options), about=about or {})
        self.precision = resolve_precision(recipe, device)
        self.steps_per_epoch = math.ceil(images / recipe.batch)
        self.steps = self.steps_per_epoch * recipe.epochs
        self.progress = Progress()
        with seeded(seed):
            module = build_network(recipe.network, recipe.size, **recipe.options)
        self.module = module.to(self.device).to(memory_format=torch.channels_last)
        self.optimiser = _optimiser(self.module, recipe)
        self.average = copy.deepcopy(self.module).eval().requires_grad_(False) if recipe.average else None

    @property
    def epoch(self) -> int:
        """The epoch under way, from 1."""
        return min(self.progress.step // self.steps_per_epoch + 1, self.recipe.epochs)

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return learning_rate(self.recipe, min(self.progress.step, self.steps - 1), self.steps)

    def model(self) -> Model:
        """The model as it is evaluated now: the moving average where the recipe has one. Not a copy."""
        return Model((self.average or self.module).eval(), self.spec)

    def advance(
        self, pixels: Tensor, labels: Tensor, targets: Tensor | None = None, weights: Tensor | None = None
    ) -> Tensor:
        """One step on uint8 (B, H, W) and int64 (B,); returns the logits it learnt from, float32 (B, 7).

        targets: soft labels in place of the hard ones, float32 (B, 7); weights: of the classes, float32 (7,).
        """
        recipe, progress = self.recipe, self.progress
        generator = torch.Generator().manual_seed(mixed(self.seed, progress.step))
        torch.manual_seed(mixed(self.seed, progress.step))  # dropout
        plain = self.epoch > recipe.epochs - recipe.plain_epochs
        inputs = augment(self.spec.input.tensor(pixels), recipe, generator, plain=plain)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        self.module.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits = self.module(inputs.contiguous(memory_format=torch.channels_last))
        logits = logits.float()
        loss = weighted_loss(logits, labels if targets is None else targets, weights, recipe.label_smoothing)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        progress.step += 1
        self._follow()
        logits = logits.detach()
        progress.loss_sum += self._finite(loss.item()) * len(labels)
        progress.correct += int((logits.argmax(1) == labels).sum())
        progress.seen += len(labels)
        return logits

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the weights; faster at first, when it still holds the random start."""
        if self.average is None:
            return
        step = self.progress.step
        decay = min(self.recipe.average, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.module.parameters()), 1 - decay)
        for mean, value in zip(self.average.buffers(), self.module.buffers(), strict=True):
            mean.copy_(value)

    def _finite(self, loss: float) -> float:
        if not math.isfinite(loss):
            raise FerretError(
                f"The loss became {loss} in epoch {self.epoch}. Lower the recipe's learning_rate "
                f"({self.recipe.learning_rate:g}) or lengthen its warmup, and train again."
            )
        return loss


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
    on); training: one that a checkpoint restored, to go on with. The seed decides everything random; torch's own
    generators are left as they were.

    Raises UsageError for no rows, FerretError when the loss is no longer a number. `Cancelled` goes through after
    `observer.stopped`.
    """
    if len(rows) < 2:
        raise UsageError(f"There is nothing to train on: {len(rows)} images.")
    training = training or Training(recipe, len(rows), seed, device)
    observer = observer or Observer()
    lessons = Lessons(images, labels, rows, targets, weights, training.device)
    held_out = None if validation is None else (images[validation], labels[validation])
    clock = _Clock(training, report, observer)
    try:
        with seeded(seed):
            for batch in _batches(training, len(rows)):
                observer.stepped(training, batch, training.advance(*lessons.batch(batch)))
                clock.step_done(len(batch))
                if training.progress.step % training.steps_per_epoch == 0:
                    clock.epoch_done(held_out)
    except (FerretError, KeyboardInterrupt):
        clock.pause()
        observer.stopped(training)
        raise
    return training.model()


def _batches(training: Training, count: int) -> Iterator[Tensor]:
    """Batches of row numbers from where the training stands to its end: near-equal parts, no image left out."""
    per_epoch = training.steps_per_epoch
    while training.progress.step < training.steps:
        epoch, first = divmod(training.progress.step, per_epoch)
        generator = torch.Generator().manual_seed(mixed(training.seed, ORDER + epoch))
        parts = torch.randperm(count, generator=generator).tensor_split(per_epoch)
        yield from parts[first:]


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
        """Seconds to the end at this sitting's pace, evaluations included."""
        left = (self.training.steps - self.training.progress.step) * self.training.recipe.batch
        return round(left / self._rate(now), 1)

    def epoch_done(self, held_out: tuple[np.ndarray, np.ndarray] | None) -> None:
        training, progress = self.training, self.training.progress
        now = time.perf_counter()
        document: dict[str, Any] = {
            "epoch": progress.step // training.steps_per_epoch,
            "step": progress.step,
            "train_loss": progress.loss_sum / progress.seen,
            "train_accuracy": progress.correct / progress.seen,
            "learning_rate": learning_rate(training.recipe, progress.step - 1, training.steps),
            "images_per_s": round(progress.seen / (now - self.opened), 1) if self.images >= progress.seen else None,
        }
        if held_out is not None:
            document |= _validated(training.model(), *held_out)
        self.pause()
        document |= {"eta_s": self._eta(time.perf_counter()), "seconds": round(progress.seconds, 2)}
        progress.loss_sum, progress.correct, progress.seen = 0.0, 0, 0
        progress.history.append(document)
        self.observer.epoch_done(training, document)
        self.opened = time.perf_counter()


def _validated(model: Model, images: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    probabilities = predict_probabilities(model, images)
    matrix = confusion_matrix(labels, probabilities.argmax(1))
    return {
        "val_loss": cross_entropy(probabilities, labels),
        "val_accuracy": accuracy(matrix),
        "val_macro_f1": macro_f1(matrix),
    }


def resolve_precision(recipe: Recipe, device: str) -> str:
    """What "auto" means on this device."""
    if recipe.precision != "auto":
        return recipe.precision
    return "bfloat16" if bfloat16_pays(device) else "float32"


def mixed(seed: int, number: int) -> int:
    """A well-mixed 64-bit seed for one step of one training."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's global generator, which dropout and initialisation use, seeded inside and as it was after."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _optimiser(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; weight decay on matrices and kernels only."""
    parameters = list(module.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    rate = recipe.learning_rate
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, rate, momentum=recipe.momentum, nesterov=recipe.momentum > 0, fused=True)
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, rate, betas=(recipe.momentum, 0.999), fused=True)
