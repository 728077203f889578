"""The Audit page in a real browser: pick faces and review them, draw a lasso on the map."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from serving import Server, ready, until

from fer_core.dataset.store import open_dataset
from fer_core.review.queues.selections import list_selections
from fer_core.workspace import Workspace

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def audited_server(tmp_path_factory: pytest.TempPathFactory, audited_workspace: Workspace) -> Iterator[Server]:
    """The app over the audited demo."""
    folder = tmp_path_factory.mktemp("audited_app")
    shutil.copytree(audited_workspace.root, folder / "data")
    server = Server(Workspace(folder / "data"), folder / "server.log")
    server.start()
    yield server
    server.kill()


def test_picked_faces_become_a_queue_on_the_review_page(audited_server: Server, browser_page: Page) -> None:
    browser_page.goto(f"{audited_server.url}/audit")
    ready(browser_page)
    faces = browser_page.get_by_role("listbox", name="Suspects").get_by_role("option")
    faces.nth(1).click()
    faces.nth(4).click(modifiers=["Shift"])
    browser_page.get_by_role("button", name=re.compile("Review these 4$")).click()
    browser_page.get_by_placeholder("for example: Ada").fill("Ada")
    browser_page.get_by_role("button", name="Start reviewing").click()
    ready(browser_page)
    browser_page.wait_for_function(
        "() => document.querySelector('.st-key-queue input')?.value === 'Audit: picked suspects (4)'"
    )
    (selection,) = list_selections(open_dataset(audited_server.workspace, "demo"))
    assert len(selection.rows) == 4


def test_a_lasso_on_the_map_shows_the_faces_inside(audited_server: Server, browser_page: Page) -> None:
    browser_page.goto(f"{audited_server.url}/audit?view=Map")
    ready(browser_page)
    plot = browser_page.locator(".st-key-map .nsewdrag").first
    plot.wait_for()
    box = plot.bounding_box()
    assert box is not None
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.02)]
    for number, (across, down) in enumerate(corners):
        browser_page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=4)
        if number == 0:
            browser_page.mouse.down()
    browser_page.mouse.up()
    inside = browser_page.get_by_text("420 images inside, most suspect first.")
    until(lambda: inside.count() == 1)
    faces = browser_page.get_by_role("listbox", name="Images inside the lasso").get_by_role("option")
    until(lambda: faces.count() == 60)
