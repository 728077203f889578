"""The rate of every step, against torch's own schedulers where they mean the same."""

from itertools import pairwise

import pytest
import torch
from torch.optim import lr_scheduler

from fer_core.training.patience import drops, idle_epochs, stopped_early, stopped_words
from fer_core.training.recipe import SCHEDULES, Recipe
from fer_core.training.schedule import learning_rate

PER_EPOCH = 5
ACCURACIES = [0.2, 0.3, 0.3, 0.29, 0.31, 0.30, 0.30, 0.31, 0.25, 0.26, 0.27, 0.31, 0.32, 0.31, 0.30]


def rates(recipe: Recipe) -> list[float]:
    steps = recipe.epochs * PER_EPOCH
    return [learning_rate(recipe, step, steps) for step in range(steps)]


def recipe(schedule: str, **values: object) -> Recipe:
    return Recipe("r", schedule=schedule, **{"learning_rate": 1.0, "warmup": 0.0, "epochs": 12, **values})


def optimiser() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)


def torchs(kind: type, count: int, **arguments: object) -> list[float]:
    """The rates that torch's scheduler gives, stepped `count` times."""
    made = optimiser()
    schedule = kind(made, **arguments)
    found = []
    for _ in range(count):
        found.append(schedule.get_last_lr()[0])
        made.step()
        schedule.step()
    return found


def test_cosine_is_torchs() -> None:
    assert rates(recipe("cosine")) == pytest.approx(torchs(lr_scheduler.CosineAnnealingLR, 60, T_max=60))


def test_warm_restarts_are_torchs() -> None:
    """Torch counts in epochs and takes fractions; ours count steps: 2, then 4, then 8 epochs."""
    expected = torchs(lr_scheduler.CosineAnnealingWarmRestarts, 60, T_0=2 * PER_EPOCH, T_mult=2)
    found = rates(recipe("warm-restarts", every=2))
    assert found == pytest.approx(expected)
    assert [step for step, rate in enumerate(found) if rate == 1.0] == [0, 10, 30]


def test_steps_are_torchs() -> None:
    expected = torchs(lr_scheduler.StepLR, 12, step_size=5, gamma=0.3)
    found = rates(recipe("step", every=5, factor=0.3))
    assert found[::PER_EPOCH] == pytest.approx(expected)
    assert found[24] == found[0] and found[25] == pytest.approx(0.3)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_plateau_is_torchs_with_one_epoch_less_patience(patience: int) -> None:
    """Torch's drops after *more* than `patience` epochs without a better one, ours after as many as it says."""
    theirs = lr_scheduler.ReduceLROnPlateau(optimiser(), "max", factor=0.5, patience=patience - 1, threshold=0)
    ours = recipe("plateau", factor=0.5, patience=patience, epochs=len(ACCURACIES))
    history: list[dict] = []
    for epoch, accuracy in enumerate(ACCURACIES):
        assert learning_rate(ours, epoch * PER_EPOCH, 75, history) == pytest.approx(theirs.get_last_lr()[0])
        history.append({"val_accuracy": accuracy, "train_loss": 1.0})
        theirs.step(accuracy)
    assert theirs.get_last_lr()[0] < 1


def test_without_held_out_images_the_training_loss_decides() -> None:
    history = [{"train_loss": loss} for loss in (1.0, 0.5, 0.6, 0.55, 0.7)]
    assert idle_epochs(history) == 3
    assert drops(history, 2) == 1
    assert stopped_words(recipe("constant", stop_after=3), history) == (
        "stopped early: 3 epochs without a smaller training loss"
    )


def test_it_stops_after_so_many_epochs_without_a_better_one() -> None:
    history = [{"val_accuracy": accuracy, "train_loss": 1.0} for accuracy in ACCURACIES]
    patient = recipe("constant", stop_after=4, epochs=50)
    ended = [stopped_early(patient, history[:count]) for count in range(len(history) + 1)]
    assert ended.index(True) == 9  # 0.31 was best in the fifth; the same again in the eighth is not better
    assert not stopped_early(recipe("constant", stop_after=0), history)
    assert not stopped_early(recipe("constant", stop_after=4, epochs=9), history[:9])  # it was the last one anyway
    assert stopped_words(patient, history[:9], "PublicTest") == (
        "stopped early: 4 epochs without a better PublicTest accuracy"
    )
    assert stopped_words(patient, history[:5]) == ""


def test_one_cycle_rises_to_its_peak_and_falls_to_nothing() -> None:
    found = [learning_rate(recipe("one-cycle", warmup=0.2), step, 100) for step in range(100)]
    assert max(found) == found[20] == 1.0
    assert all(a < b for a, b in pairwise(found[:21]))
    assert all(a > b for a, b in pairwise(found[20:]))
    assert 0 < found[-1] < 0.02


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_warms_up_in_a_line_and_then_begins_at_its_peak(schedule: str) -> None:
    found = rates(recipe(schedule, warmup=0.25))  # 15 of 60 steps
    assert found[:16] == pytest.approx([(step + 1) / 16 for step in range(16)])
    assert max(found) == 1.0


def test_constant_stays() -> None:
    assert set(rates(recipe("constant", learning_rate=0.1))) == {0.1}
