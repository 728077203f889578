"""The web server dies again and again while a training runs: the training goes on, and the open page finds it again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from serving import PATIENCE, Server, until

from fer_core.jobs import runner, store
from fer_core.jobs.store import Job
from fer_core.runs.run import open_run
from fer_core.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE * 1000)
KILLS = 5
BACKGROUND = 180.0  # seconds for what a training has to do first, beside other tests


def epochs_done(workspace: Workspace, job: Job) -> int:
    run = job.arguments[job.arguments.index("--run") + 1]
    return len(open_run(workspace, run).epochs()) if (workspace.run(run) / "run.json").exists() else 0


def epoch_on_screen(page: Page) -> int:
    """Under way, as the page says it; 0 while it says nothing."""
    shown = page.get_by_test_id("stMetric").filter(has_text="Epoch").get_by_test_id("stMetricValue")
    words = shown.text_content() if shown.count() else ""
    return int(words.split(" of ")[0]) if " of " in words else 0


@pytest.fixture(params=range(4))
def training(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Job]:
    """A training without end, of short epochs, that has begun; cancelled in the end."""
    recipe, workspace = tmp_path / "long.toml", server.workspace
    recipe.write_text('epochs = 3000\nbatch = 32\nsize = 16\nlearning_rate = 0.001\nprecision = "float32"\n')
    call = ["train", "demo", "--run", f"long-{request.param}", "--recipe", str(recipe), "--threads", "1"]
    job = runner.submit(workspace, call, f"Train for long, {request.param}")
    until(lambda: epochs_done(workspace, job) > 1, BACKGROUND)
    yield store.open_job(workspace, job.id)
    runner.cancel(workspace, job.id)
    until(lambda: not store.open_job(workspace, job.id).active)


def test_a_training_outlives_many_servers_and_is_found_again(
    server: Server, app_url: str, browser_page: Page, training: Job, record_property
) -> None:
    workspace = server.workspace
    browser_page.goto(f"{app_url}/train?dataset=demo")
    until(lambda: epoch_on_screen(browser_page) > 0, BACKGROUND)
    for _ in range(KILLS):
        server.kill()
        before = epochs_done(workspace, training)
        until(lambda done=before: epochs_done(workspace, training) > done + 1)
        server.start()
        until(lambda done=before: epoch_on_screen(browser_page) > done + 1, BACKGROUND)
        running = [(job.id, job.process) for job in store.list_jobs(workspace) if job.active]
        assert running == [(training.id, training.process)]  # the same process, and no other
        expect(browser_page.get_by_text(training.title)).to_be_visible()
    record_property("kills", KILLS)
