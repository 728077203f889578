"""The live camera in a real browser with a film for a camera: boxes follow the face, and the camera stops."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from serving import PATIENCE, Server, ready

from fer_core.dataset.demo.photo import draw_photo

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE * 1000)

WIDTH, HEIGHT, RATE = 320, 240, 10
HAPPY, PERSON = 3, 401
TRACKS = """
const ask = MediaDevices.prototype.getUserMedia;
window.tracks = [];
MediaDevices.prototype.getUserMedia = async function (...wishes) {
  const stream = await ask.apply(this, wishes);
  window.tracks.push(...stream.getTracks());
  return stream;
};
"""
STATES = "tracks.map((track) => track.readyState).join()"
MIDDLE = """(side) => {
  const find = (root) => root.querySelector(".box") ?? [...root.querySelectorAll("*")]
    .filter((one) => one.shadowRoot).map((one) => find(one.shadowRoot)).find(Boolean);
  const style = find(document)?.style;
  const middle = style && parseFloat(style.left) + parseFloat(style.width) / 2;
  return side === "left" ? middle < 45 : middle > 55;
}"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A smiling drawn face that is on the left for two seconds, then on the right for two."""
    face = cv2.resize(draw_photo(HAPPY, np.random.default_rng(PERSON)), (120, 120), interpolation=cv2.INTER_CUBIC)
    path = tmp_path_factory.mktemp("camera") / "camera.y4m"
    with path.open("wb") as handle:
        handle.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(4 * RATE):
            picture = np.full((HEIGHT, WIDTH), 120, np.uint8)
            left = 15 if number < 2 * RATE else 185
            picture[60:180, left : left + 120] = face
            handle.write(b"FRAME\n" + picture.tobytes() + bytes([128]) * (WIDTH * HEIGHT // 2))
    return path


@pytest.fixture(scope="module")
def cameras(browser: Browser, film: Path) -> Iterator[Browser]:
    """A Chromium that takes the film for its camera. It asks for permission, as people's browsers do."""
    chromium = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    own = browser.browser_type.launch(
        executable_path=chromium,
        args=[
            *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ],
    )
    yield own
    own.close()


@pytest.fixture
def seat(cameras: Browser, app_url: str) -> Iterator[Page]:
    """The live camera's page, with the camera allowed."""
    yield from opened(cameras, app_url, permissions=["camera"])


def opened(cameras: Browser, url: str, permissions: list[str]) -> Iterator[Page]:
    context = cameras.new_context(viewport={"width": 1280, "height": 900}, permissions=permissions)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.add_init_script(TRACKS)
    page.goto(f"{url}/predict")
    ready(page)
    page.locator(".st-key-predict_source").get_by_text("Live", exact=True).click()
    yield page
    context.close()


def start(page: Page) -> None:
    page.get_by_role("button", name="Start the camera").click()


def files_of(server: Server) -> set[Path]:
    return {path for path in server.workspace.root.rglob("*") if path.is_file()}


def test_boxes_follow_the_face_nothing_is_stored_and_stop_ends_the_camera(server: Server, seat: Page) -> None:
    before = files_of(server)
    start(seat)
    expect(seat.locator(".box")).to_have_count(1)
    expect(seat.locator(".face h4")).to_contain_text("happy")
    expect(seat.get_by_role("status").get_by_text("1 face.")).to_be_visible()
    seat.wait_for_function(MIDDLE, arg="right")  # the picture is mirrored, as in a mirror
    seat.wait_for_function(MIDDLE, arg="left")
    seat.wait_for_function(MIDDLE, arg="right")
    assert seat.evaluate(STATES) == "live"
    assert files_of(server) == before

    seat.get_by_role("button", name="Stop").click()
    assert seat.evaluate(STATES) == "ended"
    expect(seat.get_by_text("The camera is off. Nothing was stored.")).to_be_visible()
    expect(seat.locator(".box")).to_have_count(0)

    start(seat)  # and it can be started again, and is stopped by leaving
    expect(seat.locator(".box")).to_have_count(1)
    seat.get_by_role("link", name="Overview").first.click()
    seat.wait_for_function(f"{STATES} === 'ended,ended'")


def test_a_hidden_tab_ends_the_camera(seat: Page) -> None:
    start(seat)
    expect(seat.locator(".camera")).to_have_attribute("data-state", "on")
    # Headless browsers hide no tab; this is what happens in one that is hidden.
    seat.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    assert seat.evaluate(STATES) == "ended"
    expect(seat.get_by_text("stopped because this tab was hidden")).to_be_visible()


def test_a_frame_that_is_no_jpeg_is_refused_by_the_server_and_ends_the_camera(seat: Page) -> None:
    seat.evaluate(
        "const draw = HTMLCanvasElement.prototype.toDataURL;"
        "HTMLCanvasElement.prototype.toDataURL = function () { return draw.call(this, 'image/png'); }; 0"
    )
    start(seat)
    expect(seat.get_by_role("status").get_by_text("This frame is not a JPEG.")).to_be_visible()
    assert seat.evaluate(STATES) == "ended"


def test_a_refused_permission_gives_a_sentence(cameras: Browser, app_url: str) -> None:
    for page in opened(cameras, app_url, permissions=[]):
        start(page)
        expect(page.get_by_role("status").get_by_text("The browser was not allowed to use the camera.")).to_be_visible()
        expect(page.get_by_role("button", name="Start the camera")).to_be_enabled()
        assert page.evaluate(STATES) == ""
