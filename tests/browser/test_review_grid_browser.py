"""The review grid in a real browser: marks, classes, confirming, undo, outages, small windows."""

import time
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import Page
from serving import HELD, Server, ready, until

from fer_core.dataset.store import Dataset, open_dataset
from fer_core.emotions import NAMES
from fer_core.identity import COOKIE, sign, signing_key
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.judgement.consensus import consensus

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def nothing_said(server: Server) -> None:
    """Takes back what earlier tests have said: what others agree about does not come to a grid any more."""
    dataset, log = opened(server), VerdictLog(server.workspace.labels_db)
    table = log.history(dataset)
    standing = table[(table["kind"] == "answer") & ~table["undone"]].drop(columns=["seq", "undone"])
    events = standing.assign(kind="undo", answer="", undoes=standing["id"], id=[str(uuid4()) for _ in standing["id"]])
    events["score"] = None
    receipt = log.record(dataset, [Verdict(**event) for event in events.to_dict("records")])
    assert not receipt.refused


@pytest.fixture
def ada(server: Server, app_url: str, browser_page: Page) -> Page:
    """A grid of 24 faces labelled happy, before somebody who has not answered anything yet."""
    browser_page.set_viewport_size({"width": 1440, "height": 1200})
    return sit_down(browser_page, server, f"Ada {uuid4().hex[:8]}", "class=Happy&faces=24")


def sit_down(page: Page, server: Server, name: str, query: str) -> Page:
    note = sign(name, signing_key(server.workspace.root), time.time())
    page.context.add_cookies([{"name": COOKIE, "value": note, "url": server.url}])
    page.goto(f"{server.url}/review?lane=Grid&{query}")
    ready(page).wait_for_selector(".lane[data-ready] .cell img")
    page.annotator = name
    return page


def rows_on_screen(page: Page) -> list[int]:
    return [int(row) for row in page.locator(".cell").evaluate_all("cells => cells.map((cell) => cell.dataset.row)")]


def states(page: Page) -> list[str]:
    """What stands under each face."""
    return page.locator(".cell .tag").all_text_contents()


def confirm(page: Page, key: str = "Enter") -> list[int]:
    """Confirm the grid on the screen, once it may be; returns its rows when the next one is there."""
    page.wait_for_selector(".lane[data-ready]")
    rows = rows_on_screen(page)
    page.keyboard.press(key, delay=HELD)
    page.wait_for_function("old => document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
        ".querySelector('.cell')?.dataset.row !== old", arg=str(rows[0]))  # fmt: skip
    page.wait_for_selector(".lane[data-ready]")
    return rows


def all_saved(page: Page) -> None:
    page.wait_for_selector(".saved[data-state='saved'][data-count='0']")


def opened(server: Server) -> Dataset:
    return open_dataset(server.workspace, "demo")


def history(server: Server, page: Page):
    table = VerdictLog(server.workspace.labels_db).history(opened(server))
    return table[table["annotator"] == page.annotator]


def test_one_key_confirms_a_grid_and_brings_the_next(server, ada):
    assert "All of these are labelled happy" in ada.locator(".title").text_content()
    rows = confirm(ada)
    assert len(rows) == 24
    following = rows_on_screen(ada)
    groups = opened(server).groups
    assert not set(groups[rows]) & set(groups[following])
    all_saved(ada)
    stored = history(server, ada)
    assert stored["row"].tolist() == rows
    assert set(stored["answer"]) == {"happy"} and set(stored["key"]) == {"Enter"}
    assert set(stored["queue"]) == {"grid"} and set(stored["seen"]) == {"revealed"}
    assert stored["time"].nunique() == 1
    spread = stored["active_ms"]
    assert spread.sum() >= 400 and spread.max() - spread.min() <= 1
    assert ada.locator(".count").text_content().startswith("24 of ")


