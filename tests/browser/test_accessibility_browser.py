"""Every page under axe-core, light and dark: nothing serious or critical that is ours."""

import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from made_runs import make_run
from playwright.sync_api import BrowserContext, Page, expect
from serving import PATIENCE, Server, ready

from fer_core.dataset.store import open_dataset
from fer_core.workspace import Workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE * 1000)

PAGES = {
    "overview": "",
    "audit": "audit",
    "audit, copies": "audit?view=Copies",
    "review, cards": "review",
    "review, grid": "review?lane=Grid",
    "consensus": "consensus",
    "consensus, versions": "consensus?show=Versions",
    "train": "train",
    "runs": "runs?run=made",
    "predict": "predict",
}
# What Streamlit draws and no page can change: (axe's rule, what the element stands in) and why it is so.
STREAMLITS_OWN = {
    ("color-contrast", "[data-selected=true]"): "The chosen option is written in the primary colour. Buttons are "
    "written in white on it, and on a dark page no colour gives both 4.5 to 1: this has 3.6, the buttons 4.6.",
    ("color-contrast", "[data-testid=stSliderThumbValue]"): "The value of a slider, for the same reason: 4.0.",
}
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, audited_workspace: Workspace) -> Iterator[Server]:
    """The app over the audited demo with one run."""
    folder = tmp_path_factory.mktemp("accessible")
    shutil.copytree(audited_workspace.root, folder / "data")
    server = Server(Workspace(folder / "data"), folder / "server.log")
    make_run(server.workspace, open_dataset(server.workspace, "demo"), "made")
    server.start()
    yield server
    server.kill()


def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical and Streamlit is not to blame for."""
    found = []
    for violation in Axe().run(page).response["violations"]:
        if violation["impact"] not in ("serious", "critical"):
            continue
        places = [place for rule, place in STREAMLITS_OWN if rule == violation["id"]]
        for node in violation["nodes"]:
            target = node["target"][0]  # a list where it lies in a component, whose markup is ours
            if isinstance(target, list) or not page.locator(target).evaluate(
                "(element, places) => places.some(place => element.closest(place))", places
            ):
                found.append(f"{violation['id']} at {target}: {node['html'][:160]} ({node['failureSummary'][:200]})")
    return found


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_fault_in_either_theme(name: str, app_url: str, context: BrowserContext) -> None:
    context.request.post(f"{app_url}/identify", data={"name": "Ada"}, headers={"Origin": app_url})
    page = context.new_page()
    path, _, query = PAGES[name].partition("?")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(f"{app_url}/{path}?dataset=demo&{query}")
    ready(page)
    if name == "predict":
        page.get_by_role("button", name="Try the sample photo").click()
        expect(page.get_by_alt_text("as the network saw it")).to_be_visible()
        ready(page)
    assert faults(page) == []
    light = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_function(f"light => {BACKGROUND} !== light", arg=light)
    ready(page)
    assert faults(page) == []


def test_it_would_be_noticed(app_url: str, browser_page: Page) -> None:
    """A picture without words and a faint line, put into a page as a component might, are both named."""
    browser_page.goto(f"{app_url}/overview?dataset=demo")
    ready(browser_page).wait_for_selector("[data-testid=stBidiComponentIsolated]", state="attached")
    browser_page.evaluate("""() => {
        const frame = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot;
        frame.append(document.createElement('img'));
        document.querySelector('h1').style.color = '#ddd';
    }""")
    assert sorted(fault.split()[0] for fault in faults(browser_page)) == ["color-contrast", "image-alt"]
