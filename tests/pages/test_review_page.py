"""What passes between the card and the log, and the pages around it."""

from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.audit.results import latest_audit
from fer_core.dataset.votes import VoteTable, store_votes
from fer_core.emotions import NAMES
from fer_core.errors import StoreError
from fer_core.review.cards.exemplars import HARD_PAIRS
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import read_verdict
from fer_core.review.queues.kinds import NOT_A_FACE
from fer_core.review.queues.leases import LeaseBook
from fer_core.review.queues.queue import BATCH, RANDOM, SKIPPED
from fer_core.review.queues.seat import Seat
from pages._components.review_queue import KEYS, buttons, guide, ink_on, pairs
from pages._look import heat_layer
from pages._review import PAGE, exchange

SHELL = str(Path(__file__).resolve().parents[2] / "pages" / "_shell.py")
ADA = Seat("Ada", 1, RANDOM)


@pytest.fixture
def log(demo, workspace):
    return VerdictLog(workspace.labels_db)


def pressed(demo, card, answer="sad", **changes):
    """What the card sends for one key."""
    return {
        "id": str(uuid4()),
        "kind": "answer",
        "dataset": demo.name,
        "dataset_hash": demo.hash,
        "annotator": "Ada",
        "round": 1,
        **card["log"],
        "row": card["row"],
        "content": card["content"],
        "answer": answer,
        "time": "2026-07-01T10:00:00.000Z",
        **changes,
    }


def outbox(events=(), **changes):
    return {"instance": "i", "stamp": 3, "fresh": False, "want": False, "held": [], "events": list(events), **changes}


def test_a_new_card_is_dealt_a_batch_and_an_old_one_only_what_it_asks_for(demo, log):
    first = exchange(demo, log, None, ADA, None)
    cards = first["deal"]["cards"]
    assert len(cards) == BATCH and not first["deal"]["last"]
    assert exchange(demo, log, None, ADA, outbox())["deal"] is None
    more = exchange(demo, log, None, ADA, outbox(want=True, held=[card["row"] for card in cards]))
    assert not {card["row"] for card in more["deal"]["cards"]} & {card["row"] for card in cards}


def test_answers_are_acknowledged_and_do_not_come_again(demo, log):
    cards = exchange(demo, log, None, ADA, None)["deal"]["cards"]
    events = [pressed(demo, card) for card in cards[:3]]
    for _ in range(2):  # sent twice, stored once
        ack = exchange(demo, log, None, ADA, outbox(events))["ack"]
        assert ack["stored"] == [event["id"] for event in events]
        assert ack["stamp"] == 3 and not ack["error"] and not ack["refused"]
    assert len(log.history(demo)) == 3
    again = exchange(demo, log, None, ADA, None)
    assert again["deal"]["done"] == 3
    assert not {card["row"] for card in again["deal"]["cards"]} & {event["row"] for event in events}
    assert [last["id"] for last in again["past"]["answers"]] == ack["stored"]


def test_skipped_faces_come_back_in_their_own_queue(demo, log):
    card = exchange(demo, log, None, ADA, None)["deal"]["cards"][0]
    exchange(demo, log, None, ADA, outbox([pressed(demo, card, "skip")]))
    skipped = exchange(demo, log, None, Seat("Ada", 1, SKIPPED), None)["deal"]
    assert [one["row"] for one in skipped["cards"]] == [card["row"]]
    assert (skipped["done"], skipped["total"], skipped["last"]) == (0, 1, True)


def test_what_can_never_be_stored_is_refused_so_that_the_rest_goes_through(demo, log):
    one, two, three = exchange(demo, log, None, ADA, None)["deal"]["cards"][:3]
    wrong = [
        pressed(demo, one, "bored"),
        pressed(demo, one, content=two["content"]),
        pressed(demo, one, annotator="Bob"),
    ]
    good = pressed(demo, three)
    ack = exchange(demo, log, None, ADA, outbox([*wrong, good]))["ack"]
    assert set(ack["refused"]) == {event["id"] for event in wrong}
    assert ack["stored"] == [good["id"]]


def test_while_the_store_cannot_write_nothing_is_acknowledged(demo, log, monkeypatch):
    card = exchange(demo, log, None, ADA, None)["deal"]["cards"][0]

    def full(*_):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(log, "record", full)
    ack = exchange(demo, log, None, ADA, outbox([pressed(demo, card)]))["ack"]
    assert ack["error"] == "The disk is full." and not ack["stored"] and not ack["refused"]


