"""The review card in a real browser: looks behind the label, evidence, notes, history, own keys, the guide."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from review_card import all_saved, count, given_on, history, press, row_on_screen, sit_down, stage
from serving import HELD, Server, until

from fer_core.dataset.store import open_dataset
from fer_core.emotions import NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.workspace import Workspace

pytestmark = pytest.mark.browser

SCROLL_DOWN = """() => {
  const roots = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot);
  const panel = roots.map((root) => root?.querySelector('.panel.history')).find((found) => found);
  panel.scrollTo(0, panel.scrollHeight);
}"""


def test_nothing_about_the_label_is_shown_before_the_reveal(server, ada):
    given = given_on(server, ada)
    for key in (" ", "v"):  # keeping what one has not seen means nothing; one v only arms the face
        ada.keyboard.press(key, delay=HELD)
        assert ada.locator(".given").text_content() == ""
        assert not ada.locator(".shown").is_visible() and not ada.locator(".open").is_visible()
    armed = "Your answer first, then everything is shown. v again shows it now."
    assert ada.locator(".hidden-text").text_content() == armed
    ada.locator("[data-command='reveal']").click()  # the same key at once would be a bouncing contact
    stage(ada, "revealed")
    assert ada.locator(".given").text_content().lower() == given
    rows = press(ada, " ")
    assert not ada.locator(".shown").is_visible()
    assert ada.locator(".given").text_content() == "" and ada.locator(".open").text_content() == ""
    press(ada, "1")
    all_saved(ada)
    stored = history(server, ada)
    assert stored["row"].tolist()[0] == rows[0]
    assert stored["answer"].tolist() == ["keep", "angry"]
    assert stored["seen"].tolist() == ["revealed", "blind"]


def test_the_answers_before_and_after_a_look_are_both_kept(server, ada):
    row = row_on_screen(ada)
    ada.keyboard.press("v", delay=HELD)
    ada.keyboard.press("3", delay=HELD)
    stage(ada, "revealed")
    assert row_on_screen(ada) == row and count(ada) == 1
    ada.get_by_text("No network has been asked").wait_for()
    ada.locator(".people .who").get_by_text(ada.annotator).wait_for()  # the blind answer, from the server
    assert ada.locator(".answers [data-former]").get_attribute("data-command") == "fear"
    assert press(ada, "6") == [row]
    assert press(ada, "4") != [row]
    all_saved(ada)
    assert count(ada) == 2
    stored = history(server, ada)
    assert stored["answer"].tolist() == ["fear", "surprise", "happy"]
    assert stored["seen"].tolist() == ["blind", "revealed", "blind"]
    assert stored["based_on"].iat[1] == stored["id"].iat[0]


@pytest.mark.parametrize("key", ["Enter", "v"])
def test_after_a_look_an_answer_can_stay(server, ada, key):
    ada.keyboard.press("v", delay=HELD)
    ada.keyboard.press("3", delay=HELD)
    stage(ada, "revealed")
    press(ada, key)
    all_saved(ada)
    stored = history(server, ada)
    assert stored["answer"].tolist() == ["fear", "fear"] and stored["seen"].tolist() == ["blind", "revealed"]


def test_one_undo_takes_back_one_event_of_a_look(server, ada):
    row = row_on_screen(ada)
    ada.keyboard.press("v", delay=HELD)
    ada.keyboard.press("3", delay=HELD)
    stage(ada, "revealed")
    press(ada, "6")
    press(ada, "u")  # the answer after the look: the one before stands, and the face is still known
    assert row_on_screen(ada) == row and count(ada) == 1
    stage(ada, "revealed")
    assert ada.locator(".former").text_content() == "Fear"
    ada.locator("[data-command='undo']").click()  # the one before: nothing stands, but what was seen cannot be unseen
    ada.wait_for_selector(".yours", state="hidden")
    assert row_on_screen(ada) == row and count(ada) == 0
    press(ada, "5")
    all_saved(ada)
    stored = history(server, ada)
    assert stored["kind"].tolist() == ["answer", "answer", "undo", "undo", "answer"]
    assert stored["undone"].tolist() == [True, True, False, False, False]
    assert stored["seen"].iat[-1] == "revealed" and stored["answer"].iat[-1] == "sad"


def test_looking_after_each_answer_is_kept_for_the_annotator(server, ada):
    ada.get_by_role("switch", name="Look after each answer").click()
    stage(ada, "armed")
    ada.keyboard.press("4", delay=HELD)
    stage(ada, "revealed")
    ada.keyboard.press("5", delay=HELD)
    stage(ada, "armed")
    all_saved(ada)
    until(lambda: any((server.workspace.root / "annotators").glob("*.json")))
    again = sit_down(ada, server, ada.annotator)
    stage(again, "armed")
    stored = history(server, again)
    assert stored["seen"].tolist() == ["blind", "revealed"]


def test_the_evidence_shows_what_networks_see_and_what_is_alike(audited_server, context):
    ada = sit_down(context.new_page(), audited_server, f"Ada {uuid4().hex[:8]}")
    ada.keyboard.press("v", delay=HELD)
    ada.keyboard.press("4", delay=HELD)
    stage(ada, "revealed")
    shown = ada.locator(".open")
    assert shown.locator(".bars dt").count() == 3 and "more so" in shown.text_content()
    ada.locator(".neighbours figure").nth(5).wait_for()


@pytest.mark.slow  # the server imports torch and draws the first map
def test_a_map_lies_over_the_face_until_the_next_one(audited_server, context):
    ada = sit_down(context.new_page(), audited_server, f"Ada {uuid4().hex[:8]}")
    ada.keyboard.press("v", delay=HELD)
    ada.keyboard.press("4", delay=HELD)
    stage(ada, "revealed")
    face, given = (ada.locator(".choice button").nth(number) for number in (0, 1))
    given.wait_for()
    assert given.text_content().lower() == f"why {given_on(audited_server, ada)}?"
    assert face.get_attribute("aria-pressed") == "true" and not ada.locator(".heat").is_visible()
    ada.keyboard.press("m", delay=HELD)
    assert given.get_attribute("aria-pressed") == "true" and ada.locator(".heat").is_visible()
    assert ada.locator(".heat").bounding_box() == ada.locator(".face img").bounding_box()
    press(ada, "Enter")
    assert not ada.locator(".heat").is_visible()


@pytest.fixture
def audited_server(server: Server, app_url: str, audited_workspace: Workspace) -> Iterator[Server]:
    """The same data set, audited."""
    here = server.workspace.dataset("demo") / "audits"
    shutil.copytree(audited_workspace.dataset("demo") / "audits", here)
    yield server
    shutil.rmtree(here)


def test_typing_a_note_labels_nothing_and_travels_with_the_answer(server, ada):
    ada.locator(".note").click()
    ada.keyboard.type("12 <b>sad</b>?")
    ada.keyboard.press("Enter", delay=HELD)
    press(ada, "5")
    assert ada.locator(".note").input_value() == ""
    all_saved(ada)
    assert history(server, ada)[["answer", "comment"]].to_numpy().tolist() == [["sad", "12 <b>sad</b>?"]]


def test_an_answer_of_the_history_can_be_opened_again(server, ada):
    rows = press(ada, "1", "2", "3")
    waiting = row_on_screen(ada)
    ada.keyboard.press("l", delay=HELD)
    ada.locator(".answered button").nth(1).click()  # the newest stands first
    ada.wait_for_selector(f".face[data-row='{rows[1]}']")
    assert ada.locator(".answers [data-former]").get_attribute("data-command") == "disgust"
    ada.keyboard.press("Escape", delay=HELD)
    ada.wait_for_selector(f".face[data-row='{waiting}']")
    ada.locator(".answered button").nth(1).click()
    ada.wait_for_selector(f".face[data-row='{rows[1]}']")
    assert press(ada, "7") == [rows[1]]
    assert row_on_screen(ada) == waiting and count(ada) == 3
    assert ada.locator(".answered .mark").all_text_contents() == ["Neutral", "Fear", "Disgust", "Angry"]
    all_saved(ada)
    stored = history(server, ada)
    assert stored["row"].tolist() == [*rows, rows[1]]
    assert stored["seen"].tolist() == ["blind"] * 4
    assert stored["based_on"].iat[3] == stored["id"].iat[1]
    dataset = open_dataset(server.workspace, "demo")
    now = VerdictLog(server.workspace.labels_db).verdicts(dataset)
    now = now[now["annotator"] == ada.annotator].set_index("row")["answer"]
    assert now.loc[rows].tolist() == ["angry", "neutral", "fear"]


def test_the_history_goes_back_to_the_beginning_of_the_round(server, ada):
    ada.keyboard.type("12" * 30, delay=30)
    all_saved(ada)
    again = sit_down(ada, server, ada.annotator)
    again.keyboard.press("l", delay=HELD)
    again.locator(".answered li").nth(39).wait_for()
    again.evaluate(SCROLL_DOWN)
    again.get_by_text("That is where the round began.").wait_for(state="attached")
    events = [item.get_attribute("data-event") for item in again.locator(".answered button").all()]
    assert events == history(server, again)["id"].tolist()[::-1]


def test_keys_can_be_changed_and_stay_changed(server, ada):
    def choose(command: str, key: str) -> None:
        ada.locator(f"[data-remap='{command}']").click()
        ada.keyboard.press(key, delay=HELD)

    ada.keyboard.press("k", delay=HELD)
    choose("happy", "x")
    ada.locator(".said").get_by_text("Happy is now x.").wait_for()
    choose("sad", "r")
    ada.locator(".said").get_by_text("R belongs to the page").wait_for()
    ada.keyboard.press("Escape", delay=HELD)
    choose("angry", "2")
    ada.locator(".said").get_by_text("2 was Disgust, which is now 1. Angry is now 2.").wait_for()
    caps = [ada.locator(f".answers [data-command='{name}'] kbd").text_content() for name in NAMES]
    assert caps == ["2", "1", "3", "x", "5", "6", "7"]
    kept = {"happy": "x", "angry": "2", "disgust": "1"}
    until(lambda: kept in [json.loads(file.read_text())["keys"] for file in preferences(server)])
    again = sit_down(ada, server, ada.annotator)
    again.keyboard.press("4", delay=HELD)  # a key without a meaning now
    press(again, "x", "2")
    all_saved(again)
    assert history(server, again)["answer"].tolist() == ["happy", "angry"]
    assert history(server, again)["key"].tolist() == ["x", "2"]


def preferences(server: Server) -> list[Path]:
    return list((server.workspace.root / "annotators").glob("*.json"))


def test_the_guide_explains_every_class_and_the_hard_pairs_beside_the_face(server, audited_server, context):
    ada = sit_down(context.new_page(), audited_server, f"Ada {uuid4().hex[:8]}")
    ada.keyboard.press("h", delay=HELD)
    for question in ("Fear or surprise?", "Sad or neutral?", "Angry or disgust?"):
        ada.get_by_text(question).wait_for()
    ada.locator(".guide .examples img").first.wait_for()
    pictures = ada.locator(".guide .entries .examples").all()
    assert all(strip.locator("img").count() == 6 for strip in pictures[: len(NAMES)])
    press(ada, "4")  # the guide is no obstacle
    assert ada.locator(".guide").is_visible()
    ada.keyboard.press("Escape", delay=HELD)
    assert not ada.locator(".guide").is_visible()


def test_a_queue_that_is_done_shows_what_was_done(server, ada):
    press(ada, "s", "1", "u")
    ada.keyboard.press("f", delay=HELD)
    press(ada, "5")
    all_saved(ada)
    again = sit_down(ada, server, ada.annotator, "?queue=Skipped")
    again.keyboard.press("6", delay=HELD)
    again.get_by_text("Nothing is skipped.").wait_for()
    names, numbers = (again.locator(f".tile {tag}").all_text_contents() for tag in ("span", "b"))
    tiles = dict(zip(names, numbers, strict=True))
    assert again.locator(".session").is_visible()
    assert tiles["answers"] == "4" and tiles["faces"] == "2" and tiles["undone"] == "1" and tiles["flagged"] == "1"
