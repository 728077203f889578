"""The learning rate as a function of the step and of the finished epochs, so that a resumed training needs no
scheduler state.

Every schedule begins with the recipe's linear warm-up; its own shape begins after it:

    constant        stays
    one-cycle       falls in a straight line to nothing
    cosine          falls to nothing along half a cosine
    warm-restarts   the same again and again, first over `every` epochs, each time over twice as many (Loshchilov and
                    Hutter, 2017); ends at nothing after `every`, 3 `every`, 7 `every` ... epochs
    step            times `factor` each `every` epochs
    plateau         times `factor` after `patience` epochs without a better one: see `patience`
"""

import math

from fer_core.training.patience import History, drops
from fer_core.training.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps: int, history: History = ()) -> float:
    """The rate of step `step` (from 0) of `steps`; `history`: the epochs finished by then, which only plateau asks."""
    warmup = recipe.warmup * steps
    if step < warmup:
        return recipe.learning_rate * (step + 1) / (warmup + 1)
    epochs = (step - warmup) / (steps / recipe.epochs)  # since the peak
    return recipe.learning_rate * _share(recipe, epochs, (steps - step) / max(steps - warmup, 1), history)


def _share(recipe: Recipe, epochs: float, left: float, history: History) -> float:
    """The share of the peak; `left` is 1 at the peak and just above 0 at the last step."""
    if recipe.schedule == "one-cycle":
        return left
    if recipe.schedule == "cosine":
        return _half_cosine(1 - left)
    if recipe.schedule == "warm-restarts":
        return _half_cosine(_into_cycle(epochs, recipe.every))
    if recipe.schedule == "step":
        return recipe.factor ** math.floor(epochs / recipe.every)
    if recipe.schedule == "plateau":
        return recipe.factor ** drops(history, recipe.patience)
    return 1.0


def _half_cosine(gone: float) -> float:
    """From 1 at 0 to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * gone))


def _into_cycle(epochs: float, first: int) -> float:
    """How much of its cycle is over, [0, 1): cycles of `first`, 2 `first`, 4 `first` ... epochs."""
    length = first
    while epochs >= length:
        epochs -= length
        length *= 2
    return epochs / length
