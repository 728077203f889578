"""Stopping an import from the page: it ends at once, stores nothing and leaves no decoder behind."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from drawn_films import drawn_face, scene, write_film
from playwright.sync_api import Page
from serving import READY, Server, until

from fer_core.dataset.store import list_datasets


def decoders(server: Server) -> list[str]:
    """The server's child processes that decode a video."""
    assert server.process is not None
    listed = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(server.process.pid)], capture_output=True, text=True, check=False
    )
    return [line for line in listed.stdout.splitlines() if "film_decoder" in line]


@pytest.mark.slow
@pytest.mark.browser
def test_stop_ends_an_import_and_its_decoder(app_url: str, server: Server, browser_page: Page, tmp_path: Path) -> None:
    frames = [np.roll(scene([drawn_face("happy")]), number % 90, axis=1) for number in range(1500)]
    clip = write_film(tmp_path / "long.mp4", frames)
    browser_page.goto(app_url)
    browser_page.wait_for_selector(READY)
    browser_page.get_by_text("Add a data set").click()
    browser_page.locator(".st-key-import_path input").fill(str(clip))
    browser_page.locator(".st-key-import_name_path input").fill("long")
    browser_page.get_by_text("Faces in pictures and videos").first.click()
    browser_page.locator(".st-key-import_every_path input").fill("1")
    browser_page.locator(".st-key-import_every_path input").press("Tab")
    browser_page.locator(".st-key-import_start_path button").click()
    browser_page.get_by_text("Looking for faces in long.mp4").wait_for()
    assert decoders(server)
    browser_page.locator(".st-key-import_stop button").click()
    browser_page.get_by_text("Stopped; nothing was stored").wait_for()
    until(lambda: not decoders(server))
    assert [info.name for info in list_datasets(server.workspace)] == ["demo"]
