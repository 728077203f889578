"""Expected votes: shares that move as people would, and weights that fit the inputs."""

import numpy as np
import pytest

from fer_core.audit.expected_votes import (
    ANSWERS,
    expected_votes,
    labellers_known,
    largest_other,
    networks_votes,
    regression_inputs,
    translation,
)
from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES

HAPPY, SAD, NEUTRAL = (NAMES.index(name) for name in ("happy", "sad", "neutral"))


def sure_of(label: int, share: float = 0.94) -> np.ndarray:
    """Probabilities (1, 7) of networks that are sure of a class."""
    return np.where(np.arange(7) == label, share, (1 - share) / 6)[None].astype(np.float32)


def crowd_of(answer: int, share: float = 0.82) -> np.ndarray:
    """Shares (1, 10) of networks that expect most annotators to say one class, and hardly any to see no face."""
    rest = np.full(10, (1 - share - 0.022) / 6)
    rest[7:] = 0.01, 0.01, 0.002
    return np.where(np.arange(10) == answer, share, rest)[None].astype(np.float32)


def votes_for(said: int, label: int, not_a_face: float = 0.02, crowd: np.ndarray | None = None) -> np.ndarray:
    crowd = crowd_of(said) if crowd is None else crowd
    return expected_votes(sure_of(said), sure_of(said), crowd, np.array([not_a_face]), np.array([label], np.int8))


def test_shares_are_shares_whatever_is_said() -> None:
    rng = np.random.default_rng(0)
    out_of_fold = rng.dirichlet(np.full(7, 0.3), 200).astype(np.float32)
    out_of_fold[:7] = np.eye(7)  # no probability at all for the others
    labels = rng.integers(0, 7, 200).astype(np.int8)
    crowd = rng.dirichlet(np.full(10, 0.2), 200).astype(np.float32)
    crowd[:10] = np.eye(10)
    chance = np.linspace(0, 1, 200).astype(np.float32)
    votes = expected_votes(out_of_fold, out_of_fold[::-1], crowd, chance, labels)
    assert votes.shape == (200, len(ANSWERS))
    assert votes.dtype == np.float32
    assert votes.min() >= 0
    np.testing.assert_allclose(votes.sum(axis=1), 1, atol=1e-5)


def test_suspicion_is_the_largest_share_of_another_answer() -> None:
    shares = np.full((3, 10), 0.02, np.float32)
    shares[0, [HAPPY, SAD]] = 0.6, 0.24
    shares[1, [HAPPY, SAD]] = 0.6, 0.24
    shares[2, 9] = 0.82  # not a face
    assert largest_other(shares, np.array([HAPPY, SAD, SAD])).tolist() == pytest.approx([0.24, 0.6, 0.82])


def test_the_weights_fit_the_inputs() -> None:
    inputs = regression_inputs(sure_of(3), sure_of(4), crowd_of(3), np.array([0.5]), np.array([3]))
    assert inputs.shape == (1, len(translation().weights))
    assert translation().weights.shape[1] == len(translation().intercept) == len(ANSWERS)
    assert np.isfinite(inputs).all()


def test_a_label_that_networks_surely_contradict_is_far_more_suspect() -> None:
    wrong = largest_other(votes_for(HAPPY, SAD), np.array([SAD]))[0]
    right = largest_other(votes_for(HAPPY, HAPPY), np.array([HAPPY]))[0]
    assert wrong > right + 0.3
    assert votes_for(HAPPY, SAD).argmax() == HAPPY


def test_what_the_crowd_sees_counts_beside_what_the_labels_taught() -> None:
    doubted = votes_for(SAD, SAD, crowd=crowd_of(NEUTRAL))
    trusted = votes_for(SAD, SAD, crowd=crowd_of(SAD))
    assert doubted[0, NEUTRAL] > trusted[0, NEUTRAL] + 0.2


def test_what_is_no_face_gets_votes_for_that() -> None:
    shares = [votes_for(NEUTRAL, NEUTRAL, chance)[0, ANSWERS.index("not a face")] for chance in (0.01, 0.99)]
    assert shares[1] > 2 * shares[0]


def test_the_surer_networks_are_of_another_class_the_higher_its_share() -> None:
    labels = np.array([SAD])
    shares = []
    for share in (0.3, 0.6, 0.9):
        said = sure_of(HAPPY, share)
        shares.append(expected_votes(said, said, crowd_of(HAPPY, share), np.array([0.02]), labels)[0, HAPPY])
    assert shares == sorted(shares)
    assert shares[2] > shares[0] + 0.2


def test_only_images_of_the_fitted_data_set_have_known_labellers(demo: Dataset) -> None:
    assert not labellers_known(demo.table["content"])
    sample = [f"{image:0<64}" for image in translation().images]
    assert labellers_known([*demo.table["content"], *sample])
    assert labellers_known(sample[: len(sample) // 2])
    assert not labellers_known(sample[: len(sample) // 2 - 1])


def test_unknown_labellers_leave_the_networks_at_their_word() -> None:
    said = np.concatenate([sure_of(HAPPY), sure_of(SAD)])
    votes = networks_votes(said, np.array([0.0, 0.75]))
    np.testing.assert_allclose(votes[0, :7], said[0])
    np.testing.assert_allclose(votes.sum(axis=1), 1, atol=1e-6)
    assert votes[1].argmax() == ANSWERS.index("not a face")
