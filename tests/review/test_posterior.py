"""How sure opinions make an answer, and when another one is asked; by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.review.judgement.posterior import MOST, SURE, posterior, prior, wanted

ANGRY, HAPPY, SAD, UNUSABLE, AMBIGUOUS = 0, 3, 4, 7, 8
GIVEN_HAPPY = np.eye(7)[[HAPPY]]


def after(votes, accuracy=0.8, trust=0.65, given=GIVEN_HAPPY):
    outcomes = np.array(votes, np.int64)
    return posterior(
        prior(given, trust), np.zeros(len(votes), np.int64), outcomes, np.broadcast_to(accuracy, len(votes))
    )[0]


def asks(votes, accuracy=0.8, given=GIVEN_HAPPY, **options):
    outcomes = np.array(votes, np.int64)
    return int(
        wanted(given, np.zeros(len(votes), np.int64), outcomes, np.broadcast_to(accuracy, len(votes)), **options)[0]
    )


def test_before_anybody_answers_the_given_label_has_its_trust():
    assert prior(GIVEN_HAPPY)[0] == pytest.approx([0.04375] * 3 + [0.65] + [0.04375] * 5)
    by_class = np.linspace(0.2, 0.8, 7)
    assert prior(np.eye(7), by_class).diagonal() == pytest.approx(by_class)
    assert prior(np.eye(7), by_class).sum(axis=1) == pytest.approx(np.ones(7))


def test_copies_in_conflict_share_the_trust():
    torn = np.zeros((1, 7))
    torn[0, [HAPPY, SAD]] = 0.5
    assert prior(torn)[0, [HAPPY, SAD, ANGRY]] == pytest.approx([0.346875, 0.346875, 0.04375])


def test_one_vote_by_hand():
    # happy .65 * .8 = .52; each of the eight others .04375 * .025 = .00109375
    assert after([HAPPY])[HAPPY] == pytest.approx(0.52 / (0.52 + 8 * 0.00109375))
    # sad .04375 * .8 = .035; happy .65 * .025 = .01625; the seven others .00109375
    total = 0.035 + 0.01625 + 7 * 0.00109375
    assert after([SAD])[[SAD, HAPPY, ANGRY]] == pytest.approx(np.array([0.035, 0.01625, 0.00109375]) / total)


def test_two_votes_of_people_who_differ_by_hand():
    # ada (.9) says sad, bob (.5) says happy; errors .0125 and .0625 each
    said = after([SAD, HAPPY], accuracy=np.array([0.9, 0.5]))
    weights = {SAD: 0.04375 * 0.9 * 0.0625, HAPPY: 0.65 * 0.0125 * 0.5, ANGRY: 0.04375 * 0.0125 * 0.0625}
    total = weights[SAD] + weights[HAPPY] + 7 * weights[ANGRY]
    for outcome, weight in weights.items():
        assert said[outcome] == pytest.approx(weight / total)


def test_a_confirmed_label_is_settled_by_one_vote_and_a_doubted_one_is_not():
    assert asks([]) == 1
    assert asks([HAPPY]) == 0
    for doubt in (SAD, UNUSABLE, AMBIGUOUS):
        assert asks([doubt]) == 1
        assert asks([doubt, doubt]) == 0


def test_how_many_opinions_are_wanted_at_once():
    # A careless person (.4) says sad: sad 4.375e-2 * .4 = .0175, happy .65 * .075 = .04875, others 7 * .00328125.
    # One more for happy: .04875 * .8 against (.0175 + .02296875) * .025 = .97; happy leads, so one is enough.
    assert asks([SAD], accuracy=0.4) == 1
    # With little trust nothing leads by much: sad .08 * .8 = .064, each other .115 or .115 * .025.
    far = after([SAD, ANGRY], trust=0.2)
    assert far.max() < 0.6 and asks([SAD, ANGRY], trust=0.2) == 1
    # Three people of three opinions, hardly better than a guess: one more vote is not enough.
    assert asks([SAD, ANGRY, UNUSABLE], accuracy=0.2, trust=0.12) == 2


def test_nobody_is_asked_after_the_last_opinion():
    votes = [SAD, ANGRY, UNUSABLE, AMBIGUOUS, 1]
    assert after(votes, accuracy=0.3, trust=0.2).max() < SURE
    assert asks(votes[: MOST - 1], accuracy=0.3, trust=0.2) == 1
    assert asks(votes, accuracy=0.3, trust=0.2) == 0


@given(
    st.lists(st.tuples(st.integers(0, 8), st.floats(0, 1)), max_size=6),
    st.integers(0, 6),
    st.floats(0.05, 0.95),
)
def test_the_posterior_is_bayes_rule_whatever_is_said(votes, label, trust):
    start = prior(np.eye(7)[[label]], trust)
    expected = start[0].copy()
    for outcome, accuracy in votes:
        accuracy = min(max(accuracy, 0.2), 0.99)
        likelihood = np.full(9, (1 - accuracy) / 8)
        likelihood[outcome] = accuracy
        expected = expected * likelihood / (expected * likelihood).sum()
    outcomes = np.array([vote[0] for vote in votes], np.int64)
    accuracies = np.array([vote[1] for vote in votes])
    found = posterior(start, np.zeros(len(votes), np.int64), outcomes, accuracies)[0]
    assert found == pytest.approx(expected)
    assert found.sum() == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), max_size=14))
def test_pictures_do_not_meddle_with_each_other(votes):
    given_labels = np.eye(7)[[HAPPY, SAD, ANGRY]]
    pictures = np.array([vote[0] for vote in votes], np.int64)
    outcomes = np.array([vote[1] for vote in votes], np.int64)
    together = wanted(given_labels, pictures, outcomes, np.full(len(votes), 0.8))
    for picture in range(3):
        own = pictures == picture
        alone = wanted(given_labels[[picture]], np.zeros(own.sum(), np.int64), outcomes[own], np.full(own.sum(), 0.8))
        assert together[picture] == alone[0]
