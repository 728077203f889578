"""What is said about each person: against gold, beside the others, before and after the reveal; and what is gold."""

import numpy as np
import pytest

from fer_core.dataset.votes import ANSWERS, VoteTable
from fer_core.emotions import NAMES
from fer_core.evaluation.metrics import wilson
from fer_core.review.judgement.annotators import accuracies, annotator_table
from fer_core.review.judgement.consensus import consensus
from fer_core.review.judgement.gold import gold_labels

SAD = NAMES.index("sad")


def gold_of(dataset, **rows: str) -> np.ndarray:
    gold = np.full(len(dataset), -1, np.int8)
    for row, name in rows.items():
        gold[int(row[1:])] = (*NAMES, "not_a_face").index(name)
    return gold


def table_of(log, dataset, gold):
    return annotator_table(dataset, log.verdicts(dataset), log.history(dataset), gold).set_index("annotator")


def test_gold_comes_from_decisions_and_from_nearly_unanimous_tables(log, dataset, say) -> None:
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    counts[0, SAD], counts[0, 0] = 9, 1
    counts[1, SAD], counts[1, 0] = 8, 2  # not nearly all
    counts[2, SAD] = 9  # too few votes; its copy, row 3, has none
    counts[4, SAD], counts[5, SAD] = 10, 8  # copies: 18 of 20, together
    counts[5, 0] = 2
    counts[7, ANSWERS.index("not a face")] = 10
    counts[8, ANSWERS.index("contempt")] = 10  # no answer that people can give
    counts[9, SAD] = 10
    counts[11, SAD] = 10
    votes = VoteTable(counts, "table.csv")
    for row, answer in ((9, "fear"), (11, "unsure"), (6, "unusable")):
        log.record(dataset, [say(row, answer, queue="adjudication")])
    log.record(dataset, [say(1, "sad", who) for who in "abcdefghijkl"])  # votes are no gold
    gold = gold_labels(dataset, consensus(dataset, log.verdicts(dataset)), votes)
    assert gold.dtype == np.int8
    expected = {0: SAD, 4: SAD, 5: SAD, 7: 7, 9: NAMES.index("fear"), 6: 7, 10: 7}
    assert {int(row): int(gold[row]) for row in np.flatnonzero(gold >= 0)} == expected


def test_accuracy_by_hand(log, dataset, say) -> None:
    gold = gold_of(dataset, r0="sad", r1="sad", r7="not_a_face")
    log.record(dataset, [say(0, "sad"), say(1, "fear"), say(7, "unusable"), say(8, "unsure"), say(9, "happy")])
    assert accuracies(dataset, log.verdicts(dataset), gold)["ada"] == pytest.approx((2 + 4) / (3 + 5))
    # Beside it two others who agree on row 9 and are not asked about anything else: half a count each way.
    log.record(dataset, [say(9, "happy", "bob"), say(9, "happy", "cy")])
    found = accuracies(dataset, log.verdicts(dataset), gold)
    assert found["ada"] == pytest.approx((2.5 + 4) / (3.5 + 5))
    assert found["bob"] == pytest.approx(4.5 / 5.5)
    assert accuracies(dataset, log.verdicts(dataset).iloc[:0], gold) == {}


def test_nobody_is_judged_by_their_own_decision(log, dataset, say) -> None:
    log.record(dataset, [say(0, "sad", "ada"), say(0, "fear", "bob")])
    newest = log.newest(dataset, [0])[0]
    log.record(dataset, [say(0, "sad", "ada", queue="adjudication", based_on=newest)])
    verdicts = log.verdicts(dataset)
    gold = gold_labels(dataset, consensus(dataset, verdicts), None)
    assert gold[0] == SAD
    table = table_of(log, dataset, gold)
    assert table.loc["ada", "gold"] == 0 and table.loc["bob", "gold"] == 1
    assert accuracies(dataset, verdicts, gold)["bob"] == pytest.approx(4 / 6)


def test_pace_shares_and_the_interval_on_gold(log, dataset, say) -> None:
    gold = gold_of(dataset, r0="sad", r1="sad", r2="sad")
    log.record(
        dataset,
        [
            say(0, "sad", active_ms=1000),
            say(1, "sad", active_ms=2000),
            say(2, "fear", active_ms=3000, seen="revealed"),
            say(7, "unsure", active_ms=3000),
            say(8, "skip", active_ms=3000),
            say(8, "skip", "bob"),
        ],
    )
    table = table_of(log, dataset, gold)
    ada, bob = table.loc["ada"], table.loc["bob"]
    assert list(table.index) == ["ada", "bob"]
    assert ada["answers"] == 5 and ada["minutes"] == pytest.approx(0.2) and ada["per_hour"] == pytest.approx(1500)
    assert ada["gold"] == 3 and ada["accuracy"] == pytest.approx(2 / 3)
    assert [ada["low"], ada["high"]] == wilson(2, 3)
    assert (ada["unsure"], ada["skipped"], ada["blind"]) == (0.2, 0.2, 0.8)
    assert np.isnan(bob["accuracy"]) and np.isnan(bob["low"]) and np.isnan(bob["per_hour"]) and bob["skipped"] == 1


def test_agreement_with_the_others_leaves_oneself_out(log, dataset, say) -> None:
    for row, answers in {0: ("sad", "sad", "sad"), 1: ("fear", "sad", "sad"), 7: ("fear", "sad", "angry")}.items():
        log.record(dataset, [say(row, one, who) for who, one in zip(("ada", "bob", "cy"), answers, strict=True)])
    table = table_of(log, dataset, gold_of(dataset))
    # Row 7: nobody's others agree. Row 1: Bob's others are Ada and Cy, who do not agree either.
    assert table["compared"].to_dict() == {"ada": 2, "bob": 1, "cy": 1}
    assert table["agreement"].to_dict() == {"ada": 0.5, "bob": 1, "cy": 1}


def test_answers_before_and_after_the_reveal(log, dataset, say) -> None:
    given = NAMES[dataset.labels[0]]  # rows 0 and 8 are given as angry

    def both(row: int, before: str, after: str, **changes: str) -> None:
        blind = say(row, before, **changes)
        log.record(dataset, [blind, say(row, after, seen="revealed", based_on=blind.id, **changes)])

    both(0, "sad", "keep")  # moved to the given label
    both(8, given, "keep")  # meant the same
    both(1, "sad", "happy")  # changed, not to the given label
    both(2, "sad", "sad")
    log.record(dataset, [say(7, "sad"), say(9, "fear", seen="revealed")])  # never revealed; never blind
    ada = table_of(log, dataset, gold_of(dataset)).loc["ada"]
    assert ada["revealed"] == 4 and ada["changed"] == 0.5 and ada["to_given"] == 0.25
    assert ada["answers"] == 6 and ada["blind"] == pytest.approx(5 / 6)


def test_nobody(log, dataset) -> None:
    assert annotator_table(dataset, log.verdicts(dataset), log.history(dataset), gold_of(dataset)).empty
