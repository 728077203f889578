"""From key to next face, bursts, and an outage, in a real Chromium: python benchmarks/review_keys.py

Prints, for the review card over a data set (the generated demo, or --workspace/--dataset):
- milliseconds from a key press to the frame with the next face, decoded and painted: n, p50, p95, largest;
- milliseconds from a key press to the acknowledgement that its verdict is stored: n, p50, p95;
- 1,000 keys at 15 a second: verdicts stored, and how many of them are on the face that was painted;
- keys pressed while the server is dead: how many are stored once it is back, and how many twice.

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
from fer_core.dataset.store import open_dataset  # noqa: E402
from fer_core.identity import COOKIE, sign, signing_key  # noqa: E402
from fer_core.review.events.log import VerdictLog  # noqa: E402
from fer_core.workspace import Workspace  # noqa: E402

# Watches from outside the card: the time of each key press as the browser stamped it, and the first moment after the
# frame that shows the next face (its element swapped in, its pixels decoded).
WATCH = """() => {
  const roots = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot);
  const face = roots.map((root) => root?.querySelector('.face')).find((found) => found);
  // An answer waits in localStorage from the key press until the server has said that it is stored.
  window.acknowledged = [];
  const waiting = new Map();
  const { setItem, removeItem } = Storage.prototype;
  Storage.prototype.setItem = function (name, value) {
    if (name.startsWith('ferret.outbox.')) waiting.set(name, performance.now());
    setItem.call(this, name, value);
  };
  Storage.prototype.removeItem = function (name) {
    if (waiting.has(name)) window.acknowledged.push(performance.now() - waiting.get(name));
    waiting.delete(name);
    removeItem.call(this, name);
  };
  window.latencies = [];
  window.painted = [face.dataset.row];
  let pressed = [];
  document.addEventListener('keydown', (event) => pressed.push(event.timeStamp), true);
  const look = () => {
    const row = face.dataset.row;
    const image = face.firstElementChild;
    if (row !== undefined && row !== window.painted.at(-1) && image?.complete && image.naturalWidth) {
      window.painted.push(row);
      const at = pressed.shift();
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.latencies.push(performance.now() - at);
      channel.port2.postMessage(null);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, help="measured in a copy of it (default: a new one with the demo)")
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--burst", type=int, default=1000, help="keys at 15 a second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "data")
        if arguments.workspace is None:
            create_demo(workspace, "demo", images=1600)
        else:  # a copy: what is pressed here is nobody's answer
            shutil.copytree(arguments.workspace.resolve(), workspace.root, ignore=shutil.ignore_patterns("runs"))
        server = Server(workspace, Path(folder) / "server.log")
        server.start()
        try:
            with sync_playwright() as playwright:
                chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
                flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
                browser = playwright.chromium.launch(executable_path=chromium, args=flags)
                measure(server, browser.new_page(viewport={"width": 1440, "height": 900}), arguments)
                browser.close()
        finally:
            server.kill()


def measure(server: Server, page: Page, arguments: argparse.Namespace) -> None:
    """The three measurements, each with a fresh annotator."""
    keys = ("1234567" * arguments.keys)[: arguments.keys]

    sit_down(server, page, arguments.dataset, "latency")
    page.evaluate(WATCH)
    for key in keys:
        page.keyboard.press(key)
        time.sleep(0.12)  # a quick person: 8 labels a second
    until(lambda: page.evaluate("latencies.length") == len(keys))
    times = np.array(page.evaluate("latencies"))
    p50, p95 = np.percentile(times, [50, 95])
    print(f"key to next face painted: n {len(times)}, p50 {p50:.1f} ms, p95 {p95:.1f} ms, largest {times.max():.1f} ms")
    all_saved(page)
    stored = np.array(page.evaluate("acknowledged"))
    print(
        f"stored and acknowledged: n {len(stored)}, p50 {np.median(stored):.0f} ms, "
        f"p95 {np.percentile(stored, 95):.0f} ms"
    )

    name = sit_down(server, page, arguments.dataset, "burst")
    page.evaluate(WATCH)
    keys = ("1234567" * arguments.burst)[: arguments.burst]
    started = time.monotonic()
    for number, key in enumerate(keys):
        time.sleep(max(0.0, started + number / 15 - time.monotonic()))
        page.keyboard.press(key)
    rate = len(keys) / (time.monotonic() - started)
    all_saved(page)
    stored = history(server, arguments.dataset, name)
    painted = [int(row) for row in page.evaluate("painted")][: len(keys)]
    right = sum(a == b for a, b in zip(stored["row"], painted, strict=False))
    in_order = "in order" if "".join(stored["key"]) == keys else "NOT in order"
    print(f"burst: {len(keys)} keys at {rate:.1f} a second, {len(stored)} verdicts, {right} on their face, {in_order}")

    name = sit_down(server, page, arguments.dataset, "outage")
    page.keyboard.type("1234567123", delay=120)
    all_saved(page)
    server.kill()
    page.keyboard.type("4567123456", delay=120)
    page.get_by_text("10 answers wait here").wait_for()
    back = time.monotonic()
    server.start()
    started_in = time.monotonic() - back
    all_saved(page)
    stored = history(server, arguments.dataset, name)
    print(
        f"outage: 10 keys before, 10 while the server was dead: {stored['id'].nunique()} stored, "
        f"{len(stored) - stored['id'].nunique()} twice, all saved {time.monotonic() - back - started_in:.1f} s later"
    )


def sit_down(server: Server, page: Page, dataset: str, task: str) -> str:
    """Open the card as somebody new; returns the name."""
    name = f"bench-{task}-{os.getpid()}"
    note = sign(name, signing_key(server.workspace.root), time.time())
    page.context.add_cookies([{"name": COOKIE, "value": note, "url": server.url}])
    page.goto(f"{server.url}/review?dataset={dataset}&queue=Random%20audit")
    ready(page).wait_for_selector(".classes .command:enabled")
    return name


def all_saved(page: Page) -> None:
    page.wait_for_selector(".saved[data-state='saved'][data-count='0']", timeout=60_000)


def history(server: Server, dataset: str, name: str):
    table = VerdictLog(server.workspace.labels_db).history(open_dataset(server.workspace, dataset))
    return table[table["annotator"] == name]


if __name__ == "__main__":
    main()
