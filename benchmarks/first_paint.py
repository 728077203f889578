"""How soon every page is there: python benchmarks/first_paint.py --workspace data --dataset fer2013

For each page, and each view of the Audit page, a fresh tab is opened, and the time is taken from the request until what
the page is about is painted: faces with their pixels, charts, forms that can be filled in. Somebody is signed in, so
that Review and Consensus show faces. The server is warm, and so is the browser: both have had every page open once;
that first time is printed beside n, median and 95th percentile. The data set must have been audited and have a finished
run; `benchmarks/runs_page.py --make-only DIR` makes a workspace with fifty.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from playwright.sync_api import Browser, BrowserContext, sync_playwright  # noqa: E402
from serving import Server  # noqa: E402

from fer_core.training.machine import cpu  # noqa: E402
from fer_core.workspace import Workspace  # noqa: E402

ASKED = 1.5  # seconds
IN_COMPONENTS = "[...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map(host => host.shadowRoot)"


def _drawn(selector: str, least: int = 1) -> str:
    """JavaScript: a component has so many of these, and those that are pictures have their pixels."""
    return f"""{IN_COMPONENTS}.some(root => {{
      const found = [...(root?.querySelectorAll({selector!r}) ?? [])];
      return found.length >= {least} && found.every(one => one.tagName !== 'IMG' || one.complete && one.naturalWidth);
    }})"""


FACES = _drawn("[role=listbox] img, [role=list] .face img, .faces img", 2)
MATRIX = _drawn("td button", 49)
PICTURES = """(() => {
  const pictures = [...document.querySelectorAll('[data-testid=stImage] img')];
  return pictures.length > 1 && pictures.every(picture => picture.complete && picture.naturalWidth);
})()"""
MAP = "document.querySelector('.st-key-map .gl-canvas') && document.querySelector('.st-key-map .legend')"
TRAIN = "[...document.querySelectorAll('button')].some(one => one.innerText.includes('Start training'))"
PREDICT = (
    "document.querySelector('[data-testid=stFileUploader]') && document.querySelector('[data-testid=stSelectbox]')"
)
PAINTED = {
    "overview": f"{_drawn('.bars li', 7)} && {_drawn('td')}",
    "audit": FACES,
    "audit?view=Copies": FACES,
    "audit?view=Reasons": FACES,
    "audit?view=Map": MAP,
    "audit?view=Classes": _drawn("td", 49),
    "review": _drawn(".frame .face img"),
    "review?lane=Grid": FACES,
    "consensus": PICTURES,
    "train": f"{PICTURES} && {TRAIN}",
    "runs": MATRIX,
    "predict": PREDICT,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--pages", nargs="+", default=list(PAINTED), choices=list(PAINTED), metavar="PAGE")
    arguments = parser.parse_args()
    print(f"{cpu()['name']}, {cpu()['cores']} cores; {arguments.dataset}; asked for <= {ASKED} s", flush=True)
    with served(Workspace(arguments.workspace.resolve())) as (server, browser):
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        context.request.post(f"{server.url}/identify", data={"name": "Ada"}, headers={"Origin": server.url})
        for page in arguments.pages:
            first, *times = [opened(context, server, arguments.dataset, page) for _ in range(arguments.times + 1)]
            say(page, times, f"; the first time {first:.2f} s")


@contextmanager
def served(workspace: Workspace) -> Iterator[tuple[Server, Browser]]:
    """The app over a workspace, and a Chromium."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(workspace, Path(folder) / "server.log")
        server.start()
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        try:
            yield server, browser
        finally:
            browser.close()
            server.kill()


def opened(context: BrowserContext, server: Server, dataset: str, name: str) -> float:
    """Seconds from the request to the painted page, in a tab of its own."""
    page = context.new_page()
    path, _, query = name.partition("?")
    started = time.perf_counter()
    page.goto(f"{server.url}/{path}?dataset={dataset}&{query}", wait_until="commit")
    page.wait_for_function(f"() => {PAINTED[name]}", timeout=60_000, polling="raf")
    seconds = time.perf_counter() - started
    page.close()
    return seconds


def say(what: str, seconds: list[float], more: str = "") -> None:
    """One line of figures."""
    median, high = np.percentile(seconds, [50, 95])
    print(f"{what:<20} median {median:.2f} s, p95 {high:.2f} s (n = {len(seconds)}){more}", flush=True)


if __name__ == "__main__":
    main()
