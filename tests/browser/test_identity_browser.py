"""Who a browser is: what keeps a person over refresh and restart, what does not, and what a login is worth."""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from serving import Server, ready, until
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from fer_core.dataset.store import open_dataset
from fer_core.identity import COOKIE, LIFETIME, sign, signing_key, verify
from fer_core.review.events.log import VerdictLog
from fer_core.workspace import Workspace

pytestmark = pytest.mark.browser

SIGNED_WITH = "0123456789abcdef0123456789abcdef"
STREAMLIT_COOKIE = "_streamlit_user"


def name_oneself(page: Page, url: str, name: str) -> None:
    """Come as a newcomer, and wait until the browser has the cookie."""
    ready_at(page, url)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Start reviewing").click()
    page.wait_for_selector(".face[data-row] img")
    until(lambda: cookie(page.context))


def ready_at(page: Page, url: str, query: str = "") -> None:
    page.goto(f"{url}/review{query}")
    ready(page)


def cookie(context: BrowserContext) -> dict | None:
    return next((one for one in context.cookies() if one["name"] == COOKIE), None)


def seat(page: Page, name: str):
    """The button that says who reviews."""
    return page.get_by_role("button", name=re.compile(re.escape(name)))


def asked(page: Page) -> None:
    """Wait until the page asks who somebody is."""
    page.get_by_label("Your name").wait_for()


def bring(context: BrowserContext, url: str, **cookies: str) -> None:
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])


def test_a_refresh_and_a_restart_of_the_server_keep_the_person(
    server: Server, app_url: str, browser_page: Page
) -> None:
    name_oneself(browser_page, app_url, "Ada Lovelace")
    assert "Ada" not in browser_page.url
    kept = cookie(browser_page.context)
    assert kept["httpOnly"] and kept["sameSite"] == "Strict" and kept["path"] == "/"
    assert abs(kept["expires"] - time.time() - LIFETIME) < 3600
    assert verify(kept["value"], signing_key(server.workspace.root), time.time()) == "Ada Lovelace"
    assert COOKIE not in browser_page.evaluate("document.cookie")
    browser_page.reload()
    seat(browser_page, "Ada Lovelace").wait_for()
    server.kill()
    server.start()
    browser_page.goto(f"{server.url}/review")
    seat(browser_page, "Ada Lovelace").wait_for()


def test_a_link_on_another_site_leads_to_the_same_person(app_url: str, browser_page: Page) -> None:
    """The cookie is SameSite=Strict: it does not travel with the link, but with the page's own connection."""
    name_oneself(browser_page, app_url, "Ada")
    browser_page.goto(f"{app_url.replace('127.0.0.1', 'localhost')}/_stcore/health")  # another site to a browser
    browser_page.set_content(f'<a href="{app_url}/review">review</a>')
    with browser_page.expect_navigation():
        browser_page.get_by_text("review").click()
    seat(browser_page, "Ada").wait_for()


def test_two_browsers_are_two_people(app_url: str, browser: Browser) -> None:
    contexts = {name: browser.new_context() for name in ("Ada", "Bob")}
    for name, context in contexts.items():
        name_oneself(context.new_page(), app_url, name)
    for name, context in contexts.items():  # after both: the second name has not become the first one's
        page = context.new_page()
        ready_at(page, app_url)
        seat(page, name).wait_for()
        assert seat(page, next(other for other in contexts if other != name)).count() == 0
        context.close()


def test_who_leaves_is_asked_for_again_also_after_a_refresh(app_url: str, browser_page: Page) -> None:
    name_oneself(browser_page, app_url, "Ada")
    seat(browser_page, "Ada").click()
    browser_page.get_by_role("button", name="Somebody else reviews").click()
    asked(browser_page)
    until(lambda: cookie(browser_page.context) is None)
    browser_page.reload()
    asked(browser_page)
    name_oneself(browser_page, app_url, "Bob")
    browser_page.reload()
    seat(browser_page, "Bob").wait_for()


def test_a_forged_cookie_and_a_name_in_the_link_are_no_person(app_url: str, browser_page: Page) -> None:
    bring(browser_page.context, app_url, **{COOKIE: sign("Bob", b"x" * 32, time.time())})
    ready_at(browser_page, app_url, "?annotator=Bob")
    asked(browser_page)
    assert browser_page.get_by_label("Your name").input_value() == "Bob"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """Another site, whose pages may ask whom they like."""
    (tmp_path / "index.html").write_text("<p>Elsewhere</p>")
    serve = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as site:
        Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_port}/"
        site.shutdown()


def test_a_page_of_another_site_cannot_name_anybody(app_url: str, browser_page: Page, elsewhere: str) -> None:
    browser_page.goto(elsewhere)
    network = browser_page.context.new_cdp_session(
        browser_page
    )  # pages are not told the answer, so it is asked for here
    network.send("Network.enable")
    answers: list[int] = []
    network.on("Network.responseReceivedExtraInfo", lambda event: answers.append(event["statusCode"]))
    browser_page.evaluate(
        """url => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"name": "Eve"}'})
            .catch(() => null)""",
        f"{app_url}/identify",
    )
    until(lambda: browser_page.title() or 403 in answers)
    assert 200 not in answers
    assert cookie(browser_page.context) is None


