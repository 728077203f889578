"""Who is dealt what: a team that shares a queue, second opinions, and what is mixed in unseen."""

from collections import Counter
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_core.audit.results import latest_audit
from fer_core.dataset.store import Images, create_dataset
from fer_core.review.cards.cards import Seat, deal, recent_cards
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.queues.answers import current_answers
from fer_core.review.queues.dealing import AUDIT, GOLD_ITEM, mixture, standing
from fer_core.review.queues.kinds import KINDS
from fer_core.review.queues.leases import LASTS, Held, LeaseBook
from fer_core.review.queues.seat import loads
from fer_core.review.queues.selections import save_selection
from fer_core.review.queues.stream import random_stream

PLAIN = {"audit_share": 0.0, "gold_share": 0.0}


def seat(annotator, queue="unseen", round_=1, **shares):
    return Seat(annotator, round_, queue, **{**PLAIN, **shares})


@pytest.fixture
def dealt(dataset, log):
    """`dealt(annotator, queue)`: the rows that this person would get."""

    def rows(annotator, queue="unseen", round_=1, **options):
        return {card.row for card in deal(dataset, log, None, seat(annotator, queue, round_), **options).cards}

    return rows


EVERYTHING = {0, 1, 7, 8, 9, 11}  # the pictures without copies; those of 2, 4 and 6 may show as one or the other copy


def alone(rows):
    return rows & EVERYTHING


def test_what_somebody_else_has_settled_is_not_dealt_again(dataset, log, say, dealt):
    log.record(dataset, [say(0, "angry"), say(1, "keep"), say(2, "fear")])  # as given, all three
    assert alone(dealt("bob")) == EVERYTHING - {0, 1}
    assert not dealt("bob") & {2, 3}  # an answer counts for the copies
    assert alone(dealt("bob", round_=2)) == EVERYTHING


def test_a_doubted_label_comes_to_others_once_more_and_never_to_who_answered(dataset, log, say, dealt):
    log.record(dataset, [say(0, "sad")])
    assert 0 not in dealt("ada") and 0 in dealt("bob")
    assert dealt("bob", "disagreements") == {0} and dealt("ada", "disagreements") == set()
    log.record(dataset, [say(0, "sad", "bob")])
    assert 0 not in dealt("cy") and dealt("cy", "disagreements") == set()


def test_opinions_are_asked_until_one_answer_is_sure_or_five_have_spoken(dataset, log, say, dealt):
    careless = dict.fromkeys(("a", "b", "c", "d", "e"), 0.25)
    for who, answer in zip(careless, ("sad", "happy", "unsure", "unusable"), strict=False):
        assert 0 in dealt(who, accuracies=careless)
        log.record(dataset, [say(0, answer, who)])
    assert 0 in dealt("e", accuracies=careless)
    log.record(dataset, [say(0, "fear", "e")])
    assert 0 not in dealt("f", accuracies=careless)  # nobody agrees: left to a decision


def test_how_good_people_are_moves_how_many_are_asked(dataset, log, say, dealt):
    log.record(dataset, [say(0, "sad", "ada"), say(0, "sad", "bob")])
    assert 0 not in dealt("cy", accuracies={"ada": 0.8, "bob": 0.8})
    assert 0 in dealt("cy", accuracies={"ada": 0.3, "bob": 0.3})


def test_what_was_decided_is_not_asked_again(dataset, log, say, dealt):
    vote = say(0, "sad")
    log.record(dataset, [vote])
    log.record(dataset, [say(0, "fear", "bob", queue="adjudication", based_on=vote.id)])
    assert 0 not in dealt("cy") | dealt("cy", "disagreements") | dealt("cy", round_=2)


def test_an_answer_taken_back_counts_for_nothing(dataset, log, say, dealt):
    answer = say(0, "angry")
    log.record(dataset, [answer])
    assert 0 not in dealt("bob")  # and what was seen is remembered
    log.record(dataset, [say(0, kind="undo", undoes=answer.id)])
    assert 0 in dealt("bob") and 0 in dealt("ada")


