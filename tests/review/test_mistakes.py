"""A wrong label or a wrong network: planted answers of people and a planted suspicion."""

import numpy as np

from fer_core.review.judgement.consensus import AGREED, AMBIGUOUS, DISPUTED, STATE_UNUSABLE, UNTOUCHED, Consensus
from fer_core.review.judgement.mistakes import BLAMES, blames


def test_people_decide_where_they_agree_and_the_audit_only_where_nobody_spoke() -> None:
    # Rows 2 to 9 are mistakes: labelled 1, called 4.
    state = np.array([0, 0, AGREED, AGREED, AGREED, DISPUTED, AMBIGUOUS, STATE_UNUSABLE, UNTOUCHED, UNTOUCHED], np.int8)
    label = np.array([-1, -1, 4, 1, 6, -1, -1, -1, -1, -1], np.int8)
    none = np.zeros(10, np.int32)
    people = Consensus(np.zeros((10, 7), np.int32), none, none, none.astype(bool), state, label)
    suspicion = np.array([0, 0, 0.0, 0.9, 0.9, 0.9, 0, 0, 0.7, 0.69])
    rows, given, called = np.arange(2, 10), np.full(8, 1), np.full(8, 4)
    found = blames(rows, given, called, people, suspicion, suspect_from=0.7)
    assert found.tolist() == ["label", "network", "both", "open", "open", "open", "suspect", "unseen"]
    assert set(found) == set(BLAMES)
    without = blames(rows, given, called, people)
    assert without.tolist()[-2:] == ["unseen", "unseen"]
