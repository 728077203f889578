"""Who holds which pictures: by a clock that the test turns, with people dealing at once."""

from threading import Barrier, Thread

import numpy as np
import pytest

from fer_core.dataset.store import Images, create_dataset
from fer_core.review.cards.cards import Seat, deal
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.leases import LASTS, RENEWED_EVERY, LeaseBook

HASH = "d" * 64
pytestmark = pytest.mark.usefixtures("engine")  # SQLite and PostgreSQL
sqlite_only = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def clock():
    """A clock with hands."""
    now = [1_000_000.0]

    def read():
        return now[0]

    read.forward = lambda seconds: now.__setitem__(0, now[0] + seconds)
    return read


@pytest.fixture
def book(workspace, clock):
    return LeaseBook(workspace.leases_db, clock)


def hold(book, annotator, *pictures, round_=1, dataset=HASH):
    with book.turn(dataset, round_, annotator) as turn:
        turn.hold(np.array(pictures, np.int64))


def others(book, annotator, round_=1, dataset=HASH):
    with book.turn(dataset, round_, annotator) as turn:
        found = turn.others
        own = book.held(dataset, round_)  # reading does not wait for the turn
        assert set(found.pictures) <= set(own.pictures)
    return sorted(zip(found.pictures.tolist(), found.annotators, strict=True))


def test_others_see_what_somebody_holds_and_only_in_that_round_and_data_set(book):
    hold(book, "ada", 1, 2)
    assert others(book, "bob") == [(1, "ada"), (2, "ada")]
    assert others(book, "ada") == []
    assert others(book, "bob", round_=2) == others(book, "bob", dataset="e" * 64) == []


def test_what_is_not_held_any_more_is_free(book):
    hold(book, "ada", 1, 2)
    hold(book, "ada", 2, 3)
    assert others(book, "bob") == [(2, "ada"), (3, "ada")]


def test_a_lease_runs_out_unless_its_holder_is_still_there(book, clock):
    hold(book, "ada", 1)
    hold(book, "bob", 2)
    clock.forward(LASTS - 1)
    book.renew(HASH, 1, "ada")
    clock.forward(2)
    assert others(book, "cy") == [(1, "ada")]
    clock.forward(LASTS)
    assert others(book, "cy") == []


def test_renewing_often_is_enough_although_it_seldom_writes(book, clock):
    hold(book, "ada", 1)
    for _ in range(int(3 * LASTS / (RENEWED_EVERY / 2))):
        clock.forward(RENEWED_EVERY / 2)
        book.renew(HASH, 1, "ada")
    assert others(book, "bob") == [(1, "ada")]


def test_what_ran_out_and_was_given_on_is_not_taken_back(book, clock):
    hold(book, "ada", 1)
    clock.forward(LASTS + 1)
    hold(book, "bob", 1)
    book.renew(HASH, 1, "ada")
    assert others(book, "cy") == [(1, "bob")]


def test_who_leaves_gives_everything_back(book):
    hold(book, "ada", 1)
    hold(book, "ada", 5, round_=2)
    hold(book, "bob", 2)
    book.release("ada")
    assert others(book, "cy") == [(2, "bob")] and others(book, "cy", round_=2) == []


@sqlite_only
def test_nothing_is_lost_with_the_file(book, workspace):
    hold(book, "ada", 1)
    for file in workspace.root.glob("leases.db*"):
        file.unlink()
    assert others(book, "bob") == []
    hold(book, "ada", 1)
    assert others(book, "bob") == [(1, "ada")]


def test_a_turn_that_fails_changes_nothing(book):
    hold(book, "ada", 1)
    with pytest.raises(RuntimeError), book.turn(HASH, 1, "ada") as turn:
        turn.hold(np.array([7]))
        raise RuntimeError
    assert others(book, "bob") == [(1, "ada")]


@pytest.fixture
def faces(workspace):
    """Three hundred different faces."""
    pixels = np.random.default_rng(0).integers(0, 256, (300, 48, 48), dtype=np.uint8)
    flat = np.zeros(300, np.int8)
    return create_dataset(workspace, "faces", Images(pixels, flat, flat), origin={})


def test_eight_people_who_deal_at_once_get_different_pictures(faces, workspace):
    gold = np.full(300, -1, np.int8)
    gold[:40] = 0
    start, hands = Barrier(8), {}

    def sit_down(who):
        start.wait()
        log, leases = VerdictLog(workspace.labels_db), LeaseBook(workspace.leases_db)
        seat = Seat(who, 1, "unseen", gold_share=0.2)
        first = deal(faces, log, None, seat, count=20, leases=leases, gold=gold).cards
        rows = [card.row for card in first]
        more = deal(faces, log, None, seat, held=rows, count=20, leases=leases, gold=gold).cards
        hands[who] = [*first, *more]

    people = [Thread(target=sit_down, args=(f"person {number}",)) for number in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert all(len({card.row for card in hand}) == 40 for hand in hands.values())
    shared = [card.row for hand in hands.values() for card in hand if card.queue != "gold"]
    assert len(shared) == len(set(shared)) > 200
    assert {card.queue for hand in hands.values() for card in hand} == {"unseen", "gold"}
