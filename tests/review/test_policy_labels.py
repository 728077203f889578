"""Labels that people change: by their votes and imported ones, hard and soft, and what becomes of ambiguous faces."""

import numpy as np
import pytest

from fer_core.dataset.store import TRAINING
from fer_core.dataset.votes import ANSWERS, VoteTable, store_votes
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.policy import Policy, plan_cut

HAPPY, SAD, FEAR, NEUTRAL = (NAMES.index(name) for name in ("happy", "sad", "fear", "neutral"))
BARE = {"drop_duplicates": False, "drop_conflicts": False, "drop_leaks": False, "drop_findings": ()}


def policy(**changes):
    return Policy(**{**BARE, **changes})


def counted(dataset, **votes):
    """A vote table; `r3="happy 6, unknown 4"` are the votes of row 3."""
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    for row, words in votes.items():
        for part in words.split(", "):
            answer, number = part.rsplit(" ", 1)
            counts[int(row[1:]), ANSWERS.index(answer)] = int(number)
    return VoteTable(counts, "by-hand.csv")


def test_imported_votes_relabel_by_majority_of_all_of_them(dataset, log):
    """More than half of all ten votes, unknown and not a face included, as FER+'s own majority has it."""
    store_votes(dataset, counted(dataset, r0="happy 6, sad 4", r1="sad 5, fear 5", r7="not a face 7, sad 3"))
    version = plan_cut(dataset, log, None, policy(votes=True, min_votes=5)).version
    assert version.labels[0] == HAPPY and version.manifest["reason"][0] == "relabelled: angry to happy, 6 of 10 votes"
    assert version.labels[1] == dataset.labels[1]
    assert not version.kept[7] and version.manifest["reason"][7] == "unusable: 7 of 10 votes"
    assert version.policy["vote_table"]["source"] == "by-hand.csv"
    untouched = plan_cut(dataset, log, None, policy()).version
    assert untouched.labels.tolist() == dataset.labels.tolist() and untouched.policy["vote_table"] is None


def test_people_and_imported_votes_are_added(dataset, log, say):
    store_votes(dataset, counted(dataset, r0="happy 2, sad 2"))
    log.record(dataset, [say(0, "happy")])
    version = plan_cut(dataset, log, None, policy(votes=True)).version
    assert version.manifest["reason"][0] == "relabelled: angry to happy, 3 of 5 votes"


def test_votes_that_are_not_there_are_asked_for(dataset, log):
    with pytest.raises(UsageError, match="`votes small FILE`"):
        plan_cut(dataset, log, None, policy(votes=True))


def test_soft_labels_are_the_shares_of_opinion_and_the_hard_label_stays_for_scoring(dataset, log, say):
    log.record(dataset, [say(0, "happy", "ada"), say(0, "happy", "bob"), say(0, "sad", "eve")])
    log.record(dataset, [say(1, "sad", "ada"), say(1, "fear", "bob")])
    version = plan_cut(dataset, log, None, policy(soft=True)).version
    assert version.labels[0] == HAPPY
    np.testing.assert_allclose(version.targets[0][[HAPPY, SAD]], [2 / 3, 1 / 3], atol=1e-4)
    np.testing.assert_allclose(version.targets[1][[SAD, FEAR]], [0.5, 0.5])
    assert version.labels[1] == dataset.labels[1]  # a tie changes no hard label
    untouched = np.arange(2, len(dataset))
    np.testing.assert_array_equal(version.targets[untouched], np.eye(7)[dataset.labels[untouched]])
    np.testing.assert_allclose(version.targets.sum(1), 1, atol=1e-6)
    assert np.flatnonzero(version.softened).tolist() == [0, 1]


def test_a_soft_label_may_be_one_other_class(dataset, log, say):
    """With soft labels and without new hard ones, a unanimous answer is trained on and the given label scores."""
    log.record(dataset, [say(0, "happy")])
    version = plan_cut(dataset, log, None, policy(soft=True, relabel=False)).version
    assert version.labels[0] == dataset.labels[0] and version.targets[0, HAPPY] == 1
    assert np.flatnonzero(version.softened).tolist() == [0]


def test_soft_labels_need_as_many_votes_as_new_labels(dataset, log, say):
    log.record(dataset, [say(0, "happy", "ada"), say(1, "sad", "ada"), say(1, "fear", "bob")])
    version = plan_cut(dataset, log, None, policy(soft=True, min_votes=2)).version
    assert version.targets[0].tolist() == np.eye(7)[dataset.labels[0]].tolist()
    assert version.softened[1]


