"""Majority by hand: states, shares, copies, decisions."""

import numpy as np
import pytest

from fer_core.dataset.votes import ANSWERS, VoteTable
from fer_core.emotions import NAMES
from fer_core.review.judgement.consensus import STATES, consensus


@pytest.mark.parametrize(
    ("answers", "state", "label"),
    [
        ([], "untouched", None),
        (["skip"], "untouched", None),
        (["fear"], "agreed", "fear"),
        (["fear", "fear", "sad"], "agreed", "fear"),
        (["fear", "sad"], "disputed", None),
        (["fear", "sad", "happy"], "disputed", None),
        (["fear", "unsure"], "disputed", None),
        (["unsure"], "ambiguous", None),
        (["unsure", "unsure", "sad"], "ambiguous", None),
        (["unusable", "not_a_face", "sad"], "unusable", None),
        (["keep", "keep"], "agreed", "angry"),
    ],
)
def test_states(log, dataset, say, answers, state, label):
    log.record(dataset, [say(0, answer, f"person {index}") for index, answer in enumerate(answers)])
    people = consensus(dataset, log.verdicts(dataset))
    assert STATES[people.state[0]] == state
    assert people.label[0] == (NAMES.index(label) if label else -1)
    assert people.counts()[state] >= 1


def test_the_distribution_is_the_share_of_class_votes(log, dataset, say):
    log.record(
        dataset, [say(0, answer, who) for who, answer in zip("abcd", ["fear", "fear", "sad", "unsure"], strict=True)]
    )
    people = consensus(dataset, log.verdicts(dataset))
    expected = np.zeros(7)
    expected[[2, 4]] = 2 / 3, 1 / 3
    assert np.allclose(people.distribution[0], expected)
    assert people.total[0] == 4
    assert not people.distribution[1].any()


def test_copies_share_their_votes_and_a_person_has_one(log, dataset, say):
    log.record(dataset, [say(4, "keep", "ada"), say(5, "keep", "bob"), say(5, "keep", "cy"), say(4, "keep", "cy")])
    people = consensus(dataset, log.verdicts(dataset))
    # The copies are given as happy and as sad: "keep" means the label beside the face that was shown.
    assert people.votes[4].tolist() == people.votes[5].tolist()
    assert people.total[4] == 3
    assert people.votes[4, dataset.labels[4]] == 2


def test_the_latest_round_is_what_a_person_says(log, dataset, say):
    log.record(dataset, [say(0, "sad", round=2), say(0, "fear", round=1)])
    assert consensus(dataset, log.verdicts(dataset)).label[0] == NAMES.index("sad")


def test_a_decision_stands_over_the_votes(log, dataset, say):
    votes = [say(0, "fear", "ada"), say(0, "sad", "bob"), say(1, "fear", "ada")]
    log.record(dataset, votes)
    log.record(dataset, [say(0, "happy", queue="adjudication", based_on=votes[1].id)])
    people = consensus(dataset, log.verdicts(dataset))
    assert STATES[people.state[0]] == "agreed" and people.label[0] == NAMES.index("happy")
    assert people.decided[0] and not people.decided[1]
    log.record(dataset, [say(1, "not_a_face", queue="adjudication", based_on=votes[2].id)])
    assert STATES[consensus(dataset, log.verdicts(dataset)).state[1]] == "unusable"


def test_imported_counts_join_the_votes(log, dataset, say):
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    counts[0, [NAMES.index("sad"), ANSWERS.index("contempt"), ANSWERS.index("unknown")]] = 2, 1, 1
    counts[1, ANSWERS.index("not a face")] = 3
    counts[4, NAMES.index("fear")], counts[5, NAMES.index("sad")] = 3, 2  # copies of one picture: five votes together
    votes = VoteTable(counts, "table.csv")
    people = consensus(dataset, log.verdicts(dataset), votes)
    assert STATES[people.state[0]] == "disputed" and people.unsure[0] == 2
    assert STATES[people.state[1]] == "unusable"
    assert people.label[4] == people.label[5] == NAMES.index("fear") and people.total[5] == 5
    assert STATES[people.state[2]] == "untouched"
    log.record(dataset, [say(0, "sad"), say(5, "sad", "ada"), say(4, "sad", "bob")])
    people = consensus(dataset, log.verdicts(dataset), votes)
    assert people.label[0] == people.label[4] == NAMES.index("sad")
    log.record(dataset, [say(0, "happy", queue="adjudication", based_on=log.newest(dataset, [0])[0])])
    assert consensus(dataset, log.verdicts(dataset), votes).label[0] == NAMES.index("happy")
