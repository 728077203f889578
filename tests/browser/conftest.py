"""The app as people meet it: a real server on a free loopback port, a real Chromium."""

import os
import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from review_card import sit_down
from serving import PATIENCE, Server

from fer_core.workspace import Workspace


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, demo_workspace: Workspace) -> Iterator[Server]:
    """The app over a workspace with a demo of 420 faces, for one test module."""
    folder = tmp_path_factory.mktemp("app")
    workspace = Workspace(folder / "data")
    shutil.copytree(demo_workspace.dataset("demo"), workspace.dataset("demo"))
    server = Server(workspace, folder / "server.log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def app_url(server: Server) -> str:
    """Where the app is; started again if a test has killed it."""
    if server.process is None:
        server.start()
    return server.url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    assert chromium, "No Chromium found; name one in the environment variable CHROMIUM."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A person's browser: its tabs share cookies and local storage. Faces that it held are free afterwards."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()
    server.free_faces()


@pytest.fixture
def browser_page(context: BrowserContext) -> Page:
    """An empty tab."""
    return context.new_page()


@pytest.fixture
def ada(server: Server, app_url: str, context: BrowserContext) -> Page:
    """The card open for somebody who has not answered anything yet."""
    return sit_down(context.new_page(), server, f"Ada {uuid4().hex[:8]}")