def test_a_skip_leaves_the_face_to_others(dataset, log, say, dealt):
    log.record(dataset, [say(0, "skip")])
    assert 0 not in dealt("ada") and 0 in dealt("bob")
    assert dealt("ada", "skipped") == {0} and dealt("bob", "skipped") == set()
    log.record(dataset, [say(0, "angry", "bob")])
    assert dealt("ada", "skipped") == set()  # settled meanwhile


def test_one_answer_settles_a_conflict_for_all_copies(dataset, log, say):
    first = deal(dataset, log, None, seat("ada", "conflicts"))
    assert [(card.row, card.copies) for card in first.cards] == [(4, 2)]
    log.record(dataset, [say(5, "sad")])  # the class of the other copy
    after = deal(dataset, log, None, seat("bob", "conflicts"))
    assert (after.cards, after.done, after.total, after.last) == ([], 1, 1, True)


def test_where_a_queue_stands_is_counted_for_the_team(dataset, log, say):
    log.record(dataset, [say(0, "angry"), say(1, "sad"), say(7, "skip")])
    ada, bob = (deal(dataset, log, None, seat(who)) for who in ("ada", "bob"))
    assert (ada.done, ada.total) == (3, 9)
    assert (bob.done, bob.total) == (1, 9)  # row 1 wants his opinion, and what ada skipped is still open
    few = deal(dataset, log, None, seat("bob"), count=3)
    assert len(few.cards) == 3 and not few.last
    rest = deal(dataset, log, None, seat("bob"), held=[card.row for card in few.cards])
    assert rest.last and len(rest.cards) == 5


def test_what_others_hold_is_elsewhere_until_they_leave(dataset, log, workspace):
    book = LeaseBook(workspace.leases_db)
    ada = deal(dataset, log, None, seat("ada"), count=7, leases=book)
    bob = deal(dataset, log, None, seat("bob"), leases=book)
    assert len(bob.cards) == 2 and not {card.row for card in ada.cards} & {card.row for card in bob.cards}
    assert (bob.elsewhere, bob.last, bob.done) == (7, True, 0)
    book.release("ada")
    assert len(deal(dataset, log, None, seat("bob"), leases=book).cards) == 9


def test_leases_run_out(dataset, log, workspace):
    now = [0.0]
    book = LeaseBook(workspace.leases_db, lambda: now[0])
    assert len(deal(dataset, log, None, seat("ada"), leases=book).cards) == 9
    assert not deal(dataset, log, None, seat("bob"), leases=book).cards
    now[0] += LASTS + 1
    assert len(deal(dataset, log, None, seat("bob"), leases=book).cards) == 9


def test_a_second_opinion_is_asked_of_one_person_at_a_time_and_at_once(dataset, log, say, workspace):
    book = LeaseBook(workspace.leases_db)
    ada = deal(dataset, log, None, seat("ada"), leases=book)
    assert 0 in {card.row for card in ada.cards}
    log.record(dataset, [say(0, "sad")])  # ada still holds her hand, this face in it
    assert [card.row for card in deal(dataset, log, None, seat("bob"), leases=book).cards] == [0]
    assert not deal(dataset, log, None, seat("cy"), leases=book).cards  # bob is looking at it


def test_a_picture_that_wants_several_opinions_is_open_to_as_many(dataset, log):
    answers = current_answers(log, dataset, 1)
    room = np.ones(12, np.int8)
    room[[0, 1]] = 2
    others = Held(np.array([0, 1, 1, 7]), ["bob", "bob", "cy", "cy"])
    stands = standing(answers, room, "ada", np.zeros(0, np.int64), others)
    assert stands.free[0] and not stands.free[1] and not stands.free[7] and stands.free[8]


