"""The pages under their own security policy: nothing of theirs is blocked, and nothing of a stranger's is loaded."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext, Page
from serving import Server, ready

from fer_core.identity import COOKIE, sign, signing_key

pytestmark = pytest.mark.browser

NAME = "<img src=//evil.example/x>![x](y)"
LINK = "![marked](https://evil.example/x.png)"
WATCH = """
window.blocked = [];
document.addEventListener("securitypolicyviolation", event =>
  window.blocked.push(event.blockedURI + " " + event.violatedDirective));
window.alert = text => window.blocked.push("alert " + text);
"""


@pytest.fixture
def watched(context: BrowserContext, server: Server, app_url: str) -> Page:
    """A tab of somebody whose name is markup; what the policy blocks is kept in `window.blocked`."""
    note = sign(NAME, signing_key(server.workspace.root), time.time())
    context.add_cookies([{"name": COOKIE, "value": note, "url": app_url}])
    page = context.new_page()
    page.add_init_script(WATCH)
    return page


@pytest.mark.parametrize(
    "paths",
    [("", "/runs"), pytest.param(("/audit", "/consensus", "/train", "/predict"), marks=pytest.mark.slow)],
    ids=["some", "others"],
)
def test_pages_break_no_rule_of_their_own_and_markup_stays_text(
    paths: tuple[str, ...], watched: Page, app_url: str
) -> None:
    asked: list[str] = []
    watched.on("request", lambda request: asked.append(request.url))
    for path in paths:
        watched.goto(f"{app_url}{path}?run={LINK}&queue={LINK}&version={LINK}")
        ready(watched)
        assert watched.evaluate("window.blocked") == [], path
    own = re.compile(rf"({re.escape(app_url)}|ws://127\.0\.0\.1|data:|blob:)")
    assert [url for url in asked if not own.match(url)] == []


def test_a_name_that_is_markup_is_shown_letter_by_letter(watched: Page, app_url: str) -> None:
    watched.goto(f"{app_url}/review")
    ready(watched)
    watched.wait_for_selector(".face[data-row] img")
    watched.get_by_role("button").get_by_text(NAME).wait_for()
    assert watched.evaluate("window.blocked") == []


def test_the_policy_blocks_what_is_not_ours(watched: Page, app_url: str) -> None:
    watched.goto(app_url)
    ready(watched)
    watched.evaluate("document.body.appendChild(Object.assign(new Image(), {src: 'https://evil.example/x.png'}))")
    watched.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=y onerror=alert(1)>')")
    watched.wait_for_function("window.blocked.length >= 2")
    assert not any("alert" in line for line in watched.evaluate("window.blocked"))


def test_no_other_page_may_frame_it(watched: Page, app_url: str) -> None:
    """A page of another site, whose frame stays empty."""
    watched.route("http://evil.example/", lambda route: route.fulfill(body=f"<iframe src='{app_url}/review'></iframe>"))
    watched.goto("http://evil.example/")
    assert watched.locator("iframe").content_frame.locator("[data-testid='stApp']").count() == 0
    assert watched.frames[1].url.startswith("chrome-error:")
