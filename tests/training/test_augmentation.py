"""Augmentation changes what it says, by as much as it says, and nothing upside down."""

from dataclasses import replace

import pytest
import torch

from fer_core.training.augmentation import augment
from fer_core.training.recipe import Recipe

STILL = Recipe("still", flip=False)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spot(row: int, column: int, count: int = 64) -> torch.Tensor:
    images = torch.zeros(count, 1, 48, 48)
    images[:, :, row - 1 : row + 2, column - 1 : column + 2] = 1.0
    return images


def centres(images: torch.Tensor) -> torch.Tensor:
    """Centre of brightness: float (N, 2), row and column."""
    weight = images[:, 0] / images[:, 0].sum((1, 2), keepdim=True)
    place = torch.arange(48.0)
    return torch.stack([(weight.sum(2) * place).sum(1), (weight.sum(1) * place).sum(1)], 1)


def test_a_still_recipe_changes_nothing() -> None:
    images = torch.randn(8, 1, 48, 48)
    torch.testing.assert_close(augment(images, STILL, generator()), images)


def test_about_half_are_flipped_and_never_upside_down() -> None:
    images = spot(10, 6)
    for recipe in (replace(STILL, flip=True), replace(STILL, flip=True, shift=1e-6)):
        where = centres(augment(images, recipe, generator()))
        torch.testing.assert_close(where[:, 0], torch.full((64,), 10.0), atol=0.01, rtol=0)
        flipped = where[:, 1] > 24
        assert 20 <= flipped.sum() <= 44
        torch.testing.assert_close(where[flipped, 1], torch.full((int(flipped.sum()),), 41.0), atol=0.01, rtol=0)


def test_shifts_stay_within_their_fraction_and_go_every_way() -> None:
    moved = centres(augment(spot(24, 24), replace(STILL, shift=0.1), generator())) - 24
    assert moved.abs().max() <= 4.8 + 0.05
    for side in (0, 1):
        assert moved[:, side].min() < -2
        assert moved[:, side].max() > 2


def test_turns_stay_within_their_degrees() -> None:
    moved = centres(augment(spot(24, 40), replace(STILL, rotation=10.0), generator())) - 23.5
    angles = torch.rad2deg(torch.atan2(moved[:, 0], moved[:, 1])) - torch.rad2deg(
        torch.atan2(torch.tensor(0.5), torch.tensor(16.5))
    )
    assert angles.abs().max() <= 10.5
    assert angles.min() < -5
    assert angles.max() > 5


def test_zoom_moves_away_from_and_towards_the_middle() -> None:
    radius = centres(augment(spot(24, 40), replace(STILL, zoom=0.2), generator()))[:, 1] - 23.5
    assert 16.5 * 0.79 <= radius.min() < 15
    assert 18 < radius.max() <= 16.5 * 1.21


def test_shear_slants_within_its_degrees() -> None:
    """Shear moves a row sideways by its distance from the middle, here 16 rows; the row itself stays."""
    moved = centres(augment(spot(8, 24), replace(STILL, shear=20.0), generator())) - 23.5
    torch.testing.assert_close(moved[:, 0], torch.full((64,), -15.5), atol=0.3, rtol=0)
    slants = torch.rad2deg(torch.atan((moved[:, 1] - 0.5) / 15.5))
    assert slants.abs().max() <= 21
    assert slants.min() < -10 and slants.max() > 10


def test_what_comes_in_from_outside_repeats_the_border() -> None:
    images = torch.full((32, 1, 48, 48), 0.7)
    moved = augment(images, replace(STILL, shift=0.2, rotation=15.0, zoom=0.2), generator())
    torch.testing.assert_close(moved, images)


def test_brightness_and_contrast_are_drawn_per_image() -> None:
    images = torch.ones(64, 1, 48, 48)
    changed = augment(images, replace(STILL, brightness=0.5, contrast=0.3), generator())[:, 0, 0, 0]
    assert 0.2 <= changed.min() < 0.7
    assert 1.3 < changed.max() <= 1.8


@pytest.mark.parametrize(("probability", "low", "high"), [(1.0, 64, 64), (0.5, 18, 46)])
def test_erasing_blanks_one_rectangle_in_so_many_images(probability: float, low: int, high: int) -> None:
    blank = augment(torch.ones(64, 1, 48, 48), replace(STILL, erase=probability), generator())[:, 0] == 0
    assert low <= blank.any(2).any(1).sum() <= high
    for image in blank[blank.any(2).any(1)]:
        rows, columns = image.any(1), image.any(0)
        assert 8 <= rows.sum() <= 25
        assert 8 <= columns.sum() <= 25
        assert image.sum() == rows.sum() * columns.sum()


def test_plain_leaves_only_the_flip() -> None:
    recipe = replace(STILL, flip=True, shift=0.2, rotation=15.0, brightness=0.5, erase=1.0)
    images = torch.randn(16, 1, 48, 48)
    for before, after in zip(images, augment(images, recipe, generator(), plain=True), strict=True):
        assert torch.equal(after, before) or torch.equal(after, before.flip(2))


def test_the_seed_decides_and_the_images_stay_as_they_were() -> None:
    recipe = replace(STILL, flip=True, shift=0.1, rotation=10.0, brightness=0.2, erase=0.5)
    images = torch.randn(16, 1, 48, 48)
    before = images.clone()
    first, again, other = (augment(images, recipe, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(images, before)
