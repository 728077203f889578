"""Logging in and out at an identity provider, from the button to the stored answer."""

import os
import re
import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from serving import Server, ready, until

from fer_core.dataset.store import open_dataset
from fer_core.review.events.log import VerdictLog
from fer_core.workspace import Workspace

pytest.importorskip("authlib", reason="login needs Authlib: pip install 'streamlit[auth]'")
from provider import Provider

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider("ferret")
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, demo_workspace: Workspace, provider: Provider) -> Iterator[Server]:
    """The app with login configured as docs/login.md says."""
    folder = tmp_path_factory.mktemp("login")
    workspace = Workspace(folder / "data")
    shutil.copytree(demo_workspace.dataset("demo"), workspace.dataset("demo"))
    server = Server(workspace, folder / "server.log")
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "{server.url}/oauth2callback"\ncookie_secret = "0123456789abcdef0123456789abcdef"\n'
        f'client_id = "{provider.client_id}"\nclient_secret = "x"\nserver_metadata_url = "{provider.metadata_url}"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "STREAMLIT_SECRETS_FILES", str(secrets))
        server.start()
    yield server
    server.kill()


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/review")
    ready(page)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{url}/")  # the provider's answer leads to the first page
    ready(page)
    page.get_by_role("link", name="Review").click()


def test_a_person_logs_in_answers_and_logs_out(server: Server, provider: Provider, browser_page: Page) -> None:
    provider.claims = {"sub": "1", "email": "ada@example.org", "email_verified": True}
    log_in(browser_page, server.url)
    browser_page.wait_for_selector(".classes .command:enabled")
    browser_page.keyboard.press("5")
    dataset, log = open_dataset(server.workspace, "demo"), VerdictLog(server.workspace.labels_db)
    until(lambda: len(log.history(dataset)))
    assert log.history(dataset)["annotator"].tolist() == ["ada@example.org"]
    browser_page.reload()
    browser_page.get_by_role("button", name=re.compile("ada@example.org")).click()
    browser_page.get_by_role("button", name=re.compile("Log out|Somebody else")).click()
    browser_page.wait_for_url(f"{server.url}/")
    browser_page.goto(f"{server.url}/review")
    browser_page.get_by_role("button", name="Log in").wait_for()


def test_a_login_that_has_ended_is_asked_for_again(server: Server, provider: Provider, browser_page: Page) -> None:
    """Between its end and Authlib's leeway of two minutes the token is taken, but not by us."""
    ended = int(time.time()) - 20
    provider.claims = {"sub": "1", "email": "ada@example.org", "email_verified": True, "exp": ended}
    log_in(browser_page, server.url)
    browser_page.get_by_text("Your login has ended").wait_for()
    assert browser_page.locator(".face").count() == 0
