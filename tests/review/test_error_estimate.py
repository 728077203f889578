"""The error rate from the random audit: hand-computed on twelve images, against planted truth on two thousand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planted_faces import answers, planted_dataset, told

from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import NAMES
from fer_core.evaluation.metrics import wilson
from fer_core.review.estimates.estimate import estimate_errors
from fer_core.review.estimates.outcomes import blind_opinion, first_answers, gold_hits
from fer_core.review.estimates.strata import Sample, Strata, further_images, wilson_bounds
from fer_core.review.events.log import VerdictLog
from fer_core.review.policy import POLICIES, plan_cut
from fer_core.review.queues.stream import random_stream

IMAGES = 2000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """2,000 different pictures of seven classes of unequal size, all Training."""
    return planted_dataset(tmp_path_factory.mktemp("large") / "data", IMAGES)


@pytest.fixture(scope="module")
def truth(large):
    """What the faces show: one given label in four is wrong, of some classes more than of others; int64 (N,)."""
    rng = np.random.default_rng(12)
    wrong = rng.random(IMAGES) < np.array([0.4, 0.5, 0.5, 0.05, 0.3, 0.2, 0.15])[large.labels]
    return np.where(wrong, (large.labels + 1 + rng.integers(0, 6, IMAGES)) % 7, large.labels).astype(np.int64)


def right(dataset, row):
    return NAMES[dataset.labels[row]]


def another(dataset, row):
    return NAMES[(dataset.labels[row] + 1) % 7]


def test_without_an_answer_from_the_random_audit_there_is_no_estimate(dataset, log, say):
    assert estimate_errors(dataset, log.history(dataset)) is None
    history = told(dataset, log, [say(0, "sad", queue="suspects"), say(1, "skip", queue="random")])
    assert estimate_errors(dataset, history) is None


def test_the_rate_of_twelve_images_is_weighted_by_class(dataset, log, say):
    """Everything is answered, so every figure can be counted by eye and no interval is left."""
    wrong = {7: "sad", 4: "not_a_face", 0: "unsure"}  # 4 and 5 show one picture; 5 goes with it
    pictures = np.unique(dataset.groups).tolist()
    said = [say(row, wrong.get(row, right(dataset, row)), queue="random") for row in pictures]
    found = estimate_errors(dataset, told(dataset, log, said))
    assert (found.looked, found.answered, found.missing, found.people) == (12, 12, 0, 1)
    assert found.outcomes == pytest.approx({"right": 8 / 12, "wrong": 1 / 12, "unusable": 2 / 12, "ambiguous": 1 / 12})
    assert found.rate.value == pytest.approx(3 / 12)
    assert found.rate.half < 0.001 and found.more == 0
    assert [rate.value for rate in found.classes] == pytest.approx([0, 0, 0, 1, 1, 0, 1])
    assert (found.errors, found.single) == (3, 3)


def test_the_sample_is_the_beginning_of_the_stream_with_answers_from_any_queue(dataset, log, say):
    stream = random_stream(dataset)
    place = {int(group): int(np.flatnonzero(dataset.groups[stream] == group)[0]) for group in set(dataset.groups)}
    pictures = sorted(place, key=place.get)
    furthest, elsewhere, missing, beyond = pictures[5], pictures[2], pictures[3], pictures[7]
    reached = place[furthest] + 1
    random = [row for row in pictures[:6] if row not in (elsewhere, missing)]
    said = [say(row, right(dataset, row), queue="random") for row in random]
    said += [say(elsewhere, another(dataset, elsewhere), queue="suspects"), say(beyond, "sad", queue="suspects")]
    found = estimate_errors(dataset, told(dataset, log, said))
    assert found.looked == reached
    assert found.missing == int((dataset.groups[stream[:reached]] == missing).sum())
    # Wrong is what was said of `elsewhere`, and row 5 wherever row 4, the same picture, was called what it is given as.
    spoken = set(random) | {elsewhere}
    wrong = [row for row in stream[:reached].tolist() if dataset.groups[row] == elsewhere or (row == 5 and 4 in spoken)]
    assert found.errors == len(wrong)


def test_only_a_first_and_blind_answer_counts(dataset, log, say):
    said = [
        say(0, "sad", "ada"),
        say(0, "angry", "ada", seen="revealed"),  # after the reveal: the blind one stays
        say(1, "happy", "ada", seen="revealed"),
        say(1, "sad", "ada", round=2),  # has seen the label in round 1
        say(2, "sad", "ada"),
        say(3, "fear", "ada"),  # the same picture as row 2, later
        say(7, "happy", "ada"),
        say(8, "skip", "ada"),
        say(9, "keep", "ada"),
    ]
    said.append(say(7, "", "ada", kind="undo", undoes=said[6].id))
    opinion = blind_opinion(dataset, told(dataset, log, said))
    sad = NAMES.index("sad")
    assert opinion.column[[0, 1, 2, 3, 7, 8, 9]].tolist() == [sad, -1, sad, sad, -1, -1, -1]
    assert opinion.people[[0, 1, 2, 3]].tolist() == [1, 0, 1, 1]


def test_several_people_become_one_by_most_votes_and_a_tie_is_ambiguous(dataset, log, say):
    said = [say(0, answer, name) for answer, name in (("sad", "a"), ("sad", "b"), ("fear", "c"), ("happy", "d"))]
    said += [say(1, "sad", "a"), say(1, "disgust", "b")]
    said += [say(6, "unusable", "a"), say(10, "not_a_face", "b"), say(6, "surprise", "c")]
    opinion = blind_opinion(dataset, told(dataset, log, said))
    outcome = opinion.outcome(dataset.labels)
    assert outcome[[0, 1, 6, 10, 2]].tolist() == [1, 3, 2, 2, -1]
    assert opinion.against(dataset.labels)[[0, 1, 6, 10, 2]].tolist() == [True, False, True, True, False]
    assert opinion.people[[0, 1, 6, 10]].tolist() == [4, 2, 3, 3]


def test_people_are_measured_on_gold_items_beside_the_estimate(dataset, log, say):
    gold = np.full(12, -1, np.int8)
    gold[[0, 1, 2, 3, 8]] = [4, 1, 7, 7, 0]  # 2 and 3 are one picture and show no face
    said = [say(0, "sad"), say(1, "fear"), say(3, "unusable"), say(7, "sad", queue="random")]
    said += [say(8, "angry", seen="revealed")]
    history = told(dataset, log, said)
    assert gold_hits(first_answers(dataset, history), gold) == (2, 3)
    accuracy = estimate_errors(dataset, history, gold=gold).accuracy
    assert (accuracy.value, accuracy.images) == (pytest.approx(2 / 3), 3)
    assert [accuracy.low, accuracy.high] == wilson(2, 3)
    assert estimate_errors(dataset, history).accuracy is None


def test_nobody_is_measured_by_a_decision_of_their_own(dataset, log, say):
    said = [say(0, "sad", queue="random"), say(0, "sad", queue="adjudication"), say(1, "fear", queue="random")]
    said += [say(0, "happy", "bob")]
    gold = np.full(12, -1, np.int8)
    gold[0] = 4
    accuracy = estimate_errors(dataset, told(dataset, log, said), gold=gold).accuracy
    assert (accuracy.value, accuracy.images) == (0.0, 1)  # Bob's; the decision is not his


def test_faces_confirmed_in_a_grid_are_not_spoken_for_by_suspects(large, truth, tmp_path):
    """The grid's faces are mostly right, the suspects mostly wrong, and the random audit brings neither again."""
    stream, wrong = random_stream(large), truth != large.labels
    rng = np.random.default_rng(3)
    suspects, grid = rng.permutation(np.flatnonzero(wrong))[:100], rng.permutation(np.flatnonzero(~wrong))[:900]
    rest = stream[~np.isin(stream, [*suspects, *grid])][:250]
    said = answers(large, suspects, truth, "suspects") + answers(large, rest, truth, "random")
    said += [replace(one, seen="revealed") for one in answers(large, grid, truth, "suspects")]
    found = estimate_errors(large, told(large, VerdictLog(tmp_path / "labels.db"), said))
    assert found.rate.low <= wrong.mean() <= found.rate.high
    assert found.shown and found.answered + found.shown + found.missing == found.looked


