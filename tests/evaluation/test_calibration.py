"""Reliability bins and precision-recall points, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from fer_core.evaluation.calibration import precision_recall, reliability
from fer_core.evaluation.metrics import expected_calibration_error, wilson


def calls(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities float32 (N, 7) and labels int (N,), right more often than chance."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 7, count)
    logits = rng.normal(0, 1.5, (count, 7))
    logits[np.arange(count), labels] += 1.2
    shares = np.exp(logits)
    return (shares / shares.sum(1, keepdims=True)).astype(np.float32), labels


def test_four_calls_by_hand() -> None:
    # Sure 0.9, 0.9 (one of them right), 0.5 and 0.55 (both right), in ten bins; 0.5 belongs to the bin below it.
    sure = np.array([0.9, 0.9, 0.5, 0.55])
    probabilities = np.column_stack([sure, 1 - sure])
    found = reliability(probabilities, np.array([0, 1, 0, 0]), bins=10)
    assert found.low.round(3).tolist() == [0.4, 0.5, 0.8]
    assert found.count.tolist() == [1, 1, 2]
    assert found.accuracy.tolist() == [1.0, 1.0, 0.5]
    assert found.interval[2].tolist() == wilson(1, 2)
    assert found.error == pytest.approx((0.5 + 0.45 + 2 * 0.4) / 4)
    assert found.excess == pytest.approx(sure.mean() - 0.75)


def test_the_bins_add_up_to_the_calibration_error() -> None:
    probabilities, labels = calls(500)
    found = reliability(probabilities, labels)
    assert found.error == pytest.approx(expected_calibration_error(probabilities, labels))
    assert found.count.sum() == 500
    assert np.average(found.accuracy, weights=found.count) == pytest.approx((probabilities.argmax(1) == labels).mean())


def test_precision_and_recall_are_those_of_scikit_learn() -> None:
    probabilities, labels = calls(300, seed=1)
    scores = probabilities[:, 3].round(2)  # so that several images share a score
    found = precision_recall(scores, labels == 3)
    precision, recall, thresholds = precision_recall_curve(labels == 3, scores)
    np.testing.assert_allclose(found.precision, precision[:-1][::-1])
    np.testing.assert_allclose(found.recall, recall[:-1][::-1])
    np.testing.assert_allclose(found.threshold, thresholds[::-1])
    assert found.average == pytest.approx(average_precision_score(labels == 3, scores))


def test_a_thinned_curve_keeps_its_ends() -> None:
    probabilities, labels = calls(900, seed=2)
    found = precision_recall(probabilities[:, 0], labels == 0)
    thin = found.thinned(50)
    assert len(thin.recall) <= 50
    assert (thin.recall[0], thin.recall[-1]) == (found.recall[0], 1.0)
    assert np.isin(thin.threshold, found.threshold).all()


def test_nothing_to_say_of_a_class_without_images_and_of_no_calls() -> None:
    empty = precision_recall(np.array([0.2, 0.4]), np.zeros(2, bool))
    assert (len(empty.recall), empty.average) == (0, 0.0)
    none = reliability(np.zeros((0, 7), np.float32), np.zeros(0, int))
    assert (none.error, none.excess, len(none.count)) == (0.0, 0.0, 0)