def test_where_leases_cannot_be_kept_the_card_is_dealt_all_the_same(demo, log, workspace):
    workspace.leases_db.mkdir(parents=True)  # no file can be there
    assert exchange(demo, log, None, ADA, None, LeaseBook(workspace.leases_db))["deal"]["cards"]


def test_every_command_has_a_key_of_its_own_and_the_classes_their_number():
    keys = [button["key"] for button in buttons()]
    assert len(set(keys)) == len(keys) == 21
    assert {button["command"]: button["key"] for button in buttons()} == KEYS
    assert not set(keys) & set("rc")  # Streamlit's own
    assert [button["key"] for button in buttons()[:7]] == list("1234567")
    assert {entry["command"] for entry in guide()} <= {button["command"] for button in buttons()}
    assert {(pair["one"], pair["other"]) for pair in pairs()} == set(HARD_PAIRS)
    assert ink_on("#0072B2") == "#ffffff" and ink_on("#E69F00") != "#ffffff"


def test_the_history_is_dealt_in_pages_back_to_the_beginning(demo, log):
    cards = exchange(demo, log, None, ADA, None)["deal"]["cards"][: PAGE + 3]
    events = [pressed(demo, card, comment=f"face {number}") for number, card in enumerate(cards)]
    exchange(demo, log, None, ADA, outbox(events))
    newest = exchange(demo, log, None, ADA, None)["past"]
    assert [one["id"] for one in newest["answers"]] == [event["id"] for event in events[3:]]
    assert not newest["last"] and newest["answers"][0]["comment"] == "face 3"
    oldest = exchange(demo, log, None, ADA, outbox(older=newest["answers"][0]["id"]))["past"]
    assert [one["id"] for one in oldest["answers"]] == [event["id"] for event in events[:3]]
    assert oldest["last"] and oldest["before"] == events[3]["id"]
    assert exchange(demo, log, None, ADA, outbox())["past"] is None


def looked_at(dataset, log, audit, row):
    """What the card is told once all of it is there."""
    answer = {"pending": True}
    while answer["pending"]:
        answer = exchange(dataset, log, audit, ADA, outbox(look=row))["look"]
    return answer


def test_a_look_tells_what_is_alike_who_said_what_and_where_networks_looked(audited, workspace):
    log, audit = VerdictLog(workspace.labels_db), latest_audit(audited)
    row, copy = next(
        (int(first), int(later))
        for first, later in zip(audited.groups, range(len(audited)), strict=True)
        if first != later
    )
    card = {"log": {}, "row": copy, "content": audited.table["content"].iat[copy]}
    log.record(audited, [read_verdict(pressed(audited, card, "fear", annotator="Bob"))])
    look = looked_at(audited, log, audit, row)
    assert look["row"] == row and not look["error"]
    assert look["facts"]["people"] == [{"annotator": "Bob", "answer": "fear", "seen": "blind", "decision": False}]
    alike = [one["row"] for one in look["facts"]["neighbours"]]
    assert len(set(alike)) == 6 and not {row, copy} & set(alike)
    assert look["facts"]["neighbours"][0]["given"] == NAMES[audited.labels[alike[0]]]
    shown = {NAMES[audited.labels[row]], NAMES[int(audit.probabilities[row].argmax())]}
    assert {one["class"] for one in look["maps"]} == shown
    card = next(card for card in exchange(audited, log, audit, ADA, None)["deal"]["cards"])
    top = np.sort(audit.probabilities[card["row"]])[::-1][:3]
    assert [share for _, share in card["reveal"]["probabilities"]] == pytest.approx(top.tolist(), abs=1e-4)


def test_votes_that_were_imported_while_the_card_was_open_are_seen(demo, log):
    assert not looked_at(demo, log, None, 0)["facts"]["votes"]
    store_votes(demo, VoteTable(np.tile([10] + [0] * 9, (len(demo), 1)).astype(np.int32), "votes.csv"))
    assert looked_at(demo, log, None, 0)["facts"]["votes"]


def test_a_picture_of_one_grey_is_said_to_be_one(audited, workspace):
    log, audit = VerdictLog(workspace.labels_db), latest_audit(audited)
    cards = exchange(audited, log, audit, Seat("Ada", 1, NOT_A_FACE), None)["deal"]["cards"]
    even = {card["row"] for card in cards if card["even"]}
    dealt = [card["row"] for card in cards]
    assert even == {row for row in dealt if np.std(audited.images[row]) < 3} and 0 < len(even) < len(dealt)