def test_many_intervals_at_once_are_the_ones_of_the_metrics():
    hits, counts = np.array([0, 3, 10, 10]), np.array([10, 10, 10, 1000])
    low, high = wilson_bounds(hits / counts, counts.astype(float))
    expected = np.array([wilson(int(hit), int(count)) for hit, count in zip(hits, counts, strict=True)])
    assert np.allclose(np.column_stack([low, high]), expected)


def test_how_many_more_follows_from_the_width():
    # Of endlessly many images four times as many halve an interval.
    assert further_images(0.04, 500, 10**9) == pytest.approx(1500, abs=2)
    assert further_images(0.019, 500, 10**9) == 0
    # 1,000 of 2,000 have the variance of 2,000 of endlessly many: sqrt(.25 / 2000) * 1.96 = .0219. Wanted are
    # 1.96 ** 2 * .25 / .02 ** 2 = 2,401, which 2,401 / (1 + 2,401 / 2,000) = 1,091 of 2,000 are worth.
    assert further_images(0.0219135, 1000, 2000) == pytest.approx(91, abs=1)


def test_the_interval_covers_the_truth_and_promises_enough(large, truth, tmp_path):
    """200 samples of 150 images, each its own stream; 95 % should cover."""
    share = (truth != large.labels).mean()
    covered, by_class, widths = 0, np.zeros(7), []
    shares = np.array([(truth != large.labels)[large.labels == label].mean() for label in range(7)])
    for seed in range(200):
        found = estimate_errors(*sampled(large, truth, np.random.default_rng(seed).permutation(IMAGES)[:150]))
        covered += found.rate.low <= share <= found.rate.high
        by_class += [rate.low <= own <= rate.high for rate, own in zip(found.classes, shares, strict=True)]
        widths.append(found.rate.half)
    assert 0.90 <= covered / 200 <= 0.99
    assert (by_class / 200 >= 0.88).all()
    assert 0.04 < np.mean(widths) < 0.075  # without strata 1.96 * sqrt(.25 * .75 / 150) = .069
    more = further_images(float(np.mean(widths)), 150, IMAGES)
    wider = estimate_errors(*sampled(large, truth, np.random.default_rng(7).permutation(IMAGES)[: 150 + more]))
    assert wider.rate.half == pytest.approx(0.02, abs=0.002)


