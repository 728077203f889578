"""The review card in a real browser: keys, bursts, undo, outages, what is on the screen when."""

from collections import Counter
from uuid import uuid4

import pytest
from playwright.sync_api import Page
from serving import Server, ready, until

from fer_core.dataset.store import open_dataset
from fer_core.emotions import NAMES
from fer_core.review.log import VerdictLog

pytestmark = pytest.mark.browser

# What was on the screen when: a face counts from the frame after it was put there.
WATCH = """() => {
  window.painted = [];
  const look = () => {
    const face = document.querySelector('.stBidiComponent [data-testid=stBidiComponentIsolated]')
      ?.shadowRoot.querySelector('.face');
    const row = face?.dataset.row;
    if (row !== undefined && window.painted.at(-1) !== row && face.firstElementChild?.complete) {
      window.painted.push(row);
    }
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture
def ada(app_url: str, browser_page: Page) -> Page:
    """The card open for somebody who has not answered anything yet."""
    return sit_down(browser_page, app_url, f"Ada {uuid4().hex[:8]}")


def sit_down(page: Page, url: str, name: str) -> Page:
    page.goto(f"{url}/review?annotator={name}")
    ready(page).wait_for_selector(".face[data-row] img")
    page.wait_for_selector(".classes .command:enabled")
    page.annotator = name
    return page


def row_on_screen(page: Page) -> int:
    return int(page.locator(".face").get_attribute("data-row"))


def press(page: Page, *keys: str) -> list[int]:
    """Press keys one after the other, each when its face is there; returns the rows that were on the screen."""
    rows = []
    for key in keys:
        rows.append(row_on_screen(page))
        page.keyboard.press(key)
        page.wait_for_function("old => document.querySelector('[data-testid=stBidiComponentIsolated]')"
            ".shadowRoot.querySelector('.face').dataset.row !== old", arg=str(rows[-1]))  # fmt: skip
    return rows


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


def test_a_burst_gives_one_verdict_a_key_each_on_the_painted_face(server, ada):
    ada.evaluate(WATCH)
    ada.keyboard.type("1234567" * 8, delay=66)
    all_saved(ada)
    stored = history(server, ada)
    assert stored["key"].tolist() == list("1234567" * 8)
    painted = [int(row) for row in ada.evaluate("painted")]
    assert stored["row"].tolist() == painted[:56]
    assert stored["row"].is_unique


def test_the_queue_goes_on_past_its_first_batch(server, ada):
    ada.evaluate(WATCH)
    ada.keyboard.type("4" * 130, delay=40)
    all_saved(ada)
    stored = history(server, ada)
    assert len(stored) == 130 and stored["row"].is_unique
    assert ada.locator(".count").text_content().startswith("130 of ")


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
    again = sit_down(context.new_page(), server.url, name)
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
    assert ada.locator(".count").text_content().startswith("2 of ")


def test_undo_reaches_behind_a_reload(server, ada):
    rows = press(ada, "1", "2")
    all_saved(ada)
    again = sit_down(ada, server.url, ada.annotator)
    assert row_on_screen(again) not in rows
    press(again, "u")
    assert row_on_screen(again) == rows[1]
    all_saved(again)
    assert history(server, again)["undone"].tolist() == [False, True, False]


def test_nothing_about_the_label_is_shown_before_the_reveal(server, ada):
    dataset = open_dataset(server.workspace, "demo")
    given = NAMES[dataset.labels[row_on_screen(ada)]]
    assert ada.locator(".given").text_content() == ""
    assert not ada.locator(".shown").is_visible()
    ada.keyboard.press(" ")  # keeping what one has not seen means nothing
    ada.keyboard.press("v")
    assert ada.locator(".given").text_content().lower() == given
    rows = press(ada, " ")
    assert not ada.locator(".shown").is_visible()
    assert ada.locator(".given").text_content() == ""
    press(ada, "1")
    all_saved(ada)
    stored = history(server, ada)
    assert stored["row"].tolist()[0] == rows[0]
    assert stored["answer"].tolist() == ["keep", "angry"]
    assert stored["seen"].tolist() == ["revealed", "blind"]


def test_typing_a_note_labels_nothing_and_travels_with_the_answer(server, ada):
    ada.locator(".note").click()
    ada.keyboard.type("12 <b>sad</b>?")
    ada.keyboard.press("Enter")
    press(ada, "5")
    assert ada.locator(".note").input_value() == ""
    all_saved(ada)
    assert history(server, ada)[["answer", "comment"]].to_numpy().tolist() == [["sad", "12 <b>sad</b>?"]]


def test_held_keys_chords_and_double_clicks_are_one_intent(server, ada):
    row = row_on_screen(ada)
    ada.keyboard.down("3")
    for _ in range(5):
        ada.keyboard.down("3")  # the repeats of a key that is held
    ada.keyboard.up("3")
    ada.keyboard.press("Control+1")
    ada.keyboard.press("Alt+2")
    ada.locator(f".face:not([data-row='{row}'])").wait_for()
    ada.locator("[data-command='sad']").dblclick()
    all_saved(ada)
    assert history(server, ada)["answer"].tolist() == ["fear", "sad"]
    assert history(server, ada)["key"].tolist() == ["3", ""]


def test_a_flag_marks_the_face_without_answering_it(server, ada):
    row = row_on_screen(ada)
    ada.keyboard.press("f")
    ada.locator(".flagged").wait_for()
    press(ada, "4")
    assert not ada.locator(".flagged").is_visible()
    all_saved(ada)
    stored = history(server, ada)
    assert stored["kind"].tolist() == ["flag", "answer"]
    assert stored["row"].tolist() == [row, row]


def test_nothing_moves_when_faces_change_and_labels_are_revealed(ada):
    def places():
        names = (".frame", "[data-command='angry']", "[data-command='flag']", ".note", "footer")
        return [ada.locator(name).bounding_box() for name in names]

    before = places()
    ada.keyboard.press("v")
    assert places() == before
    press(ada, "1", "2", "3")
    ada.keyboard.press("h")
    ada.locator(".guide").wait_for()
    assert places() == before


def test_two_people_keep_their_answers_apart(server, app_url, ada):
    press(ada, "1", "2")
    all_saved(ada)
    bob = sit_down(ada.context.new_page(), app_url, f"Bob {uuid4().hex[:8]}")
    press(bob, "3")
    all_saved(bob)
    assert Counter(history(server, ada)["answer"]) == {"angry": 1, "disgust": 1}
    assert history(server, bob)["answer"].tolist() == ["fear"]


def test_a_newcomer_is_asked_for_a_name(app_url, browser_page):
    browser_page.goto(f"{app_url}/review")
    browser_page.get_by_label("Your name").fill("Grace")
    browser_page.get_by_role("button", name="Start reviewing").click()
    browser_page.wait_for_selector(".face[data-row] img")
    assert "annotator=Grace" in browser_page.url