def test_odd_ones_are_marked_and_get_their_class_in_place(server, ada):
    cells = ada.locator(".cell")
    cells.nth(3).click()
    cells.nth(5).click(modifiers=["Shift"])
    assert [place for place, word in enumerate(states(ada)) if word] == [3, 4, 5]
    assert states(ada)[4] == "Not happy" and cells.nth(4).get_attribute("aria-selected") == "true"
    ada.keyboard.press("5", delay=HELD)
    assert states(ada)[3:6] == ["Sad"] * 3
    ada.keyboard.press("ArrowRight", delay=HELD)
    ada.keyboard.press("0", delay=HELD)  # the focused face, as nothing is marked
    ada.keyboard.press("ArrowRight", delay=HELD)
    ada.keyboard.press(" ", delay=HELD)
    ada.keyboard.press("Shift+ArrowRight", delay=HELD)
    cells.nth(3).click()  # lets go of its class
    assert states(ada)[3:9] == ["", "Sad", "Sad", "Not a face", "Not happy", "Not happy"]
    assert "Confirm 19 as happy" in ada.locator(".confirm").text_content()
    confirm(ada)
    all_saved(ada)
    stored = history(server, ada)
    answers = ["happy"] * 4 + ["sad", "sad", "not_a_face", "skip", "skip"] + ["happy"] * 15
    assert stored["answer"].tolist() == answers
    assert stored["key"].tolist() == ["Enter"] * 4 + ["5", "5", "0"] + ["Enter"] * 17


def test_the_class_of_the_grid_takes_a_mark_off_and_escape_all_of_them(ada):
    ada.locator(".cell").nth(2).click()
    ada.keyboard.press("4", delay=HELD)
    assert not any(states(ada))
    ada.locator(".cell").nth(2).click()
    ada.keyboard.press("7", delay=HELD)
    ada.locator(".cell").nth(8).click()
    ada.keyboard.press("Escape", delay=HELD)
    assert not any(states(ada))
    ada.keyboard.press("u", delay=HELD)
    assert states(ada)[2] == "Neutral" and states(ada)[8] == "Not happy"


def test_undo_takes_back_changes_and_then_the_last_grid(server, ada):
    ada.locator(".cell").nth(0).click()
    ada.keyboard.press("1", delay=HELD)
    first = confirm(ada)
    all_saved(ada)
    ready(ada)
    second = rows_on_screen(ada)
    ada.locator(".cell").nth(1).click()
    ada.keyboard.press("u", delay=HELD)
    assert rows_on_screen(ada) == second and not any(states(ada))
    ada.keyboard.press("u", delay=HELD)
    until(lambda: rows_on_screen(ada) == first)
    assert states(ada)[0] == "Angry"
    all_saved(ada)
    stored = history(server, ada)
    assert stored["kind"].tolist() == ["answer"] * 24 + ["undo"] * 24
    assert stored["undone"].tolist() == [True] * 24 + [False] * 24
    confirm(ada)
    assert rows_on_screen(ada) == second
    all_saved(ada)
    said = VerdictLog(server.workspace.labels_db).verdicts(opened(server))
    assert said.loc[said["annotator"] == ada.annotator, "answer"].tolist() == ["angry"] + ["happy"] * 23


def test_undo_reaches_behind_a_reload(server, ada):
    ada.locator(".cell").nth(4).click()
    rows = confirm(ada)
    all_saved(ada)
    again = sit_down(ada, server, ada.annotator, "class=Happy&faces=24")
    assert not set(rows_on_screen(again)) & set(rows)
    again.keyboard.press("u", delay=HELD)
    assert rows_on_screen(again) == rows and states(again)[4] == "Not happy"
    all_saved(again)
    assert history(server, again)["undone"].sum() == 24


def test_a_grid_confirmed_while_the_server_is_down_is_stored_once(server, ada):
    before = confirm(ada)
    all_saved(ada)
    server.kill()
    ada.locator(".cell").nth(2).click()
    during = confirm(ada)
    ada.get_by_text("24 answers wait here; they are sent when the server is back").wait_for()
    server.start()
    all_saved(ada)
    stored = history(server, ada)
    assert stored["row"].tolist() == before + during and stored["id"].is_unique
    assert stored["answer"].tolist()[24:28] == ["happy", "happy", "skip", "happy"]


