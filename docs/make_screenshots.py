"""Takes the pictures of the README, docs/images/*.webp but demo-faces, of the synthetic demo only.

    python docs/make_screenshots.py WORKSPACE

WORKSPACE holds a `demo` data set that has been audited, some reviewed faces and two finished runs. The visitor's photo
is scikit-image's astronaut.png (NASA, public domain).
"""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parent.parent
TARGET = REPOSITORY / "docs" / "images"
PORT = 8597
ADDRESS = f"http://127.0.0.1:{PORT}"
READY = "[data-testid='stApp'][data-test-script-state='notRunning']"
SIZE = {"width": 1280, "height": 860}


def main(workspace: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={PORT}"],
        cwd=REPOSITORY,
        env={**os.environ, "FERRET_WORKSPACE": str(workspace.resolve())},
    )
    try:
        wait_for_server()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            take_all(browser.new_page(viewport=SIZE, color_scheme="light"))
            browser.close()
    finally:
        server.terminate()
        server.wait()


def take_all(page: Page) -> None:
    """One picture a page, at the moment that shows most."""
    page.context.request.post(f"{ADDRESS}/identify", data={"name": "Ada"}, headers={"Origin": ADDRESS})
    for name, path in (
        ("audit", "audit?dataset=demo&seen=happy"),
        ("review", "review?dataset=demo&queue=Suspects"),
        ("grid", "review?dataset=demo&lane=Grid&class=Fear"),
        ("progress", "consensus?dataset=demo&show=Progress"),
        ("train", "train?dataset=demo"),
        ("runs", "runs?dataset=demo"),
    ):
        open_page(page, path)
        take(page, name)
    open_page(page, "predict")
    page.get_by_role("button", name="sample").first.click()
    page.get_by_text("Download JSON").first.wait_for()  # the downloads stand at the end of an answer
    take(page, "predict")


def open_page(page: Page, path: str) -> None:
    page.goto(f"{ADDRESS}/{path}")
    page.wait_for_selector(READY)


def take(page: Page, name: str) -> None:
    """A screenshot, once pictures and charts have stopped moving."""
    page.wait_for_timeout(4000)
    picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").save(TARGET / f"{name}.webp", quality=50, method=6)


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
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
