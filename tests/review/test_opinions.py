"""Shares of opinion by each method: CROWDLAB against cleanlab, decisions and imported counts over all of them."""

import numpy as np
import pytest
from cleanlab.multiannotator import get_label_quality_multiannotator

from fer_core.dataset.votes import ANSWERS, VoteTable
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.judgement.crowdlab import crowdlab
from fer_core.review.judgement.opinions import METHODS, class_distribution, labels_of

FEAR, SAD, HAPPY = (NAMES.index(name) for name in ("fear", "sad", "happy"))


def flat(count: int) -> np.ndarray:
    return np.full((count, 7), 1 / 7)


def table_of(dataset, **rows: dict[str, int]) -> VoteTable:
    """`table_of(dataset, r0={"sad": 3})`: votes of single rows."""
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    for row, answers in rows.items():
        for answer, count in answers.items():
            counts[int(row[1:]), ANSWERS.index(answer)] = count
    return VoteTable(counts, "table.csv")


def shares(log, dataset, method: str, votes=None, probabilities=None) -> np.ndarray:
    result = class_distribution(dataset, log.verdicts(dataset), votes, method, probabilities)
    assert result.dtype == np.float32 and result.shape == (len(dataset), 7)
    total = result.sum(axis=1)
    assert np.all((total == 0) | np.isclose(total, 1, atol=1e-5))
    return result


def test_crowdlab_is_cleanlabs() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 7, 120)
    table = np.where(rng.random((120, 4)) < [0.9, 0.7, 0.6, 0.5], truth[:, None], rng.integers(0, 7, (120, 4)))
    table = table.astype(float)
    table[rng.random((120, 4)) < 0.4] = np.nan
    table[:, 0] = np.where(np.isnan(table).all(axis=1), truth, table[:, 0])
    probabilities = rng.dirichlet(np.ones(7), 120) * 0.6
    probabilities[np.arange(120), np.where(rng.random(120) < 0.6, truth, 0)] += 0.4
    items, people = np.nonzero(~np.isnan(table))
    ours = crowdlab(items, people, table[items, people].astype(int), probabilities)

    method = ["majority_vote", "best_quality"]
    theirs = get_label_quality_multiannotator(table, probabilities, consensus_method=method, verbose=False)[
        "label_quality"
    ]
    of_majority = ours.posterior[np.arange(120), theirs["consensus_label"]]
    assert np.allclose(of_majority, theirs["consensus_quality_score"], atol=1e-9)
    assert np.array_equal(ours.posterior.argmax(axis=1), theirs["consensus_label_best_quality"])
    assert np.allclose(ours.posterior.sum(axis=1), 1)


@pytest.mark.parametrize("method", METHODS)
def test_a_decision_stands_over_every_method(log, dataset, say, method: str) -> None:
    votes = [say(row, "fear", who) for row in (0, 1, 7, 8) for who in ("ada", "bob", "cy")]
    log.record(dataset, votes)
    newest = log.newest(dataset, range(12))
    for row, answer in ((0, "happy"), (1, "unsure"), (7, "not_a_face")):
        log.record(dataset, [say(row, answer, "dee", queue="adjudication", based_on=newest[row])])
    result = shares(log, dataset, method, probabilities=flat(len(dataset)))
    assert result[0, HAPPY] == 1
    assert result[1].argmax() == FEAR  # stays ambiguous: soft, as people see it
    assert not result[7].any()
    assert result[8].argmax() == FEAR
    assert labels_of(result)[[0, 1, 7, 8, 9]].tolist() == [HAPPY, FEAR, -1, FEAR, -1]


@pytest.mark.parametrize("method", METHODS)
def test_imported_counts_alone_are_soft_labels_and_copies_share(log, dataset, say, method: str) -> None:
    log.record(dataset, [say(0, "fear", "ada"), say(0, "fear", "bob")])
    votes = table_of(dataset, r4={"sad": 6, "unknown": 1}, r5={"happy": 2}, r8={"not a face": 9, "sad": 1})
    result = shares(log, dataset, method, votes, flat(len(dataset)))
    assert result[4] == pytest.approx(np.eye(7)[SAD] * 0.75 + np.eye(7)[HAPPY] * 0.25)
    assert np.array_equal(result[4], result[5])
    assert not result[8].any() and not result[9].any()
    assert result[0].argmax() == FEAR


def test_people_with_names_weigh_by_how_good_they_are(log, dataset, say) -> None:
    # Ada and Bob agree throughout, Cy and Dee contradict them and each other: where Ada stands against both, who wins?
    said = []
    for row in (0, 1, 2, 4, 7, 8, 9):
        said += [say(row, "fear" if row % 2 else "sad", who) for who in ("ada", "bob")]
        said += [say(row, "happy" if row % 2 else "angry", "cy"), say(row, "neutral", "dee")]
    said += [say(11, "sad", "ada"), say(11, "neutral", "dee")]
    log.record(dataset, said)
    assert shares(log, dataset, "majority")[11, SAD] == 0.5
    assert shares(log, dataset, "dawid-skene")[11, SAD] > 0.8
    likely = shares(log, dataset, "crowdlab", probabilities=flat(len(dataset)))[11]
    assert likely.argmax() == SAD


def test_the_networks_are_a_voice_of_crowdlab(log, dataset, say) -> None:
    said = [say(row, "sad", who) for row in (0, 1, 2) for who in ("ada", "bob")]
    log.record(dataset, [*said, say(7, "sad", "ada"), say(7, "fear", "bob")])
    sure = np.full((len(dataset), 7), 0.02)
    sure[:, SAD] = 0.88
    assert shares(log, dataset, "crowdlab", probabilities=sure)[7].argmax() == SAD
    split = sure.copy()
    split[7, [SAD, FEAR]] = 0.02, 0.88
    assert shares(log, dataset, "crowdlab", probabilities=split)[7].argmax() == FEAR


def test_what_a_method_lacks_is_a_sentence(log, dataset, say) -> None:
    log.record(dataset, [say(0, "fear", "ada"), say(1, "fear", "bob")])
    verdicts = log.verdicts(dataset)
    with pytest.raises(UsageError, match="no audit of its labels"):
        class_distribution(dataset, verdicts, None, "crowdlab")
    with pytest.raises(UsageError, match="at least one picture"):
        class_distribution(dataset, verdicts, None, "crowdlab", flat(len(dataset)))
    with pytest.raises(UsageError, match="no way 'mean'"):
        class_distribution(dataset, verdicts, None, "mean")


def test_nobody_has_said_anything(log, dataset) -> None:
    for method in ("majority", "dawid-skene"):
        assert not shares(log, dataset, method).any()
    assert shares(log, dataset, "dawid-skene", table_of(dataset, r0={"sad": 2}))[0, SAD] == 1
