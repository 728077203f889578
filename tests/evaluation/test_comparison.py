"""The paired test against SciPy, and the sentence that people read."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from fer_core.evaluation.comparison import Comparison, compare, compare_groups, drawn_shares


def test_counts_the_images_on_which_exactly_one_is_right() -> None:
    labels = np.array([0, 0, 0, 0, 0])
    found = compare(np.array([0, 0, 1, 1, 0]), np.array([0, 1, 0, 0, 0]), labels)
    assert (found.n, found.a_correct, found.b_correct, found.a_only, found.b_only) == (5, 3, 4, 1, 2)
    assert found.difference == pytest.approx(0.2)


@pytest.mark.parametrize(("a_only", "b_only"), [(0, 0), (1, 0), (5, 5), (12, 30), (250, 310), (900, 700)])
def test_p_values_are_the_binomials(a_only: int, b_only: int) -> None:
    found = Comparison(3_589, 2_000, 2_000 + b_only - a_only, a_only, b_only)
    count = a_only + b_only
    exact = binomtest(a_only, count).pvalue if count else 1.0
    assert found.p_exact == pytest.approx(exact)
    fewer = min(a_only, b_only)
    assert found.p == pytest.approx(2 * binom.cdf(fewer, count, 0.5) - binom.pmf(fewer, count, 0.5))
    assert found.p <= found.p_exact


def test_a_test_of_a_million_images_does_not_take_minutes() -> None:
    found = Comparison(1_000_000, 700_000, 702_000, 99_000, 101_000)
    assert found.p == pytest.approx(2 * binom.cdf(99_000, 200_000, 0.5) - binom.pmf(99_000, 200_000, 0.5), rel=1e-6)
    assert Comparison(1_000_000, 500_000, 900_000, 0, 400_000).p == 0


def test_the_interval_covers_the_true_difference_19_times_of_20() -> None:
    rng = np.random.default_rng(0)
    cells = rng.multinomial(400, [0.5, 0.12, 0.08, 0.3], size=2000)  # both, A only, B only, neither
    covered = 0
    for both, a_only, b_only, _ in cells:
        low, high = Comparison(400, both + a_only, both + b_only, a_only, b_only).interval
        covered += low <= -0.04 <= high
    assert 0.935 <= covered / 2000 <= 0.965


def test_the_sentence_names_the_better_one_with_interval_and_p() -> None:
    found = Comparison(3_589, 2_000, 2_050, 200, 250)
    assert found.sentence("first", "second", "PrivateTest, given labels") == (
        "second is better than first by 1.4 points (0.2 to 2.6), p = .02, on PrivateTest, given labels."
    )
    turned = Comparison(3_589, 2_050, 2_000, 250, 200)
    assert turned.sentence("first", "second", "PrivateTest, given labels") == (
        "first is better than second by 1.4 points (0.2 to 2.6), p = .02, on PrivateTest, given labels."
    )


def test_the_sentence_does_not_claim_what_the_test_does_not_show() -> None:
    sentence = Comparison(3_589, 2_000, 2_010, 200, 210).sentence("first", "second", "PrivateTest")
    assert sentence.startswith("No clear difference between first and second: second is +0.3 points from first (")
    assert Comparison(0, 0, 0, 0, 0).sentence("a", "b", "x") == "a and b have no image of x in common."


def test_small_p_values_are_printed_as_journals_do() -> None:
    assert "p < .001" in Comparison(3_589, 2_000, 2_300, 100, 400).sentence("a", "b", "x")
    assert "p = .00" in Comparison(3_589, 2_000, 2_070, 200, 270).sentence("a", "b", "x")


def seeds_of(rng: np.random.Generator, skill: np.ndarray, seeds: int, moves: float) -> np.ndarray:
    """Which images runs have right, bool (seeds, N): each image by its own odds, each run by its luck."""
    luck = rng.normal(0, moves, (seeds, 1))
    return rng.random((seeds, len(skill))) < np.clip(skill + luck, 0, 1)


def test_the_difference_of_two_groups_is_that_of_their_mean_accuracies() -> None:
    a = np.array([[1, 1, 0, 0], [1, 0, 0, 0]], bool)
    b = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]], bool)
    found = compare_groups(a, b)
    assert (found.n, found.a_seeds, found.b_seeds) == (4, 2, 3)
    assert found.difference == pytest.approx(3 / 4 - 3 / 8)
    assert compare_groups(a, a).difference == 0


def test_the_bootstrap_has_the_variance_of_every_draw_there_is() -> None:
    """Two seeds against one on three images: all 27 draws of images and both of a seed, counted out."""
    a, b = np.array([[1, 0, 0], [1, 1, 0]], bool), np.array([[1, 1, 1]], bool)
    every = [b[0, list(i)].mean() - a[s, list(i)].mean() for i in np.ndindex(3, 3, 3) for s in range(2)]
    found = compare_groups(a, b)
    assert found.interval == pytest.approx(tuple(np.percentile(every, [2.5, 97.5])), abs=1e-9)


def test_the_interval_over_images_and_seeds_covers_the_true_difference() -> None:
    """Runs differ by 1.5 points from seed to seed. Images alone would be too sure; images and seeds are not."""
    rng = np.random.default_rng(1)
    covered = alone = 0
    rounds = 250
    for _ in range(rounds):
        skill = rng.uniform(0.3, 0.9, 500)
        a, b = seeds_of(rng, skill, 4, 0.03), seeds_of(rng, skill + 0.05, 4, 0.03)
        low, high = compare_groups(a, b, resamples=400).interval
        covered += low <= 0.05 <= high
        each = b.mean(0) - a.mean(0)
        half = 1.96 * each.std(ddof=1) / np.sqrt(500)
        alone += abs(each.mean() - 0.05) <= half
    assert covered / rounds >= 0.92
    assert alone / rounds <= 0.85


def test_a_group_that_is_better_is_said_to_be() -> None:
    rng = np.random.default_rng(2)
    skill = rng.uniform(0.3, 0.9, 800)
    a, b = seeds_of(rng, skill, 3, 0.0), seeds_of(rng, skill + 0.1, 3, 0.0)
    found = compare_groups(a, b)
    assert found.sentence("one", "other", "PrivateTest").startswith("other is better than one by ")
    assert "3 against 3 seeds, on PrivateTest" in found.sentence("one", "other", "PrivateTest")
    low, high = compare_groups(b, a).interval
    assert (-high, -low) == pytest.approx(found.interval, abs=0.01)
    lone = compare_groups(a[:1], a[1:2])
    assert lone.sentence("one", "other", "x").startswith("No clear difference")
    assert "one seed alone" in lone.sentence("one", "other", "x")
    assert compare_groups(a[:, :0], b[:, :0]).sentence("a", "b", "x") == "a and b have no image of x in common."


def test_the_mean_of_the_seeds_drawn_varies_as_the_mean_of_all_seeds() -> None:
    values = np.array([0.60, 0.63, 0.69])
    means = drawn_shares(np.random.default_rng(0), 3, 40_000) @ values
    assert means.mean() == pytest.approx(values.mean(), abs=0.001)
    assert means.std() == pytest.approx(values.std(ddof=1) / 3**0.5, rel=0.02)
