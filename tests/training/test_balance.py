"""Balancing inside Training: counted by hand, weights against scikit-learn, held-out images untouched, never twice."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from fer_core.errors import UsageError
from fer_core.training.augmentation import turned_over
from fer_core.training.lessons import Lessons
from fer_core.training.loop import fit
from fer_core.training.recipe import Recipe
from fer_core.training.state import Training

SIZES = (9, 2, 5, 0, 3, 4, 6)  # Training images per class
LABELS = np.repeat(np.arange(7), SIZES)
COUNT = len(LABELS)


@pytest.fixture
def pictures() -> np.ndarray:
    """Each carries its number in its first pixel; held-out ones follow Training's."""
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT + 20, 48, 48), np.uint8)
    pixels[:, 0, 0] = np.arange(COUNT + 20)
    return pixels


def lessons(pictures: np.ndarray, balance: str, seed: int = 0) -> Lessons:
    recipe = Recipe("r", balance=balance)
    return Lessons(pictures, LABELS, np.arange(COUNT), None, None, recipe, seed, torch.device("cpu"))


@pytest.mark.parametrize("balance", ["oversample", "augment"])
def test_an_epoch_shows_every_class_as_often_as_the_largest(pictures: np.ndarray, balance: str) -> None:
    found = lessons(pictures, balance)
    assert found.per_epoch == 6 * 9
    positions, again = found.epoch(0)
    shown = np.bincount(positions.numpy(), minlength=COUNT)
    assert np.bincount(LABELS[positions.numpy()], minlength=7).tolist() == [9, 9, 9, 0, 9, 9, 9]
    for label in (0, 1, 2, 4, 5, 6):  # no image more than once oftener than another of its class
        assert np.ptp(shown[label == LABELS]) <= 1
    firsts = positions[~again].numpy()  # of each image exactly one showing is the first
    assert sorted(firsts) == list(range(COUNT))


def test_the_seed_decides_the_order_and_who_comes_up_once_more(pictures: np.ndarray) -> None:
    one, same, other = (lessons(pictures, "oversample", seed) for seed in (1, 1, 2))
    assert torch.equal(one.epoch(3)[0], same.epoch(3)[0])
    assert not torch.equal(one.epoch(3)[0], other.epoch(3)[0])
    shown = {tuple(np.bincount(one.epoch(number)[0].numpy(), minlength=COUNT)) for number in range(5)}
    assert len(shown) > 1


def test_without_balancing_every_image_comes_once(pictures: np.ndarray) -> None:
    for balance in ("none", "weights"):
        positions, again = lessons(pictures, balance).epoch(1)
        assert sorted(positions.tolist()) == list(range(COUNT))
        assert not again.any()


def test_weights_are_scikit_learns_balanced_ones(pictures: np.ndarray) -> None:
    there = np.unique(LABELS)
    found = lessons(pictures, "weights").weights
    np.testing.assert_allclose(found[there], compute_class_weight("balanced", classes=there, y=LABELS), 1e-6)
    assert lessons(pictures, "none").weights is None


@pytest.mark.parametrize("balance", ["oversample", "augment"])
def test_balancing_touches_training_and_nothing_else(pictures: np.ndarray, tiny: Recipe, balance: str) -> None:
    """The pitfall of balancing before the split: what is held out is seen once an epoch, as it is, and never learnt."""
    labels = np.concatenate([LABELS, np.arange(20) % 7])
    seen: list[int] = []

    class Watching(Training):
        def advance(self, pixels: torch.Tensor, *lesson: torch.Tensor | None) -> torch.Tensor:
            seen.extend(pixels[:, 0, 0].tolist())
            return super().advance(pixels, *lesson)

    recipe = tiny.changed(balance=balance, epochs=2, batch=10)
    training = Watching(recipe, COUNT, 0)
    fit(pictures, labels, np.arange(COUNT), recipe, validation=np.arange(COUNT, COUNT + 20), training=training)
    assert len(seen) == 2 * 54
    assert set(seen) == set(range(COUNT))
    assert (training.steps_per_epoch, training.progress.step) == (6, 12)
    assert [epoch["step"] for epoch in training.progress.history] == [6, 12]


def test_only_showings_after_the_first_are_turned_over_by_the_papers_way() -> None:
    """A spot right of the middle at the top: flips and turns move it, the first showings leave it."""
    images = torch.zeros(400, 1, 49, 49)
    images[:, :, 8, 36] = 1.0  # 16 above and 12 right of the middle
    again = torch.arange(400) % 4 > 0
    changed = turned_over(images, again, torch.Generator().manual_seed(0))
    assert torch.equal(changed[~again], images[~again])
    weight = changed[again, 0] / changed[again, 0].sum((1, 2), keepdim=True)
    place = torch.arange(49.0) - 24
    up, right = -(weight.sum(2) * place).sum(1), (weight.sum(1) * place).sum(1)
    angles = torch.rad2deg(torch.atan2(up, right)) % 360
    begun = np.degrees(np.arctan2(16, 12))
    kinds = [begun, 180 - begun, 180 + begun, 360 - begun]  # as it was, mirrored, both, upside down
    apart = torch.stack([((angles - kind + 180) % 360 - 180).abs() for kind in kinds])
    assert apart.amin(0).max() <= 46
    # So near to one kind, none of the others can have been turned: about four fifths of 75 each.
    assert all(40 <= (column < 36).sum() <= 90 for column in apart)
    assert torch.equal(changed, turned_over(images, again, torch.Generator().manual_seed(0)))
    assert torch.equal(turned_over(images, torch.zeros(400, dtype=torch.bool), torch.Generator()), images)


def test_an_augmented_copy_is_not_the_picture_itself(pictures: np.ndarray) -> None:
    """The network sees the repeated showings changed, those of oversampling as they are."""
    inputs = {}
    for balance in ("oversample", "augment"):
        recipe = Recipe("r", size=48, balance=balance, flip=False)
        training = Training(recipe, COUNT, 0)
        training.module.register_forward_pre_hook(lambda _, given, key=balance: inputs.update({key: given[0].clone()}))
        again = torch.tensor([False, True, True, False])
        training.advance(torch.from_numpy(pictures[:4]), torch.arange(4), None, None, again)
    same = [torch.equal(a, b) for a, b in zip(inputs["oversample"], inputs["augment"], strict=True)]
    assert same == [True, False, False, True]


@pytest.mark.parametrize(
    ("balance", "weights", "rows", "sentence"),
    [
        ("weights", np.ones(7), np.arange(COUNT), "weighs the classes, and the version weighs the classes already"),
        ("oversample", None, np.repeat(np.arange(20), 2), "and the version shows small classes again already"),
        ("augment", np.ones(7), np.arange(COUNT), "shows small classes again, and the version weighs the classes"),
    ],
)
def test_nothing_is_balanced_twice(pictures, tiny: Recipe, balance, weights, rows, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        fit(pictures, LABELS, rows, tiny.changed(balance=balance), weights=weights)
    fit(pictures, LABELS, rows, tiny.changed(epochs=1), weights=weights)  # without the recipe's it is fine