def test_gold_is_for_everybody_whatever_others_say_or_hold(dataset, log, say, workspace):
    book = LeaseBook(workspace.leases_db)
    gold = np.full(12, -1, np.int8)
    gold[[0, 1]] = 0, 3
    log.record(dataset, [say(0, "angry"), say(1, "skip")])
    for who, rows in (("ada", set()), ("bob", {0, 1}), ("cy", {0, 1})):
        hand = deal(dataset, log, None, seat(who, "gold"), leases=book, gold=gold)
        assert {card.row for card in hand.cards} == rows and hand.elsewhere == 0
    assert len(book.held(dataset.hash, 1).pictures) == 0
    assert not deal(dataset, log, None, seat("bob", "gold")).cards


@pytest.fixture
def faces(workspace):
    """Six hundred different faces, all given as angry; a selection of the last hundred."""
    pixels = np.random.default_rng(0).integers(0, 256, (600, 48, 48), dtype=np.uint8)
    flat = np.zeros(600, np.int8)
    return create_dataset(workspace, "faces", Images(pixels, flat, flat), origin={})


@pytest.fixture
def picked(faces):
    return save_selection(faces, np.arange(300, 600), "picked").id


def test_random_audit_and_gold_faces_come_between_the_others(faces, picked, log):
    gold = np.full(600, -1, np.int8)
    gold[:50] = 0
    sat = Seat("ada", 1, picked, audit_share=0.2, gold_share=0.1)
    hand = deal(faces, log, None, sat, gold=gold)
    counts = Counter(card.queue for card in hand.cards)
    assert len(hand.cards) == 120 and len({card.row for card in hand.cards}) == 120
    assert 10 < counts["random"] < 40 and 3 < counts["gold"] < 25
    assert hand.total == 300 and hand.done == 0  # what is mixed in is no part of the queue
    places = [place for place, card in enumerate(hand.cards) if card.queue == "random"]
    assert len(set(np.diff(places))) > 1  # at no regular distance
    # The audit's faces are the next of its stream that are in no hand.
    rows = [card.row for card in hand.cards if card.queue == "random"]
    others = {card.row for card in hand.cards if card.queue != "random"}
    assert rows == [row for row in random_stream(faces) if row not in others][: len(rows)]
    assert all(gold[card.row] == 0 for card in hand.cards if card.queue == "gold")
    again = deal(faces, log, None, sat, gold=gold)
    assert again.cards == hand.cards


def test_a_share_of_nothing_switches_it_off(faces, picked, log):
    gold = np.zeros(600, np.int8)
    assert {card.queue for card in deal(faces, log, None, seat("ada", picked), gold=gold).cards} == {picked}
    without = deal(faces, log, None, Seat("ada", 1, picked, audit_share=0.0, gold_share=0.5))
    assert {card.queue for card in without.cards} == {picked}  # no gold face is known


def test_each_place_is_drawn_for_itself():
    drawn = np.stack([mixture(120, 0.1, 0.04, (5, number)) for number in range(400)])
    assert np.mean(drawn == AUDIT) == pytest.approx(0.1, abs=0.005)
    assert np.mean(drawn == GOLD_ITEM) == pytest.approx(0.04, abs=0.005)
    assert np.ptp((drawn == AUDIT).mean(axis=0)) < 0.12  # no place is an audit's more often than others
    assert len(set((drawn == AUDIT).sum(axis=1))) > 5  # nor is their number known


