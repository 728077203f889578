"""What passes between the grid and the log, and the controls above it."""

from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.emotions import NAMES
from fer_core.review.cards.grid import COPIES, GIVEN, NEAR, SUGGESTED, Face, Sheet, View, sheet_order
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import ANSWERS
from pages._components.review_grid import KEYS, buttons
from pages._grid_lane import exchange, title

SHELL = str(Path(__file__).resolve().parents[2] / "pages" / "_shell.py")
HAPPY = View(GIVEN, "happy", 24)


@pytest.fixture
def log(demo, workspace):
    return VerdictLog(workspace.labels_db)


@pytest.fixture
def trade(demo, log):
    """`trade(outbox, view)`: one exchange of Ada's."""

    def traded(outbox=None, view=HAPPY):
        return exchange(demo, log, sheet_order(demo, None, view, 0), "Ada", 1, outbox)

    return traded


def outbox(events=(), **changes):
    return {"instance": "i", "stamp": 2, "fresh": False, "want": False, "held": [], "events": list(events), **changes}


def confirmed(said, faces, answer="happy", **changes):
    """The events of faces that are answered as the grid does it."""
    return [
        {
            "id": str(uuid4()),
            "kind": "answer",
            **said["event"],
            **face["log"],
            "row": face["row"],
            "content": face["content"],
            "answer": answer,
            "key": "Enter",
            "time": "2026-07-01T10:00:00.000Z",
            **changes,
        }
        for face in faces
    ]


def test_a_new_grid_is_dealt_sheets_and_an_old_one_what_it_asks_for(demo, trade):
    said = trade()
    sheets = said["deal"]["sheets"]
    assert [len(sheet["faces"]) for sheet in sheets[:2]] == [24, 24]
    pictures = [face["picture"] for sheet in sheets for face in sheet["faces"]]
    assert len(set(pictures)) == len(pictures)
    assert {demo.labels[face["row"]] for sheet in sheets for face in sheet["faces"]} == {NAMES.index("happy")}
    assert trade(outbox())["deal"] is None
    held = pictures[:24]
    more = trade(outbox(want=True, held=held))["deal"]["sheets"]
    assert not {face["picture"] for sheet in more for face in sheet["faces"]} & set(held)


def test_what_is_confirmed_is_stored_as_revealed_answers_of_the_grid(demo, log, trade):
    said = trade()
    faces = said["deal"]["sheets"][0]["faces"]
    events = confirmed(said, faces)
    for _ in range(2):  # sent twice, stored once
        ack = trade(outbox(events))["ack"]
        assert ack["stored"] == [event["id"] for event in events] and not ack["refused"]
    stored = log.history(demo)
    assert stored["row"].tolist() == [face["row"] for face in faces]
    assert set(stored["queue"]) == {"grid"} and set(stored["seen"]) == {"revealed"}
    again = trade()["deal"]
    assert again["done"] == 24
    assert not {face["picture"] for sheet in again["sheets"] for face in sheet["faces"]} & {f["picture"] for f in faces}


def test_undo_reaches_the_last_sheet_behind_a_reload(log, demo, trade):
    said = trade()
    assert said["last"] is None
    first, second = (sheet["faces"] for sheet in said["deal"]["sheets"][:2])
    odd = confirmed(said, second[:3], "skip", time="2026-07-01T10:01:00.000Z")
    events = confirmed(said, second[3:], time="2026-07-01T10:01:00.000Z")
    trade(outbox([*confirmed(said, first), *odd, *events]))
    last = trade()["last"]
    assert last["ids"] == [event["id"] for event in (*odd, *events)]
    assert [face["row"] for face in last["sheet"]["faces"]] == [face["row"] for face in second]
    assert last["sheet"]["emotion"] == "happy" and last["answers"] == ["skip"] * 3 + ["happy"] * 21
    assert trade(outbox())["last"] is None  # only a new grid asks
    undone = [
        {**event, "id": str(uuid4()), "kind": "undo", "undoes": event["id"], "answer": ""} for event in (*odd, *events)
    ]
    trade(outbox(undone))
    assert [face["row"] for face in trade()["last"]["sheet"]["faces"]] == [face["row"] for face in first]


