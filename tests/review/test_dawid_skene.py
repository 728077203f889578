"""Dawid and Skene's EM: one round by hand, planted truth, and what it does with little."""

import numpy as np
import pytest

from fer_core.review.judgement.dawid_skene import PSEUDO_ACCURACY, PSEUDO_ANSWERS, dawid_skene


def crowd(seed: int, accuracy: list[float], items: int = 400, each: int = 3, classes: int = 7):
    """`each` people answer every item, right as often as their accuracy says and else anything wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, items)
    people = np.argsort(rng.random((items, len(accuracy))), axis=1)[:, :each].ravel()
    item = np.repeat(np.arange(items), each)
    right = rng.random(len(item)) < np.array(accuracy)[people]
    answers = np.where(right, truth[item], (truth[item] + rng.integers(1, classes, len(item))) % classes)
    return item, people, answers, truth


def test_one_round_by_hand() -> None:
    # Two classes, three people, two items. Shares to begin with: item 0 has 2 of 3 for class 0, item 1 all for class 1.
    items, people, answers = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0, 1, 1, 1, 1])
    result = dawid_skene(items, people, answers, 2, most_rounds=1)
    right, wrong = PSEUDO_ANSWERS * PSEUDO_ACCURACY, PSEUDO_ANSWERS * (1 - PSEUDO_ACCURACY)
    prior = np.array([2 / 3 + 1, 1 / 3 + 1 + 1]) / 4
    # Persons 0 and 1 said 0 to item 0 (class 0 with 2/3) and 1 to item 1 (surely class 1); person 2 said 1 to both.
    pair = [(right + 2 / 3) / (PSEUDO_ANSWERS + 2 / 3), (wrong + 1 / 3) / (PSEUDO_ANSWERS + 4 / 3)]
    third = [wrong + 2 / 3, right + 4 / 3]
    third = [third[0] / (PSEUDO_ANSWERS + 2 / 3), third[1] / (PSEUDO_ANSWERS + 4 / 3)]
    zero = prior[0] * pair[0] ** 2 * third[0]
    one = prior[1] * pair[1] ** 2 * third[1]
    assert result.posterior[0, 0] == pytest.approx(zero / (zero + one), abs=1e-12)
    zero = prior[0] * (1 - pair[0]) ** 2 * third[0]
    one = prior[1] * (1 - pair[1]) ** 2 * third[1]
    assert result.posterior[1, 1] == pytest.approx(one / (zero + one), abs=1e-12)
    assert result.rounds == 1 and not result.converged


@pytest.mark.parametrize("seed", range(3))
def test_it_beats_the_majority_where_people_differ(seed: int) -> None:
    accuracy = [0.95, 0.9, 0.4, 0.4, 0.35]
    items, people, answers, truth = crowd(seed, accuracy)
    result = dawid_skene(items, people, answers, 7)
    ballots = np.zeros((len(truth), 7))
    np.add.at(ballots, (items, answers), 1)
    majority = (ballots.argmax(axis=1) == truth).mean()
    assert result.converged
    assert (result.posterior.argmax(axis=1) == truth).mean() > majority + 0.04
    assert result.accuracy[:2].min() > 0.8 and result.accuracy[2:].max() < 0.6
    assert result.posterior.sum(axis=1) == pytest.approx(1)


def test_it_knows_what_a_person_means_by_an_answer() -> None:
    # Person 2 calls every fear (1) surprise (2) and never says surprise otherwise: that answer then speaks for fear.
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    answers = np.concatenate([truth, truth, np.where(truth == 1, 2, truth)])
    answers[rng.choice(600, 60, replace=False)] = rng.integers(0, 3, 60)
    result = dawid_skene(np.tile(np.arange(300), 3), np.repeat([0, 1, 2], 300), answers, 3)
    assert result.confusion[2, 1, 2] > 0.8
    assert (result.posterior.argmax(axis=1) == truth).mean() > 0.95


def test_somebody_with_one_answer_is_neither_trusted_nor_damned() -> None:
    items, people, answers, _ = crowd(4, [0.8, 0.8, 0.8], items=100)
    other = (answers[0] + 1) % 7
    result = dawid_skene(np.append(items, 0), np.append(people, 3), np.append(answers, other), 7)
    assert 0.6 < result.accuracy[3] < 0.82
    alone = dawid_skene(items, people, answers, 7)
    assert np.abs(alone.posterior[1:] - result.posterior[1:]).max() < 0.05


def test_the_same_answers_in_another_order_give_the_same() -> None:
    items, people, answers, _ = crowd(2, [0.9, 0.6, 0.5, 0.8])
    order = np.random.default_rng(0).permutation(len(items))
    first = dawid_skene(items, people, answers, 7)
    second = dawid_skene(items[order], people[order], answers[order], 7)
    assert np.array_equal(dawid_skene(items, people, answers, 7).posterior, first.posterior)
    assert np.abs(first.posterior - second.posterior).max() < 1e-4


def test_imported_counts_are_what_is_known_before() -> None:
    answers = np.array([2, 2])
    known = np.array([[0, 0, 10], [0, 10, 0]])
    result = dawid_skene(np.array([0, 1]), np.array([0, 0]), answers, 3, known=known)
    assert result.posterior[0, 2] > 0.98
    assert result.posterior[1, 1] > 0.5  # ten say one thing, one person another
    blank = dawid_skene(np.array([0, 1]), np.array([0, 0]), answers, 3, known=np.zeros((2, 3)))
    assert np.allclose(blank.posterior, dawid_skene(np.array([0, 1]), np.array([0, 0]), answers, 3).posterior)


def test_nothing_at_all() -> None:
    none = np.zeros(0, int)
    result = dawid_skene(none, none, none, 7)
    assert result.posterior.shape == (0, 7) and result.converged