def test_a_map_is_clear_where_nothing_speaks_for_the_class():
    heat = np.zeros((48, 48), np.float32)
    heat[:, 24:] = 1
    layer = heat_layer(heat, side=48)
    assert layer.shape == (48, 48, 4)
    assert not layer[:, :20, 3].any() and (layer[:, 28:, 3] > 180).all()


def test_examples_come_when_the_guide_is_opened(audited, workspace):
    log, audit = VerdictLog(workspace.labels_db), latest_audit(audited)
    assert exchange(audited, log, audit, ADA, None)["examples"] is None
    shown = exchange(audited, log, audit, ADA, outbox(examples=True))["examples"]
    assert {name: len(faces) for name, faces in shown["classes"].items()} == dict.fromkeys(NAMES, 6)
    assert [len(pair["one"]) + len(pair["other"]) for pair in shown["pairs"]] == [8, 8, 8]


def test_preferences_are_kept_for_their_annotator_and_wrong_ones_refused(demo, log, workspace, monkeypatch):
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    wanted = {"keys": {"happy": "x"}, "look_after": True}
    answer = exchange(demo, log, None, ADA, outbox(preferences=wanted))["preferences"]
    assert answer == {**wanted, "error": ""}
    assert exchange(demo, log, None, ADA, outbox())["preferences"] is None
    assert exchange(demo, log, None, ADA, None)["preferences"] == {**wanted, "error": ""}
    wrong = {"keys": {"happy": "r"}, "look_after": True}
    refused = exchange(demo, log, None, ADA, outbox(preferences=wrong))["preferences"]
    assert "R belongs to the page" in refused["error"] and refused["keys"] == {"happy": "x"}
    other = exchange(demo, log, None, Seat("Bob", 1, RANDOM), None)["preferences"]
    assert other == {"keys": {}, "look_after": False, "error": ""}


def test_who_is_there_keeps_their_leases_and_who_leaves_gives_them_up(demo, log, workspace):
    clock = [1000.0]
    leases = LeaseBook(workspace.root / "leases.db", clock=lambda: clock[0])
    deal = exchange(demo, log, None, ADA, None, leases=leases)["deal"]
    mine = {card["row"] for card in deal["cards"]}
    for _ in range(3):
        clock[0] += 200
        exchange(demo, log, None, ADA, outbox(alive=True), leases=leases)
    bob = Seat("Bob", 1, RANDOM)
    assert not mine & {card["row"] for card in exchange(demo, log, None, bob, None, leases=leases)["deal"]["cards"]}
    exchange(demo, log, None, ADA, outbox(leaving=True), leases=leases)
    eve = exchange(demo, log, None, Seat("Eve", 1, RANDOM), None, leases=leases)["deal"]["cards"]
    assert mine & {card["row"] for card in eve}


@pytest.fixture
def app(workspace, monkeypatch):
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    workspace.root.mkdir(exist_ok=True)
    return AppTest.from_file(SHELL, default_timeout=60)


def said(app):
    return " ".join(element.value for element in (*app.markdown, *app.caption, *app.text))


def opened(app, page):
    app.session_state["annotator_name"] = "Ada"
    app.run()
    app.switch_page(page).run()
    assert not app.exception
    return app


def test_without_a_data_set_the_pages_say_what_to_do(app):
    for page in ("review.py", "consensus.py"):
        assert "No data set yet" in said(opened(app, page))


def test_without_an_audit_the_faces_come_in_random_order(app, demo):
    review = opened(app, "review.py")
    assert "random order" in said(review)
    assert review.session_state["queue"] == RANDOM


def test_going_to_another_page_frees_the_faces(demo, workspace, monkeypatch):
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    app = AppTest.from_file(SHELL, default_timeout=60)
    app.session_state["annotator_name"] = "Ada"
    app.run().switch_page("review.py").run()
    assert not app.exception
    held = LeaseBook(workspace.leases_db).held(demo.hash, 1)
    assert len(held.pictures) == BATCH and set(held.annotators) == {"Ada"}
    app.switch_page("audit.py").run()
    assert not app.exception
    assert not len(LeaseBook(workspace.leases_db).held(demo.hash, 1).pictures)
