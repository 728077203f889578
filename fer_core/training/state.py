"""`Training`: where one training stands, and one step of it.

All randomness of a step is a function of the seed and the step's number, and its learning rate of the number and the
finished epochs, so a training that was stopped anywhere and resumed gives what it would have given, and a checkpoint
needs no state of generators and schedulers.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from fer_core.errors import FerretError
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model, ModelSpec
from fer_core.training.augmentation import augment, corners, turned_over
from fer_core.training.freezing import refuse_nothing_to_freeze, set_modes
from fer_core.training.lessons import weighted_loss
from fer_core.training.machine import bfloat16_pays
from fer_core.training.mixing import mix
from fer_core.training.optimisers import make_optimiser
from fer_core.training.patience import stopped_early
from fer_core.training.randomness import mixed, seeded
from fer_core.training.recipe import AUGMENT, Recipe
from fer_core.training.schedule import learning_rate
from fer_core.training.team import Team, Told, loss_mass

Said = TypeVar("Said")


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
        self,
        recipe: Recipe,
        images: int,
        seed: int,
        device: str = "cpu",
        about: dict[str, Any] | None = None,
        team: Team | None = None,
    ) -> None:
        """A fresh training on so many images; `about` goes into the spec of its model. `team`: who else trains it.

        Raises UsageError for a recipe that freezes what a network from scratch does not have.
        """
        self.recipe, self.seed, self.device = recipe, seed, torch.device(device)
        self.team = team
        self.spec = ModelSpec(recipe.network, input_of(recipe), dict(recipe.options), about=about or {})
        self.precision = resolve_precision(recipe, device)
        self.images = images
        self.per_epoch = images  # how many an epoch shows: `fit` says so where the recipe shows some again
        self.progress = Progress()
        with seeded(seed):
            module = build_network(recipe.network, recipe.size, **recipe.options)
        refuse_nothing_to_freeze(module, recipe)
        self.module = module.to(self.device).to(memory_format=torch.channels_last)
        self.optimiser = make_optimiser(self.module, recipe)
        self.average = copy.deepcopy(self.module).eval().requires_grad_(False) if recipe.average else None
        self._forward: Callable[[Tensor], Tensor] = torch.compile(self.module) if recipe.compile else self.module

    @property
    def steps_per_epoch(self) -> int:
        return min(math.ceil(self.per_epoch / self.recipe.batch), max(1, self.per_epoch // 2))  # batch norm needs two

    @property
    def steps(self) -> int:
        """The steps of all epochs; a training that stops early takes fewer."""
        return self.steps_per_epoch * self.recipe.epochs

    @property
    def epoch(self) -> int:
        """The epoch under way, from 1."""
        return min(self.progress.step // self.steps_per_epoch + 1, self.recipe.epochs)

    @property
    def epoch_is_over(self) -> bool:
        """Whether the last step of an epoch is done and the epoch not yet in the history."""
        return self.progress.step == (len(self.progress.history) + 1) * self.steps_per_epoch

    @property
    def finished(self) -> bool:
        return self.progress.step >= self.steps or stopped_early(self.recipe, self.progress.history)

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        step = min(self.progress.step, self.steps - 1)
        return learning_rate(self.recipe, step, self.steps, self.progress.history)

    def model(self) -> Model:
        """The model as it is evaluated now: the moving average where the recipe has one. Not a copy."""
        return Model((self.average or self.module).eval(), self.spec)

    def from_leader(self, say: Callable[[], Said]) -> Said:
        """What `say` says; in a team, what it says in the process that leads, which alone calls it."""
        return self.team.from_leader(say) if self.team else say()

    def advance(
        self,
        pixels: Tensor,
        labels: Tensor,
        targets: Tensor | None = None,
        weights: Tensor | None = None,
        again: Tensor | None = None,
    ) -> Tensor:
        """One step on uint8 (B, H, W) and int64 (B,); returns the logits it learnt from, float32 (B, 7).

        In a team this is the part of the batch that is this process's, and the step is that of the whole batch.
        pixels: equalised already, where the recipe says so; targets: soft labels in place of the hard ones, float32
        (B, 7); weights: of the classes, float32 (7,); again: which images this epoch has shown before, bool (B,).
        """
        recipe, progress = self.recipe, self.progress
        number = self.team.number(progress.step) if self.team else progress.step
        generator = torch.Generator().manual_seed(mixed(self.seed, number))
        torch.manual_seed(mixed(self.seed, number))  # dropout
        plain = self.epoch > recipe.epochs - recipe.plain_epochs
        inputs = self._inputs(pixels, again, plain, generator)
        if not plain:
            inputs, labels, targets = mix(inputs, labels, targets, recipe, generator)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        set_modes(self.module, frozen=self.epoch <= recipe.freeze)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits = self._forward(inputs.contiguous(memory_format=torch.channels_last))
        logits = logits.float()
        learnt = labels if targets is None else targets
        loss = weighted_loss(logits, learnt, weights, recipe.label_smoothing)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        logits = logits.detach()
        told = Told(loss.item(), int((logits.argmax(1) == labels).sum()), len(labels))
        if self.team:
            told = self.team.combine(self.module, told, loss_mass(learnt, weights))
        self._refuse_infinite(told.loss)  # before any weight has changed
        if recipe.clip:
            nn.utils.clip_grad_norm_(self.module.parameters(), recipe.clip)
        self.optimiser.step()
        progress.step += 1
        self._follow()
        progress.loss_sum += told.loss * told.images
        progress.correct += told.correct
        progress.seen += told.images
        return logits

    def _inputs(self, pixels: Tensor, again: Tensor | None, plain: bool, generator: torch.Generator) -> Tensor:
        """What the network sees of a batch, float32 (B, 1, size, size)."""
        recipe = self.recipe
        places = corners(len(pixels), pixels.shape[-1] - recipe.crop, generator) if recipe.crop else None
        inputs = replace(self.spec.input, equalise=False).tensor(pixels, places)
        if again is not None and recipe.balance == AUGMENT:
            inputs = turned_over(inputs, again, generator)
        return augment(inputs, recipe, generator, plain=plain)

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

    def _refuse_infinite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise FerretError(
                f"The loss became {loss} in epoch {self.epoch}. Lower the recipe's learning_rate "
                f"({self.recipe.learning_rate:g}) or lengthen its warmup, and train again."
            )


def input_of(recipe: Recipe) -> InputSpec:
    """What the recipe's network sees of a picture outside training."""
    return InputSpec(recipe.size, resize=recipe.resize, equalise=recipe.equalise, crop=recipe.crop)


def resolve_precision(recipe: Recipe, device: str) -> str:
    """What "auto" means on this device."""
    if recipe.precision != "auto":
        return recipe.precision
    return "bfloat16" if bfloat16_pays(device) else "float32"