def test_a_confirmed_grid_survives_a_closed_tab(server, ada):
    server.kill()
    rows = confirm(ada)
    ada.get_by_text("24 answers wait here").wait_for()
    context, name = ada.context, ada.annotator
    ada.close()
    server.start()
    page = context.new_page()
    page.set_viewport_size({"width": 1440, "height": 1200})
    again = sit_down(page, server, name, "class=Happy&faces=24")
    until(lambda: len(history(server, again)) == 24)
    all_saved(again)
    assert history(server, again)["row"].tolist() == rows
    assert not set(rows_on_screen(again)) & set(rows)


def test_faces_that_were_not_on_the_screen_are_not_confirmed(server, app_url, browser_page):
    browser_page.set_viewport_size({"width": 420, "height": 800})
    name = f"Eve {uuid4().hex[:8]}"
    eve = sit_down(browser_page, server, name, "class=Sad&faces=24")
    assert eve.evaluate("document.documentElement.scrollWidth") <= 420
    rows = rows_on_screen(eve)
    shown = []
    while eve.locator(".confirm").text_content().startswith("Show"):
        shown.append(eve.locator(".confirm").text_content())
        assert history(server, eve).empty and rows_on_screen(eve) == rows
        eve.keyboard.press("Enter", delay=HELD)
        eve.wait_for_function("old => document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
            ".querySelector('.confirm').textContent !== old", arg=shown[-1])  # fmt: skip
    assert len(shown) >= 2
    confirm(eve)
    eve.wait_for_function("document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
        ".querySelector('.title').getBoundingClientRect().top >= 0")  # fmt: skip
    all_saved(eve)
    assert history(server, eve)["row"].tolist() == rows


def test_one_answer_serves_a_group_of_copies(server, app_url, browser_page):
    bob = sit_down(browser_page, server, f"Bob {uuid4().hex[:8]}", "by=Copies")
    dataset = opened(server)
    rows = rows_on_screen(bob)
    assert rows == np.flatnonzero(dataset.groups == rows[0]).tolist() and len(rows) >= 2
    assert len(set(dataset.labels[rows])) > 1  # conflicts come first
    assert bob.locator(".confirm").is_disabled()
    confirm(bob, "6")
    all_saved(bob)
    assert history(server, bob)[["row", "answer", "key"]].to_numpy().tolist() == [[rows[0], "surprise", "6"]]
    log = VerdictLog(server.workspace.labels_db)
    people = consensus(dataset, log.verdicts(dataset))
    assert [NAMES[label] for label in people.label[rows]] == ["surprise"] * len(rows)
    bob.keyboard.press("u", delay=HELD)
    assert rows_on_screen(bob) == rows and not any(states(bob))


def test_other_controls_bring_other_faces_and_undo_still_works(server, ada):
    rows = confirm(ada)
    all_saved(ada)
    ready(ada)
    lane = ada.locator(".st-key-grid_view")
    lane.get_by_text("48", exact=True).click()
    until(lambda: len(rows_on_screen(ada)) > 24)
    assert "faces=" not in ada.url and "class=Happy" in ada.url  # 48 is the default
    lane.get_by_text("24", exact=True).click()
    until(lambda: len(rows_on_screen(ada)) == 24)
    assert "faces=24" in ada.url
    assert not set(rows_on_screen(ada)) & set(rows)
    ada.keyboard.press("u", delay=HELD)
    until(lambda: rows_on_screen(ada) == rows)
    all_saved(ada)
    assert history(server, ada)["undone"].sum() == 24


def test_keys_typed_into_a_control_are_not_answers(server, ada):
    box = ada.locator(".st-key-class input")
    box.focus()
    ada.keyboard.type("4")
    ada.keyboard.press("Escape", delay=HELD)
    assert not any(states(ada))
    ada.locator(".cell").nth(1).click()
    ada.keyboard.press("Control+4", delay=HELD)
    assert states(ada)[1] == "Not happy"


def test_the_grid_speaks_to_a_screen_reader(ada):
    grid = ada.get_by_role("listbox", name="All of these are labelled happy")
    assert grid.get_by_role("option").count() == 24
    grid.get_by_role("option", name="Face 2, happy").click()
    assert grid.get_by_role("option", name="Face 2, Not happy", selected=True).count() == 1
    assert ada.locator(".spoken").text_content() == "Face 2: marked."
    assert ada.evaluate("document.activeElement.shadowRoot.activeElement.role") == "option"
