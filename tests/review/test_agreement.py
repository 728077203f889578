"""Alpha and kappa against published cases, hand computation and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from fer_core.review.judgement.agreement import ballot_counts, cohen_kappa, krippendorff_alpha, pairwise_kappa
from fer_core.review.judgement.consensus import person_votes


def test_alpha_of_krippendorffs_own_example_with_missing_answers() -> None:
    # "Computing Krippendorff's alpha-reliability" (2011), part C: four observers, twelve units, nominal alpha .743.
    table = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    counts = np.zeros((12, 5), int)
    for line in table:
        for unit, answer in enumerate(line.split()):
            if answer != ".":
                counts[unit, int(answer) - 1] += 1
    assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)


def test_alpha_by_definition_from_all_pairs() -> None:
    counts = np.random.default_rng(3).integers(0, 4, (40, 5))
    counts[:3] = 0
    pairs, weights = [], []
    for item in counts:
        answers = np.repeat(np.arange(5), item)
        for first in range(len(answers)):
            for second in range(len(answers)):
                if first != second:
                    pairs.append(answers[first] != answers[second])
                    weights.append(1 / (len(answers) - 1))
    pool = np.repeat(np.arange(5), counts[counts.sum(axis=1) > 1].sum(axis=0))
    by_chance = (pool[:, None] != pool[None, :]).sum() / (len(pool) * (len(pool) - 1))
    expected = 1 - np.average(pairs, weights=weights) / by_chance
    assert krippendorff_alpha(counts) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("counts", [[[1, 0], [0, 1]], [[3, 0], [2, 0]], [[0, 0]], np.zeros((0, 4), int)])
def test_where_nothing_can_be_compared_alpha_is_not_a_number(counts) -> None:
    assert np.isnan(krippendorff_alpha(np.array(counts)))


def test_perfect_agreement_is_one_and_single_answers_do_not_matter() -> None:
    assert krippendorff_alpha(np.array([[3, 0], [0, 2], [1, 0]])) == 1


def test_kappa_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(0, 7, 300)
    second = np.where(rng.random(300) < 0.6, first, rng.integers(0, 7, 300))
    table = np.zeros((9, 9), int)
    np.add.at(table, (first, second), 1)
    assert cohen_kappa(table) == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert np.isnan(cohen_kappa(np.zeros((9, 9), int)))
    assert np.isnan(cohen_kappa(np.diag([4, 0, 0])))


def test_kappa_of_every_pair_on_the_pictures_they_share() -> None:
    rng = np.random.default_rng(1)
    said = {name: rng.integers(0, 3, 60) for name in ("ada", "bob", "cy")}
    asked = {"ada": range(50), "bob": range(20, 60), "cy": range(10)}
    votes = pd.DataFrame(
        [(picture, name, said[name][picture]) for name in said for picture in asked[name]],
        columns=["group", "annotator", "column"],
    ).sample(frac=1, random_state=0)
    pairs = pairwise_kappa(votes)
    assert list(zip(pairs["first"], pairs["second"], pairs["pictures"], strict=True)) == [
        ("ada", "bob", 30),
        ("ada", "cy", 10),
    ]
    for pair in pairs.itertuples():
        common = [picture for picture in asked[pair.first] if picture in asked[pair.second]]
        first, second = said[pair.first][common], said[pair.second][common]
        assert pair.kappa == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
        assert pair.agreement == pytest.approx((first == second).mean())


def test_a_person_alone_has_no_pair(log, dataset, say) -> None:
    assert pairwise_kappa(person_votes(dataset, log.verdicts(dataset))).empty
    log.record(dataset, [say(0, "sad"), say(1, "fear")])
    assert pairwise_kappa(person_votes(dataset, log.verdicts(dataset))).empty


def test_peoples_ballots_count_pictures_not_images(log, dataset, say) -> None:
    log.record(dataset, [say(4, "sad", "ada"), say(5, "fear", "bob"), say(0, "skip"), say(1, "unsure")])
    counts = ballot_counts(person_votes(dataset, log.verdicts(dataset)))
    assert counts.tolist() == [[0] * 8 + [1], [0, 0, 1, 0, 1, 0, 0, 0, 0]]
