"""Near duplicates against planted copies and against a comparison of every pair's pixels."""

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_core.audit.near_duplicates import ALL_PAIRS_UP_TO, near_duplicate_pairs, near_duplicates
from fer_core.audit.sketches import Pencil
from fer_core.dataset.demo import draw_demo, load_truth
from fer_core.dataset.store import Dataset
from fer_core.errors import Cancelled

BOTH_WAYS = pytest.mark.parametrize("all_pairs_up_to", [ALL_PAIRS_UP_TO, 0], ids=["all pairs", "gathered"])


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Drawn faces without planted copies, uint8 (300, 48, 48)."""
    drawn = draw_demo(seed=5, images=340)
    return drawn.images.pixels[(drawn.truth["partner"] < 0).to_numpy()][:300]


def pairs_of(images: np.ndarray, all_pairs_up_to: int = ALL_PAIRS_UP_TO) -> pd.DataFrame:
    return near_duplicate_pairs(images, np.arange(len(images)), all_pairs_up_to=all_pairs_up_to)


def keys(pairs: pd.DataFrame) -> set[tuple[int, int]]:
    return set(zip(pairs["row"], pairs["partner"], strict=True))


def framed(image: np.ndarray, down: int, across: int) -> np.ndarray:
    """The same scene framed a few pixels off, with what the frame shows anew repeated from the edge."""
    wide = np.pad(image, 4, mode="edge")
    return wide[4 + down : 52 + down, 4 + across : 52 + across]


def recompressed(image: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_GRAYSCALE)


def noisy(image: np.ndarray) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, 6, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


SAME_PHOTOGRAPH = {
    "a pixel down": lambda image: framed(image, 1, 0),
    "two pixels aside": lambda image: framed(image, 0, -2),
    "a pixel both ways": lambda image: framed(image, -1, 1),
    "darker": lambda image: (image * 0.6).astype(np.uint8),
    "brighter": lambda image: np.clip(image * 0.8 + 50.0, 0, 255).astype(np.uint8),
    "grain": noisy,
    "compressed once more": recompressed,
    "mirrored": lambda image: image[:, ::-1],
    "mirrored and a pixel off": lambda image: framed(image[:, ::-1], 1, 1),
}


@BOTH_WAYS
@pytest.mark.parametrize("change", SAME_PHOTOGRAPH)
def test_a_changed_copy_is_found(faces: np.ndarray, change: str, all_pairs_up_to: int) -> None:
    originals = faces[:40]
    copies = np.stack([SAME_PHOTOGRAPH[change](image) for image in originals])
    pairs = pairs_of(np.concatenate([faces, copies]), all_pairs_up_to)
    planted = {(row, len(faces) + row) for row in range(len(originals)) if np.ptp(originals[row]) > 12}
    assert len(planted & keys(pairs)) >= 0.9 * len(planted)
    found = pairs[[key in planted for key in zip(pairs["row"], pairs["partner"], strict=True)]]
    assert (found["mirrored"] == ("mirrored" in change)).mean() > 0.9  # a symmetric face is its own mirror image


@BOTH_WAYS
def test_no_pair_is_missed_that_a_comparison_of_all_pixels_finds(faces: np.ndarray, all_pairs_up_to: int) -> None:
    rng = np.random.default_rng(1)
    # Copies that are more and more covered by another face: correlations on both sides of the limit.
    shares = rng.uniform(0, 0.4, (300, 1, 1))
    mixed = faces * (1 - shares) + faces[rng.permutation(300)] * shares
    mixed[::2] = mixed[::2, :, ::-1]
    images = np.concatenate([faces, mixed.astype(np.uint8)])
    pixels = images[np.ptp(images, axis=(1, 2)) > 12]
    straight = np.corrcoef(pixels.reshape(len(pixels), -1))
    both = np.concatenate([pixels, pixels[:, :, ::-1]]).reshape(2 * len(pixels), -1)
    mirrored = np.corrcoef(both)[: len(pixels), len(pixels) :]
    expected = np.triu(np.maximum(straight, mirrored), 1)

    pairs = pairs_of(pixels, all_pairs_up_to)
    found = pairs.set_index(["row", "partner"])["correlation"]
    over = [tuple(pair) for pair in np.argwhere(expected > 0.9501).tolist()]
    assert len(over) > 50
    assert len(set(over) - keys(pairs)) <= (0 if all_pairs_up_to else 0.02 * len(over))
    seen = [pair for pair in over if pair in found.index]
    np.testing.assert_allclose(found.loc[seen], [expected[pair] for pair in seen], atol=1e-4)
    # What is found beyond that agrees after a move only.
    beyond = keys(pairs) - set(over)
    assert len(beyond) < 0.2 * len(over)
    assert found.min() > 0.95


def test_the_bound_of_a_sketch_is_never_below_the_correlation(faces: np.ndarray) -> None:
    pixels = faces[np.ptp(faces, axis=(1, 2)) > 12]
    straight = np.corrcoef(pixels.reshape(len(pixels), -1))
    for radius in (4, 36, 121):
        sketches = Pencil(radius).draw(pixels)
        assert (sketches.bounds(sketches) >= straight - 1e-5).all()
        np.testing.assert_allclose(sketches.pairwise(sketches), 1, atol=1e-5)


def test_of_exact_copies_only_the_first_is_compared(faces: np.ndarray) -> None:
    images = np.stack([faces[3], faces[3], noisy(faces[3]), noisy(faces[3])])
    pairs = near_duplicate_pairs(images, np.array([0, 0, 2, 2]))
    assert keys(pairs) == {(0, 2)}


@BOTH_WAYS
def test_flat_images_are_nobodys_copies(all_pairs_up_to: int) -> None:
    images = np.full((20, 48, 48), 90, np.uint8)
    images[:, 10, 10] += np.arange(20, dtype=np.uint8) % 12
    images[:, 3, 3] += 1
    assert pairs_of(images, all_pairs_up_to).empty


@BOTH_WAYS
@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_have_no_pairs(faces: np.ndarray, count: int, all_pairs_up_to: int) -> None:
    pairs = pairs_of(faces[:count], all_pairs_up_to)
    assert pairs.empty
    none = np.zeros(count, np.int8)
    assert near_duplicates(pairs, none, none).empty


@BOTH_WAYS
def test_two_images_can_be_a_pair(faces: np.ndarray, all_pairs_up_to: int) -> None:
    assert keys(pairs_of(np.stack([faces[0], noisy(faces[0])]), all_pairs_up_to)) == {(0, 1)}
    assert keys(pairs_of(faces[[0, 7]], all_pairs_up_to)) == set()


def test_many_copies_of_one_photograph_do_not_make_all_pairs(faces: np.ndarray, monkeypatch) -> None:
    monkeypatch.setattr("fer_core.audit.near_duplicates.ENOUGH", 5)
    rng = np.random.default_rng(0)
    images = np.clip(faces[0] + rng.normal(0, 3, (400, 48, 48)), 0, 255).astype(np.uint8)
    pairs = pairs_of(images)
    assert len(pairs) < 400 * 399 / 2 / 4
    assert set(pairs["row"]) | set(pairs["partner"]) == set(range(400))


def test_the_evidence_says_how_alike_and_what_differs() -> None:
    pairs = pd.DataFrame(
        {
            "row": [0, 1, 0],
            "partner": [2, 2, 3],
            "correlation": np.array([0.99, 0.97, 0.96], np.float32),
            "mirrored": [False, True, False],
        }
    )
    found = near_duplicates(pairs, np.array([3, 4, 3, 3]), np.array([0, 0, 1, 0])).set_index("row")
    assert found["partner"].to_dict() == {0: 2, 1: 2, 2: 0, 3: 0}
    assert found.loc[0, "score"] == pytest.approx(0.99)
    assert found.loc[0, "evidence"] == (
        "Nearly the same pixels as image 0000002 (correlation 0.990), which stands in PublicTest."
    )
    assert found.loc[1, "evidence"] == (
        "Nearly the mirror image of image 0000002 (correlation 0.970), "
        "which is labelled happy and stands in PublicTest."
    )
    assert found.loc[3, "evidence"] == "Nearly the same pixels as image 0000000 (correlation 0.960)."


def test_the_planted_near_copies_of_the_demo_are_found(demo: Dataset) -> None:
    truth = load_truth(demo)
    copies = truth[truth["kinds"].str.contains("near_copy")]
    planted = {tuple(sorted(pair)) for pair in zip(copies["row"], copies["partner"], strict=True)}
    found = keys(near_duplicate_pairs(demo.images, demo.groups))
    assert len(planted & found) >= 0.9 * len(planted)
    assert len(found - planted) <= 0.1 * len(planted)


@BOTH_WAYS
def test_a_stop_is_heard_and_progress_only_grows(faces: np.ndarray, all_pairs_up_to: int) -> None:
    told: list[float] = []
    near_duplicate_pairs(faces, np.arange(300), lambda _, fraction: told.append(fraction), all_pairs_up_to)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0

    def stop(stage: str, fraction: float) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        near_duplicate_pairs(faces, np.arange(300), stop, all_pairs_up_to)


def test_a_latecomer_is_paired_with_a_photograph_that_has_enough_partners(faces: np.ndarray, monkeypatch) -> None:
    monkeypatch.setattr("fer_core.audit.near_duplicates.ENOUGH", 5)
    monkeypatch.setattr("fer_core.audit.near_duplicates._BLOCK", 32)
    images = np.clip(faces[0] + np.random.default_rng(0).normal(0, 3, (33, 48, 48)), 0, 255).astype(np.uint8)
    assert 32 in set(pairs_of(images)["partner"])  # the first 32 have had enough before it is looked at
