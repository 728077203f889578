"""The face grid alone in a blank page: mouse, keyboard, and what it tells the server."""

import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).resolve().parents[2] / "pages" / "_components" / "face_grid"
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

MOUNT = """async ([source, css, data]) => {
  if (!window.host) {
    window.host = document.body.appendChild(document.createElement("div"));
    window.host.attachShadow({ mode: "open" });
    window.host.shadowRoot.appendChild(Object.assign(document.createElement("style"), { textContent: css }));
    window.grid = (await import(source)).default;
    window.sent = [];
  }
  const setStateValue = (name, value) => window.sent.push([name, value]);
  window.leave = window.grid({ parentElement: window.host.shadowRoot, data, setStateValue });
}"""


def mount(page: Page, count: int = 12, stamp: str = "one", **options: Any) -> Locator:
    """Give the grid `count` faces; returns the faces."""
    faces = [{"src": DOT, "caption": f"face {i}", "colour": "#D55E00", "detail": f"detail {i}"} for i in range(count)]
    data = {"faces": faces, "stamp": stamp, "label": "Suspects", "selectable": True, "multiple": True, "size": 96}
    text = b"\n".join(file.read_bytes() for file in (FOLDER.parent / "make.js", FOLDER / "grid.js"))
    script = base64.b64encode(text).decode()
    page.evaluate(MOUNT, [f"data:text/javascript;base64,{script}", (FOLDER / "grid.css").read_text(), data | options])
    return page.locator(".face")


def told(page: Page, *positions: int) -> None:
    """Wait until the last thing that the server was told is this selection."""
    page.wait_for_function(
        "wanted => JSON.stringify(window.sent.at(-1)?.[1].positions) === wanted", arg=listed(positions)
    )


def listed(positions: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, positions))}]"


def test_a_click_toggles_and_shift_takes_the_range(browser_page: Page) -> None:
    faces = mount(browser_page)
    faces.nth(2).click()
    told(browser_page, 2)
    faces.nth(5).click(modifiers=["Shift"])
    told(browser_page, 2, 3, 4, 5)
    faces.nth(3).click()
    told(browser_page, 2, 4, 5)
    assert faces.nth(4).get_attribute("aria-selected") == "true"
    assert faces.nth(3).get_attribute("aria-selected") == "false"


def test_clicks_that_come_close_together_are_told_once(browser_page: Page) -> None:
    faces = mount(browser_page)
    browser_page.evaluate("host.shadowRoot.querySelectorAll('.face').forEach((face) => face.click())")
    told(browser_page, *range(12))
    assert browser_page.evaluate("sent.length") == 1
    assert faces.count() == 12


def test_the_keyboard_does_everything(browser_page: Page) -> None:
    browser_page.set_viewport_size({"width": 480, "height": 800})  # four faces in a row
    mount(browser_page)
    press = browser_page.keyboard.press
    press("Tab")
    press("ArrowRight")
    press("Space")
    told(browser_page, 1)
    press("ArrowDown")
    press("Enter")
    told(browser_page, 1, 5)
    press("Shift+ArrowRight")
    told(browser_page, 1, 5, 6)
    press("Control+a")
    told(browser_page, *range(12))
    press("Escape")
    told(browser_page)
    press("End")
    press("Space")
    told(browser_page, 11)


def test_one_at_a_time_lets_go_of_the_other(browser_page: Page) -> None:
    faces = mount(browser_page, multiple=False)
    faces.nth(2).click()
    told(browser_page, 2)
    faces.nth(7).click(modifiers=["Shift"])
    told(browser_page, 7)


def test_other_faces_begin_with_nothing_selected(browser_page: Page) -> None:
    mount(browser_page).nth(2).click()
    told(browser_page, 2)
    faces = mount(browser_page, count=3, stamp="two")
    assert faces.count() == 3
    assert browser_page.locator("[aria-selected='true']").count() == 0
    faces.nth(0).click()
    told(browser_page, 0)
    assert browser_page.evaluate("sent.at(-1)[1].stamp") == "two"


def test_the_same_faces_again_keep_the_selection(browser_page: Page) -> None:
    mount(browser_page).nth(2).click()
    told(browser_page, 2)
    faces = mount(browser_page)
    assert faces.nth(2).get_attribute("aria-selected") == "true"


def test_screen_readers_hear_a_list_box_with_names(browser_page: Page) -> None:
    mount(browser_page)
    assert browser_page.get_by_role("listbox", name="Suspects").count() == 1
    assert browser_page.get_by_role("option", name="face 3", exact=True).count() == 1


def test_faces_to_look_at_only_are_a_plain_list(browser_page: Page) -> None:
    faces = mount(browser_page, selectable=False)
    assert browser_page.get_by_role("list", name="Suspects").count() == 1
    faces.nth(2).click()
    assert browser_page.locator("[aria-selected]").count() == 0
    assert browser_page.get_by_role("img", name="face 2", exact=True).count() == 1


def test_leaving_takes_everything_away(browser_page: Page) -> None:
    faces = mount(browser_page)
    browser_page.evaluate("leave()")
    assert faces.count() == 0
