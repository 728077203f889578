"""From Enter, a click on a control and a mark to what is painted, in a real Chromium: python benchmarks/review_grid.py

Prints, for the review grid with 100 faces over a data set (the generated demo, or --workspace/--dataset), each with n,
p50, p95 and the largest:
- milliseconds from Enter to the frame that shows the next 100 faces, all decoded (they were dealt ahead);
- milliseconds from a click on "100", on a grid of 48, to that frame: the server is asked for these;
- milliseconds from a key or click to the mark on a face, its style and layout done, and to the frame that shows it.

It works on a copy of the workspace: what is pressed here is nobody's answer.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from playwright.sync_api import Page, sync_playwright  # noqa: E402
from serving import Server, ready, until  # noqa: E402

from fer_core.dataset.demo import create_demo  # noqa: E402
from fer_core.emotions import NAMES  # noqa: E402
from fer_core.identity import COOKIE, sign, signing_key  # noqa: E402
from fer_core.workspace import Workspace  # noqa: E402

# Watches from outside the grid: when an input came, as the browser stamped it; when its effect was laid out; and the
# first moment after the frame that shows it.
WATCH = """() => {
  const root = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot;
  const faces = root.querySelector('.faces');
  window.grids = []; window.marks = []; window.markFrames = [];
  let input = null;
  let first = faces.firstElementChild;
  const note = (event) => { if (event.isTrusted) input = event.timeStamp; };
  // On the window, so before the grid's own listener, which changes the page while it runs.
  window.addEventListener('keydown', note, true);
  window.addEventListener('pointerdown', note, true);
  const painted = (into, at) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => into.push(performance.now() - at);
    channel.port2.postMessage(null);
  });
  new MutationObserver((changes) => {
    const at = input;
    if (faces.firstElementChild !== first) {
      first = faces.firstElementChild;
      if (faces.childElementCount !== 100) return;
      const images = [...faces.querySelectorAll('img')];
      Promise.all(images.map((image) => image.decode())).then(() => painted(window.grids, at));
    } else if (changes.some((change) => change.attributeName === 'data-state')) {
      faces.getBoundingClientRect();
      window.marks.push(performance.now() - at);
      painted(window.markFrames, at);
    }
  }).observe(faces, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-state'] });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, help="measured in a copy of it (default: a new one with the demo)")
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--grids", type=int, default=30, help="grids that are confirmed")
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--marks", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "data")
        if arguments.workspace is None:
            create_demo(workspace, "demo", images=4200)
        else:  # a copy: what is pressed here is nobody's answer
            shutil.copytree(arguments.workspace.resolve(), workspace.root, ignore=shutil.ignore_patterns("runs"))
        server = Server(workspace, Path(folder) / "server.log")
        server.start()
        try:
            with sync_playwright() as playwright:
                chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
                flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
                browser = playwright.chromium.launch(executable_path=chromium, args=flags)
                # High enough for all faces: what was not on the screen cannot be confirmed.
                measure(server, browser.new_page(viewport={"width": 1440, "height": 1800}), arguments)
                browser.close()
        finally:
            server.kill()


def measure(server: Server, page: Page, arguments: argparse.Namespace) -> None:
    """The measurements, class by class until there are enough grids."""
    name = f"bench-grid-{os.getpid()}"
    grids: list[float] = []
    for emotion in NAMES:
        if len(grids) >= arguments.grids:
            break
        open_grid(server, page, arguments.dataset, name, emotion, 100)
        confirmed, painted = 0, 0
        while len(grids) + painted < arguments.grids and page.locator(".cell").count() == 100:
            page.wait_for_selector(".lane[data-ready]")
            page.wait_for_selector(".saved[data-count='0']")
            time.sleep(1.0)  # nobody looks at 100 faces in less
            first = page.locator(".cell").first.get_attribute("data-row")
            page.keyboard.press("Enter")
            page.wait_for_selector(f".faces:not(:has(.cell:first-child[data-row='{first}']))")
            confirmed += 1
            painted += page.locator(".cell").count() == 100
            until(lambda painted=painted: page.evaluate("grids.length") == painted)
        grids += page.evaluate("grids")
        for _ in range(confirmed):
            page.keyboard.press("u")
        page.wait_for_selector(".saved[data-count='0'][data-state='saved']")
    report("Enter to 100 faces painted", grids)

    open_grid(server, page, arguments.dataset, name, "happy", 48)
    sizes = page.locator(".st-key-grid_view")
    for number in range(arguments.clicks):
        sizes.get_by_text("100", exact=True).click()
        until(lambda number=number: page.evaluate("grids.length") == number + 1)
        sizes.get_by_text("48", exact=True).click()
        until(lambda: page.locator(".cell").count() == 48)
        time.sleep(0.5)  # the page's own run behind the click is over
    report("click to 100 faces painted", page.evaluate("grids"))

    open_grid(server, page, arguments.dataset, name, "happy", 100)
    for number in range(arguments.marks):
        if number % 2:
            page.locator(".cell").nth(number % 100).click()
        else:
            page.keyboard.press(" ")
        until(lambda number=number: page.evaluate("markFrames.length") == number + 1)
    report("input to a mark laid out", page.evaluate("marks"))
    report("input to a mark painted", page.evaluate("markFrames"))


def report(what: str, times: list[float]) -> None:
    p50, p95 = np.percentile(times, [50, 95])
    print(f"{what}: n {len(times)}, p50 {p50:.1f} ms, p95 {p95:.1f} ms, largest {max(times):.1f} ms")


def open_grid(server: Server, page: Page, dataset: str, name: str, emotion: str, faces: int) -> None:
    note = sign(name, signing_key(server.workspace.root), time.time())
    page.context.add_cookies([{"name": COOKIE, "value": note, "url": server.url}])
    page.goto(f"{server.url}/review?lane=Grid&dataset={dataset}&class={emotion.capitalize()}&faces={faces}")
    ready(page).wait_for_selector(".lane[data-ready] .cell img")
    page.evaluate(WATCH)


if __name__ == "__main__":
    main()
