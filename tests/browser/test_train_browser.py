"""A training from the button to its run, through the death of the web server."""

import pytest
from playwright.sync_api import Page, expect
from serving import PATIENCE, Server, ready, until

from fer_core.jobs import store

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE * 1000)


BACKGROUND = 180.0  # seconds for what a training has to do first, beside other tests


def test_a_training_outlives_the_server_and_leads_to_its_run(server: Server, browser_page: Page) -> None:
    page = browser_page
    page.goto(f"{server.url}/train?dataset=demo")
    ready(page)
    page.get_by_role("spinbutton", name="Epochs").fill("1")
    page.get_by_role("spinbutton", name="Epochs").press("Enter")
    expect(page.get_by_text("Epochs 12 → 1")).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name="In the background")).to_be_visible()
    until(lambda: [job.state for job in store.list_jobs(server.workspace)] == ["running"], BACKGROUND)

    server.kill()
    (job,) = store.list_jobs(server.workspace)
    assert job.state == "running"  # it is still loading torch
    assert job.process is not None
    assert job.process.alive()
    server.start()
    until(lambda: not store.open_job(server.workspace, job.id).active, BACKGROUND)
    assert store.open_job(server.workspace, job.id).state == "done"

    expect(page.get_by_text("See the run")).to_be_visible()
    page.get_by_text("See the run").click()
    expect(page.get_by_text("Confusion matrix", exact=True)).to_be_visible()
    assert "run=shallow48-" in page.url
