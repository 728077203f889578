"""A video in a real browser: uploaded, looked at by a process of its own, and its chart clicked."""

import csv
import re
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from serving import PATIENCE, ready

from fer_core.dataset.demo.film import draw_film

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=2 * PATIENCE * 1000)


def test_an_uploaded_video_gives_a_timeline_whose_moments_can_be_clicked(
    app_url: str, browser_page: Page, tmp_path: Path
) -> None:
    film = tmp_path / "lesson.mp4"
    draw_film(film, seconds=6, people=2, width=640, height=360, rate=10)
    browser_page.set_viewport_size({"width": 1440, "height": 1900})  # tall, so that nothing scrolls under the pointer
    before = set(Path(tempfile.gettempdir()).glob("ferret-video-*/film"))
    browser_page.goto(f"{app_url}/predict")
    ready(browser_page)
    browser_page.locator(".st-key-predict_source").get_by_text("Video", exact=True).click()
    browser_page.locator("[class*='st-key-video_file_'] input[type=file]").set_input_files(film)
    browser_page.get_by_role("button", name="Follow the faces").click()
    expect(browser_page.locator(".st-key-video_stop")).to_be_visible()
    expect(browser_page.get_by_alt_text("The video at 0:00 with 2 faces boxed")).to_be_visible()
    assert not set(Path(tempfile.gettempdir()).glob("ferret-video-*/film")) - before  # the upload went

    for chart, share, moment in (("video_class", 0.9, "0:05"), ("video_lanes", 0.4, "0:02")):
        plot = browser_page.locator(f".st-key-{chart} .nsewdrag").first
        box = plot.bounding_box()
        assert box is not None
        browser_page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.25 * box["height"])
        expect(browser_page.locator(f".st-key-{chart} .hoverlayer .hovertext").first).to_be_visible()
        browser_page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.25 * box["height"])
        expect(browser_page.get_by_alt_text(re.compile(f"The video at {moment} with"))).to_be_visible()

    with browser_page.expect_download() as download:
        browser_page.locator(".st-key-video_faces_download button").click()
    assert download.value.suggested_filename == "lesson-faces.csv"
    with Path(download.value.path()).open() as handle:
        rows = list(csv.DictReader(handle))
    assert {row["person"] for row in rows if row["person"]} == {"1", "2"}
    assert len(rows) >= 54
