"""The shell in a real browser: seven pages, cold deep links, loopback only, both themes."""

from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page
from serving import READY, Server, ready

pytestmark = pytest.mark.browser

PAGES = {
    "": "Overview",
    "overview": "Overview",
    "audit": "Audit",
    "review": "Review",
    "consensus": "Consensus",
    "train": "Train",
    "runs": "Runs",
    "predict": "Predict",
}


def heading(page: Page) -> str:
    return page.locator("h1").first.inner_text()


def test_a_cold_deep_link_opens_its_page_inside_the_shell(server: Server, browser_page: Page) -> None:
    """The very first request after a start, which Streamlit's legacy mode would answer without navigation."""
    server.kill()
    server.start()
    browser_page.goto(f"{server.url}/audit?dataset=demo")
    ready(browser_page)
    assert heading(browser_page) == "Audit"
    assert browser_page.get_by_role("link", name="Predict").count() == 1


def test_all_seven_pages_open_without_a_fault_and_without_the_network(app_url: str, browser_page: Page) -> None:
    hosts: set[str | None] = set()
    faults: list[str] = []
    browser_page.on("request", lambda request: hosts.add(urlparse(request.url).hostname))
    browser_page.on("pageerror", lambda error: faults.append(str(error)))
    for path, title in PAGES.items():
        browser_page.goto(f"{app_url}/{path}")
        ready(browser_page)
        assert heading(browser_page) == title
        assert browser_page.locator("[data-testid='stException']").count() == 0, path
    assert faults == []
    assert hosts - {None} == {"127.0.0.1"}  # None: data URIs


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system(scheme: str, app_url: str, browser: Browser) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(app_url)
    page.wait_for_selector(READY)
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    red = int(colour.removeprefix("rgb(").split(",")[0])
    assert (red > 200) == (scheme == "light")
    context.close()


def test_on_a_phone_nothing_is_wider_than_the_screen(app_url: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 420, "height": 860})
    page = context.new_page()
    for path in PAGES:
        page.goto(f"{app_url}/{path}")
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 420, path
    context.close()


def test_the_server_listens_on_loopback_only(server: Server) -> None:
    """What /proc says of the process's listening sockets: every address is 127.0.0.1."""
    assert server.process is not None
    tables = [Path("/proc/net") / name for name in ("tcp", "tcp6")]
    lines = [line for table in tables for line in table.read_text().splitlines()[1:]]
    listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]
    ours = [address.split(":")[0] for address in listening if int(address.split(":")[1], 16) == server.port]
    assert ours == ["0100007F"]
