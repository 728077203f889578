"""What waits for a decision, in which order, and what a case carries."""

import numpy as np
import pytest

from fer_core.dataset.votes import ANSWERS, VoteTable
from fer_core.emotions import NAMES
from fer_core.review.judgement.adjudication import DOCKETS, cases, decided, decision, docket
from fer_core.review.judgement.consensus import STATES, consensus


@pytest.fixture
def waiting(log, dataset):
    """`waiting(name, votes)`: the rows on a docket, as a list."""

    def rows(name: str, votes: VoteTable | None = None) -> list[int]:
        people = consensus(dataset, log.verdicts(dataset), votes)
        return docket(dataset, people, log.history(dataset), name).tolist()

    return rows


def table(dataset, **rows: dict[str, int]) -> VoteTable:
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    for row, answers in rows.items():
        for answer, count in answers.items():
            counts[int(row[1:]), ANSWERS.index(answer)] = count
    return VoteTable(counts, "table.csv")


def test_copies_in_conflict_come_first_and_wait_until_people_agree(log, dataset, say, waiting) -> None:
    assert DOCKETS[0] == "conflicts"
    assert waiting("conflicts") == [4]  # rows 4 and 5 show one picture, given as two classes
    log.record(dataset, [say(4, "sad", "ada"), say(5, "fear", "bob")])
    assert waiting("conflicts") == [4] and waiting("disputed") == [4]
    log.record(dataset, [say(4, "fear", "cy")])
    assert waiting("conflicts") == [] and waiting("disputed") == []


def test_a_conflict_that_stays_ambiguous_is_decided(log, dataset, waiting) -> None:
    log.record(dataset, [decision(dataset, 4, "unsure", "ada", "")])
    assert all(waiting(name) == [] for name in DOCKETS)
    assert STATES[consensus(dataset, log.verdicts(dataset)).state[5]] == "ambiguous"


def test_what_is_decided_can_be_found_and_decided_anew(log, dataset, say) -> None:
    def found() -> list[int]:
        return decided(dataset, consensus(dataset, log.verdicts(dataset)), log.history(dataset)).tolist()

    log.record(dataset, [say(0, "sad"), say(5, "fear")])
    assert found() == []
    first = decision(
        dataset, 4, "sad", "ada", cases(dataset, log.history(dataset), log.verdicts(dataset), np.array([4]))[0].based_on
    )
    log.record(dataset, [first, decision(dataset, 1, "happy", "ada", "")])
    assert found() == [1, 4]
    again = decision(dataset, 4, "fear", "bob", first.id)
    log.record(dataset, [again])
    assert found() == [4, 1]
    assert consensus(dataset, log.verdicts(dataset)).label[[4, 5]].tolist() == [NAMES.index("fear")] * 2
    log.record(dataset, [say(4, kind="undo", annotator="bob", undoes=again.id)])
    assert set(found()) == {1, 4}


def test_the_most_split_comes_first_and_imported_votes_alone_come_last(log, dataset, say, waiting) -> None:
    votes = table(dataset, r1={"sad": 3, "fear": 3, "happy": 3}, r7={"sad": 5, "fear": 5})
    for row, answers in {0: ("sad", "fear"), 2: ("sad", "fear", "happy"), 8: ("sad", "fear", "sad", "fear")}.items():
        log.record(dataset, [say(row, answer, f"person {n}") for n, answer in enumerate(answers)])
    log.record(dataset, [say(7, "skip")])  # skipping is no answer
    assert waiting("disputed", votes) == [2, 8, 0, 1, 7]


def test_flags_wait_until_they_are_undone_or_the_face_is_decided(log, dataset, say, waiting) -> None:
    flags = [say(3, kind="flag"), say(10, kind="flag")]
    log.record(dataset, flags)
    assert waiting("flagged") == [2, 6]  # the first images of their pictures
    log.record(dataset, [say(10, kind="undo", undoes=flags[1].id)])
    assert waiting("flagged") == [2]
    log.record(dataset, [decision(dataset, 2, "sad", "ada", "")])
    assert waiting("flagged") == []


def test_a_decision_that_came_since_the_card_was_drawn_is_not_replaced_unseen(log, dataset, say) -> None:
    log.record(dataset, [say(4, "sad")])
    history, verdicts = log.history(dataset), log.verdicts(dataset)
    log.record(dataset, [say(4, "fear", "eve", queue="adjudication", based_on=history["id"].iat[-1])])
    (case,) = cases(dataset, history, verdicts, np.array([4]))
    late = decision(dataset, 4, "happy", "zoe", case.based_on)
    assert "eve has decided" in log.record(dataset, [late]).refused[late.id]


def test_a_case_carries_everything_that_was_said(log, dataset, say) -> None:
    said = [
        say(4, "sad", "ada", comment="look at the mouth", active_ms=2300, time="2026-07-02T08:30:00+02:00"),
        say(5, "fear", "bob", seen="revealed"),
        say(4, "skip", "cy"),
    ]
    log.record(dataset, said)
    gold = np.full(len(dataset), -1, np.int8)
    gold[4] = 7
    votes = table(dataset, r4={"sad": 2, "unknown": 1}, r5={"sad": 1, "fear": 4})
    case = cases(dataset, log.history(dataset), log.verdicts(dataset), np.array([4]), votes, gold)[0]
    assert case.copies == ((4, "happy"), (5, "sad"))
    assert case.votes[["annotator", "answer", "seen"]].to_numpy().tolist() == [
        ["ada", "sad", "blind"],
        ["bob", "fear", "revealed"],
    ]
    first = case.votes.iloc[0]
    assert (first["comment"], first["active_ms"], first["time"]) == (said[0].comment, 2300, said[0].time)
    assert list(case.imported.items()) == [("fear", 4), ("sad", 3), ("unknown", 1)]
    assert case.gold == "not a face" and case.decision == ""
    assert case.based_on == log.newest(dataset, [4])[4]

    plain = cases(dataset, log.history(dataset), log.verdicts(dataset), np.array([0]))[0]
    assert plain.copies == ((0, NAMES[dataset.labels[0]]),)
    assert plain.votes.empty and plain.imported == {} and plain.gold == plain.based_on == ""
