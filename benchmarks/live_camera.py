"""How far live boxes are behind the camera: from taking a frame to drawing its boxes, in Chromium, over loopback.

    python -m benchmarks.live_camera [--frames 100]

A drawn face moves in a film that Chromium takes for its camera; the real app answers. Aim: at most 400 ms.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import sync_playwright

from fer_core.dataset.demo.photo import draw_photo
from fer_core.workspace import REPOSITORY

WIDTH, HEIGHT, RATE, SIDE = 640, 480, 10, 220
DELAYS = """() => new Promise((done) => {
  const find = (root) => root.querySelector(".camera") ?? [...root.querySelectorAll("*")]
    .filter((one) => one.shadowRoot).map((one) => find(one.shadowRoot)).find(Boolean);
  const camera = find(document);
  const delays = [];
  new MutationObserver(() => {
    delays.push(Number(camera.dataset.delay));
    if (delays.length === COUNT) done(delays);
  }).observe(camera, { attributeFilter: ["data-seq"] });
})"""


def film(path: Path) -> None:
    """Two seconds of a face that goes from side to side, as Y4M."""
    face = cv2.resize(draw_photo(3, np.random.default_rng(401)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    with path.open("wb") as handle:
        handle.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(2 * RATE):
            picture = np.full((HEIGHT, WIDTH), 120, np.uint8)
            left = round((WIDTH - SIDE) / 2 * (1 + 0.8 * np.sin(np.pi * number / RATE)))
            picture[120 : 120 + SIDE, left : left + SIDE] = face
            handle.write(b"FRAME\n" + picture.tobytes() + bytes([128]) * (WIDTH * HEIGHT // 2))


def serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The app over an empty workspace, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
        cwd=REPOSITORY,
        env=os.environ | {"FERRET_WORKSPACE": str(folder / "data")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)
            return process, url
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)


def measure(url: str, camera: Path, frames: int) -> list[float]:
    """The delays of so many frames in milliseconds, after ten to warm up."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
                f"--use-file-for-fake-video-capture={camera}",
            ],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(300_000)
        page.goto(f"{url}/predict")
        page.locator(".st-key-predict_source").get_by_text("Live", exact=True).click()
        page.get_by_role("button", name="Start the camera").click()
        page.locator(".box").wait_for()
        delays = page.evaluate(DELAYS.replace("COUNT", str(frames + 10)))
        browser.close()
    return [float(delay) for delay in delays[10:]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        film(Path(name) / "camera.y4m")
        process, url = serve(Path(name))
        try:
            delays = measure(url, Path(name) / "camera.y4m", arguments.frames)
        finally:
            process.terminate()
            process.wait()
    middle, high = statistics.median(delays), statistics.quantiles(delays, n=20)[-1]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(delays)} frames")
    print(
        f"from taking a frame to drawing its boxes: p50 {middle:.0f} ms, p95 {high:.0f} ms, worst {max(delays):.0f} ms"
    )


if __name__ == "__main__":
    main()
