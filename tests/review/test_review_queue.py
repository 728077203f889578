"""Which faces stand in which queue, in which order."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.audit.findings import REASONS, findings
from fer_core.dataset.store import Images, create_dataset
from fer_core.errors import UsageError
from fer_core.review.cards.cards import Seat
from fer_core.review.queues.answers import current_answers
from fer_core.review.queues.kinds import KINDS, kind_of
from fer_core.review.queues.queue import (
    ASKED,
    BATCH,
    QUALITY_REASONS,
    conflicts_queue,
    disagreements_queue,
    findings_queue,
    fixed_queue,
    gold_queue,
    order_seed,
    shuffled,
    skipped_queue,
    stream_queue,
    suspects_queue,
)
from fer_core.review.queues.seat import open_queue
from fer_core.review.queues.stream import random_stream


def ranked(dataset, reasons):
    """A suspects table in row order, the first row most suspect."""
    count = len(dataset)
    return pd.DataFrame({"row": range(count), "suspicion": np.linspace(1, 0, count), "reasons": reasons})


@pytest.fixture
def many(workspace):
    """Faces of seven classes, half of them happy, none a copy."""
    count = 4 * BATCH
    pixels = np.random.default_rng(0).integers(0, 256, (count, 48, 48), dtype=np.uint8)
    labels = np.where(np.arange(count) % 2, 3, np.arange(count) // 2 % 7).astype(np.int8)
    return create_dataset(workspace, "many", Images(pixels, labels, np.zeros(count, np.int8)), origin={})


def test_every_picture_comes_once_however_many_copies_there_are(dataset):
    queue = stream_queue(dataset)
    assert len(queue) == 9
    assert set(dataset.groups[queue.rows]) == set(dataset.groups)
    drawn = [row for row in random_stream(dataset) if row in set(queue.rows)]
    assert queue.rows.tolist() == drawn  # one order for everybody, that of the audit


def test_suspects_hold_what_a_person_can_settle(dataset):
    reasons = [
        "label",
        "",
        "exact-duplicate",
        "",
        "exact-duplicate;label-conflict",
        "label-conflict",
        "split-leak",
        "low-information",
        *[""] * 4,
    ]
    queue = suspects_queue(dataset, ranked(dataset, reasons), "shallow48")
    assert queue.rows.tolist() == [4, 0, 7]  # the conflict first; row 5 is the same picture as row 4
    assert queue.scores.tolist() == pytest.approx([7 / 11, 1, 4 / 11])  # each score stays with its face
    assert queue.model == "shallow48"


def test_the_worst_come_first_but_in_no_telling_order(many):
    audit = audit_of(many, ranked(many, "label"))
    orders = [open_queue(many, audit, Seat(who, 1, "suspects")).rows for who in ("ada", "ada", "bob")]
    for order in orders:
        assert set(order[:BATCH]) == set(range(BATCH))
        assert list(order[:BATCH]) != list(range(BATCH))
    assert (orders[0] == orders[1]).all() and (orders[0] != orders[2]).any()


def audit_of(dataset, suspects, found=()):
    """An audit that says so."""
    table = pd.concat(found) if found else findings(np.zeros(0, np.int64), "label", 1.0, [])
    document = {"finished": "2026-07-01", "findings": dict.fromkeys(REASONS, 0)}
    return SimpleNamespace(
        path=dataset.path / "audits" / "x", document=document, model="m", suspects=suspects, findings=table
    )


def test_with_full_balance_the_given_classes_take_equal_turns(many):
    suspects = ranked(many, "label")
    plain, equal = suspects_queue(many, suspects, "m"), suspects_queue(many, suspects, "m", 1.0)
    assert plain.rows.tolist() == suspects["row"].tolist()
    counts = np.bincount(many.labels[equal.rows[:70]], minlength=7)
    assert counts.tolist() == [10] * 7
    assert sorted(equal.rows) == sorted(plain.rows)  # the large class comes to its end as well
    for label in range(7):  # within a class the order is that of suspicion
        own = equal.rows[many.labels[equal.rows] == label]
        assert (np.diff(equal.scores[np.isin(equal.rows, own)]) < 0).all()


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_balance_never_brings_more_of_the_largest_class_to_the_front(one, other):
    labels = np.where(np.arange(400) % 2, 3, np.arange(400) // 2 % 7)
    dataset = SimpleNamespace(labels=labels, groups=np.arange(400))
    suspects = ranked(labels, "label")
    low, high = sorted((one, other))
    front = [np.sum(labels[suspects_queue(dataset, suspects, "m", at).rows[:60]] == 3) for at in (low, high)]
    assert front[1] <= front[0]


def test_conflicts_are_the_copies_given_as_different_classes(dataset):
    assert conflicts_queue(dataset).rows.tolist() == [4]


def test_findings_make_queues_the_surest_first(dataset):
    found = pd.concat(
        [
            findings(np.array([0, 9, 2]), "blurred", np.array([0.5, 0.7, 0.6]), [""] * 3),
            findings(np.array([3]), "dark", 0.9, [""]),
            findings(np.array([7]), "not-a-face", 0.4, [""]),
            findings(np.array([8]), "flat", 1.0, [""]),
        ]
    )
    quality = findings_queue(dataset, "low-quality", found, QUALITY_REASONS)
    assert quality.rows.tolist() == [3, 9, 0]  # row 2 is the picture of row 3; nobody need look at a flat one
    assert quality.scores.tolist() == pytest.approx([0.9, 0.7, 0.5])
    audit = audit_of(dataset, ranked(dataset, ""), [found])
    assert fixed_queue(dataset, audit, "not-a-face").rows.tolist() == [7]
    assert set(QUALITY_REASONS) <= set(ASKED) <= set(REASONS)


def test_gold_holds_each_known_picture_once(dataset):
    gold = np.full(12, -1, np.int8)
    gold[[4, 5, 0]] = 3, 3, 7
    assert gold_queue(dataset, gold).rows.tolist() == [0, 4]


def test_without_an_audit_everything_comes_in_random_order(dataset):
    for name in ("suspects", "low-quality", "not-a-face"):
        assert (open_queue(dataset, None, Seat("ada", 1, name)).rows == stream_queue(dataset).rows).all()


def test_people_and_rounds_have_orders_of_their_own(dataset):
    seeds = {order_seed(dataset, who, round_) for who in ("ada", "bob") for round_ in (1, 2)}
    assert len(seeds) == 4


@given(st.integers(0, 700), st.integers(0, 1 << 64))
def test_shuffling_keeps_every_place_in_its_batch(count, seed):
    places = shuffled(count, seed)
    assert sorted(places) == list(range(count))
    assert (places // BATCH == np.arange(count) // BATCH).all()


def test_skipped_faces_can_be_brought_back(log, dataset, say):
    log.record(
        dataset, [say(0, "skip"), say(1, "sad"), say(7, "skip"), say(7, "happy"), say(5, "skip"), say(1, "skip")]
    )
    log.record(dataset, [say(8, "skip", "bob")])
    assert skipped_queue(current_answers(log, dataset, 1), "ada").rows.tolist() == [0, 5, 1]


def test_second_opinions_are_wanted_where_the_first_doubts_the_label(log, dataset, say):
    log.record(dataset, [say(0, "angry"), say(1, "sad"), say(7, "skip"), say(8, "unsure"), say(9, "keep")])
    answers = current_answers(log, dataset, 1)
    assert set(disagreements_queue(answers, answers.room()).rows) == {1, 8}


def test_a_queue_that_is_none_is_said(dataset):
    with pytest.raises(UsageError, match="no queue 'best'"):
        open_queue(dataset, None, Seat("ada", 1, "best"))


@pytest.mark.parametrize("wrong", [{"balance": 1.5}, {"audit_share": -0.1}, {"audit_share": 0.8, "gold_share": 0.2}])
def test_a_seat_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(UsageError):
        Seat("ada", 1, "suspects", **wrong)


def test_every_queue_says_what_it_holds_and_how_it_ends():
    assert len({kind.name for kind in KINDS}) == len({kind.title for kind in KINDS}) == 9
    assert all(kind.holds.endswith((".", "?")) and kind.end for kind in KINDS)
    assert "picked" in kind_of("selection-0123456789ab").end
    assert kind_of("selection-x").mixed
