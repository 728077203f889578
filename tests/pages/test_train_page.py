"""Train: choices become a command line, the training is watched while it runs, and its end leads to the run."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.dataset.store import Dataset, open_dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.errors import Cancelled
from fer_core.jobs import store
from fer_core.jobs.process import find_process
from fer_core.training.recipe import load_recipe
from fer_core.training.run import open_run
from fer_core.training.session import train_version
from fer_core.workspace import Workspace

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"
DEADLINE = 120.0


@pytest.fixture
def train_page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    """Opens the Train page on `workspace`."""
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run() -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60).run()
        app.switch_page("train.py")
        app.run()
        assert not app.exception
        return app

    return run


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.subheader])


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def button(app: AppTest, label: str):
    return next(found for found in app.button if found.label == label)


def running_job(workspace: Workspace, *arguments: str) -> store.Job:
    """A job that this test's process runs."""
    job = store.add_job(workspace, list(arguments), "the training", Path.cwd())
    process = find_process(os.getpid())
    store.take_job(workspace, process)
    return store.open_job(workspace, job.id)


def test_without_data_it_says_what_to_do(train_page) -> None:
    assert "No data set yet" in texts(train_page())


def test_before_the_first_training_it_says_what_to_do(train_page, demo: Dataset) -> None:
    app = train_page()
    assert "Nothing is training" in texts(app)
    assert [found.label for found in app.button if found.proto.type == "primary"] == ["Start training"]
    training = (demo.splits == 0).sum()
    assert f"{training:,} images train" in texts(app)


def test_choices_become_a_command_line(train_page, demo: Dataset, workspace, monkeypatch) -> None:
    manifest = as_imported(demo).manifest
    manifest.loc[(demo.splits == 0).nonzero()[0][:20], "kept"] = False
    store_version(workspace, demo, "cleaned", manifest, {})
    submitted = []
    monkeypatch.setattr(
        "fer_core.jobs.runner.submit",
        lambda workspace, line, title: (submitted.append(line), store.add_job(workspace, line, title, Path.cwd()))[1],
    )
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda workspace: None)
    app = train_page()
    app.selectbox(key="version").select("demo@cleaned").run()
    assert f"{(demo.splits == 0).sum() - 20:,} images train" in texts(app)
    app.selectbox(key="recipe").select("paper-shallow").run()
    assert app.number_input(key="epochs_paper-shallow").value == load_recipe("paper-shallow").epochs
    app.number_input(key="epochs_paper-shallow").set_value(3).run()
    app.number_input(key="seed").set_value(7).run()
    button(app, "Start training").click().run()
    (line,) = submitted
    assert line[:3] == ["train", "demo@cleaned", "--run"]
    given = dict(zip(line[2::2], line[3::2], strict=True))
    assert given["--run"].startswith("shallow48-")
    assert {key: given[key] for key in ("--network", "--size", "--recipe", "--epochs", "--seed")} == {
        "--network": "shallow",
        "--size": "48",
        "--recipe": "paper-shallow",
        "--epochs": "3",
        "--seed": "7",
    }
    assert "queued" in texts(app)


def test_start_trains_in_the_background_and_leads_to_the_run(train_page, demo: Dataset, workspace) -> None:
    app = train_page()
    app.number_input(key="epochs_quick").set_value(1).run()
    app.number_input(key="threads").set_value(1).run()
    button(app, "Start training").click().run()
    (job,) = store.list_jobs(workspace)
    deadline = time.monotonic() + DEADLINE
    while (job := store.open_job(workspace, job.id)).active:
        assert time.monotonic() < deadline, f"still {job.state}: {job.stage}"
        time.sleep(0.1)
    assert job.state == "done", job.error
    app.run()
    assert not app.exception
    run = open_run(workspace, job.result["run"])
    assert f"PublicTest {run.document['result']['val']['whole']['accuracy']:.1%}" in texts(app)
    (link,) = [element for element in app.get("page_link") if element.proto.label == "See the run"]
    assert f"run={run.id}" in link.proto.query_string


def test_a_running_training_shows_its_figures_and_curves(train_page, demo: Dataset, workspace) -> None:
    def stop_with_a_best_epoch(stage: str, fraction: float) -> None:
        if (workspace.run("half") / "best.safetensors").exists():
            raise Cancelled

    recipe = load_recipe("quick").changed(size=24, epochs=40)
    with pytest.raises(Cancelled):
        train_version(workspace, as_imported(demo), recipe, run_id="half", report=stop_with_a_best_epoch)
    running_job(workspace, "train", "demo", "--run", "half")
    app = train_page()
    run = open_run(workspace, "half")
    assert metrics(app)["Epoch"].endswith(" of 40")
    assert metrics(app)["Best on PublicTest"] == f"{run.document['best']['val_accuracy']:.1%}"
    assert metrics(app)["Its macro-F1"] == f"{run.document['best']['val_macro_f1']:.3f}"
    assert int(metrics(app)["Images per second"].replace(",", "")) > 0
    assert len(app.get("plotly_chart")) == 3


def test_stop_asks_the_job_to_stop(train_page, demo: Dataset, workspace) -> None:
    job = running_job(workspace, "train", "demo", "--run", "absent")
    button(train_page(), "Stop").click().run()
    assert store.open_job(workspace, job.id).cancel_requested


def test_a_failure_is_a_sentence_and_can_be_resumed(train_page, demo: Dataset, workspace, monkeypatch) -> None:
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda workspace, **_: None)
    job = running_job(workspace, "train", "demo", "--run", "absent")
    store.conclude(workspace, job, store.Outcome("failed", "The disk is full. Make room."))
    app = train_page()
    assert "The disk is full. Make room." in texts(app)
    button(app, "Resume").click().run()
    assert store.open_job(workspace, job.id).state == "queued"


def test_the_estimate_follows_the_pace_of_the_last_run(train_page, demo: Dataset, workspace) -> None:
    assert "nothing like it was trained here before" in texts(train_page())
    train_version(workspace, as_imported(demo), load_recipe("quick").changed(epochs=1), run_id="first")
    assert "at the pace of the last such training" in texts(train_page())
    assert open_dataset(workspace, "demo").hash == demo.hash
