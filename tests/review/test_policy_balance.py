"""Classes of like size within Training: counted by hand, weights against scikit-learn, test splits untouched."""

from typing import ClassVar
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.class_weight import compute_class_weight

from fer_core.dataset.store import TRAINING, Images, create_dataset
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.policy import Policy, cut_version, plan_cut
from fer_core.review.policy.balancing import class_target, surplus
from fer_core.review.policy.effect import effect
from fer_core.training.balance import class_weights, repeats

SIZES = (8, 2, 5, 0, 3, 4, 6)  # Training images per class
PLAIN = Policy(drop_findings=())


def test_of_no_images_no_class_is_cut_down() -> None:
    assert class_target(np.empty(0, np.int64), "median") == class_target(np.empty(0, np.int64), "smallest") == 0


@pytest.fixture
def lopsided(workspace):
    """SIZES in Training and two test images of every class, all different pictures."""
    labels = np.concatenate([np.repeat(np.arange(7), SIZES), np.tile(np.arange(7), 2)]).astype(np.int8)
    splits = np.array([0] * sum(SIZES) + [1] * 7 + [2] * 7, np.int8)
    pixels = np.random.default_rng(3).integers(0, 256, (len(labels), 48, 48), np.uint8)
    return create_dataset(workspace, "lopsided", Images(pixels, labels, splits), origin={})


@pytest.fixture
def empty_log(workspace, lopsided):
    return VerdictLog(workspace.labels_db)


class Searched:
    """An audit that suspects the rows the more the higher they stand."""

    id = "searched"
    document: ClassVar = {"settings": {"labels": True}}

    def __init__(self, count):
        rows = np.arange(count)[::-1]
        self.suspects = pd.DataFrame({"row": rows, "suspicion": rows / count})


def sizes(version):
    return np.bincount(version.labels[version.rows(TRAINING)], minlength=7).tolist()


@pytest.mark.parametrize(
    ("to", "expected"),
    [("smallest", [2, 2, 2, 0, 2, 2, 2]), ("median", [4, 2, 4, 0, 3, 4, 4]), ("5", [5, 2, 5, 0, 3, 4, 5])],
)
def test_surplus_images_go(lopsided, empty_log, to, expected):
    cut = plan_cut(lopsided, empty_log, None, Policy(drop_findings=(), balance="drop", balance_to=to))
    assert sizes(cut.version) == expected
    gone = cut.manifest.loc[~cut.manifest["kept"], "reason"]
    assert gone.str.match(r"balance: \w+ cut to \d").all()
    assert effect(cut.version).dropped == {"balance": sum(SIZES) - sum(expected)}
    assert cut.version.kept[lopsided.splits != TRAINING].all()


def test_the_least_trusted_go_first(lopsided, empty_log):
    policy = Policy(drop_findings=(), balance="drop")
    audit = Searched(len(lopsided))
    version = plan_cut(lopsided, empty_log, audit, policy).version
    for label in (0, 2, 4, 5, 6):
        rows = np.flatnonzero((lopsided.labels == label) & (lopsided.splits == TRAINING))
        assert (
            np.flatnonzero(version.kept & (lopsided.labels == label) & (lopsided.splits == 0)).tolist()
            == rows[:2].tolist()
        )
    assert version.policy["audit"] == "searched"


def test_what_people_confirmed_stays_and_what_they_deny_goes(lopsided, workspace, empty_log):
    def say(row, answer):
        about = (lopsided.name, lopsided.hash, row, lopsided.table["content"].iat[row])
        return Verdict(str(uuid4()), "answer", *about, "ada", 1, answer, "2026-07-01T10:00:00+00:00")

    empty_log.record(lopsided, [say(7, "keep"), say(0, "sad")])  # the most and the least suspect of the angry ones
    policy = Policy(drop_findings=(), balance="drop", relabel=False)
    version = plan_cut(lopsided, empty_log, Searched(len(lopsided)), policy).version
    assert version.kept[7] and not version.kept[0]


def test_without_an_audit_the_choice_is_no_ones_and_always_the_same(lopsided, empty_log):
    policy = Policy(drop_findings=(), balance="drop")
    first, again = (plan_cut(lopsided, empty_log, None, policy).version for _ in range(2))
    assert first.hash == again.hash
    kept = np.flatnonzero(first.kept & (lopsided.labels == 0) & (lopsided.splits == TRAINING))
    contents = lopsided.table["content"].iloc[:8]
    assert kept.tolist() == sorted(contents.sort_values().index[:2])


def test_weights_are_scikit_learns_balanced_ones(lopsided, empty_log):
    version = plan_cut(lopsided, empty_log, None, Policy(drop_findings=(), balance="weights")).version
    labels = version.labels[version.rows(TRAINING)]
    there = np.unique(labels)
    np.testing.assert_allclose(version.weights[there], compute_class_weight("balanced", classes=there, y=labels), 1e-6)
    assert version.weights[3] == 1  # a class without images
    assert sizes(version) == list(SIZES)
    weights = effect(version).weights
    assert weights["disgust"] == pytest.approx(28 / (6 * 2), abs=1e-5)


def test_small_classes_are_shown_as_often_as_the_largest(lopsided, empty_log):
    version = plan_cut(lopsided, empty_log, None, Policy(drop_findings=(), balance="augment")).version
    training = version.rows(TRAINING)
    shown = version.epoch(training)
    assert np.bincount(version.labels[shown], minlength=7).tolist() == [8, 8, 8, 0, 8, 8, 8]
    assert set(shown) == set(training)
    times = version.repeats[training]
    for label in (1, 2, 4, 5, 6):  # no image more than once oftener than another of its class
        assert np.ptp(times[version.labels[training] == label]) <= 1
    assert sizes(version) == list(SIZES)
    assert (version.repeats[lopsided.splits != TRAINING] == 1).all()
    assert "an epoch shows 48 images" in "\n".join(effect(version).sentences())


def test_balance_counts_after_dropping_and_relabelling_and_is_part_of_the_hash(lopsided, workspace, empty_log):
    cuts = {
        balance: cut_version(workspace, lopsided, f"v-{balance}", Policy(drop_findings=(), balance=balance))
        for balance in ("none", "drop", "weights", "augment")
    }
    assert len({version.hash for version in cuts.values()}) == 4


def test_functions_on_arrays_at_their_edges():
    none = np.empty(0, np.int64)
    assert len(repeats(none, np.empty(0, "S16"))) == 0
    assert class_weights(none).tolist() == [1] * 7
    assert not surplus(none, np.empty(0), np.empty(0, "S16"), 3).any()
    one = np.zeros(4, np.int64)
    assert repeats(one, np.array([b"a", b"b", b"c", b"d"])).tolist() == [1, 1, 1, 1]
    assert surplus(one, np.array([0.3, 0.1, 0.9, 0.2]), np.array([b"a"] * 4), 2).tolist() == [True, False, True, False]
