"""What the finished epochs decide: when the rate drops, and when a training ends before its time.

All of it follows from the history alone, so a training that was stopped and resumed decides as if it had not been, and
a checkpoint needs no state of a scheduler. A history is the list of `Progress`: one document per finished epoch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fer_core.training.recipe import Recipe

History = Sequence[Mapping[str, Any]]


def merit(epoch: Mapping[str, Any]) -> float:
    """How good an epoch was, more is better: the accuracy on held-out images, without them minus the training loss."""
    return float(epoch["val_accuracy"]) if "val_accuracy" in epoch else -float(epoch["train_loss"])


def idle_epochs(history: History) -> int:
    """How many epochs have passed since the best one (of equals, the first)."""
    best = max(range(len(history)), key=lambda index: merit(history[index]), default=len(history) - 1)
    return len(history) - 1 - best


def drops(history: History, patience: int) -> int:
    """How often the rate has dropped: after each `patience` epochs in a row without a better one than all before.

    torch's ReduceLROnPlateau (mode "max", threshold 0) waits one epoch more than its `patience` says.
    """
    best, waited, dropped = float("-inf"), 0, 0
    for epoch in history:
        waited = waited + 1 if merit(epoch) <= best else 0
        best = max(best, merit(epoch))
        if waited == patience:
            waited, dropped = 0, dropped + 1
    return dropped


def stopped_early(recipe: Recipe, history: History) -> bool:
    """Whether the recipe's patience is at its end before its epochs are."""
    over = 0 < recipe.stop_after <= idle_epochs(history)
    return over and len(history) < recipe.epochs


def stopped_words(recipe: Recipe, history: History, name: str = "validation") -> str:
    """Why a training ended early, in words, "" where it did not. `name`: of the images that were held out."""
    if not stopped_early(recipe, history):
        return ""
    waited = idle_epochs(history)
    what = f"a better {name} accuracy" if "val_accuracy" in history[-1] else "a smaller training loss"
    return f"stopped early: {waited} epoch{'s' * (waited != 1)} without {what}"
