"""What the next reviews are said to bring, against what they then bring."""

import numpy as np
import pytest
from planted_faces import answers, planted_audit, planted_dataset, told
from sklearn.isotonic import isotonic_regression

from fer_core.review.estimates.budget import HitRates, budget, expected_against, not_rising
from fer_core.review.estimates.pace import paces, reviews
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import consensus

IMAGES = 2000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return planted_dataset(tmp_path_factory.mktemp("large") / "data", IMAGES)


@pytest.fixture(scope="module")
def chance(large):
    """How likely each label is wrong: most of those at the head of the ranking, hardly any at its end."""
    return np.random.default_rng(5).permutation(np.linspace(0, 1, IMAGES) ** 3)


@pytest.fixture
def log(tmp_path):
    return VerdictLog(tmp_path / "labels.db")


def shown(large, chance, seed=0):
    """What the faces show, when labels are wrong with that chance."""
    wrong = np.random.default_rng(seed).random(IMAGES) < chance
    return np.where(wrong, (large.labels + 1) % 7, large.labels).astype(np.int64)


def foretold(large, history, log, audit, **more):
    found = budget(large, history, consensus(large, log.verdicts(large)), audit, **more)
    return found, {line.title: line for line in found.lines}


def test_before_any_answer_it_rests_on_what_the_audit_expects(large, chance, log):
    audit = planted_audit(large, chance)
    found, lines = foretold(large, log.history(large), log, audit)
    assert (found.answered, found.timed, found.expected) == (0, 0, True)
    assert set(lines) == {"Suspects", "Suspects, classes in turn", "Random audit"}  # the others are empty
    top, any_ = lines["Suspects"], lines["Random audit"]
    assert top.reviews == any_.reviews == 500
    assert top.errors.value == pytest.approx(np.sort(chance)[-500:].sum(), rel=0.05)
    assert any_.errors.value == pytest.approx(chance.mean() * 500, rel=0.2)
    for line in (top, any_):
        assert line.errors.low < line.errors.value < line.errors.high
        assert line.minutes.low < 500 * 3 / 60 < line.minutes.high  # three seconds a face are assumed
        assert line.per_hour.value == pytest.approx(60 * line.errors.value / line.minutes.value, rel=0.15)
        assert line.spent.reviews == 0 and line.spent.verified_per_hour is None
    assert lines["Suspects, classes in turn"].spent is None


def test_what_people_answer_outweighs_an_audit_that_is_too_sure(large, chance, log):
    audit, truth = planted_audit(large, 0.5 + chance / 2), shown(large, chance)
    order = audit.suspects["row"].to_numpy()
    before = foretold(large, log.history(large), log, audit)[1]["Random audit"].errors.value
    history = told(large, log, answers(large, order[::3], truth, "suspects"))
    found, lines = foretold(large, history, log, audit)
    assert found.answered == len(order[::3])
    after = lines["Random audit"].errors.value
    assert before > 290  # half of the labels and more were expected to be wrong
    assert after < 200  # a quarter is; each of nine bins still weighs the audit's word as twenty answers


def test_the_bands_hold_what_then_comes(large, chance, log, tmp_path):
    """Twenty worlds: 400 answers, then the next 200 suspects. A band of 90 % holds most, and is not all there is."""
    audit = planted_audit(large, np.clip(chance * 1.2, 0, 1))
    order = audit.suspects["row"].to_numpy()
    held, widths = 0, []
    for world in range(20):
        own = VerdictLog(tmp_path / f"{world}.db")
        truth = shown(large, chance, world)
        history = told(large, own, answers(large, order[:800:2], truth, "suspects"))
        line = foretold(large, history, own, audit, count=200, seed=world)[1]["Suspects"]
        came = (truth != large.labels)[order[1:400:2]].sum()
        held += line.errors.low <= came <= line.errors.high
        widths.append(line.errors.high - line.errors.low)
    assert held >= 15
    assert np.mean(widths) < 60


def test_answered_faces_are_not_foretold_again(large, chance, log):
    audit = planted_audit(large, chance, suspects=chance > np.sort(chance)[-301])
    order = audit.suspects["row"].to_numpy()
    history = told(large, log, answers(large, order[:250], shown(large, chance), "suspects"))
    assert foretold(large, history, log, audit)[1]["Suspects"].reviews == 50
    history = told(large, log, answers(large, order[250:300], shown(large, chance), "suspects"))
    assert "Suspects" not in foretold(large, history, log, audit)[1]


def test_nothing_is_foretold_from_nothing(large, chance, log):
    found, _ = foretold(large, log.history(large), log, None)
    assert found.lines == () and not found.expected
    truth = shown(large, np.full(IMAGES, 0.3))
    found, lines = foretold(large, told(large, log, answers(large, range(300), truth, "unseen")), log, None)
    assert set(lines) == {"Random audit"}
    assert lines["Random audit"].errors.value == pytest.approx(150, abs=25)


def test_hit_rates_do_not_rise_with_the_rank():
    rates = HitRates(right=np.array([20.0, 5, 30, 60]), wrong=np.array([20.0, 15, 10, 5]))
    means = rates.means()
    # 20 of 40 and 15 of 20 are pooled: 35 of 60.
    assert means == pytest.approx([35 / 60, 35 / 60, 10 / 40, 5 / 65])
    drawn = rates.drawn(200, np.random.default_rng(0))
    assert (np.diff(drawn, axis=1) <= 1e-12).all()
    assert drawn.mean(axis=0) == pytest.approx(means, abs=0.03)


