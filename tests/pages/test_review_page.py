"""What passes between the card and the log, and the pages around it."""

from pathlib import Path
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.dataset.version import list_versions
from fer_core.emotions import NAMES
from fer_core.errors import StoreError
from fer_core.review.cards import Seat
from fer_core.review.consensus import consensus
from fer_core.review.log import VerdictLog
from fer_core.review.queue import BATCH, RANDOM, SKIPPED
from fer_core.review.verdict import read_verdict
from pages._components.review_queue import buttons, guide, ink_on
from pages._review import exchange

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
    assert [last["id"] for last in again["recent"]] == ack["stored"]


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


def test_every_command_has_a_key_of_its_own_and_the_classes_their_number():
    keys = [button["key"] for button in buttons()]
    assert len(set(keys)) == len(keys) == 16
    assert not set(keys) & set("rc")  # Streamlit's own
    assert [button["key"] for button in buttons()[:7]] == list("1234567")
    assert {entry["command"] for entry in guide()} <= {button["command"] for button in buttons()}
    assert ink_on("#0072B2") == "#ffffff" and ink_on("#E69F00") != "#ffffff"


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


def test_a_disputed_face_is_decided_by_one_click(app, demo, log):
    row = int(demo.groups[5])
    votes = []
    for who, answer in (("Ada", "sad"), ("Bob", "fear")):
        card = {"log": {}, "row": row, "content": demo.table["content"].iat[row]}
        votes.append(read_verdict(pressed(demo, card, answer, annotator=who)))
    log.record(demo, votes)
    page = opened(app, "consensus.py")
    assert "Ada: sad" in said(page) and "Bob: fear" in said(page)
    page.pills(key=f"decide-{row}-{votes[1].id}").select("fear").run()
    assert not page.exception
    people = consensus(demo, log.verdicts(demo))
    assert people.label[row] == NAMES.index("fear") and people.decided[row]
    assert "Nobody disagrees" in said(page)


def test_a_version_is_cut_with_its_effect_shown_before(app, demo, log):
    row = int((demo.splits == 0).nonzero()[0][0])
    other = NAMES[(demo.labels[row] + 1) % 7]
    card = {"log": {}, "row": row, "content": demo.table["content"].iat[row]}
    log.record(demo, [read_verdict(pressed(demo, card, other))])
    page = opened(app, "consensus.py")
    tiles = {metric.label: metric.value for metric in page.metric}
    assert tiles["Relabelled"] == "1"
    page.text_input(key="version_name").set_value("first")
    next(button for button in page.button if button.label == "Cut this version").click().run()
    assert not page.exception
    assert [version["name"] for version in list_versions(demo)] == ["first"]
    assert page.dataframe[0].value["Version"].tolist() == ["demo@first"]
