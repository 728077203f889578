"""Runs in MLflow, as its own client reads them; and trainings that a broken server does not harm."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_core.dataset.store import PUBLIC_TEST, TRAINING, Dataset, Images, create_dataset
from fer_core.dataset.version import as_imported
from fer_core.errors import Cancelled, FerretError, UsageError
from fer_core.files import read_json
from fer_core.runs import mirror
from fer_core.runs.mirror import send_run, trouble
from fer_core.runs.notes import Notes, save_notes
from fer_core.runs.run import Run, open_run
from fer_core.runs.session import train_version
from fer_core.training import loop
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where MLflow keeps runs, in files here."""
    uri = (tmp_path / "mlflow").as_uri()
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv(mirror.VARIABLE, uri)
    monkeypatch.setattr(mirror, "EVERY", 0.05)
    return uri


@pytest.fixture
def deaf() -> Iterator[str]:
    """A server that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def train(workspace: Workspace, bars: Dataset, tiny: Recipe, **more: object) -> Run:
    return train_version(workspace, as_imported(bars), tiny, thread_count=1, run_id="first", **more)


def everything(uri: str):
    """The only run that MLflow has, and its client."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("ferret")
    (run,) = client.search_runs([experiment.experiment_id])
    return client, run


def test_a_run_with_a_hold_out_is_whole_in_mlflow_too(workspace, bars, tiny, store) -> None:
    """Its validation images are called "a held-out tenth of Training (...)", which MLflow takes for no name."""
    splits = np.where(bars.splits == PUBLIC_TEST, TRAINING, bars.splits).astype(np.int8)
    other = create_dataset(workspace, "other", Images(np.array(bars.images), np.array(bars.labels), splits), origin={})
    run = train(workspace, other, tiny)
    _, there = everything(store)
    assert trouble(run.path) is None and there.info.status == "FINISHED"
    assert any("held-out" in name and name.endswith("accuracy") for name in there.data.metrics)


def test_a_run_is_whole_in_mlflow(workspace, bars, tiny, store, tmp_path) -> None:
    run = train(workspace, bars, tiny)
    client, there = everything(store)
    assert trouble(run.path) is None and there.info.run_name == "first" and there.info.status == "FINISHED"
    assert there.data.params["learning_rate"] == str(tiny.learning_rate) and there.data.params["version"] == "bars"
    told = client.get_metric_history(there.info.run_id, "val_accuracy")
    epochs = run.epochs()
    assert [(metric.step, metric.value) for metric in told] == list(
        zip(epochs["step"], epochs["val_accuracy"], strict=True)
    )
    assert there.data.metrics["PrivateTest/clean/accuracy"] == run.document["result"]["test"]["clean"]["accuracy"]
    assert there.data.tags["ferret.protocol"] == run.document["protocol"]["sentence"]
    for name in mirror.ARTEFACTS:
        copy = Path(client.download_artifacts(there.info.run_id, name, str(tmp_path)))
        assert copy.read_bytes() == (run.path / name).read_bytes(), name


def test_a_resumed_run_stays_one_run_and_nothing_is_told_twice(workspace, bars, tiny, store, monkeypatch) -> None:
    monkeypatch.setattr(loop, "REPORT_SECONDS", 0.0)
    steps = iter(range(7))

    def report(stage: str, fraction: float) -> None:
        if next(steps, None) is None:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        train(workspace, bars, tiny, report=report)
    assert everything(store)[1].info.status == "KILLED"
    run = train(workspace, bars, tiny)
    client, there = everything(store)
    assert there.info.status == "FINISHED"
    for name in ("val_loss", "tick/train_loss"):
        steps_told = [metric.step for metric in client.get_metric_history(there.info.run_id, name)]
        assert len(steps_told) == len(set(steps_told)) > 0
    told = client.get_metric_history(there.info.run_id, "val_loss")
    assert [metric.value for metric in told] == run.epochs()["val_loss"].tolist()


def test_a_server_that_refuses_harms_nothing_and_gets_the_run_later(workspace, bars, tiny, store, monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv(mirror.VARIABLE, nobody)
    run = train(workspace, bars, tiny)
    assert run.status == "done"
    assert nobody in trouble(run.path) and "runs --mirror first" in trouble(run.path)
    with pytest.raises(FerretError, match=r"first could not be sent to MLflow at http://127\.0\.0\.1"):
        send_run(run)
    save_notes(run.path, Notes(("paper", "second try"), "Looks <b>good</b>."))
    monkeypatch.setenv(mirror.VARIABLE, store)
    assert send_run(run) == send_run(run)
    client, there = everything(store)
    assert trouble(run.path) is None and there.data.tags["ferret.tags"] == "paper, second try"
    assert len(client.get_metric_history(there.info.run_id, "val_loss")) == len(run.epochs())


def test_a_server_that_never_answers_is_not_waited_for(workspace, bars, tiny, deaf, monkeypatch) -> None:
    monkeypatch.setenv(mirror.VARIABLE, deaf)
    monkeypatch.setattr(mirror, "LAST_WORDS", 1.0)
    run = train(workspace, bars, tiny)
    assert run.status == "done"
    assert "had not taken everything when the training ended" in trouble(run.path) and deaf in trouble(run.path)


def test_without_the_variable_nothing_is_imported(workspace, bars, tiny, monkeypatch) -> None:
    for name in ("mlflow", "mlflow.tracking"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delenv(mirror.VARIABLE, raising=False)
    run = train(workspace, bars, tiny)
    assert not (run.path / "mlflow.json").exists() and trouble(run.path) is None
    with pytest.raises(UsageError, match="Say where MLflow is"):
        send_run(run)
    monkeypatch.setenv(mirror.VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(FerretError, match=r"mlflow-skinny is not installed \(pip install"):
        send_run(open_run(workspace, "first"))
    assert read_json(run.path / "run.json")["status"] == "done"
