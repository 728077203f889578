"""The review card in a real browser: keys, bursts, looks, undo, outages, what is on the screen when."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page
from serving import HELD, Server, ready, until

from fer_core.dataset.demo import create_demo
from fer_core.dataset.store import open_dataset
from fer_core.emotions import NAMES
from fer_core.identity import COOKIE, sign, signing_key
from fer_core.review.events.log import VerdictLog
from fer_core.workspace import Workspace

pytestmark = pytest.mark.browser

# What was on the screen when: a face counts from the frame after it was put there.
WATCH = """() => {
  window.painted = [];
  const roots = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot);
  const face = roots.map((root) => root?.querySelector('.face')).find((found) => found);
  const look = () => {
    const row = face.dataset.row;
    if (row !== undefined && window.painted.at(-1) !== row && face.firstElementChild?.complete) {
      window.painted.push(row);
    }
    requestAnimationFrame(look);
  };
  look();
}"""


SCROLL_DOWN = """() => {
  const roots = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot);
  const panel = roots.map((root) => root?.querySelector('.panel.history')).find((found) => found);
  panel.scrollTo(0, panel.scrollHeight);
}"""


@pytest.fixture
def ada(server: Server, app_url: str, context: BrowserContext) -> Page:
    """The card open for somebody who has not answered anything yet."""
    return sit_down(context.new_page(), server, f"Ada {uuid4().hex[:8]}")


def sit_down(page: Page, server: Server, name: str, query: str = "") -> Page:
    note = sign(name, signing_key(server.workspace.root), time.time())
    page.context.add_cookies([{"name": COOKIE, "value": note, "url": server.url}])
    page.goto(f"{server.url}/review{query}")
    ready(page).wait_for_selector(".face[data-row] img")
    page.wait_for_selector(".classes .command:enabled")
    page.annotator, page.before = name, said_done(page)
    return page


def row_on_screen(page: Page) -> int:
    return int(page.locator(".face").get_attribute("data-row"))


def press(page: Page, *keys: str) -> list[int]:
    """Press keys one after the other, each when its face is there; returns the rows that were on the screen."""
    rows = []
    for key in keys:
        rows.append(row_on_screen(page))
        page.keyboard.press(key, delay=HELD)
        page.wait_for_selector(f".face[data-row]:not([data-row='{rows[-1]}'])")
    return rows


def stage(page: Page, name: str) -> None:
    """Wait until the face is blind, armed or revealed."""
    page.wait_for_selector(f".review[data-stage='{name}']")


def said_done(page: Page) -> int:
    """The card's own count; what others have settled is in it."""
    return int(page.locator(".count").text_content().split(" ")[0].replace(",", ""))


def count(page: Page) -> int:
    """Faces answered since the person sat down, as the card counts them."""
    return said_done(page) - page.before


def all_saved(page: Page) -> None:
    page.wait_for_selector(".saved[data-state='saved'][data-count='0']")


def history(server: Server, page: Page):
    dataset = open_dataset(server.workspace, "demo")
    table = VerdictLog(server.workspace.labels_db).history(dataset)
    return table[table["annotator"] == page.annotator]


def test_each_key_answers_the_face_on_the_screen(server, ada):
    rows = press(ada, *"1234567098s")
    all_saved(ada)
    stored = history(server, ada)
    assert stored["row"].tolist() == rows
    assert stored["answer"].tolist() == [*NAMES, "not_a_face", "unusable", "unsure", "skip"]
    assert stored["key"].tolist() == list("1234567098s")
    assert set(stored["seen"]) == {"blind"}


def burst(server: Server, page: Page, keys: str) -> None:
    """Press keys at 15 a second: one verdict each, in order, on the face that was painted."""
    page.evaluate(WATCH)
    page.keyboard.type(keys, delay=66)
    all_saved(page)
    stored = history(server, page)
    assert "".join(stored["key"]) == keys
    assert stored["row"].tolist() == [int(row) for row in page.evaluate("painted")][: len(keys)]
    assert stored["row"].is_unique
    assert count(page) == len(keys)


def test_a_burst_gives_one_verdict_a_key_each_on_the_painted_face(server, ada):
    burst(server, ada, ("1234567" * 22)[:150])


@pytest.mark.slow
def test_a_thousand_keys_at_15_a_second_give_a_thousand_verdicts_on_their_faces(tmp_path, context):
    workspace = Workspace(tmp_path / "data")
    create_demo(workspace, "demo", images=1400)
    server = Server(workspace, tmp_path / "server.log")
    server.start()
    try:
        burst(server, sit_down(context.new_page(), server, "Ada"), ("1234567" * 143)[:1000])
    finally:
        server.kill()


def test_answers_given_while_the_server_is_down_are_stored_once_when_it_is_back(server, ada):
    before = press(ada, "1", "2")
    all_saved(ada)
    server.kill()
    during = press(ada, *"3456712345")
    ada.get_by_text("10 answers wait here; they are sent when the server is back").wait_for()
    server.start()
    all_saved(ada)
    stored = history(server, ada)
    assert sorted(stored["row"]) == sorted(before + during)
    assert stored["id"].is_unique
    assert stored["key"].tolist() == list("123456712345")