def test_a_group_of_copies_comes_back_whole(demo, trade):
    said = trade(view=View(COPIES))
    faces = said["deal"]["sheets"][0]["faces"]
    trade(outbox(confirmed(said, faces[:1], "sad")))
    last = trade()["last"]
    assert (last["sheet"]["kind"], last["answers"]) == (COPIES, ["sad"])
    assert [face["row"] for face in last["sheet"]["faces"]] == [face["row"] for face in faces]


def test_an_answer_in_another_name_is_refused(log, demo, trade):
    said = trade()
    events = confirmed(said, said["deal"]["sheets"][0]["faces"][:2])
    events[0]["annotator"] = "Bob"
    ack = trade(outbox(events))["ack"]
    assert list(ack["refused"]) == [events[0]["id"]] and ack["stored"] == [events[1]["id"]]


def test_copies_show_their_labels_and_splits_and_ask_once(demo, trade):
    sheet = trade(view=View(COPIES))["deal"]["sheets"][0]
    rows = [face["row"] for face in sheet["faces"]]
    assert rows == np.flatnonzero(demo.groups == demo.groups[rows[0]]).tolist()
    labels = {NAMES[demo.labels[row]] for row in rows}
    assert all(face["note"].split(", ")[0] in labels for face in sheet["faces"])
    assert sheet["title"].startswith(f"The same picture {len(rows)} times")
    assert sheet["keep"] == ("" if len(labels) > 1 else labels.pop())


def test_a_title_says_what_the_labels_are():
    def face(given):
        return Face(0, 0, "", 2, given, "Training", None, "", "")

    assert title(Sheet(COPIES, "", (face("sad"), face("fear"), face("sad")))) == (
        "The same picture 3 times, labelled fear (1×) and sad (2×). What does it show?"
    )
    assert "all labelled sad" in title(Sheet(COPIES, "", (face("sad"), face("sad"))))
    assert "nearly the same" in title(Sheet(NEAR, "", (face("sad"), face("sad"))))
    assert "are labelled {class}" in title(Sheet(GIVEN, "sad", ()))
    assert "Networks see {class}" in title(Sheet(SUGGESTED, "sad", ()))


def test_every_command_has_a_key_and_one_can_be_changed():
    keys = {button["command"]: button["key"] for button in buttons({})}
    assert len(set(keys.values())) == len(keys)
    assert not set(keys.values()) & {*"rc", "Enter", " "}  # Streamlit's own, and the grid's
    assert [keys[name] for name in NAMES] == list("1234567")
    assert set(KEYS) - {"undo"} == set(ANSWERS)
    moved = {button["command"]: button["key"] for button in buttons({"fear": "q", "undo": "z"})}
    assert moved == {**keys, "fear": "q", "undo": "z"}


@pytest.fixture
def app(workspace, monkeypatch):
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    workspace.root.mkdir(exist_ok=True)
    app = AppTest.from_file(SHELL, default_timeout=60)
    app.session_state["annotator_name"] = "Ada"
    app.query_params["lane"] = "Grid"
    return app


def opened(app):
    app.run()
    app.switch_page("review.py").run()
    assert not app.exception
    return app


def options(app, key):
    return next(control for control in app.segmented_control if control.key == key).options


def test_without_an_audit_only_what_needs_none_is_offered(app, demo):
    page = opened(app)
    assert options(page, "by") == ["Given label", "Copies"]
    assert "random order" in " ".join(caption.value for caption in page.caption)


def test_with_an_audit_all_is_offered_and_copies_need_no_class(app, audited):
    page = opened(app)
    assert options(page, "by") == ["Given label", "Seen by networks", "Copies", "Near copies"]
    assert page.selectbox(key="order").value == "clear"
    for kind in (SUGGESTED, COPIES, NEAR):
        page.segmented_control(key="by").set_value(kind).run()
        assert not page.exception
    assert not [control for control in page.selectbox if control.key == "class"]
