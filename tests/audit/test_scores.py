"""The scores of labels against values by hand, cleanlab and a brute-force search for neighbours."""

import numpy as np
import pytest
from cleanlab.rank import get_label_quality_scores

from fer_core.audit.scores import (
    area_under_margin,
    mistakenness,
    nearest_images,
    neighbour_disagreement,
    normalised_margin,
    self_confidence,
    unit,
)

SURE, TORN, OTHER = np.eye(7)[3], np.eye(7)[[3, 4]].mean(axis=0), 0.1 * np.eye(7)[3] + 0.9 * np.eye(7)[4]
THREE = np.stack([SURE, TORN, OTHER]).astype(np.float32)  # all labelled 3: sure of it, torn, sure of another
GIVEN = np.array([3, 3, 3], np.int8)


@pytest.fixture(scope="module")
def said() -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of 300 images, float32 (300, 7), and labels."""
    rng = np.random.default_rng(0)
    return rng.dirichlet(np.full(7, 0.4), 300).astype(np.float32), rng.integers(0, 7, 300)


@pytest.mark.parametrize(
    ("score", "expected"), [(normalised_margin, [0.0, 0.5, 0.9]), (self_confidence, [0.0, 0.5, 0.9])]
)
def test_three_cases_by_hand(score, expected) -> None:
    found = score(THREE, GIVEN)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_mistakenness_by_hand() -> None:
    """Two equal answers have log 2 of the entropy log 7 of a uniform guess."""
    sureness = 1 - np.log(2) / np.log(7)
    torn = np.stack([TORN, TORN])
    found = mistakenness(torn, np.array([3, 5]))
    np.testing.assert_allclose(found, [(1 - sureness) / 2, (1 + sureness) / 2], atol=1e-6)
    assert mistakenness(np.stack([SURE, SURE]), np.array([3, 1])).tolist() == pytest.approx([0, 1], abs=1e-6)
    assert mistakenness(np.full((1, 7), 1 / 7), np.array([5]))[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("score", "method"), [(normalised_margin, "normalized_margin"), (self_confidence, "self_confidence")]
)
def test_cleanlab_says_the_same(said, score, method: str) -> None:
    probabilities, labels = said
    quality = get_label_quality_scores(labels, probabilities, method=method)
    np.testing.assert_allclose(score(probabilities, labels), 1 - quality, atol=1e-5)


def test_the_margin_while_training_falls_back_where_nobody_trained() -> None:
    margins = np.array([0.0, np.log(3), -200.0, 200.0, np.nan], np.float32)
    fallback = np.full(5, 0.7, np.float32)
    np.testing.assert_allclose(area_under_margin(margins, fallback), [0.5, 0.25, 1, 0, 0.7], atol=1e-6)


def by_brute_force(features, labels, groups, among, k) -> list[float]:
    shares = []
    for row in range(len(features)):
        candidates = [other for other in among if groups[other] != groups[row]]
        cosine = {
            other: features[row] @ features[other] / np.linalg.norm(features[row]) / np.linalg.norm(features[other])
            for other in candidates
        }
        nearest = sorted(candidates, key=lambda other: -cosine[other])[:k]
        shares.append(float(np.mean([labels[other] != labels[row] for other in nearest])))
    return shares


@pytest.mark.parametrize(("count", "k"), [(60, 5), (60, 20), (8, 20)])
def test_neighbours_are_those_of_a_search_by_hand_without_copies(count: int, k: int) -> None:
    rng = np.random.default_rng(count + k)
    features = rng.normal(size=(count, 5))
    groups = np.arange(count)
    groups[1:6] = 1  # five copies of one image: more of them than others are left in the small case
    features[2:6] = features[1]
    labels = rng.integers(0, 3, count)
    labels[2:6] = labels[1]  # copies are equally near, so with labels of their own which of them count would be chance
    among = np.sort(rng.permutation(count)[: count * 3 // 4])
    among = among if count > k else np.arange(count)
    found = neighbour_disagreement(features, labels, groups, among, k)
    np.testing.assert_allclose(found, by_brute_force(features, labels, groups, among, k), atol=1e-6)


def test_blocks_do_not_show_in_the_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    features, labels, rows = rng.normal(size=(50, 4)), rng.integers(0, 7, 50), np.arange(50)
    whole = neighbour_disagreement(features, labels, rows, rows)
    monkeypatch.setattr("fer_core.audit.scores._BLOCK", 7)
    np.testing.assert_array_equal(neighbour_disagreement(features, labels, rows, rows), whole)


def test_an_image_alone_has_no_neighbours() -> None:
    one = np.array([0])
    assert neighbour_disagreement(np.ones((1, 3)), one, one, one).tolist() == [0]
    assert nearest_images(np.ones((1, 3)), 0, one).tolist() == []
    copies = np.zeros(3, np.int64)
    assert neighbour_disagreement(np.ones((3, 3)), np.arange(3), copies, np.arange(3)).tolist() == [0, 0, 0]


def test_the_most_alike_images_come_nearest_first_and_without_copies() -> None:
    angles = np.radians([0, 0, 5, 90, 20, -10])
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array([[1, 1, 9, 1, 0.1, 3]]).T
    groups = np.array([0, 0, 2, 3, 4, 5])
    assert nearest_images(unit(features), 1, groups, k=3).tolist() == [2, 5, 4]
    assert nearest_images(unit(features), 1, groups, k=50).tolist() == [2, 5, 4, 3]
