"""Who runs the jobs: one worker per workspace, a process of its own, started by whoever has something to run.

Two lock files keep order, both freed by the system the moment their holders are gone, however they ended:

- `worker.lock` is held by the worker. `ensure_worker` takes it and hands it to the process that it starts, so of
  fifty programs that submit at once exactly one starts a worker.
- `slot.lock` is the workspace's one slot. The worker holds it and its jobs inherit it, so when a worker is killed
  and its job lives on, the next worker waits for that job, cancels it when asked, and only then starts another.

The web server may come and go: it submits, and looks.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from fer_core.database import is_kept
from fer_core.errors import UsageError
from fer_core.jobs import store
from fer_core.jobs.outcome import JobFiles, job_files, outcome
from fer_core.jobs.process import Process, find_process
from fer_core.jobs.store import Job
from fer_core.workspace import REPOSITORY, Workspace

PROGRAM = (sys.executable, "-m", "fer_core")
GRACE = 10.0  # seconds a job has to stop by itself when it is cancelled; then SIGTERM
LAST_GRACE = 5.0  # seconds between SIGTERM and SIGKILL
TICK = 0.2  # seconds between two looks at a running job
BEAT = 5.0  # seconds between two heartbeats that the worker gives for its job


def submit(workspace: Workspace, arguments: Sequence[str], title: str, *, program: Sequence[str] = PROGRAM) -> Job:
    """Queue `python -m fer_core ARGUMENTS` and make sure that a worker is there. Returns at once.

    The job runs in the current working folder, with --workspace and --json added. Running the same arguments again
    must go on where they stopped: that is what `resume` does.
    """
    if not arguments:
        raise UsageError("A job needs a command to run.")
    job = store.add_job(workspace, list(arguments), title, Path.cwd())
    ensure_worker(workspace, program=program)
    return job


def cancel(workspace: Workspace, job_id: str, *, program: Sequence[str] = PROGRAM) -> Job:
    """Cancel a queued job at once; ask a running one to stop, by force after `GRACE` seconds."""
    job = store.request_cancel(workspace, job_id)
    ensure_worker(workspace, program=program)  # somebody has to use that force
    return job


def resume(workspace: Workspace, job_id: str, *, program: Sequence[str] = PROGRAM) -> Job:
    """Queue a failed, cancelled or interrupted job again, with the same arguments."""
    job = store.requeue(workspace, job_id)
    ensure_worker(workspace, program=program)
    return job


def ensure_worker(workspace: Workspace, *, program: Sequence[str] = PROGRAM) -> bool:
    """Start a worker when there is work and no worker; returns whether it did.

    Cheap enough to be called by every look at the jobs, and it should be: the system may take a moment to free the
    lock of a worker that was killed.
    """
    if not store.has_work(workspace):
        return False
    lock = _try_lock(_lock_file(workspace, "worker"))
    if lock is None:
        return False
    with lock, (workspace.root / "jobs" / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [*program, "worker", "--workspace", str(workspace.root), "--lock", str(lock.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=REPOSITORY,
            env=_environment(),
            pass_fds=(lock.fileno(),),
            start_new_session=True,
        )
    # Somebody must take note of its end, or it stays a zombie for as long as this process lives.
    threading.Thread(target=process.wait, name="worker's end", daemon=True).start()
    return True


def work(
    workspace: Workspace, *, lock_handle: int | None = None, program: Sequence[str] = PROGRAM, grace: float = GRACE
) -> int:
    """Be the worker: run queued jobs one after the other until none is left. Returns how many were run.

    `lock_handle` is the open worker.lock that `ensure_worker` handed over. Returns 0 at once when there is a worker.
    """
    lock = os.fdopen(lock_handle, "r+") if lock_handle is not None else _try_lock(_lock_file(workspace, "worker"))
    if lock is None:
        return 0
    me = find_process(os.getpid())
    assert me is not None, "this process is running"  # noqa: S101
    ran = 0
    with lock, _lock_file(workspace, "slot").open("r+") as slot:
        _wait_for_orphans(workspace, grace)
        fcntl.flock(slot, fcntl.LOCK_EX)
        while (job := store.take_job(workspace, me)) is not None:
            _run(workspace, job, program, slot.fileno(), grace)
            ran += 1
    # A job that was queued after the last look found the lock still held, so its owner started no worker.
    ensure_worker(workspace, program=program)
    return ran


def _run(workspace: Workspace, job: Job, program: Sequence[str], slot: int, grace: float) -> None:
    """Run one job as a process that leads a group of its own, and write down how it ended."""
    files = job_files(workspace, job.id)
    command = [*program, *job.arguments, "--workspace", str(workspace.root), "--json"]
    with files.output.open("wb") as output, files.log.open("wb") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            cwd=job.folder if job.folder.is_dir() else REPOSITORY,
            env={**_environment(), "FERRET_JOB": job.id},
            pass_fds=(slot,),
            start_new_session=True,
        )
    process = find_process(child.pid)
    if process is not None:
        store.claim(workspace, job.id, process, os.getpid())

    def ended() -> bool:
        try:
            child.wait(TICK)
        except subprocess.TimeoutExpired:
            return False
        return True

    leader = process or Process("", child.pid, "")
    _supervise(workspace, job, leader, ended, grace)
    leader.signal_group(signal.SIGKILL)  # whatever it started and left behind
    _conclude(workspace, job, files, child.returncode)


def _conclude(workspace: Workspace, job: Job, files: JobFiles, code: int) -> None:
    asked = store.open_job(workspace, job.id).cancel_requested
    store.conclude(workspace, job, outcome(files, code, asked))


def _wait_for_orphans(workspace: Workspace, grace: float) -> None:
    """See jobs to their end that an earlier worker started and did not live to see."""
    for job in store.list_jobs(workspace):
        process = job.process
        if job.state == store.RUNNING and process is not None and process.here:

            def ended(process: Process = process) -> bool:
                time.sleep(TICK)
                return not process.alive()

            _supervise(workspace, job, process, ended, grace)
            process.signal_group(signal.SIGKILL)
    if is_kept(workspace.jobs_db):
        store.sweep(workspace)


def _supervise(workspace: Workspace, job: Job, process: Process, ended: Callable[[], bool], grace: float) -> None:
    """Wait for a job's end; stop it by force when it was cancelled and does not heed it."""
    asked: float | None = None
    beaten = time.monotonic()
    while not ended():
        now = time.monotonic()
        if now - beaten >= BEAT:
            store.beat(workspace, job.id)
            beaten = now
        if asked is None and store.should_stop(workspace, job.id):
            asked = now
        if asked is not None and now - asked >= grace + LAST_GRACE:
            process.signal_group(signal.SIGKILL)
        elif asked is not None and now - asked >= grace:
            process.signal_group(signal.SIGTERM)


def _environment() -> dict[str, str]:
    """Ours, able to import fer_core from any folder, and not that of a job (a job may submit others)."""
    own = {name: value for name, value in os.environ.items() if name != "FERRET_JOB"}
    return own | {"PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), own.get("PYTHONPATH")]))}


def _lock_file(workspace: Workspace, name: str) -> Path:
    path = workspace.root / "jobs" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(exist_ok=True)
    return path


def _try_lock(path: Path) -> IO[str] | None:
    """The file, locked until its last copy is closed; None when another process holds it."""
    file = path.open("r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