def test_a_decision_is_one_class_whatever_the_votes(dataset, log, say):
    log.record(dataset, [say(0, "happy", "ada"), say(0, "sad", "bob"), say(0, "fear", "eve", queue="adjudication")])
    version = plan_cut(dataset, log, None, policy(soft=True)).version
    assert version.labels[0] == FEAR and version.targets[0].tolist() == np.eye(7)[FEAR].tolist()


def test_test_rows_have_hard_given_labels_however_soft_the_policy(dataset, log, say):
    log.record(dataset, [say(row, answer, who) for row in (9, 10, 11) for answer, who in (("sad", "a"), ("fear", "b"))])
    version = plan_cut(dataset, log, None, policy(soft=True, ambiguous="soft")).version
    test = dataset.splits != TRAINING
    np.testing.assert_array_equal(version.targets[test], np.eye(7)[dataset.labels[test]])
    assert version.labels[test].tolist() == dataset.labels[test].tolist()


@pytest.fixture
def doubtful(dataset, log, say):
    """Two people are unsure about row 7, given as neutral; one sees sad."""
    log.record(dataset, [say(7, "unsure", "ada"), say(7, "unsure", "bob"), say(7, "sad", "eve")])


def test_ambiguous_faces_keep_their_label_by_default(dataset, log, doubtful):
    version = plan_cut(dataset, log, None, policy(soft=True)).version
    assert version.labels[7] == NEUTRAL and not version.softened[7] and version.kept[7]


def test_ambiguous_faces_can_be_dropped(dataset, log, doubtful):
    version = plan_cut(dataset, log, None, policy(ambiguous="drop")).version
    assert not version.kept[7] and version.manifest["reason"][7] == "ambiguous: 2 of 3 votes"


def test_ambiguous_faces_can_be_soft_alone(dataset, log, doubtful, say):
    """The given label is one vote, sad another, and each "unsure" a seventh for every class."""
    log.record(dataset, [say(0, "happy", "ada"), say(0, "sad", "bob")])
    version = plan_cut(dataset, log, None, policy(ambiguous="soft")).version
    expected = np.full(7, 2 / 7)
    expected[[NEUTRAL, SAD]] += 1
    np.testing.assert_allclose(version.targets[7], expected / 4, atol=2e-4)
    assert version.labels[7] == NEUTRAL
    assert np.flatnonzero(version.softened).tolist() == [7]  # row 0 is disputed, and the policy is not soft


def test_a_method_weighs_people_by_how_reliable_they_are(dataset, log, say):
    """Three people; one answers at random where the others agree. Where they differ one to one, majority has no
    answer and the method sides with the reliable one."""
    wild = ("sad", "fear", "happy", "neutral", "surprise", "disgust")
    for row, noise in zip((0, 1, 2, 4, 6, 8), wild, strict=True):
        log.record(dataset, [say(row, "angry", "ada"), say(row, "angry", "bob"), say(row, noise, "eve")])
    log.record(dataset, [say(7, "angry", "ada"), say(7, "sad", "eve")])
    by_majority = plan_cut(dataset, log, None, policy()).version
    weighed = plan_cut(dataset, log, None, policy(method="dawid-skene")).version
    assert by_majority.labels[7] == dataset.labels[7]
    assert weighed.labels[7] == NAMES.index("angry")
    assert weighed.manifest["reason"][7].startswith("relabelled: neutral to angry, dawid-skene ")
    assert weighed.hash != by_majority.hash


def test_a_method_says_what_it_lacks(dataset, log, say):
    log.record(dataset, [say(0, "happy", "ada"), say(0, "happy", "bob")])
    with pytest.raises(UsageError, match="audit"):
        plan_cut(dataset, log, None, policy(method="crowdlab"))


@pytest.mark.parametrize(
    "wrong",
    [{"method": "oracle"}, {"ambiguous": "guess"}, {"balance": "luck"}, {"balance_to": "0"}, {"balance_to": "x"}],
)
def test_parts_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        Policy(**wrong)


def test_no_method_relabels_a_face_that_most_are_unsure_about(dataset, log, doubtful):
    version = plan_cut(dataset, log, None, policy(method="dawid-skene")).version
    assert version.labels[7] == NEUTRAL
