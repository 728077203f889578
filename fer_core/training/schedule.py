"""The learning rate as a function of the step, so that a resumed training needs no scheduler state."""

import math

from fer_core.training.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The rate of step `step` (from 0) of `steps`: linear warm-up to the peak, then constant, cosine or linear to 0."""
    warmup = recipe.warmup * steps
    if step < warmup:
        return recipe.learning_rate * (step + 1) / (warmup + 1)
    if recipe.schedule == "constant":
        return recipe.learning_rate
    left = (steps - step) / max(steps - warmup, 1)  # 1 at the peak, just above 0 at the last step
    if recipe.schedule == "cosine":
        return recipe.learning_rate * 0.5 * (1 - math.cos(math.pi * left))
    return recipe.learning_rate * left