def test_answers_survive_a_closed_tab(server, ada):
    press(ada, "1")
    all_saved(ada)
    server.kill()
    press(ada, "2", "3")
    ada.get_by_text("2 answers wait here").wait_for()
    context, name = ada.context, ada.annotator
    ada.close()
    server.start()
    again = sit_down(context.new_page(), server, name)
    until(lambda: len(history(server, again)) == 3)
    all_saved(again)
    assert history(server, again)["key"].tolist() == ["1", "2", "3"]


def test_while_the_log_cannot_be_written_the_card_says_why_and_keeps_the_answers(server, ada):
    press(ada, "1")
    all_saved(ada)
    place = ada.locator(".frame").bounding_box()
    away = server.workspace.root / "away.db"
    server.workspace.labels_db.rename(away)
    press(ada, "2", "3")
    ada.get_by_text("was moved or replaced").wait_for()
    assert "2 answers wait here" in ada.locator(".saved").text_content()
    assert ada.locator(".frame").bounding_box() == place
    away.rename(server.workspace.labels_db)
    all_saved(ada)
    assert history(server, ada)["key"].tolist() == ["1", "2", "3"]


def test_undo_brings_the_face_back_and_the_log_keeps_both(server, ada):
    rows = press(ada, "1", "2")
    assert press(ada, "u") and row_on_screen(ada) == rows[1]
    assert press(ada, "5") == [rows[1]]
    all_saved(ada)
    stored = history(server, ada)
    assert stored["kind"].tolist() == ["answer", "answer", "undo", "answer"]
    assert stored["undone"].tolist() == [False, True, False, False]
    assert count(ada) == 2


def test_undo_reaches_behind_a_reload(server, ada):
    rows = press(ada, "1", "2")
    all_saved(ada)
    again = sit_down(ada, server, ada.annotator)
    assert row_on_screen(again) not in rows
    press(again, "u")
    assert row_on_screen(again) == rows[1]
    all_saved(again)
    assert history(server, again)["undone"].tolist() == [False, True, False]


def given_on(server: Server, page: Page) -> str:
    return NAMES[open_dataset(server.workspace, "demo").labels[row_on_screen(page)]]


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


def test_held_keys_chords_and_double_clicks_are_one_intent(server, ada):
    row = row_on_screen(ada)
    ada.keyboard.down("3")
    for _ in range(5):
        ada.keyboard.down("3")  # the repeats of a key that is held
    ada.keyboard.up("3")
    ada.keyboard.press("Control+1", delay=HELD)
    ada.keyboard.press("Alt+2", delay=HELD)
    ada.locator(f".face:not([data-row='{row}'])").wait_for()
    ada.locator("[data-command='sad']").dblclick()
    all_saved(ada)
    assert history(server, ada)["answer"].tolist() == ["fear", "sad"]
    assert history(server, ada)["key"].tolist() == ["3", ""]


def test_a_flag_marks_the_face_without_answering_it(server, ada):
    row = row_on_screen(ada)
    ada.keyboard.press("f", delay=HELD)
    ada.locator(".flagged").wait_for()
    press(ada, "4")
    assert not ada.locator(".flagged").is_visible()
    all_saved(ada)
    stored = history(server, ada)
    assert stored["kind"].tolist() == ["flag", "answer"]
    assert stored["row"].tolist() == [row, row]


def test_nothing_moves_when_faces_change_and_labels_are_revealed(ada):
    def places():
        names = (".frame", "[data-command='angry']", "[data-command='flag']", ".note", ".side", "footer")
        return [ada.locator(name).bounding_box() for name in names]

    before = places()
    for key in ("v", "4"):
        ada.keyboard.press(key, delay=HELD)
        assert places() == before
    stage(ada, "revealed")
    ada.locator(".people").wait_for()
    assert places() == before
    press(ada, "1", "2", "3")
    for panel in ("h", "l", "i", "k"):
        ada.keyboard.press(panel, delay=HELD)
        assert places() == before


def test_on_a_telephone_the_face_fills_the_width_and_a_thumb_finds_every_button(server, app_url, browser):
    context = browser.new_context(viewport={"width": 420, "height": 900}, has_touch=True, device_scale_factor=2.625)
    page = sit_down(context.new_page(), server, f"Ada {uuid4().hex[:8]}")
    assert page.locator(".frame").bounding_box()["width"] > 370
    side = page.locator(".face img").bounding_box()["width"]
    assert side * 2.625 / 48 == pytest.approx(round(side * 2.625 / 48), abs=0.02)  # whole pixels of the screen
    page.locator("[data-command='reveal']").tap()
    page.locator("[data-command='happy']").tap()
    stage(page, "revealed")
    page.locator(".people").wait_for()
    low = [
        button.text_content()
        for button in page.locator(".review button:visible").all()
        if button.bounding_box()["height"] < 44
    ]
    assert not low
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    context.close()


def test_two_people_keep_their_answers_apart(server, ada):
    press(ada, "1", "2")
    all_saved(ada)
    bob = sit_down(ada.context.new_page(), server, f"Bob {uuid4().hex[:8]}")
    press(bob, "3")
    all_saved(bob)
    assert Counter(history(server, ada)["answer"]) == {"angry": 1, "disgust": 1}
    assert history(server, bob)["answer"].tolist() == ["fear"]
