"""Two small charts: the learning rate over the epochs, and the classes before and after balancing."""

import math

import numpy as np
import streamlit as st

from fer_core.emotions import CLASSES, EMOTIONS
from fer_core.training.balance import class_weights
from fer_core.training.recipe import AUGMENT, OVERSAMPLE, WEIGHTS, Recipe
from fer_core.training.schedule import learning_rate
from pages._components.bars import Bar, bars
from pages._components.curve import curve
from pages._train_views.context import Material
from pages._train_views.settings import SCHEDULE_WORDS

POINTS = 240


def rates(recipe: Recipe, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Epochs, from 0, and the learning rate there, float64 (P,) each, for so many images an epoch."""
    per_epoch = math.ceil(images / recipe.batch)
    steps = per_epoch * recipe.epochs
    at = np.unique(np.linspace(0, steps - 1, POINTS).astype(int))
    return at / per_epoch, np.array([learning_rate(recipe, int(step), steps) for step in at])


def rate_chart(recipe: Recipe, images: int, key: str) -> None:
    """The learning rate of the chosen schedule."""
    epochs, values = rates(recipe, images)
    name = SCHEDULE_WORDS.get(recipe.schedule, (recipe.schedule, ""))[0].lower()
    words = (
        f"Learning rate over {recipe.epochs} epochs, schedule {name}: {values[0]:.2g} at the start, "
        f"at most {values.max():.2g}, {values[-1]:.2g} at the end"
    )
    st.markdown("**Learning rate**")
    curve(epochs.tolist(), values.tolist(), key, words, x_title="epoch", x_end=recipe.epochs)
    if recipe.schedule == "plateau":
        st.caption(
            f"As it is while PublicTest improves; after {recipe.patience} epochs without, it is multiplied by "
            f"{recipe.factor:g}."
        )


def class_chart(material: Material, recipe: Recipe, key: str) -> None:
    """How much each class counts in an epoch: as it is, and as the recipe balances it."""
    before, after = class_shares(material, recipe)
    columns = {"as they are": before}
    if after is not None:
        columns["as they will count"] = after
    title = "All images, with copies until classes are equal" if material.leaky else "Training, images an epoch"
    st.markdown(f"**{title}**")
    lines = [
        Bar(
            emotion.name,
            tuple(float(values[emotion.index]) for values in columns.values()),
            tuple(f"{values[emotion.index]:,.0f}" for values in columns.values()),
            emotion.colour,
        )
        for emotion in EMOTIONS
    ]
    bars(lines, key, f"{title}, by class", series=list(columns))


def class_shares(material: Material, recipe: Recipe) -> tuple[np.ndarray, np.ndarray | None]:
    """Images of each class, float64 (7,), and what they count as in an epoch; None where every image counts once."""
    version, counts = material.version, material.counts.astype(float)
    if material.leaky:
        return counts, np.where(counts > 0, counts.max(), 0.0)
    shown = np.bincount(version.labels[version.epoch(material.rows)], minlength=CLASSES).astype(float)
    if recipe.balance == WEIGHTS:
        return counts, shown * class_weights(version.labels[material.rows])
    if recipe.balance in (OVERSAMPLE, AUGMENT):
        return counts, np.where(shown > 0, shown.max(), 0.0)
    if version.weights is not None:
        return counts, shown * version.weights
    return counts, shown if (shown != counts).any() else None


def images_per_epoch(material: Material, recipe: Recipe) -> int:
    """How many images an epoch shows, the repeats that balance the classes included."""
    if recipe.balance in (OVERSAMPLE, AUGMENT) and not material.leaky:
        return int(material.counts.max() * (material.counts > 0).sum())
    return material.per_epoch
