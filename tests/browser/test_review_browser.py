"""The review card in a real browser: keys, bursts, undo, outages, what is on the screen when."""

from collections import Counter
from uuid import uuid4

import pytest
from playwright.sync_api import Page
from review_card import all_saved, count, history, press, row_on_screen, sit_down, stage
from serving import HELD, Server, until

from fer_core.dataset.demo import create_demo
from fer_core.emotions import NAMES
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