def sampled(dataset, truth, rows):
    """A data set whose stream begins with these rows, and a history in which they are answered."""
    order = np.concatenate([rows, np.setdiff1d(np.arange(len(dataset)), rows)])
    place = np.empty(len(order), np.int64)
    place[random_stream(dataset)] = order  # row i of the new data set is row place[i] of the old one
    moved = Reordered(dataset, place)
    shown = random_stream(dataset)[: len(rows)]
    columns = {"kind": "answer", "undone": False, "queue": "random", "seen": "blind", "annotator": "ada"}
    said = [NAMES[truth[place[row]]] for row in shown]
    return moved, pd.DataFrame({"row": shown, "answer": said, **columns})


class Reordered:
    """As much of a data set as the estimate reads."""

    def __init__(self, dataset, order):
        self.hash, self.labels, self.groups = dataset.hash, dataset.labels[order], np.arange(len(order))

    def __len__(self):
        return len(self.labels)


def test_suspects_in_a_sample_with_gaps_do_not_count_too_much(large, truth, tmp_path):
    """Of the first 1,000 images the audit has brought a fifth; the worst 300 of them came as suspects."""
    stream = random_stream(large)[:1000]
    wrong = truth != large.labels
    suspects = stream[np.argsort(~wrong[stream], kind="stable")][:200]
    others = np.setdiff1d(stream, suspects)
    some = np.union1d(np.random.default_rng(3).choice(others, 200, replace=False), others[others == stream[-1]])
    log = VerdictLog(tmp_path / "labels.db")
    said = answers(large, suspects, truth, "suspects") + answers(large, some, truth, "random")
    said += answers(large, [stream[-1]], truth, "random", "bob")
    found = estimate_errors(large, told(large, log, said))
    assert found.looked == 1000 and found.answered == pytest.approx(400, abs=2)
    answered = np.union1d(suspects, some)
    assert wrong[answered].mean() > 0.5  # what counting them alike would say
    assert found.rate.low <= wrong.mean() <= found.rate.high
    assert found.rate.value == pytest.approx(wrong.mean(), abs=0.06)


