"""The leaderboard in a browser: what its script does with clicks, keys and the address."""

import re

import pytest
from made_runs import make_run
from playwright.sync_api import BrowserContext, Page, expect
from serving import PATIENCE, Server, ready

from fer_core.dataset.store import open_dataset
from fer_core.training.recipe import Recipe

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture
def board(context: BrowserContext, server: Server, app_url: str) -> Page:
    """The page over three runs, `good` better than `fair` better than `poor`."""
    demo = open_dataset(server.workspace, "demo")
    for epochs, (name, skill) in enumerate({"poor": 0.3, "fair": 1.2, "good": 2.4}.items(), start=1):
        if not server.workspace.run(name).exists():
            make_run(server.workspace, demo, name, skill=skill, recipe=Recipe("made", epochs=epochs))
    page = context.new_page()
    page.goto(f"{app_url}/runs?dataset=demo")
    expect(page.locator("[data-run]")).to_have_text(["good", "fair", "poor"])
    return ready(page)


def test_a_click_opens_a_run_and_boxes_compare(board: Page) -> None:
    expect(board).to_have_url(re.compile("run=good"))
    board.locator("[data-run=fair]").click()
    expect(board.locator(".st-key-shown_run")).to_contain_text("fair")
    expect(board).to_have_url(re.compile("run=fair"))
    board.get_by_role("checkbox", name="Compare good").click()
    board.get_by_role("checkbox", name="Compare poor").click()
    expect(board.locator(".st-key-shown_run")).to_contain_text("C · poor")
    expect(board).to_have_url(re.compile("run=fair&run=good&run=poor"))
    expect(board.get_by_text(re.compile("^B is better than A by"))).to_be_visible()
    # The last box stays: something is always open.
    for name in ("good", "poor", "fair"):
        board.get_by_role("checkbox", name=f"Compare {name}").click()
    expect(board.get_by_role("checkbox", name="Compare fair")).to_be_checked()
    expect(board.locator(".st-key-shown_run")).not_to_contain_text("good")


def test_keys_sort_and_open(board: Page) -> None:
    head = board.get_by_role("columnheader", name="PublicTest")
    head.get_by_role("button").focus()
    board.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    board.keyboard.press("Enter")
    expect(board.locator("[data-run]")).to_have_text(["poor", "fair", "good"])
    board.locator("[data-run=poor]").focus()
    board.keyboard.press("Enter")
    expect(board.locator(".st-key-shown_run")).to_contain_text("poor")
    expect(board.locator("[data-run]")).to_have_text(["poor", "fair", "good"])  # the order stays


def test_a_cell_of_the_matrix_opens_its_faces(board: Page) -> None:
    board.locator("[data-run=poor]").click()
    expect(board.locator(".st-key-shown_run")).to_contain_text("poor")
    matrix = board.get_by_role("table", name="Confusion matrix of poor")
    expect(board.get_by_role("table", name="Confusion matrix of")).to_have_count(1)  # that of the run before is gone
    cell = matrix.get_by_role("button", name="labelled happy, called happy")
    cell.press("Enter")
    expect(board.get_by_role("heading", name="Happy called happy")).to_be_visible()
    expect(board.get_by_role("option").first).to_be_visible()
    expect(cell).to_have_attribute("aria-pressed", "true")
    cell.click()  # and again: it closes
    expect(board.get_by_role("heading", name="Happy called happy")).to_have_count(0)