def test_the_regression_is_that_of_scikit_learn():
    rng = np.random.default_rng(4)
    lines, weight = rng.random((50, 9)), rng.integers(1, 30, 9).astype(float)
    expected = [isotonic_regression(line, sample_weight=weight, increasing=False) for line in lines]
    assert np.allclose(not_rising(lines, weight), expected)


def test_the_audits_word_leaves_out_those_who_would_be_unsure(large):
    audit = planted_audit(large, np.full(IMAGES, 0.4))
    audit.votes[0] = 0
    audit.votes[0, [large.labels[0], 7, 8, 9]] = [0.5, 0.1, 0.15, 0.25]  # contempt, unknown, not a face
    assert expected_against(audit, large.labels)[:2] == pytest.approx([0.25, 0.4])


def test_a_review_is_all_that_one_person_does_about_a_picture(dataset, log, say):
    said = [
        say(0, "sad", "ada", active_ms=2000, queue="suspects"),
        say(0, "angry", "ada", active_ms=1000, seen="revealed", queue="suspects"),
        say(0, "angry", "bob", active_ms=500_000, queue="disagreements"),
        say(2, "fear", "ada", active_ms=700, queue="random"),
        say(3, "fear", "ada", active_ms=300, queue="random"),  # the same picture
        say(7, "skip", "ada", active_ms=900),
        say(8, "sad", "ada", queue="grid"),
    ]
    done = reviews(dataset, told(dataset, log, said))
    assert sorted(zip(done.groups.tolist(), done.brought, done.seconds.tolist(), strict=True)) == [
        (0, "suspects", 3.0),
        (0, "suspects", 60.0),  # at most a minute counts
        (2, "random", 1.0),
        (8, "grid", 0.0),
    ]


def test_the_pace_is_this_projects_own_and_the_queues_where_it_is_known(large, log):
    truth = large.labels.astype(np.int64)
    said = answers(large, range(150), truth, "suspects", active_ms=6000)
    said += answers(large, range(200, 1000), truth, "random", active_ms=1500)
    said += answers(large, range(1000, 1040), truth, "conflicts", active_ms=20_000)
    done = reviews(large, told(large, log, said))
    rng = np.random.default_rng(0)
    assert paces(done, "suspects", 400, rng).mean() == pytest.approx((150 * 6 + 20 * 3.2) / 170, abs=0.15)
    assert paces(done, "random", 400, rng).mean() == pytest.approx(1.54, abs=0.05)
    every = (150 * 6 + 800 * 1.5 + 40 * 20) / 990
    assert paces(done, "conflicts", 4000, rng).mean() == pytest.approx(every, abs=0.15)  # 40 are too few


def test_verified_are_fixes_that_two_people_or_a_decision_confirm(dataset, log, say):
    minute = {"active_ms": 30_000}
    said = [
        say(0, "sad", "ada", queue="suspects", **minute),
        say(0, "sad", "bob", queue="disagreements", **minute),
        say(1, "sad", "ada", queue="suspects", **minute),  # one person's word
        say(7, "unusable", "ada", queue="suspects", **minute),
        say(7, "unusable", "bob", queue="adjudication", seen="revealed"),
        say(8, "angry", "ada", queue="random", **minute),
        say(8, "angry", "bob", queue="random", **minute),  # the given label
    ]
    audit = planted_audit(dataset, np.linspace(0.9, 0.1, 12))

    def found():
        history = told(dataset, log, said)
        people = consensus(dataset, log.verdicts(dataset))
        return {line.title: line.spent for line in budget(dataset, history, people, audit).lines}

    lines = found()
    spent = lines["Suspects"]
    assert (spent.reviews, spent.minutes, spent.errors, spent.verified) == (4, 2.0, 3, 2)
    assert spent.verified_per_hour == 60
    assert (lines["Random audit"].reviews, lines["Random audit"].verified) == (2, 0)
    # What came without its time, as from a file, makes an hour no better.
    said = [say(row, "sad", name, queue="suspects") for row in (9, 10) for name in ("ada", "bob")]
    spent = found()["Suspects"]
    assert (spent.reviews, spent.minutes, spent.verified, spent.verified_per_hour) == (8, 2.0, 4, 60)


def test_another_round_is_another_review(dataset, log, say):
    said = [say(0, "sad", "ada", active_ms=40_000, round=number) for number in (1, 2)]
    done = reviews(dataset, told(dataset, log, said))
    assert done.seconds.tolist() == [40.0, 40.0]


def test_a_picture_of_which_one_review_was_not_timed_makes_an_hour_no_better(dataset, log, say):
    said = [say(0, "sad", who, queue="suspects", active_ms=30_000) for who in ("ada", "bob")]
    said += [say(1, "sad", "ada", queue="suspects", active_ms=30_000), say(1, "sad", "bob", queue="suspects")]
    history = told(dataset, log, said)
    audit = planted_audit(dataset, np.linspace(0.9, 0.1, 12))
    lines = budget(dataset, history, consensus(dataset, log.verdicts(dataset)), audit).lines
    spent = {line.title: line.spent for line in lines}["Suspects"]
    assert (spent.verified, spent.verified_per_hour) == (2, 60)


def test_an_answered_picture_is_not_foretold_by_another_copy(dataset, log, say):
    audit = planted_audit(dataset, np.linspace(0.1, 0.9, 12), suspects=np.arange(12) == 3)
    assert "Suspects" in foretold(dataset, log.history(dataset), log, audit)[1]
    history = told(dataset, log, [say(2, "fear")])  # rows 2 and 3 show the same picture
    assert "Suspects" not in foretold(dataset, history, log, audit)[1]