def test_a_version_is_not_flattered_by_having_corrected_the_sample(large, truth, tmp_path):
    wrong = truth != large.labels
    stream = random_stream(large)
    suspects = np.flatnonzero(wrong)[:120]
    audited = np.setdiff1d(stream[:300], suspects)
    log = VerdictLog(tmp_path / "labels.db")
    said = answers(large, suspects, truth, "suspects") + answers(large, audited, truth, "random")
    history = told(large, log, said)
    cut = plan_cut(large, log, None, POLICIES["relabel-only"])
    version = DatasetVersion(large, "v1", "", cut.manifest, {})
    left = version.labels != truth
    found = estimate_errors(large, history, version)
    assert left[stream[:300]].sum() == 0  # in the sample nothing is wrong any more
    assert found.version.fixed == int(wrong.sum() - left.sum()) and found.version.spoilt == 0
    assert found.version.rate.low <= left.mean() <= found.version.rate.high
    assert found.version.rate.value == pytest.approx(found.rate.value - found.version.fixed / IMAGES)
    assert found.rate.low <= wrong.mean() <= found.rate.high


def test_what_a_version_spoils_or_drops_is_counted(large, truth, tmp_path):
    """Everything is answered: the version's errors are known exactly."""
    log = VerdictLog(tmp_path / "labels.db")
    history = told(large, log, answers(large, random_stream(large), truth, "random"))
    wrong = np.flatnonzero(truth != large.labels)
    sound = np.flatnonzero(truth == large.labels)
    kept, labels = np.ones(IMAGES, bool), large.labels.copy()
    reason = np.full(IMAGES, "", object)
    kept[wrong[:50]], reason[wrong[:50]] = False, "unusable: decided"
    kept[sound[:80]], reason[sound[:80]] = False, "exact copy: of row 0"
    labels[wrong[50:70]] = truth[wrong[50:70]]
    labels[sound[80:90]] = (labels[sound[80:90]] + 1) % 7
    manifest = plan_cut(large, log, None, POLICIES["relabel-only"]).manifest
    manifest = manifest.assign(kept=kept, label=labels, reason=reason)
    found = estimate_errors(large, history, DatasetVersion(large, "v1", "", manifest, {})).version
    assert (found.fixed, found.spoilt, found.on_trust) == (70, 10, 0)
    assert found.rate.value == pytest.approx((len(wrong) - 70 + 10) / (IMAGES - 130))
    own = large.labels == 0
    left = kept & own & (labels != truth)
    assert found.classes[0].value == pytest.approx(left.sum() / (kept & own).sum())


def test_what_nobody_answered_blind_is_taken_on_trust(large, truth, tmp_path):
    log = VerdictLog(tmp_path / "labels.db")
    history = told(large, log, answers(large, random_stream(large)[:200], truth, "random"))
    unseen = np.setdiff1d(np.flatnonzero(truth != large.labels), random_stream(large)[:200])[:30]
    manifest = plan_cut(large, VerdictLog(tmp_path / "none.db"), None, POLICIES["relabel-only"]).manifest
    labels = large.labels.copy()
    labels[unseen] = truth[unseen]
    found = estimate_errors(large, history, DatasetVersion(large, "v1", "", manifest.assign(label=labels), {})).version
    assert (found.fixed, found.on_trust) == (30, 30)


