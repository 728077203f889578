"""A training from the button to the faces behind a cell of its matrix, through the death of the web server."""

import pytest
from playwright.sync_api import Page, expect
from serving import PATIENCE, Server, ready, until

from fer_core.jobs import store

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE * 1000)


def test_a_training_outlives_the_server_and_leads_to_its_faces(server: Server, browser_page: Page) -> None:
    page = browser_page
    page.goto(f"{server.url}/train?dataset=demo")
    ready(page)
    page.get_by_role("spinbutton", name="Epochs").fill("15")
    page.get_by_role("spinbutton", name="Epochs").press("Enter")
    ready(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Best on PublicTest")).to_contain_text("%")

    server.kill()
    (job,) = store.list_jobs(server.workspace)
    assert job.state == "running"
    assert job.process is not None
    assert job.process.alive()
    server.start()
    until(lambda: not store.open_job(server.workspace, job.id).active)
    assert store.open_job(server.workspace, job.id).state == "done"

    page.get_by_text("See the run").click()
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()
    ready(page)
    assert "run=shallow48-" in page.url
    cells = page.locator(".js-plotly-plot .heatmaplayer").first
    box = cells.bounding_box()
    assert box is not None
    side, row = box["width"] / 7, box["height"] / 7
    page.mouse.click(box["x"] + 3.5 * side, box["y"] + 3.5 * row)  # happy, called happy
    expect(page.get_by_role("heading", name="Happy called happy")).to_be_visible()
