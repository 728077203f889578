"""Flat and blurred images: planted ones are found, and contrast or lighting alone make none."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fer_core.audit import quality
from fer_core.dataset.demo import load_truth
from fer_core.dataset.store import Dataset


@pytest.fixture
def sharp() -> np.ndarray:
    """Textured images with detail at every scale, uint8 (8, 48, 48)."""
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=(8, 48, 48)), gaussian_filter(rng.normal(size=(8, 48, 48)), (0, 2, 2)) * 6]
    return np.clip(128 + 30 * sum(layers), 0, 255).astype(np.uint8)


def rows(found) -> list[int]:
    return found["row"].tolist()


def test_one_grey_value_is_flat_and_not_blurred() -> None:
    images = np.full((2, 48, 48), 90, np.uint8)
    images[1, 10:20, 10:20] = 200
    measures = quality.measure_quality(images)
    assert rows(quality.flat(measures)) == [0]
    assert 0 not in rows(quality.blurred(measures))


def test_a_blurred_copy_is_found_and_the_sharp_one_is_not(sharp: np.ndarray) -> None:
    soft = gaussian_filter(sharp.astype(float), (0, 2, 2)).astype(np.uint8)
    measures = quality.measure_quality(np.concatenate([sharp, soft]))
    assert rows(quality.blurred(measures)) == list(range(8, 16))


@pytest.mark.parametrize("contrast", [0.15, 0.5, 1.0])
def test_low_contrast_is_not_blur(sharp: np.ndarray, contrast: float) -> None:
    dull = (128 + (sharp.astype(float) - 128) * contrast).astype(np.uint8)
    assert rows(quality.blurred(quality.measure_quality(dull))) == []


def test_the_demo_gives_up_its_planted_flat_and_blurred_images(demo: Dataset) -> None:
    truth = load_truth(demo)
    measures = quality.measure_quality(demo.images)
    flat = set(truth.loc[truth["kinds"].str.contains("flat"), "row"])
    soft = set(truth.loc[truth["kinds"].str.contains("blurred"), "row"])
    assert flat <= set(rows(quality.flat(measures)))
    assert len(soft & set(rows(quality.blurred(measures)))) >= 0.9 * len(soft)


def test_an_empty_data_set_part_has_no_measures() -> None:
    assert quality.flat(quality.measure_quality(np.zeros((1, 48, 48), np.uint8)))["score"].tolist() == [1.0]
