"""Selections: kept under an id that says which images they are, and reviewed as a queue of those and no others."""

import numpy as np
import pytest

from fer_core.errors import NotFound, UsageError
from fer_core.files import write_json
from fer_core.review.cards.cards import Seat, deal, open_queue
from fer_core.review.queues.selections import list_selections, load_selection, save_selection


def test_what_was_picked_comes_back_in_its_order(dataset) -> None:
    saved = save_selection(dataset, np.array([7, 0, 9]), "lasso: sad or tired?")
    loaded = load_selection(dataset, saved.id)
    assert loaded == saved
    assert loaded.rows == [7, 0, 9]
    assert loaded.title == "lasso: sad or tired?"


def test_the_same_images_are_the_same_selection_and_others_another(dataset) -> None:
    first = save_selection(dataset, np.array([7, 0, 9]), "one")
    assert save_selection(dataset, np.array([9, 7, 0]), "two").id == first.id
    assert save_selection(dataset, np.array([7, 0]), "three").id != first.id
    assert {selection.title for selection in list_selections(dataset)} == {"two", "three"}


def test_the_newest_selection_stands_first(dataset) -> None:
    for row, made in ((1, "2026-01-02"), (2, "2026-01-03"), (3, "2026-01-01")):
        selection = save_selection(dataset, np.array([row]), str(row))
        document = {"id": selection.id, "title": selection.title, "rows": selection.rows, "made": made}
        write_json(dataset.path / "selections" / f"{selection.id}.json", document)
    assert [selection.rows for selection in list_selections(dataset)] == [[2], [1], [3]]


def test_nothing_is_no_selection(dataset) -> None:
    with pytest.raises(UsageError, match="Nothing is selected"):
        save_selection(dataset, np.zeros(0, int), "nothing")


@pytest.mark.parametrize("name", ["../dataset", "selection-../../labels", "selection-/etc/passwd", "selection-\0", ""])
def test_an_id_cannot_lead_elsewhere(dataset, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a selection"):
        load_selection(dataset, name)


def test_an_id_that_leads_nowhere_is_said(dataset) -> None:
    with pytest.raises(NotFound, match="small has no selection 'selection-0123'"):
        load_selection(dataset, "selection-0123")
    assert list_selections(dataset) == []


def test_its_queue_holds_each_picture_once_and_nothing_else(dataset) -> None:
    saved = save_selection(dataset, np.array([10, 4, 5, 6, 0, 7, 8]), "lasso")  # 4, 5 and 6, 10 are copies
    seat = Seat("ada", 1, saved.id, audit_share=0, gold_share=0)
    queue = open_queue(dataset, None, seat, answered=None)
    assert len(queue) == 5
    assert set(queue.rows) <= set(saved.rows)
    assert set(dataset.groups[queue.rows]) == {4, 6, 0, 7, 8}
    again = open_queue(dataset, None, seat, answered=None)
    assert (queue.rows == again.rows).all()
    orders = {tuple(open_queue(dataset, None, Seat(who, 1, saved.id), None).rows) for who in "abcdefgh"}
    assert len(orders) > 1


def test_its_cards_carry_its_name_and_answers_take_them_away(dataset, log, say) -> None:
    saved = save_selection(dataset, np.array([4, 5, 0, 7]), "lasso")
    seat = Seat("ada", 1, saved.id, audit_share=0, gold_share=0)
    dealt = deal(dataset, log, None, seat)
    assert {card.queue for card in dealt.cards} == {saved.id}
    assert all(card.score is None for card in dealt.cards)
    assert (dealt.done, dealt.total, dealt.last) == (0, 3, True)
    log.record(dataset, [say(dealt.cards[0].row, "sad", queue=saved.id)])
    later = deal(dataset, log, None, seat)
    assert (later.done, later.total) == (1, 3)
    assert [card.row for card in later.cards] == [card.row for card in dealt.cards[1:]]


def test_a_selection_that_is_gone_is_said_and_nothing_else_dealt(dataset, log) -> None:
    with pytest.raises(NotFound, match="no selection"):
        deal(dataset, log, None, Seat("ada", 1, "selection-0123456789ab"))
