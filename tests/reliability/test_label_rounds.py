"""Two people ask for one picture at the same moment, and decide it at the same moment."""

import pytest
from trial_answers import noise

from fer_core.review.events.log import VerdictLog
from fer_core.workspace import Workspace


@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_one_gets_the_picture_and_one_decides_it(workspace: Workspace, run, figures, rounds: int) -> None:
    dataset = noise(workspace, 1)
    one, other = run("two_annotators.py", workspace.root, rounds)
    for a, b in zip(one["first"], other["first"], strict=True):
        assert a + b == 1
    assert one["second"] == other["first"] and other["second"] == one["first"]
    history = VerdictLog(workspace.labels_db).history(dataset)
    votes, decisions = history[history["queue"] == ""], history[history["queue"] != ""]
    assert len(votes) == 2 * rounds and len(votes[["annotator", "round"]].drop_duplicates()) == 2 * rounds
    names = ("person 0", "person 1")
    for number, told in enumerate(zip(one["decided"], other["decided"], strict=True)):
        winner = told.index("stored")
        assert told[1 - winner] == f"{names[winner]} has decided this face in the meantime; look at it again."
        assert decisions["annotator"].iat[number] == names[winner]
    assert len(decisions) == rounds
    figures(rounds=rounds, first_won=sum(one["first"]))
