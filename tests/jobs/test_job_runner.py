"""Jobs from submission to their end, with real processes that are really killed."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from jobs_trial import PROGRAM
from jobs_waiting import wait_for, wait_for_stage
from waiting import wait_until

from fer_core.errors import NotFound, UsageError
from fer_core.jobs import runner, store
from fer_core.jobs.process import find_process
from fer_core.jobs.store import Job
from fer_core.workspace import REPOSITORY, Workspace


def submit(workspace: Workspace, *arguments: str) -> Job:
    return runner.submit(workspace, arguments, " ".join(arguments), program=PROGRAM)


def kill(process) -> None:
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)


def wait_for_successor(workspace: Workspace) -> None:
    """Look at the jobs, as pages and commands do, until that starts another worker in the place of a killed one."""
    wait_until(lambda: runner.ensure_worker(workspace, program=PROGRAM), "a new worker")


def test_a_job_runs_and_its_document_is_kept(yard):
    job = wait_for(yard, submit(yard, "echo", "hello"), "done", "failed")
    assert (job.state, job.fraction, job.error) == ("done", 1.0, None)
    assert job.result == {"said": "hello", "folder": str(Path.cwd())}
    assert job.created <= job.started <= job.finished


def test_a_job_outlives_the_process_that_submitted_it(yard, tmp_path):
    release = tmp_path / "release"
    code = (
        "import sys; from pathlib import Path; from fer_core.jobs.runner import submit; "
        "from fer_core.workspace import Workspace; root, release, *program = sys.argv[1:]; "
        "print(submit(Workspace(Path(root)), ['hold', release], 'hold', program=program).id)"
    )
    command = [sys.executable, "-c", code, str(yard.root), str(release), *PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=True)
    job = wait_for_stage(yard, store.open_job(yard, done.stdout.strip()), "holding")
    assert job.fraction == 0.25
    release.touch()
    assert wait_for(yard, job, "done", "failed").state == "done"


def test_a_killed_job_is_interrupted_and_resumes(yard, tmp_path):
    release = tmp_path / "release"
    job = wait_for_stage(yard, submit(yard, "hold", str(release)), "holding")
    kill(job.process)
    job = wait_for(yard, job, "interrupted", "failed", "done")
    assert job.state == "interrupted"
    assert "Resume" in job.error

    release.touch()
    again = runner.resume(yard, job.id, program=PROGRAM)
    assert again.id == job.id
    job = wait_for(yard, again, "done", "failed", "interrupted")
    assert (job.state, job.error, job.result) == ("done", None, {"held": True})


def test_a_job_whose_worker_is_killed_goes_on_and_nothing_runs_beside_it(yard, tmp_path):
    release = tmp_path / "release"
    first = wait_for_stage(yard, submit(yard, "hold", str(release)), "holding")
    kill(first.worker)
    wait_for_successor(yard)
    second = submit(yard, "echo", "after")
    assert store.open_job(yard, first.id).state == "running"
    assert store.open_job(yard, second.id).state == "queued"

    release.touch()
    first = wait_for(yard, first, "done", "failed", "interrupted")
    assert (first.state, first.result) == ("done", {"held": True})  # nobody saw its exit code; its document tells
    second = wait_for(yard, second, "done", "failed")
    assert second.state == "done"
    assert second.started >= first.finished


def test_when_worker_and_job_are_killed_whoever_looks_finds_the_job_interrupted(yard, tmp_path):
    job = wait_for_stage(yard, submit(yard, "hold", str(tmp_path / "never")), "holding")
    kill(job.worker)
    kill(job.process)
    wait_until(lambda: store.list_jobs(yard)[0].state == "interrupted", "the job to be found interrupted")


def test_cancel_stops_a_running_job_at_its_next_report(yard, tmp_path):
    job = wait_for_stage(yard, submit(yard, "hold", str(tmp_path / "never")), "holding")
    assert runner.cancel(yard, job.id, program=PROGRAM).cancel_requested
    job = wait_for(yard, job, "cancelled", "failed", "interrupted", "done")
    assert job.state == "cancelled"
    assert not job.process.alive()


def test_a_job_that_does_not_heed_cancel_is_killed_with_all_it_started(yard, tmp_path):
    note = tmp_path / "child"
    job = submit(yard, "deaf", str(note))
    wait_until(lambda: note.exists() and note.read_text(), "the deaf job to start its child")
    grandchild = find_process(int(note.read_text()))
    runner.cancel(yard, job.id, program=PROGRAM)
    job = wait_for(yard, job, "cancelled", "failed", "interrupted", "done")
    assert job.state == "cancelled"
    wait_until(lambda: not job.process.alive() and not grandchild.alive(), "no orphan to be left")


def test_cancel_works_on_a_job_whose_worker_is_gone(yard, tmp_path):
    job = wait_for_stage(yard, submit(yard, "hold", str(tmp_path / "never")), "holding")
    kill(job.worker)
    wait_for_successor(yard)
    runner.cancel(yard, job.id, program=PROGRAM)
    assert wait_for(yard, job, "cancelled", "failed", "interrupted", "done").state == "cancelled"


def test_a_queued_job_cancels_at_once_and_never_runs(yard, tmp_path):
    release = tmp_path / "release"
    first = wait_for_stage(yard, submit(yard, "hold", str(release)), "holding")
    second = submit(yard, "echo", "never")
    third = submit(yard, "echo", "third")
    assert runner.cancel(yard, second.id, program=PROGRAM).state == "cancelled"
    release.touch()
    assert wait_for(yard, third, "done", "failed").state == "done"
    assert store.open_job(yard, first.id).state == "done"
    assert store.open_job(yard, second.id).started is None


@pytest.mark.parametrize("count", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_one_slot_under_many_submits_at_once(yard, tmp_path, count):
    with ThreadPoolExecutor(count) as pool:
        jobs = list(pool.map(lambda _: submit(yard, "enter", str(tmp_path)), range(count)))
    assert len({job.id for job in jobs}) == count
    ended = [wait_for(yard, job, "done", "failed") for job in jobs]
    assert [job.state for job in ended] == ["done"] * count
    by_turn = sorted(ended, key=lambda job: job.turn)
    for earlier, later in pairwise(by_turn):
        assert earlier.finished <= later.started
    assert len({job.worker for job in ended}) == 1


def test_a_failure_keeps_the_last_clear_line(yard):
    refused, broken = submit(yard, "refuse"), submit(yard, "break")
    assert wait_for(yard, refused, "failed", "done").error == "faces.csv: line 7 is broken. Mend it."
    said = wait_for(yard, broken, "failed", "done").error
    assert said.startswith("The program failed: ValueError: a mistake of the program.")
    assert f"{broken.id}.log" in said
    assert store.open_job(yard, broken.id).state == "failed"


def test_only_what_makes_sense_can_be_cancelled_or_resumed(yard):
    job = wait_for(yard, submit(yard, "echo", "x"), "done")
    with pytest.raises(UsageError, match="it is done"):
        runner.cancel(yard, job.id, program=PROGRAM)
    with pytest.raises(UsageError, match="is done"):
        runner.resume(yard, job.id, program=PROGRAM)
    with pytest.raises(NotFound, match="no job '77'"):
        runner.cancel(yard, "77", program=PROGRAM)
    with pytest.raises(UsageError):
        runner.submit(yard, [], "nothing", program=PROGRAM)


def test_a_process_that_the_job_does_not_belong_to_is_stopped_at_its_first_report(yard, tmp_path):
    job = wait_for_stage(yard, submit(yard, "hold", str(tmp_path / "never")), "holding")
    stranger = subprocess.run(
        [*PROGRAM, "hold", str(tmp_path / "never"), "--workspace", str(yard.root), "--json"],
        env={**os.environ, "FERRET_JOB": job.id, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert stranger.returncode == 1
    assert "cancelled" in stranger.stderr
    assert store.open_job(yard, job.id).state == "running"
    assert store.open_job(yard, job.id).process == job.process


def test_the_product_itself_runs_jobs(yard):
    """No trial commands: `python -m fer_core jobs`, as a job of `python -m fer_core worker`."""
    job = wait_for(yard, runner.submit(yard, ["jobs"], "list"), "done", "failed")
    assert job.state == "done", job.error
    assert [entry["id"] for entry in job.result] == [job.id]
    assert json.dumps(job.document())
