"""Quality: planted faults are found by their own check, and contrast or lighting alone are no blur."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from fer_core.audit.findings import REASONS
from fer_core.audit.quality import CHECKS, FLAT_RANGE, MEASURES, measure_quality, quality_findings
from fer_core.dataset.demo import draw_demo, load_truth
from fer_core.dataset.store import Dataset

CHECK = {check.reason: check for check in CHECKS}


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Drawn faces without any planted fault in their pixels, uint8 (n, 48, 48)."""
    drawn = draw_demo(seed=3, images=200)
    return drawn.images.pixels[(drawn.truth["kinds"] == "").to_numpy()]


def found(images: np.ndarray, reason: str) -> list[int]:
    return quality_findings(measure_quality(images), CHECK[reason])["row"].tolist()


def everything(images: np.ndarray) -> dict[str, list[int]]:
    measures = measure_quality(images)
    return {
        reason: rows for reason, check in CHECK.items() if (rows := quality_findings(measures, check)["row"].tolist())
    }


def test_the_measures_of_three_images_by_hand() -> None:
    images = np.full((3, 48, 48), 90, np.uint8)
    images[1, :24] = 10  # half 10, half 90
    images[2, :24], images[2, 24:] = 0, 255
    measures = measure_quality(images)
    assert measures.columns.tolist() == list(MEASURES)
    assert measures["range"].tolist() == [0, 80, 255]
    assert measures["information"].tolist() == pytest.approx([0, 1, 1])
    assert measures["highlights"].tolist() == [90, 90, 255]
    assert measures["shadows"].tolist() == [90, 10, 0]
    assert measures["two_tone"].tolist() == [0, 0, 1]
    # One edge of 80 between two rows: a gradient of 80 in one of 47 rows, a Laplacian of 80 in two of 46.
    assert measures["sharpness"][1] == pytest.approx((2 * 80 / 46) / (80 / 47))


def test_sound_faces_have_no_fault(faces: np.ndarray) -> None:
    assert sum(len(rows) for rows in everything(faces).values()) <= 0.02 * len(faces)


def test_a_flat_image_is_flat_and_nothing_else() -> None:
    images = np.full((2, 48, 48), 3, np.uint8)
    images[1, 4:9] += FLAT_RANGE
    assert everything(images) == {"flat": [0, 1]}


@pytest.mark.parametrize("sigma", [1.5, 2.0, 2.5])
def test_a_blurred_copy_is_found(faces: np.ndarray, sigma: float) -> None:
    soft = gaussian_filter(faces.astype(float), (0, sigma, sigma)).round().astype(np.uint8)
    assert len(found(soft, "blurred")) == len(faces)


@pytest.mark.parametrize("contrast", [0.15, 0.5, 1.0])
def test_low_contrast_is_not_blur(faces: np.ndarray, contrast: float) -> None:
    dull = (128 + (faces.astype(float) - 128) * contrast).astype(np.uint8)
    assert len(found(dull, "blurred")) <= 0.02 * len(faces)


def test_a_dark_copy_is_dark_and_a_washed_out_one_bright(faces: np.ndarray) -> None:
    assert len(found((faces * 0.2).astype(np.uint8), "dark")) == len(faces)
    assert len(found((205 + faces * 0.19).astype(np.uint8), "bright")) == len(faces)


def test_two_tones_are_black_and_white_but_a_bright_wall_alone_is_not(faces: np.ndarray) -> None:
    assert len(found(np.where(faces > 120, 250, 5).astype(np.uint8), "black-and-white")) >= 0.95 * len(faces)
    before_a_wall = faces.clip(40, 255)
    before_a_wall[:, :, :36] = 255
    assert found(before_a_wall, "black-and-white") == []


def test_few_grey_values_hold_little_information(faces: np.ndarray) -> None:
    assert len(found((faces // 64 * 64).astype(np.uint8), "low-information")) == len(faces)


def test_another_limit_finds_more_and_scores_rise_towards_the_worst() -> None:
    measures = pd.DataFrame({"range": [200, 200, 200, 5], "sharpness": np.array([0.2, 0.65, 0.9, 0.1], np.float32)})
    usual = quality_findings(measures, CHECK["blurred"])
    assert usual["row"].tolist() == [0, 1]
    assert usual["score"].tolist() == pytest.approx([1.0, 0.5])
    more = quality_findings(measures, CHECK["blurred"], limit=1.0)
    assert more["row"].tolist() == [0, 1, 2]
    assert (more["score"].diff().dropna() < 0).all()
    assert more["score"].between(0, 1).all()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.reason)
def test_every_check_can_be_shown(check, faces: np.ndarray) -> None:
    measures = measure_quality(faces)
    assert check.reason in REASONS
    least, greatest, step = check.slider
    assert least < check.limit < greatest
    assert step > 0
    every = quality_findings(measures, check, limit=1e9 if check.below else -1e9)
    assert every["evidence"].str.len().gt(20).all()
    assert every["score"].between(0, 1).all()


def test_the_demo_gives_up_its_planted_faults(demo: Dataset) -> None:
    truth = load_truth(demo)
    for reason, kind in (("flat", "flat"), ("blurred", "blurred"), ("black-and-white", "black_and_white")):
        planted = set(truth.loc[truth["kinds"].str.contains(kind), "row"])
        rows = set(found(demo.images, reason))
        assert len(planted & rows) >= 0.9 * len(planted)
        sound = set(truth.loc[~truth["kinds"].str.contains("not_a_face"), "row"])
        assert len((rows & sound) - planted) <= 1  # of things that are no faces some are blurred or two-toned as well


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_or_constant_images_have_measures(count: int) -> None:
    measures = measure_quality(np.zeros((count, 48, 48), np.uint8))
    assert len(measures) == count
    assert not measures.isna().any().any()
    assert quality_findings(measures, CHECK["flat"])["score"].tolist() == [1.0] * count
    assert quality_findings(measures, CHECK["dark"]).empty
