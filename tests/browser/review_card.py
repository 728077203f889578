"""What tests of the review card share: somebody sits down, presses keys, and looks at what is there."""

import time

from playwright.sync_api import Page
from serving import HELD, Server, ready

from fer_core.dataset.store import open_dataset
from fer_core.emotions import NAMES
from fer_core.identity import COOKIE, sign, signing_key
from fer_core.review.events.log import VerdictLog


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


def given_on(server: Server, page: Page) -> str:
    return NAMES[open_dataset(server.workspace, "demo").labels[row_on_screen(page)]]