def test_the_route_takes_names_from_its_own_pages_only(app_url: str, context: BrowserContext) -> None:
    own = {"Origin": app_url, "Content-Type": "application/json"}

    def post(body: str = '{"name": "Ada"}', **headers: str | None) -> int:
        sent = {name: value for name, value in {**own, **headers}.items() if value is not None}
        return context.request.post(f"{app_url}/identify", data=body.encode("latin-1"), headers=sent).status

    assert post(Origin="https://evil.example") == 403
    assert post(Origin="null") == 403
    assert post(Origin=None) == 403
    assert post(Origin=f"http://evil.example@{app_url.removeprefix('http://')}") == 403
    assert post(**{"Sec-Fetch-Site": "cross-site"}) == 403
    assert post(**{"Sec-Fetch-Site": "same-site"}) == 403
    assert post(**{"Content-Type": "text/plain"}) == 415
    assert post(json.dumps({"name": "x" * 2000})) == 413
    for broken in ("", "[]", "{}", "null", '{"name": 7}', '{"name": "Ada"', "\xff\xfe", "[" * 1000):
        assert post(broken) == 400, broken
    for wrong in ("", "   ", "x" * 41, "Ada\u202e", "\ud800"):
        assert post(json.dumps({"name": wrong})) == 422, wrong
    assert cookie(context) is None
    assert context.request.get(f"{app_url}/identify").status != 204
    assert post(json.dumps({"name": "é" * 40})) == 204
    assert cookie(context) is not None
    assert context.request.delete(f"{app_url}/identify", headers={"Origin": "https://evil.example"}).status == 403
    assert cookie(context) is not None
    assert context.request.delete(f"{app_url}/identify", headers=own).status == 204
    assert cookie(context) is None


def test_behind_https_the_cookie_is_secure(app_url: str, context: BrowserContext) -> None:
    """A proxy that ends TLS passes the host on; the browser's Origin says https."""
    for scheme, secure in (("https", True), ("http", False)):
        answer = context.request.post(
            f"{app_url}/identify",
            data='{"name": "Ada"}',
            headers={"Origin": app_url.replace("http", scheme), "Content-Type": "application/json"},
        )
        assert answer.status == 204
        assert ("Secure" in answer.headers["set-cookie"]) == secure


@pytest.fixture(scope="module")
def login_server(tmp_path_factory: pytest.TempPathFactory, demo_workspace: Workspace) -> Iterator[Server]:
    """The app with an identity provider configured that nobody answers for."""
    folder = tmp_path_factory.mktemp("login")
    workspace = Workspace(folder / "data")
    shutil.copytree(demo_workspace.dataset("demo"), workspace.dataset("demo"))
    server = Server(workspace, folder / "server.log")
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "{server.url}/oauth2callback"\ncookie_secret = "{SIGNED_WITH}"\n'
        'client_id = "ferret"\nclient_secret = "x"\n'
        'server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "STREAMLIT_SECRETS_FILES", str(secrets))
        server.start()
    yield server
    server.kill()


def logged_in(server: Server, secret: str = SIGNED_WITH, **claims: object) -> str:
    """What Streamlit keeps in the browser once the provider has answered."""
    kept = {"origin": server.url, "is_logged_in": True, "provider": "default", "iss": "https://accounts.example"}
    return create_signed_value(secret, STREAMLIT_COOKIE, json.dumps(kept | claims)).decode()


ADA = {"sub": "1", "email": "ada@example.org", "email_verified": True}


def test_with_login_on_answers_bear_the_account_and_no_other_name(login_server: Server, browser_page: Page) -> None:
    bobs = sign("Bob", signing_key(login_server.workspace.root), time.time())
    bring(browser_page.context, login_server.url, **{COOKIE: bobs, STREAMLIT_COOKIE: logged_in(login_server, **ADA)})
    ready_at(browser_page, login_server.url, "?annotator=Bob")
    seat(browser_page, "ada@example.org").wait_for()
    browser_page.wait_for_selector(".classes .command:enabled")
    browser_page.keyboard.press("1")
    dataset = open_dataset(login_server.workspace, "demo")
    log = VerdictLog(login_server.workspace.labels_db)
    until(lambda: len(log.history(dataset)))
    assert log.history(dataset)["annotator"].tolist() == ["ada@example.org"]


def test_with_login_on_neither_cookie_nor_link_nor_forged_login_lets_anybody_in(
    login_server: Server, browser: Browser
) -> None:
    bobs = sign("Bob", signing_key(login_server.workspace.root), time.time())
    for brought in (
        {COOKIE: bobs},
        {STREAMLIT_COOKIE: logged_in(login_server, "another secret, as long as the other", **ADA)},
    ):
        context = browser.new_context()
        bring(context, login_server.url, **brought)
        page = context.new_page()
        ready_at(page, login_server.url, "?annotator=Bob")
        page.get_by_role("button", name="Log in").wait_for()
        assert page.get_by_label("Your name").count() == 0
        assert page.locator(".face").count() == 0
        context.close()
