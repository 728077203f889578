"""Pairs of classes: a joint by hand and by cleanlab, and planted guideline problems apart from planted slips."""

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint

from fer_core.audit.classes import class_health, class_pairs, confident_joint, confidently_seen
from fer_core.emotions import NAMES

FEAR, HAPPY, SAD, NEUTRAL = (NAMES.index(name) for name in ("fear", "happy", "sad", "neutral"))


def beliefs(classes: np.ndarray, rng: np.random.Generator, sureness: float = 3.0) -> np.ndarray:
    """Probabilities, float32 (N, 7), of networks that mostly see these classes (int (N,))."""
    logits = rng.normal(size=(len(classes), 7)) + sureness * np.eye(7)[classes]
    shares = np.exp(logits)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def votes_of(probabilities: np.ndarray) -> np.ndarray:
    """Annotators who see what networks see, float32 (N, 10); none of the last three answers."""
    return np.pad(probabilities, ((0, 0), (0, 3)))


def planted(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels of 700 images: 30 % of sad became neutral at random, and 6 % of happy became fear.

    Networks are nearly torn between sad and neutral; the others they know.
    """
    truth = np.repeat(np.arange(7), 100)
    probabilities = beliefs(truth, rng, sureness=5.0)
    either = np.flatnonzero(np.isin(truth, (SAD, NEUTRAL)))
    both = probabilities[either][:, [SAD, NEUTRAL]].sum(axis=1)
    own = both * rng.uniform(0.5, 0.7, len(either))
    probabilities[either, truth[either]] = own
    probabilities[either, SAD + NEUTRAL - truth[either]] = both - own
    labels = truth.copy()
    labels[rng.choice(np.flatnonzero(truth == SAD), 30, replace=False)] = NEUTRAL
    labels[rng.choice(np.flatnonzero(truth == HAPPY), 6, replace=False)] = FEAR
    return probabilities, labels


def test_a_joint_by_hand() -> None:
    """The mean own probability is .6 in class 0 and .7 in class 1; nobody is labelled 2 to 6."""
    two = [(0.8, 0.2), (0.4, 0.6), (0.6, 0.4), (0.5, 0.5), (0.3, 0.7), (0.1, 0.9), (0.05, 0.95)]
    probabilities = np.zeros((7, 7), np.float64)
    probabilities[:, :2] = two
    probabilities[3, :3] = 0.3, 0.3, 0.4
    labels = np.array([0, 0, 0, 0, 1, 1, 0])
    # Of class 0: .8 .4 .6 .3 .05, mean .43. Of class 1: .7 .9, mean .8.
    assert confidently_seen(probabilities, labels).tolist() == [0, -1, 0, -1, -1, 1, 1]
    joint = confident_joint(probabilities, labels)
    expected = np.zeros((7, 7), int)
    expected[0, 0], expected[0, 1], expected[1, 1] = 2, 1, 1
    np.testing.assert_array_equal(joint, expected)


def test_cleanlab_counts_the_same_pairs() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 7, 2000)
    probabilities = beliefs(truth, rng, sureness=4.0)
    labels = np.where(rng.random(2000) < 0.15, rng.integers(0, 7, 2000), truth)
    theirs = compute_confident_joint(labels, probabilities, calibrate=False)
    ours = confident_joint(probabilities, labels)
    off = ~np.eye(7, dtype=bool)
    np.testing.assert_array_equal(ours[off], theirs[off])
    assert ours[off].sum() > 100


@pytest.mark.parametrize("seed", range(4))
def test_a_pair_that_labellers_confuse_is_a_guideline_problem_and_slips_are_slips(seed: int) -> None:
    probabilities, labels = planted(np.random.default_rng(seed))
    pairs = class_pairs(probabilities, votes_of(probabilities), labels).set_index(["given", "seen_as"])
    assert len(pairs) == 7 * 6
    assert set(pairs.index[pairs["kind"] == "guideline"]) == {("neutral", "sad")}
    assert pairs.index[0] == ("neutral", "sad")
    assert pairs.loc[("neutral", "sad"), "images"] == pytest.approx(30, abs=3)
    assert pairs.loc[("neutral", "sad"), "share"] == pairs.loc[("neutral", "sad"), "images"] / 130
    slips = pairs.loc[("fear", "happy")]
    assert slips["kind"] == "slips"
    assert 4 <= slips["images"] <= 7
    assert 1 >= slips["separation"] > pairs.loc[("neutral", "sad"), "separation"]
    assert pairs["images"].is_monotonic_decreasing


def test_a_class_without_images_is_no_trouble() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice([HAPPY, SAD], 80)
    probabilities = beliefs(labels, rng)
    pairs = class_pairs(probabilities, votes_of(probabilities), labels).set_index(["given", "seen_as"])
    assert pairs.loc[("fear", "happy"), ["images", "share", "kind"]].tolist() == [0, 0.0, ""]
    assert np.isnan(pairs.loc[("fear", "happy"), "separation"])
    assert pairs.loc[("sad", "happy"), "separation"] > 0.9
    health = class_health(probabilities, np.zeros(80), labels, 0.5).set_index("class")
    assert health.loc["fear", "images"] == 0
    assert np.isnan(health.loc["fear", "agreement"])


def test_the_health_of_a_class_by_hand() -> None:
    probabilities = np.full((4, 7), 0.05)
    probabilities[[0, 1, 2], HAPPY] = 0.7
    probabilities[3, SAD] = 0.7
    labels = np.array([HAPPY, HAPPY, SAD, SAD])
    health = class_health(probabilities, np.array([0.1, 0.5, 0.9, 0.2]), labels, 0.5).set_index("class")
    assert health.loc["happy"].to_dict() == pytest.approx(
        {"images": 2, "agreement": 1.0, "confidence": 0.7, "suspects": 1}
    )
    assert health.loc["sad"].to_dict() == pytest.approx(
        {"images": 2, "agreement": 0.5, "confidence": 0.375, "suspects": 1}
    )
