"""How soon the views of the Audit page are there: python benchmarks/audit_page.py --workspace data --dataset fer2013

For each view a fresh tab is opened on it, and the time is taken from the request until what it shows is painted: faces
with their pixels, a chart, or the map. The server is warm: every view was opened once before. Prints n, median and
longest. The data set must have been audited.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from serving import Server  # noqa: E402

from fer_core.training.machine import cpu  # noqa: E402
from fer_core.workspace import Workspace  # noqa: E402

FACES = """name => [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].some(host => {
  const grid = host.shadowRoot?.querySelector(`[aria-label^="${name}"]`);
  const faces = [...(grid?.querySelectorAll('img') ?? [])];
  return faces.length > 1 && faces.every(face => face.complete && face.naturalWidth);
})"""
POINTS = (
    "() => document.querySelector('.st-key-map .gl-canvas') !== null && document.querySelector('.st-key-map .legend')"
)
CHART = "() => document.querySelector('.st-key-joint .main-svg .heatmaplayer image, .st-key-joint .heatmaplayer *')"
VIEWS = {
    "Suspects": (FACES, "Suspects"),
    "Copies": (FACES, "**"),
    "Reasons": (FACES, "Images"),
    "Map": (POINTS, None),
    "Classes": (CHART, None),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--times", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Workspace(arguments.workspace.resolve()), Path(folder) / "server.log")
        server.start()
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        print(f"{cpu()['name']}, {cpu()['cores']} cores; {arguments.dataset}")
        try:
            for view in VIEWS:
                first = opened(browser, server, arguments.dataset, view)
                times = [opened(browser, server, arguments.dataset, view) for _ in range(arguments.times)]
                print(
                    f"{view:<10} cold {first:.2f} s, warm median {statistics.median(times):.2f} s, "
                    f"longest {max(times):.2f} s (n = {len(times)})"
                )
        finally:
            browser.close()
            server.kill()


def opened(browser: Browser, server: Server, dataset: str, view: str) -> float:
    """Seconds from the request to the painted view, in a tab of its own."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    condition, argument = VIEWS[view]
    started = time.perf_counter()
    page.goto(f"{server.url}/audit?dataset={dataset}&view={view}")
    page.wait_for_function(condition, arg=argument, timeout=30_000, polling=20)
    seconds = time.perf_counter() - started
    page.context.close()
    return seconds


if __name__ == "__main__":
    main()
