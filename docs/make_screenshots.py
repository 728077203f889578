"""Takes the pictures of the README and the guide, docs/images/*.webp but demo-faces, of the synthetic demo only.

    python docs/make_screenshots.py WORKSPACE [NAME ...]

WORKSPACE holds a `demo` data set that has been audited, some hundred reviewed faces, a version and two finished runs;
with names, only those pictures are taken. The visitor's photo is scikit-image's astronaut.png (NASA, public domain).
"""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parent.parent
TARGET = REPOSITORY / "docs" / "images"
PORT = 8597
ADDRESS = f"http://127.0.0.1:{PORT}"
READY = "[data-testid='stApp'][data-test-script-state='notRunning']"
WIDTH, HEIGHT = 1040, 1400  # of the window, pixels; every picture is cut from it
SHRUNK = 760  # pixels of a stored picture's width
QUALITY = 40
MARGIN = 12
PATIENCE = 240_000  # ms; the first answer loads a network


@dataclass(frozen=True)
class Shot:
    """One picture: the page, what is done there first, and the part that is kept."""

    path: str
    top: str = "[data-testid='stMainBlockContainer'] h1"  # what the picture begins with
    height: int = 700
    window: int = HEIGHT
    act: Callable[[Page], None] | None = None


def ask_the_sample(page: Page) -> None:
    page.get_by_role("button", name="sample").first.click()
    page.get_by_text("Download JSON").first.wait_for()  # the downloads stand at the end of an answer


def follow_the_clip(page: Page) -> None:
    page.get_by_role("radio", name="Video").click()
    page.get_by_role("button", name="Try a drawn clip").click()
    page.get_by_text("Download all, JSON").wait_for()


def compare_the_first_two(page: Page) -> None:
    boxes = page.get_by_role("checkbox", name="Compare")
    boxes.nth(1).click()
    page.get_by_text("What differs").wait_for()


SHOTS = {
    "overview": Shot("overview?dataset=demo", height=640),
    "audit": Shot("audit?dataset=demo&seen=happy", ".st-key-view", 600),
    "review": Shot("review?dataset=demo&queue=Suspects", height=702),
    "grid": Shot("review?dataset=demo&lane=Grid&class=Fear&faces=24", ".st-key-grid_view", 500),
    "consensus": Shot("consensus?dataset=demo&show=Decide", ".st-key-show", 480),
    "progress": Shot("consensus?dataset=demo&show=Progress", ".st-key-show", 620),
    "versions": Shot("consensus?dataset=demo&show=Versions", ".st-key-policy", 610, 2600),
    "train": Shot("train?dataset=demo", height=560),
    "runs": Shot("runs?dataset=demo", ".st-key-view", 540),
    "compare": Shot("runs?dataset=demo", ".st-key-shown_run", 370, act=compare_the_first_two),
    "predict": Shot("predict", "[data-testid='stImage']", 520, act=ask_the_sample),
    "video": Shot("predict", "h3", 760, act=follow_the_clip),
}


def main(workspace: Path, names: list[str]) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={PORT}"],
        cwd=REPOSITORY,
        env={**os.environ, "FERRET_WORKSPACE": str(workspace.resolve())},
    )
    try:
        wait_for_server()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            page.set_default_timeout(PATIENCE)
            take_all(page, names)
            browser.close()
    finally:
        server.terminate()
        server.wait()


def take_all(page: Page, names: list[str]) -> None:
    """Every picture, at the moment that shows most."""
    page.context.request.post(f"{ADDRESS}/identify", data={"name": "Ada"}, headers={"Origin": ADDRESS})
    for name in names or SHOTS:
        shot = SHOTS[name]
        page.set_viewport_size({"width": WIDTH, "height": shot.window})
        page.goto(f"{ADDRESS}/{shot.path}")
        page.wait_for_selector(READY)
        if shot.act:
            shot.act(page)
        take(page, name, shot)


def take(page: Page, name: str, shot: Shot) -> None:
    """The part that is kept, once pictures and charts have stopped moving."""
    page.wait_for_selector(shot.top)
    page.wait_for_timeout(6000)
    page.mouse.move(0, 0)  # nothing is pointed at
    box = page.locator(shot.top).first.bounding_box()
    column = page.locator("[data-testid='stMainBlockContainer'] > div").first.bounding_box()
    if box is None or column is None:
        raise SystemExit(f"{name}: {shot.top} is not on the page.")
    clip = {"x": column["x"] - MARGIN, "y": max(box["y"] - MARGIN, 0), "width": column["width"] + 2 * MARGIN}
    picture = Image.open(BytesIO(page.screenshot(clip={**clip, "height": shot.height}))).convert("RGB")
    size = (SHRUNK, round(SHRUNK * picture.height / picture.width))
    picture.resize(size, Image.Resampling.LANCZOS).save(TARGET / f"{name}.webp", quality=QUALITY, method=6)
    print(f"{name}: {(TARGET / f'{name}.webp').stat().st_size >> 10} kB")


def wait_for_server() -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(f"{ADDRESS}/_stcore/health") as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("The app did not start.")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not SHOTS.keys() >= set(sys.argv[2:]):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
