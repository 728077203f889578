"""Work in pieces, here and on a cluster of two nodes: one contract, and what audits, sweeps and photos make of it.

All tests that need the cluster are in this file, since it takes seconds to start; they are run by `make test-full`.
"""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
import torch
import work_tasks
from learnable import EXACT, patterns
from PIL import Image
from two_nodes import TwoNodes, two_nodes

from fer_core.__main__ import main
from fer_core.audit.labels import judge_labels
from fer_core.audit.results import AuditSettings
from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset, Images, create_dataset
from fer_core.dataset.version import DatasetVersion, as_imported
from fer_core.errors import Cancelled, FerretError, UsageError
from fer_core.imaging.sample import sample_photo
from fer_core.jobs.process import find_process
from fer_core.prediction import album
from fer_core.progress import silent
from fer_core.runs.run import Run, open_run
from fer_core.runs.session import train_version
from fer_core.runs.together import train_together
from fer_core.training.recipe import Recipe
from fer_core.training.search.space import Range, Space
from fer_core.training.search.sweep import run_sweep
from fer_core.work import connection
from fer_core.work.tasks import run_tasks
from fer_core.workspace import Workspace

HERE, CLUSTER = "here", "cluster"


@pytest.fixture(scope="module")
def nodes() -> Iterator[TwoNodes]:
    pytest.importorskip("ray", reason="Ray is not installed (pip install -r requirements-extras.txt)")
    with two_nodes() as found:
        yield found


@pytest.fixture
def cluster(nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch) -> TwoNodes:
    """FER_CLUSTER names the two nodes."""
    monkeypatch.setenv("FER_CLUSTER", nodes.address)
    return nodes


@pytest.fixture(params=[HERE, pytest.param(CLUSTER, marks=pytest.mark.slow)])
def where(request: pytest.FixtureRequest) -> str:
    if request.param == CLUSTER:
        request.getfixturevalue("cluster")
    return request.param


def alive(file: Path) -> bool:
    """Whether the process that wrote its number to this file is at work."""
    return find_process(int(file.read_text())) is not None


@pytest.mark.parametrize("processes", [1, 2])
def test_all_tasks_are_done_and_progress_grows_to_the_end(where: str, processes: int, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    tasks = [partial(work_tasks.square, number, tmp_path) for number in range(3)]
    before = torch.get_num_threads()
    run_tasks(tasks, "squaring", processes, 2, lambda stage, done: told.append((stage, done)), [tmp_path])
    threads = 2 if where == HERE else 1  # of a node with one core
    written = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert written == {f"{number}.txt": f"{number**2} on {threads} threads" for number in range(3)}
    assert torch.get_num_threads() == before
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1]
    assert told[-1] == ("squaring, 3 of 3 done", 1.0)
    assert not active_children()


@pytest.mark.slow
def test_a_fault_of_the_program_is_told_as_such(cluster: TwoNodes, tmp_path: Path) -> None:
    with pytest.raises(FerretError, match="failed with ZeroDivisionError: a fault of the program; what was finished"):
        run_tasks([work_tasks.fail], "failing", 1, 1, silent, [tmp_path])


