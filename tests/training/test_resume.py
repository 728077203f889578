"""A training that was stopped anywhere and goes on gives what it would have given: every optimiser, every option."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fer_core.errors import Cancelled, InputRefused
from fer_core.networks.weights import load_model
from fer_core.training.checkpoints import restore_checkpoint, save_checkpoint
from fer_core.training.loop import Observer, fit
from fer_core.training.recipe import OPTIMISERS, SCHEDULES, Recipe
from fer_core.training.state import Training

Data = tuple[np.ndarray, np.ndarray]
ROWS, HELD_OUT = np.arange(90), np.arange(300, 340)
SMALL = Recipe(
    "small", size=16, epochs=4, batch=20, learning_rate=3e-3, precision="float32", options={"dense": 16, "dropout": 0.2}
)
FIGURES = ("epoch", "step", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate")


class StopAt(Observer):
    """Cancels after so many steps and keeps a checkpoint, as a run does."""

    def __init__(self, step: int, path: Path) -> None:
        self.step, self.path = step, path

    def stepped(self, training: Training, batch: torch.Tensor, logits: torch.Tensor) -> None:
        if training.progress.step == self.step:
            raise Cancelled("stop")

    def stopped(self, training: Training) -> None:
        save_checkpoint(self.path, training)


def fresh(recipe: Recipe) -> Training:
    return Training(recipe, len(ROWS), seed=5)


def whole(data: Data, recipe: Recipe) -> Training:
    training = fresh(recipe)
    fit(*data, ROWS, recipe, validation=HELD_OUT, seed=5, training=training)
    return training


def in_pieces(data: Data, recipe: Recipe, stops: tuple[int, ...], path: Path) -> Training:
    """The same with checkpoints: stopped after each of these steps, each time in a new process as far as it knows."""
    for stop in (*stops, 0):
        training = fresh(recipe)
        if path.exists():
            restore_checkpoint(path, training)
        watch = StopAt(stop, path)
        if stop:
            with pytest.raises(Cancelled):
                fit(*data, ROWS, recipe, validation=HELD_OUT, seed=5, training=training, observer=watch)
        else:
            fit(*data, ROWS, recipe, validation=HELD_OUT, seed=5, training=training, observer=watch)
    return training


def assert_same(one: Training, two: Training) -> None:
    for a, b in ((one.module, two.module), (one.model().module, two.model().module)):
        for (name, value), other in zip(a.state_dict().items(), b.state_dict().values(), strict=True):
            torch.testing.assert_close(value, other, atol=1e-6, rtol=0, msg=name)
    histories = [[{key: epoch[key] for key in FIGURES} for epoch in t.progress.history] for t in (one, two)]
    assert len(histories[0]) == len(histories[1])
    for a, b in zip(*histories, strict=True):
        assert a == pytest.approx(b, abs=1e-6)


@pytest.mark.parametrize(
    ("optimiser", "schedule"),
    [(name, SCHEDULES[place % len(SCHEDULES)]) for place, name in enumerate(OPTIMISERS)],
)
def test_every_optimiser_goes_on_where_it_was(bar_images: Data, tmp_path: Path, optimiser: str, schedule: str) -> None:
    """Stopped in the middle of the second epoch, and again after the last step of the third, before its evaluation."""
    recipe = SMALL.changed(optimiser=optimiser, schedule=schedule, every=1, patience=1, weight_decay=0.01)
    one = whole(bar_images, recipe)
    assert_same(one, in_pieces(bar_images, recipe, (7, 15), tmp_path / "last.safetensors"))
    begun = [p.clone() for p in fresh(recipe).module.parameters()]
    assert all(not torch.equal(a, b) for a, b in zip(begun, one.module.parameters(), strict=True))


OPTIONS = {
    "mixup and cutmix": {"mixup": 0.4, "cutmix": 1.0, "plain_epochs": 1, "average": 0.9},
    "crop, shear, equalise": {"size": 20, "crop": 40, "shear": 8.0, "equalise": True},
    "augmented balance": {"balance": "augment", "clip": 0.5},
    "oversampling": {"balance": "oversample"},
    "weights": {"balance": "weights", "label_smoothing": 0.1},
    "plateau": {"schedule": "plateau", "patience": 1, "warmup": 0.0, "learning_rate": 1e-5},
}


@pytest.mark.parametrize("change", OPTIONS.values(), ids=OPTIONS)
def test_every_option_goes_on_where_it_was(bar_images: Data, tmp_path: Path, change: dict) -> None:
    recipe = SMALL.changed(epochs=3, **change)
    assert_same(whole(bar_images, recipe), in_pieces(bar_images, recipe, (4,), tmp_path / "last.safetensors"))


def test_the_rate_has_dropped_and_stays_dropped(bar_images: Data, tmp_path: Path) -> None:
    """A network that learns nothing is never better than in its first epoch: each later one halves the rate."""
    recipe = SMALL.changed(learning_rate=1e-12, schedule="plateau", warmup=0.0, patience=1, epochs=5)
    training = in_pieces(bar_images, recipe, (14, 17), tmp_path / "last.safetensors")
    rates = [epoch["learning_rate"] / 1e-12 for epoch in training.progress.history]
    assert rates == pytest.approx([1, 1, 0.5, 0.25, 0.125])


def test_what_stopped_early_stays_stopped(bar_images: Data, tmp_path: Path) -> None:
    recipe = SMALL.changed(learning_rate=1e-12, stop_after=2, epochs=50)
    one = whole(bar_images, recipe)
    assert one.finished and len(one.progress.history) == 3
    assert one.progress.history[-1]["eta_s"] == 0
    path = tmp_path / "last.safetensors"
    assert_same(one, in_pieces(bar_images, recipe, (12,), path))
    save_checkpoint(path, one)
    again, told = fresh(recipe), []
    restore_checkpoint(path, again)
    fit(*bar_images, ROWS, recipe, validation=HELD_OUT, training=again, report=lambda *said: told.append(said))
    assert again.progress.step == one.progress.step
    assert told == [("stopped early: 2 epochs without a better validation accuracy", 1.0)]


def test_frozen_and_thawed_goes_on_where_it_was(bar_images: Data, tmp_path: Path, pretrained: str) -> None:
    """Stopped while the trunk is frozen, and again after."""
    recipe = SMALL.changed(network=pretrained, epochs=3, freeze=1, average=0.9)
    assert_same(whole(bar_images, recipe), in_pieces(bar_images, recipe, (3, 8), tmp_path / "last.safetensors"))


def test_a_checkpoint_is_a_model_that_knows_its_input(bar_images: Data, tmp_path: Path) -> None:
    recipe = SMALL.changed(epochs=1, size=20, crop=40, equalise=True, resize="bilinear")
    save_checkpoint(tmp_path / "last.safetensors", whole(bar_images, recipe))
    spec = load_model(tmp_path / "last.safetensors").spec.input
    assert (spec.size, spec.crop, spec.equalise, spec.resize) == (20, 40, True, "bilinear")
    assert (spec.mean, spec.std) == (0.5077, 0.2550)


@pytest.mark.parametrize("other", [{"optimiser": "sgd"}, {"mixup": 0.2}, {"stop_after": 3}])
def test_a_checkpoint_is_not_continued_with_another_recipe(bar_images: Data, tmp_path: Path, other: dict) -> None:
    save_checkpoint(tmp_path / "last.safetensors", fresh(SMALL))
    with pytest.raises(InputRefused, match="another recipe, seed or version"):
        restore_checkpoint(tmp_path / "last.safetensors", fresh(SMALL.changed(**other)))
