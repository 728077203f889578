"""A real training in the background, killed and cancelled again and again; in the full counts only, because of the many
starts. What the usual suite asks of kills and cancels stands in test_job_runner, with jobs that begin at once.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import waiting
from jobs_waiting import wait_for
from waiting import wait_until

from fer_core.dataset.store import Dataset
from fer_core.jobs import runner, store
from fer_core.jobs.store import Job
from fer_core.runs.run import Run, open_run
from fer_core.workspace import Workspace

pytestmark = pytest.mark.slow
CHUNKS = range(20)  # of five each


@pytest.fixture
def training(yard: Workspace, demo: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """A training without end on the small demo, with short epochs."""
    monkeypatch.setattr(waiting, "DEADLINE", 300.0)  # each start loads torch, beside other work
    recipe = tmp_path / "long.toml"
    recipe.write_text('epochs = 1000\nbatch = 32\nsize = 16\nlearning_rate = 0.001\nprecision = "float32"\n')
    call = ["train", demo.name, "--run", "long", "--recipe", str(recipe), "--threads", "1"]
    job = runner.submit(yard, call, "Train for long")
    yield job
    if store.open_job(yard, job.id).active:
        runner.cancel(yard, job.id)
        wait_for(yard, job, "cancelled")


def run_of(yard: Workspace) -> Run:
    return open_run(yard, "long")


def wait_for_epochs(yard: Workspace, more: int) -> None:
    """Wait until the training runs and has done so many more epochs."""
    wait_until(lambda: store.open_job(yard, "1").stage.startswith("training"), "the training to begin")
    wanted = len(run_of(yard).epochs()) + more
    wait_until(lambda: len(run_of(yard).epochs()) >= wanted, f"{more} epochs")


def last_sitting(yard: Workspace) -> tuple[float, list[int]]:
    """When the training was begun or resumed for the last time, and the steps of the epochs that it knew then."""
    events = run_of(yard).events()
    place = next(place for place, event in enumerate(events) if event["event"] in ("started", "resumed"))
    return events[place]["time"], [event["step"] for event in events[:place]]


@pytest.mark.parametrize("seed", CHUNKS)
def test_a_killed_training_is_interrupted_and_loses_less_than_an_epoch(
    yard: Workspace, training: Job, record_property, seed: int
) -> None:
    chance, slowest = random.Random(seed), 0.0
    for kill in range(5):
        wait_for_epochs(yard, chance.randrange(1, 6))
        job, sitting = store.open_job(yard, training.id), last_sitting(yard)[0]
        for victim in (job.worker, job.process)[kill % 2 :]:  # every other time the worker as well
            os.kill(victim.pid, signal.SIGKILL)
        dead = time.monotonic()
        wait_for(yard, job, "interrupted")
        slowest = max(slowest, time.monotonic() - dead)
        done = run_of(yard).epochs()["step"].tolist()
        runner.resume(yard, job.id)
        wait_until(lambda before=sitting: last_sitting(yard)[0] > before, "the training to go on")
        known = last_sitting(yard)[1]
        # An epoch is stored first and told then, so what goes on knows every epoch that was told, and at most one more.
        assert known[: len(done)] == done and len(known) <= len(done) + 1
    record_property("kills", 5)
    record_property("interrupted_after_s", round(slowest, 2))


@pytest.mark.parametrize("seed", CHUNKS)
def test_a_cancelled_training_leaves_a_checkpoint_and_no_process(
    yard: Workspace, training: Job, record_property, seed: int
) -> None:
    from fer_core.networks.tensors import read_tensors

    chance, slowest = random.Random(seed), 0.0
    for cancel in range(5):
        wait_for_epochs(yard, chance.randrange(1, 6))
        running = store.open_job(yard, training.id)
        asked = time.monotonic()
        runner.cancel(yard, training.id)
        wait_for(yard, training, "cancelled")
        slowest = max(slowest, time.monotonic() - asked)
        with pytest.raises(ProcessLookupError):
            os.killpg(running.process.pid, 0)
        document = read_tensors(run_of(yard).last)[1]
        assert document["progress"]["step"] >= run_of(yard).epochs()["step"].iat[-1]
        if cancel < 4:
            runner.resume(yard, training.id)
    assert slowest < 100  # ten times what is promised
    record_property("cancels", 5)
    record_property("out_after_s", round(slowest, 2))