@pytest.mark.slow
def test_trials_of_a_sweep_run_side_by_side_and_it_goes_on_where_it_was_left(
    cluster: TwoNodes, workspace: Workspace, demo: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Recipe("base", network="shallow", size=24, epochs=1, batch=64, precision="float32", options={"dense": 16})
    space = Space({"learning_rate": Range(1e-4, 1e-2, log=True)})
    version = as_imported(demo)
    first = run_sweep(workspace, version, "s", base, space, trials=2).trials()
    assert [trial.state for trial in first] == ["done"] * 2
    assert first[0].settings != first[1].settings
    sweep = run_sweep(workspace, version, "s", base, space, trials=3)
    assert sweep.trials()[:2] == first
    assert [trial.state for trial in sweep.trials()] == ["done"] * 3
    monkeypatch.delenv("FER_CLUSTER")
    assert run_sweep(workspace, version, "s", base, space, trials=3).trials() == sweep.trials()


@pytest.mark.slow
def test_several_machines_do_not_write_one_sqlite_file(
    cluster: TwoNodes, workspace: Workspace, demo: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.platform, "node", lambda: "elsewhere")
    for storage in (None, f"sqlite:///{workspace.root}/s.db"):
        with pytest.raises(UsageError, match="Name a database that every node reaches: --storage postgresql"):
            run_sweep(workspace, as_imported(demo), "s", Recipe("r"), Space({}), trials=2, storage=storage)
    assert not (workspace.root / "sweeps").exists()


# Trainings with Ray Train start six processes of ten seconds each; training/test_team.py has what needs no Ray.


@pytest.fixture
def bars(workspace: Workspace) -> DatasetVersion:
    pixels, labels = patterns(240, seed=0)
    splits = np.repeat([TRAINING, PUBLIC_TEST, PRIVATE_TEST], [160, 40, 40]).astype(np.int8)
    return as_imported(create_dataset(workspace, "bars", Images(pixels, labels, splits), origin={}))


def assert_same(one: Run, other: Run, rounding: float = 1e-5) -> None:
    """The same network, but for rounding, by the same way."""
    for mine, its in zip(one.model().module.parameters(), other.model().module.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=0, atol=rounding)
    figures = ["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_macro_f1", "learning_rate"]
    np.testing.assert_allclose(one.epochs()[figures], other.epochs()[figures], atol=10 * rounding)
    assert {file.name for file in one.path.iterdir()} == {file.name for file in other.path.iterdir()}


@pytest.mark.slow
def test_two_workers_train_what_one_trains(
    cluster: TwoNodes, workspace: Workspace, bars: DatasetVersion, capsys
) -> None:
    told: list[tuple[str, float]] = []
    two = train_together(workspace, bars, EXACT, 2, run_id="two", report=lambda stage, done: told.append((stage, done)))
    assert (two.status, two.document["environment"]["workers"]) == ("done", 2)
    assert told[0][0] == "starting 2 workers"
    assert any("epoch" in stage for stage, _ in told)
    assert_same(two, train_version(workspace, bars, EXACT, run_id="one", thread_count=1))
    again = train_together(workspace, bars, EXACT, 2, run_id="two")  # is there already
    assert again.document == two.document
    assert {path.name for path in workspace.root.iterdir()} == {"datasets", "runs"}


@pytest.mark.slow
def test_more_workers_than_there_is_room_for(cluster: TwoNodes, workspace: Workspace, bars: DatasetVersion) -> None:
    with pytest.raises(UsageError, match="--workers 3: the cluster has room for 2"):
        train_together(workspace, bars, EXACT, 3, run_id="three")


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_training_that_is_cancelled_and_then_loses_a_worker_ends_as_one_that_was_left_alone(
    victim: int, cluster: TwoNodes, workspace: Workspace, bars: DatasetVersion
) -> None:
    recipe = EXACT.changed(epochs=120)

    def cancel(stage: str, done: float) -> None:
        if done > 0.1:
            raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        train_together(workspace, bars, recipe, 2, run_id="two", report=cancel)
    run = open_run(workspace, "two")
    assert run.status == "cancelled"
    assert 0 < len(run.epochs()) < 120
    cluster.wait_for_end_of("RayTrainWorker")
    killed: list[float] = []

    def kill(stage: str, done: float) -> None:
        if done > 0.5 and not killed:
            killed.append(done)
            os.kill(sorted(cluster.processes("RayTrainWorker"))[victim], signal.SIGKILL)

    run = train_together(workspace, bars, recipe, 2, run_id="two", report=kill)
    assert killed
    assert run.status == "done"
    assert run.epochs()["epoch"].tolist() == list(range(1, 121))
    # Beside two workers, not one: what rounds differently grows over 480 steps, what was left out would show at once.
    assert_same(run, train_together(workspace, bars, recipe, 2, run_id="alone"), 1e-6)


@pytest.mark.slow
def test_what_a_worker_refuses_is_a_sentence(cluster: TwoNodes, workspace: Workspace, bars: DatasetVersion) -> None:
    wild = EXACT.changed(learning_rate=1e30, clip=0.0)
    with pytest.raises(FerretError, match=r"The loss became .* in epoch .*Lower the recipe's learning_rate"):
        train_together(workspace, bars, wild, 2, run_id="wild")
    assert open_run(workspace, "wild").status == "failed"
    with pytest.raises(UsageError, match="exists with another recipe"):
        train_together(workspace, bars, EXACT, 2, run_id="wild")


def test_whoever_cancels_leaves_nobody_at_work(where: str, tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]

    def cancel(stage: str, fraction: float) -> None:
        if all(file.exists() for file in files):
            raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        run_tasks([partial(work_tasks.hold, file) for file in files], "holding", 2, 1, cancel, [tmp_path])
    assert not any(alive(file) for file in files)
    assert sorted(tmp_path.iterdir()) == files
    assert not active_children()


def test_a_task_that_fails_is_a_sentence_and_stops_the_others(where: str, tmp_path: Path) -> None:
    held = tmp_path / "held"
    tasks = [partial(work_tasks.hold, held), work_tasks.refuse]
    with pytest.raises(FerretError, match=r"^faces.csv: line 7 is broken. Mend it\.$"):
        run_tasks(tasks, "reading", 2, 1, silent, [tmp_path])
    assert not held.exists() or not alive(held)


def test_a_process_that_is_killed(where: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    tasks = [partial(work_tasks.square, 2, tmp_path), partial(work_tasks.die_once, file)]
    if where == HERE:
        with pytest.raises(FerretError, match=r"was killed by SIGKILL; what was finished is stored, run it again"):
            run_tasks(tasks, "dying", 2, 1, silent, [tmp_path])
        run_tasks(tasks[1:], "dying", 1, 1, silent, [tmp_path])
    else:
        run_tasks(tasks, "dying", 2, 1, silent, [tmp_path])
    assert file.read_text() == "tried again"


@pytest.mark.slow
def test_a_task_that_kills_whoever_runs_it_is_given_up(cluster: TwoNodes, tmp_path: Path) -> None:
    with pytest.raises(FerretError, match="died with its process or node; what was finished is stored"):
        run_tasks([work_tasks.die], "dying", 1, 1, silent, [tmp_path])


@pytest.mark.slow
def test_photos_of_a_folder_are_answered_as_here(
    cluster: TwoNodes, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    photos = Path("photos/happy")
    photos.mkdir(parents=True)
    for name in ("a", "c", "e"):
        (photos / f"{name}.png").write_bytes(sample_photo())
    Image.new("RGB", (64, 64)).save(photos / "b.png")  # nobody
    (photos / "d.png").write_bytes(b"no picture")
    monkeypatch.setattr(album, "CHUNK", 2)
    call = ["predict", str(photos), "missing.png", "--workspace", str(workspace.root)]

    def said(*more: str) -> tuple[int, str]:
        return main([*call, *more]), capsys.readouterr().out

    there = said("--json", "--labelled"), said("--explain", "gradients", "--out", "maps")
    maps = {file.name: file.read_bytes() for file in Path("maps").iterdir()}
    shutil.rmtree("maps")
    monkeypatch.delenv("FER_CLUSTER")
    assert there == (said("--json", "--labelled"), said("--explain", "gradients", "--out", "maps"))
    assert {file.name: file.read_bytes() for file in Path("maps").iterdir()} == maps
    answers = json.loads(there[0][1])["files"]
    assert [len(answer.get("faces", "?")) for answer in answers] == [1, 0, 1, 1, 1, 1]
    assert ["error" in answer for answer in answers] == [False, False, False, True, False, True]
    assert there[0][0] == 1
    assert len(maps) == 3
    assert not list(workspace.root.iterdir())


@pytest.mark.slow
def test_an_audit_survives_a_stop_and_the_loss_of_a_node_and_ends_as_here(
    cluster: TwoNodes, demo: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test: the cluster has one node after it."""
    recipe = tmp_path / "brief.toml"
    recipe.write_text('epochs = 6\nbatch = 32\noptimiser = "adamw"\nlearning_rate = 0.003\n')
    version = as_imported(demo)
    settings = AuditSettings(folds=3, network="shallow", size=24, recipe=str(recipe))
    folder = settings.folder(version)
    folder.mkdir(parents=True)

    def stored() -> list[Path]:
        return sorted(folder.glob("fold-*.npz"))

    def stop(stage: str, done: float) -> None:
        if stored():
            raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        judge_labels(version, settings, stop)
    kept = {file: file.read_bytes() for file in stored()}
    assert 1 <= len(kept) < 3
    lost: list[int] = []

    def lose(stage: str, done: float) -> None:
        assert f"({len(kept)} stored before)" in stage
        if done > 0 and not lost:
            lost.append(len(stored()))
            cluster.lose_second()

    there = judge_labels(version, settings, lose)
    assert lost == [len(kept)]  # in the middle
    assert {file: file.read_bytes() for file in kept} == kept
    monkeypatch.delenv("FER_CLUSTER")
    for file in stored():
        file.unlink()
    here = judge_labels(version, settings, cores=1)
    np.testing.assert_array_equal(there.judges, here.judges)
    for name in ("out_of_fold", "in_training", "margins", "features"):
        np.testing.assert_allclose(getattr(there, name), getattr(here, name), atol=1e-5)