@given(
    st.integers(0, 11).flatmap(lambda size: st.lists(st.integers(0, 11), min_size=size, max_size=size, unique=True)),
    st.lists(st.integers(0, 11), max_size=5),
    st.floats(0, 0.5),
    st.floats(0, 0.4),
    st.integers(1, 14),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_is_mixed_in_hides_or_doubles_a_face(dataset, log, golden, held, audit_share, gold_share, count):
    gold = np.full(12, -1, np.int8)
    gold[golden] = 0
    sat = Seat("ada", 1, "conflicts", audit_share=audit_share, gold_share=gold_share)
    in_hand = set(held)
    seen = set(dataset.groups[held])
    for _ in range(20):
        hand = deal(dataset, log, None, sat, held=in_hand, count=count, gold=gold)
        pictures = [int(dataset.groups[card.row]) for card in hand.cards]
        assert len(pictures) <= count and len(set(pictures)) == len(pictures) and not seen & set(pictures)
        in_hand |= {card.row for card in hand.cards}
        seen |= set(pictures)
        if hand.last:
            break
    assert hand.last and 4 in seen  # the one picture of the queue came, or was held


def test_recent_answers_go_back_to_the_first_page_by_page(dataset, log, say):
    said = [say(row, "sad", queue="random", comment=f"no. {row}") for row in range(7)]
    said[3] = replace(said[3], seen="revealed", answer="happy")
    log.record(dataset, [*said, say(8, "sad", "bob")])
    log.record(dataset, [say(5, kind="undo", undoes=said[5].id)])
    pages, before = [], ""
    while page := recent_cards(dataset, log, None, seat("ada", "suspects"), 2, before):
        pages.append([one.id for one in page])
        before = page[0].id
    kept = [event.id for event in said if event is not said[5]]
    assert pages == [kept[4:], kept[2:4], kept[:2]]
    third = recent_cards(dataset, log, None, seat("ada"))[3]
    assert (third.answer, third.seen, third.comment, third.time) == ("happy", "revealed", "no. 3", said[3].time)
    assert (third.card.row, third.card.queue, third.card.copies) == (3, "random", 2)


def test_dealing_counts_what_other_programs_wrote_and_took_back(dataset, log, say, dealt):
    """The answers in memory against the log's own view, whatever came in between and however it was read."""
    chance = np.random.default_rng(3)
    standing = []
    for step in range(60):
        row, who = int(chance.integers(12)), ("ada", "bob")[step % 2]
        event = say(row, ("keep", "sad", "skip")[chance.integers(3)], who)
        if standing and chance.random() < 0.4:
            target = standing.pop(int(chance.integers(len(standing))))
            event = say(target.row, annotator=target.annotator, kind="undo", undoes=target.id)
        else:
            standing.append(event)
        log.record(dataset, [event])
        if step % 3 == 0:
            continue  # several events at once, sometimes
        table = log.answered(dataset, "ada", 1)
        answered = set(dataset.groups[table["row"]])
        assert not answered & set(dataset.groups[list(dealt("ada"))])
        newest = {}
        for held in standing:
            if held.annotator == "ada":
                newest[int(dataset.groups[held.row])] = held.answer
        skipped = {picture for picture, answer in newest.items() if answer == "skip"}
        by_bob = set(dataset.groups[log.answered(dataset, "bob", 1).query("answer != 'skip'")["row"]])
        assert set(dataset.groups[list(dealt("ada", "skipped"))]) >= skipped - by_bob


def on_card(dataset, annotator, card, answer):
    return Verdict(
        id=str(uuid4()),
        kind="answer",
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        row=card.row,
        content=card.content,
        annotator=annotator,
        round=1,
        answer=answer,
        time="2026-07-01T10:00:00+00:00",
        queue=card.queue,
    )


def test_what_is_left_of_each_queue_is_what_would_be_dealt(audited, workspace):
    log, audit = VerdictLog(workspace.labels_db), latest_audit(audited)
    gold = np.full(len(audited), -1, np.int8)
    gold[:30] = 0
    cards = deal(audited, log, audit, seat("bob", "suspects")).cards[:6]
    said = zip(cards, ("keep", "unsure", "skip") * 2, strict=True)
    log.record(audited, [on_card(audited, "bob", card, answer) for card, answer in said])
    for who in ("ada", "bob"):
        found = loads(audited, log, audit, seat(who), gold)
        assert [load.kind.name for load in found] == [kind.name for kind in KINDS]
        for load in found:
            hand = deal(audited, log, audit, seat(who, load.kind.name), count=len(audited), gold=gold)
            assert (load.waiting, load.total) == (len(hand.cards), hand.total), load.kind.name
            assert load.waiting == hand.total - hand.done
    assert {load.kind.name: load.waiting for load in loads(audited, log, audit, seat("ada"))}["disagreements"] == 2
    names = {load.kind.name for load in loads(audited, log, None, seat("ada"))}
    assert not names & {"suspects", "not-a-face", "low-quality"}