def test_dropping_an_ambiguous_face_on_trust_puts_no_error_right(large, truth, tmp_path):
    """Much of what nobody answered blind is called ambiguous by people who had seen the label."""
    log = VerdictLog(tmp_path / "labels.db")
    stream = random_stream(large)
    history = told(large, log, answers(large, stream[:300], truth, "random"))
    doubtful, junk = stream[300:1000], stream[1000:1020]
    manifest = plan_cut(large, VerdictLog(tmp_path / "none.db"), None, POLICIES["relabel-only"]).manifest
    kept, reason = np.ones(IMAGES, bool), np.full(IMAGES, "", object)
    kept[doubtful], reason[doubtful] = False, "ambiguous: 2 of 3 votes"
    kept[junk], reason[junk] = False, "unusable: 2 of 2 votes"
    version = DatasetVersion(large, "v1", "", manifest.assign(kept=kept, reason=reason), {})
    found = estimate_errors(large, history, version)
    assert (found.version.fixed, found.version.on_trust) == (20, 20)
    assert found.version.rate.value * kept.sum() == pytest.approx(found.rate.value * IMAGES - 20, rel=0.01)


def test_the_estimate_is_the_same_every_time(large, truth, tmp_path):
    log = VerdictLog(tmp_path / "labels.db")
    history = told(large, log, answers(large, random_stream(large)[:200], truth, "random"))
    assert estimate_errors(large, history) == estimate_errors(large, history)


def test_a_sample_without_errors_does_not_prove_that_there_are_none(large, tmp_path):
    said = answers(large, random_stream(large)[:100], large.labels.astype(np.int64), "random")
    rate = estimate_errors(large, told(large, VerdictLog(tmp_path / "labels.db"), said)).rate
    assert rate.value == rate.low == 0
    assert 0.01 < rate.high < 0.06  # the rule of three says 0.03


def test_images_of_unequal_weight_inform_less_and_more_the_fewer_are_left(large):
    happy = np.flatnonzero(large.labels == 3)
    weight = np.repeat([1.0, 5.0], [40, 10])
    informed = Strata(large, Sample(happy[:50], weight), np.ones(IMAGES, bool)).informed[3]
    assert informed == pytest.approx(90**2 / 290 / (1 - 50 / len(happy)))  # Kish, and a population that ends


def test_what_people_still_call_wrong_stays_wrong_in_a_version(large, tmp_path):
    """The sample has no error; sixty stand behind it, found as suspects, of which the version corrects fifty."""
    stream = random_stream(large)
    late = stream[-60:]
    shows = large.labels.astype(np.int64)
    shows[late] = (shows[late] + 1) % 7
    log = VerdictLog(tmp_path / "labels.db")
    history = told(large, log, answers(large, late, shows, "suspects") + answers(large, stream[:200], shows, "random"))
    labels = large.labels.copy()
    labels[late[:50]] = shows[late[:50]]
    manifest = plan_cut(large, VerdictLog(tmp_path / "none.db"), None, POLICIES["relabel-only"]).manifest
    found = estimate_errors(large, history, DatasetVersion(large, "v1", "", manifest.assign(label=labels), {})).version
    assert (found.fixed, found.spoilt) == (50, 0)
    assert found.rate.value >= 10 / IMAGES and found.rate.low >= 10 / IMAGES


def test_an_error_that_two_people_see_does_not_rest_on_one(dataset, log, say):
    said = [say(0, "sad", who, queue="random") for who in ("ada", "bob")] + [say(1, "fear", queue="random")]
    found = estimate_errors(dataset, told(dataset, log, said))
    assert (found.errors, found.single) == (2, 1)
