"""The metrics against scikit-learn and SciPy, and the intervals against what intervals are for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sklearn

from fer_core.emotions import NAMES
from fer_core.evaluation.metrics import (
    accuracy,
    class_scores,
    confusion_matrix,
    cross_entropy,
    expected_calibration_error,
    macro_f1,
    score,
    wilson,
)

CALLS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=200)


@given(CALLS)
@settings(max_examples=100)
def test_agrees_with_scikit_learn(calls: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(calls).T
    matrix = confusion_matrix(labels, predicted)
    np.testing.assert_array_equal(matrix, sklearn.confusion_matrix(labels, predicted, labels=range(7)))
    assert accuracy(matrix) == pytest.approx(sklearn.accuracy_score(labels, predicted))
    assert macro_f1(matrix) == pytest.approx(sklearn.f1_score(labels, predicted, average="macro", zero_division=0))
    expected = sklearn.precision_recall_fscore_support(labels, predicted, labels=range(7), zero_division=0)
    for ours, theirs in zip(class_scores(matrix), expected[:3], strict=True):
        np.testing.assert_allclose(ours, theirs)


def test_macro_f1_is_not_accuracy() -> None:
    labels = np.array([3] * 90 + [1] * 10)
    matrix = confusion_matrix(labels, np.full(100, 3))
    assert accuracy(matrix) == 0.9
    assert macro_f1(matrix) == pytest.approx((2 * 90 / 190 + 0) / 2)


def test_cross_entropy_is_scikit_learns_log_loss() -> None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(7), 50), rng.integers(0, 7, 50)
    assert cross_entropy(probabilities, labels) == pytest.approx(
        sklearn.log_loss(labels, probabilities, labels=range(7))
    )


def test_calibration_error_of_a_case_worked_out_by_hand() -> None:
    # Ten at confidence 0.9 of which six are right, ten at 0.5 of which five are: 0.5 * 0.3 + 0.5 * 0.
    high, low = np.full((10, 7), 0.1 / 6), np.full((10, 7), 0.5 / 6)
    high[:, 0], low[:, 0] = 0.9, 0.5
    labels = np.array([0] * 6 + [1] * 4 + [0] * 5 + [1] * 5)
    assert expected_calibration_error(np.concatenate([high, low]), labels) == pytest.approx(0.15)


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (10, 10), (7, 10), (2_179, 3_589), (1, 1)])
def test_wilsons_interval_is_scipys(hits: int, count: int) -> None:
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits, count) == pytest.approx([expected.low, expected.high], abs=1e-9)


def test_score_tells_everything_once_with_intervals_around_it() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 600)
    probabilities = rng.dirichlet(np.ones(7), 600)
    probabilities[np.arange(600), labels] += 0.4
    probabilities /= probabilities.sum(1, keepdims=True)
    found = score(probabilities, labels)
    assert found["n"] == 600
    assert list(found["per_class"]) == list(NAMES)
    assert np.array(found["confusion"]).sum() == 600
    intervals = found["intervals"]
    for key in ("accuracy", "macro_f1"):
        low, high = intervals[key]
        assert low < found[key] < high
        assert 0.03 < high - low < 0.12
    for name in NAMES:
        for key in ("precision", "recall", "f1"):
            low, high = intervals["per_class"][name][key]
            assert low <= found["per_class"][name][key] <= high


def test_the_bootstrap_of_macro_f1_is_that_of_resampling_images() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 7, 500), rng.integers(0, 7, 500)
    predicted[:300] = labels[:300]
    probabilities = np.eye(7)[predicted]
    drawn = rng.integers(0, 500, (1000, 500))
    plain = [sklearn.f1_score(labels[rows], predicted[rows], average="macro") for rows in drawn]
    expected = np.percentile(plain, [2.5, 97.5])
    np.testing.assert_allclose(score(probabilities, labels)["intervals"]["macro_f1"], expected, atol=0.008)


def test_nothing_scored_gives_zeros_and_no_warning() -> None:
    found = score(np.zeros((0, 7)), np.zeros(0, int))
    assert (found["n"], found["accuracy"], found["macro_f1"], found["ece"]) == (0, 0, 0, 0)
    for key in ("accuracy", "macro_f1", "ece"):
        assert found["intervals"][key] == [0.0, 1.0]
    assert found["intervals"]["per_class"]["sad"] == {key: [0.0, 1.0] for key in ("precision", "recall", "f1")}


def test_the_interval_of_a_rare_class_covers_its_f1() -> None:
    """Of 300 images 2 % are of a class and half as many are called so; often none or one is found."""
    rng = np.random.default_rng(0)
    found, missed, false = 0.006, 0.014, 0.004
    truth = 2 * found / (2 * found + missed + false)
    covered = 0
    for _ in range(60):
        kind = rng.choice(4, 300, p=[found, missed, false, 1 - found - missed - false])
        labels, called = np.where(kind < 2, 1, 3), np.where(kind % 2 == 0, 1, 3)
        low, high = score(np.eye(7)[called], labels)["intervals"]["per_class"]["disgust"]["f1"]
        covered += low <= truth <= high
    assert covered >= 55


def test_no_class_is_said_to_be_surely_hopeless_or_surely_perfect() -> None:
    labels = np.array([3] * 50 + [1] * 2)
    intervals = score(np.eye(7)[np.full(52, 3)], labels)["intervals"]["per_class"]
    assert intervals["disgust"]["f1"][0] == 0 and intervals["disgust"]["f1"][1] > 0.5
    perfect = score(np.eye(7)[labels], labels)["intervals"]["per_class"]["disgust"]["f1"]
    assert perfect[0] < 0.6 and perfect[1] == 1


@pytest.mark.parametrize("sharper", [1.0, 1.4])
def test_the_interval_of_the_calibration_error_covers_the_true_one(sharper: float) -> None:
    """Labels are drawn by the probabilities: a network that says them is calibrated, a sharper one too sure."""
    rng = np.random.default_rng(0)

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        chances = rng.dirichlet(np.full(7, 0.25), count)
        labels = (rng.random((count, 1)) > chances.cumsum(1)).sum(1).clip(0, 6)
        said = chances**sharper
        return said / said.sum(1, keepdims=True), labels

    truth = expected_calibration_error(*drawn(200_000))
    covered = 0
    for _ in range(30):
        found = score(*drawn(1_000))
        low, high = found["intervals"]["ece"]
        assert low <= found["ece"] <= high
        covered += low <= truth <= high
    assert covered >= 27


def test_top_two_is_scikit_learns_and_never_below_accuracy() -> None:
    rng = np.random.default_rng(3)
    labels, probabilities = rng.integers(0, 7, 400), rng.dirichlet(np.ones(7), 400)
    found = score(probabilities, labels)
    assert found["top2"] == pytest.approx(sklearn.top_k_accuracy_score(labels, probabilities, k=2, labels=range(7)))
    assert found["intervals"]["top2"] == wilson(round(400 * found["top2"]), 400)
    assert found["top2"] > found["accuracy"]
    certain = score(np.eye(7)[labels], labels)
    assert (certain["accuracy"], certain["top2"]) == (1, 1)


def test_equally_probable_classes_count_from_the_first_as_the_call_does() -> None:
    undecided = np.full((7, 7), 1 / 7)
    found = score(undecided, np.arange(7))
    assert found["accuracy"] == pytest.approx(1 / 7)
    assert found["top2"] == pytest.approx(2 / 7)


def test_the_interval_of_the_loss_is_that_of_a_mean() -> None:
    rng = np.random.default_rng(4)
    labels, probabilities = rng.integers(0, 7, 500), rng.dirichlet(np.ones(7), 500)
    losses = -np.log(probabilities[np.arange(500), labels])
    drawn = losses[rng.integers(0, 500, (4000, 500))].mean(1)
    np.testing.assert_allclose(
        score(probabilities, labels)["intervals"]["loss"], np.percentile(drawn, [2.5, 97.5]), atol=0.02
    )
