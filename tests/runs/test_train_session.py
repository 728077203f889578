"""A run folder: written whole, resumed exactly, honest about who chose and who scored."""

import fcntl
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, Dataset, Images, create_dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.emotions import NAMES
from fer_core.errors import Cancelled, InputRefused, NotFound, StoreError, UsageError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.networks.weights import load_model
from fer_core.progress import Report
from fer_core.runs import session
from fer_core.runs.run import Run, held, is_held, list_runs, open_run, probabilities
from fer_core.runs.session import train_version
from fer_core.training import loop
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace


@pytest.fixture
def run(workspace: Workspace, bars: Dataset, tiny: Recipe) -> Run:
    return train_version(workspace, as_imported(bars), tiny, thread_count=1, run_id="first")


def cancel_after(calls: int, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A report that cancels at its n-th call, called at every step."""
    monkeypatch.setattr(loop, "REPORT_SECONDS", 0.0)
    made = iter(range(calls))

    def report(stage: str, fraction: float) -> None:
        if next(made, None) is None:
            raise Cancelled("stop")

    return report


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_stop_while_the_best_weights_are_written_costs_none(workspace, bars, tiny, monkeypatch, epoch) -> None:
    written, save = iter(range(epoch - 1)), session.save_model

    def torn(*given) -> None:
        if next(written, None) is None:
            raise KeyboardInterrupt
        save(*given)

    monkeypatch.setattr(session, "save_model", torn)
    with pytest.raises(KeyboardInterrupt):
        train_version(workspace, as_imported(bars), tiny, thread_count=1, run_id="x")
    monkeypatch.setattr(session, "save_model", save)
    # No later epoch is better, so what is scored are the weights whose writing was cut short.
    monkeypatch.setattr(loop, "_validated", lambda *_: {"val_loss": 9.0, "val_accuracy": 0.0, "val_macro_f1": 0.0})
    found = train_version(workspace, as_imported(bars), tiny, thread_count=1, run_id="x").document
    assert found["best"]["epoch"] == epoch
    assert found["result"]["val"]["whole"]["accuracy"] == pytest.approx(found["best"]["val_accuracy"])


def test_whoever_only_looks_whether_a_run_is_held_does_not_hold_it(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "run.lock").touch()
    with (tmp_path / "run.lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        monkeypatch.setattr("fer_core.files.time.sleep", lambda seconds: fcntl.flock(looking, fcntl.LOCK_UN))
        with held(tmp_path):
            assert is_held(tmp_path)


def test_a_run_folder_holds_everything_that_people_look_for(run: Run) -> None:
    assert {file.name for file in run.path.iterdir()} == {
        "run.json",
        "events.jsonl",
        "last.safetensors",
        "best.safetensors",
        "predictions.parquet",
        "report.json",
        "run.lock",
    }
    document = run.document
    assert document["status"] == run.status == "done"
    assert document["recipe"]["name"] == "tiny"
    assert (document["version"], document["seed"], document["parameters"]) == ("bars", 0, 358_919)
    assert document["protocol"]["train"] == {"name": "Training", "images": 320}
    assert document["protocol"]["val"]["name"] == "PublicTest"
    assert document["protocol"]["test"]["name"] == "PrivateTest"
    assert document["environment"]["threads"] == 1
    assert document["environment"]["packages"]["torch"]
    assert document["wall_s"] > 0
    assert document["finished"] >= document["started"]


def test_the_events_tell_each_epoch_and_the_pace_within(run: Run) -> None:
    events = run.events()
    assert [event["event"] for event in events if event["event"] != "tick"] == ["started", *["epoch"] * 3, "done"]
    tick = next(event for event in events if event["event"] == "tick")
    assert tick.keys() >= {"epoch", "step", "steps", "train_loss", "images_per_s", "eta_s", "learning_rate"}
    epochs = run.epochs()
    assert epochs["epoch"].tolist() == [1, 2, 3]
    assert set(epochs) >= {"train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_macro_f1", "seconds"}


def test_public_test_chooses_and_private_test_scores(run: Run, bars: Dataset) -> None:
    """The stored predictions are those of the best PublicTest epoch, on the right rows, with the given labels."""
    epochs = run.epochs()
    best = epochs.loc[epochs["val_accuracy"].idxmax()]
    assert run.document["best"]["val_accuracy"] == best["val_accuracy"]
    model = run.model()
    for role, split in (("val", PUBLIC_TEST), ("test", PRIVATE_TEST)):
        table = run.predictions(role)
        rows = np.flatnonzero(bars.splits == split)
        assert table["row"].tolist() == rows.tolist()
        assert table["label"].tolist() == bars.labels[rows].tolist()
        expected = predict_probabilities(model, bars.images[rows])
        np.testing.assert_allclose(probabilities(table), expected, atol=1e-6)
    assert list(run.predictions("val").columns) == ["row", "label", "clean", *[f"p_{name}" for name in NAMES]]
    assert run.document["result"]["val"]["whole"]["accuracy"] == pytest.approx(best["val_accuracy"])


def test_private_test_steers_nothing(workspace: Workspace, bars: Dataset, tiny: Recipe, run: Run) -> None:
    """With other PrivateTest images and labels, every weight and every PublicTest figure stays the same."""
    pixels, labels = np.array(bars.images), np.array(bars.labels)
    rows = np.flatnonzero(bars.splits == PRIVATE_TEST)
    pixels[rows], labels[rows] = 255 - pixels[rows], (labels[rows] + 1) % 7
    other = create_dataset(workspace, "other", Images(pixels, labels, bars.splits), origin={})
    again = train_version(workspace, as_imported(other), tiny, thread_count=1, run_id="second")
    one, two = run.model().module.state_dict(), again.model().module.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert run.document["best"] == again.document["best"]
    assert run.document["result"]["test"] != again.document["result"]["test"]


def test_the_report_has_all_metrics_whole_and_clean(run: Run) -> None:
    report = run.report()
    assert (report["val"]["whole"]["n"], report["test"]["whole"]["n"]) == (70, 70)
    assert (report["val"]["clean"]["n"], report["test"]["clean"]["n"]) == (70, 66)  # four copies of Training rows
    for role in ("val", "test"):
        for subset in ("whole", "clean"):
            figures = report[role][subset]
            low, high = figures["intervals"]["accuracy"]
            assert low <= figures["accuracy"] <= high
            assert set(figures["per_class"]) == set(NAMES)


def test_a_version_trains_on_its_own_rows_and_labels(workspace: Workspace, bars: Dataset, tiny: Recipe) -> None:
    manifest = as_imported(bars).manifest.copy()
    manifest.loc[:99, "kept"] = False
    version = store_version(workspace, bars, "fewer", manifest, {"by": "hand"})
    run = train_version(workspace, version, tiny, thread_count=1)
    assert run.version == "bars@fewer"
    assert run.document["version_hash"] == version.hash
    assert run.document["protocol"]["train"]["images"] == 220
    assert run.id.startswith("shallow16-")


def test_resumed_equals_uninterrupted(workspace: Workspace, bars: Dataset, tiny: Recipe, run: Run, monkeypatch) -> None:
    """Stopped in the middle of the second epoch, and again in the third."""
    version = as_imported(bars)
    for calls in (14, 9):
        with pytest.raises(Cancelled):
            train_version(workspace, version, tiny, run_id="stopped", report=cancel_after(calls, monkeypatch))
        assert open_run(workspace, "stopped").status == "cancelled"
        load_model(workspace.run("stopped") / "last.safetensors")
    resumed = train_version(workspace, version, tiny, thread_count=1, run_id="stopped")
    assert resumed.status == "done"
    one, two = run.model().module.state_dict(), resumed.model().module.state_dict()
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-6, rtol=0)
    figures = ["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_macro_f1"]
    pd.testing.assert_frame_equal(run.epochs()[figures], resumed.epochs()[figures], atol=1e-6)
    np.testing.assert_allclose(
        probabilities(run.predictions("test")), probabilities(resumed.predictions("test")), atol=1e-6
    )


@pytest.mark.parametrize("change", [{"average": 0.9}, {"optimiser": "sgd", "learning_rate": 0.05}])
def test_averages_and_momentum_survive_a_stop(
    workspace: Workspace, bars: Dataset, tiny: Recipe, monkeypatch, change: dict
) -> None:
    version, recipe = as_imported(bars), tiny.changed(epochs=2, **change)
    whole = train_version(workspace, version, recipe, thread_count=1, run_id="whole")
    with pytest.raises(Cancelled):
        train_version(workspace, version, recipe, run_id="cut", report=cancel_after(13, monkeypatch))
    cut = train_version(workspace, version, recipe, thread_count=1, run_id="cut")
    one, two = whole.model().module.state_dict(), cut.model().module.state_dict()
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-6, rtol=0)


def test_cancelled_before_the_first_epoch_leaves_a_checkpoint_and_says_so(
    workspace: Workspace, bars: Dataset, tiny: Recipe, monkeypatch
) -> None:
    with pytest.raises(Cancelled):
        train_version(workspace, as_imported(bars), tiny, run_id="early", report=cancel_after(3, monkeypatch))
    run = open_run(workspace, "early")
    assert run.status == "cancelled"
    assert run.last.exists()
    assert run.events()[-1]["event"] == "cancelled"
    with pytest.raises(NotFound, match="no weights yet"):
        run.model()
    with pytest.raises(NotFound, match="not finished"):
        run.report()


def test_a_finished_run_is_returned_as_it_is(workspace: Workspace, bars: Dataset, tiny: Recipe, run: Run) -> None:
    before = (run.path / "events.jsonl").read_bytes()
    again = train_version(workspace, as_imported(bars), tiny, run_id="first")
    assert again.document == run.document
    assert (run.path / "events.jsonl").read_bytes() == before


def test_a_run_is_not_continued_with_other_settings(
    workspace: Workspace, bars: Dataset, tiny: Recipe, run: Run
) -> None:
    with pytest.raises(UsageError, match="exists with another seed"):
        train_version(workspace, as_imported(bars), tiny, run_id="first", seed=5)
    with pytest.raises(UsageError, match="exists with another recipe"):
        train_version(workspace, as_imported(bars), tiny.changed(epochs=9), run_id="first")


def test_one_process_trains_a_run(workspace: Workspace, bars: Dataset, tiny: Recipe) -> None:
    with held(workspace.run("busy")), pytest.raises(StoreError, match="busy is being trained by another process"):
        train_version(workspace, as_imported(bars), tiny, run_id="busy")


def test_a_killed_run_is_called_interrupted(run: Run) -> None:
    document = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**document, "status": "running"}))
    killed = Run(run.path, json.loads((run.path / "run.json").read_text()))
    assert killed.status == "interrupted"
    with held(run.path):
        assert killed.status == "running"


def test_a_failure_is_kept_with_its_sentence(workspace: Workspace, bars: Dataset, tiny: Recipe) -> None:
    wild = tiny.changed(optimiser="sgd", learning_rate=1e20, warmup=0.0)
    with pytest.raises(Exception, match="The loss became"):
        train_version(workspace, as_imported(bars), wild, run_id="wild")
    run = open_run(workspace, "wild")
    assert run.status == "failed"
    assert run.document["failure"].startswith("The loss became")


def test_a_torn_checkpoint_is_refused_and_not_continued(
    workspace: Workspace, bars: Dataset, tiny: Recipe, monkeypatch
) -> None:
    with pytest.raises(Cancelled):
        train_version(workspace, as_imported(bars), tiny, run_id="torn", report=cancel_after(14, monkeypatch))
    path: Path = open_run(workspace, "torn").last
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputRefused, match="sha256"):
        train_version(workspace, as_imported(bars), tiny, run_id="torn")


def test_a_long_epoch_is_stored_in_between(workspace: Workspace, bars: Dataset, tiny: Recipe, monkeypatch) -> None:
    monkeypatch.setattr(session, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "TICK_SECONDS", 0.0)
    stored = []

    class Books(session._Books):
        def _store(self, training: loop.Training) -> None:
            super()._store(training)
            stored.append(training.progress.step)

    monkeypatch.setattr(session, "_Books", Books)
    train_version(workspace, as_imported(bars), tiny.changed(epochs=1), run_id="long")
    assert stored[:4] == [1, 2, 3, 4]


def test_without_public_test_a_hold_out_chooses_and_says_so(workspace: Workspace, bars: Dataset, tiny: Recipe) -> None:
    splits = np.where(bars.splits == PUBLIC_TEST, 0, bars.splits).astype(np.int8)
    folders = create_dataset(workspace, "folders", Images(np.array(bars.images), bars.labels, splits), origin={})
    run = train_version(workspace, as_imported(folders), tiny.changed(epochs=1), run_id="held")
    assert "a held-out tenth of Training (there is no PublicTest)" in run.document["protocol"]["sentence"]
    chosen = run.predictions("val")["row"].to_numpy()
    assert (folders.splits[chosen] == 0).all()
    assert run.document["protocol"]["train"]["images"] + len(chosen) == 390


def test_a_hold_out_chooses_and_scores_by_the_given_labels_whatever_a_version_says(
    workspace: Workspace, bars: Dataset, tiny: Recipe
) -> None:
    images = Images(np.array(bars.images), bars.labels, np.zeros(len(bars), np.int8))
    folders = create_dataset(workspace, "folders", images, origin={})
    manifest = as_imported(folders).manifest
    manifest["label"] = (manifest["label"] + 1) % 7
    turned = store_version(workspace, folders, "turned", manifest, {})
    run = train_version(workspace, turned, tiny, run_id="turned")
    figures = run.document["result"]["val"]["whole"]
    assert figures["accuracy"] == run.document["best"]["val_accuracy"] < 0.2
    table = run.predictions("val")
    assert table["label"].tolist() == folders.labels[table["row"]].tolist()


def test_runs_are_listed_newest_first_and_fast_to_read(workspace: Workspace, run: Run) -> None:
    assert [found.id for found in list_runs(workspace)] == ["first"]
    with pytest.raises(NotFound, match=r"no run 'second'.*first"):
        open_run(workspace, "second")
    with pytest.raises(UsageError):
        open_run(workspace, "../first")


def test_of_epochs_with_one_accuracy_the_one_with_the_lower_loss_is_the_best(tmp_path: Path) -> None:
    epochs = [
        {"epoch": number, "val_accuracy": 0.5, "val_macro_f1": 0.4, "val_loss": loss}
        for number, loss in enumerate((1.4, 1.1, 1.3), 1)
    ]
    assert session._Books(tmp_path, {})._keep_best(epochs)["epoch"] == 2
