"""What killed processes left, what waits to be resumed, and whether disk and clock are fit for work."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from fer_core.database import is_kept, on_server
from fer_core.files import is_locked, lives
from fer_core.jobs.store import ACTIVE, INTERRUPTED, QUEUED, RUNNING, Job, list_jobs
from fer_core.keeping.findings import BAD, GOOD, NOTE, Check, ferret, remove
from fer_core.review.events.database import open_database
from fer_core.snapshot import connect_read_only, problem_with
from fer_core.workspace import Workspace

LOW, SCARCE = 5e9, 5e8  # bytes free: a strong audit or some runs fill the first; below the second answers are in danger
_CLOCK_ERROR = 600.0  # seconds that machines may differ


def check_leftovers(workspace: Workspace) -> Iterator[Check]:
    """Half files and folders whose makers are gone. Nothing reads them; they only take room."""
    root = workspace.root
    found = [*root.rglob(".partial-*"), *root.rglob(".restoring-*"), *root.parent.glob(f".restoring-*-{root.name}")]
    stale = [path for path in found if path.exists() and not _owner_lives(path)]
    outer = [path for path in stale if not any(parent in stale for parent in path.parents)]
    if outer:
        size = sum(file.stat().st_size for path in outer for file in [path, *path.rglob("*")] if file.is_file())
        words = f"{len(outer):,} half files or folders of killed processes, {size / 1e6:,.1f} MB"
        yield Check("leftovers", NOTE, words, remove(*outer))


def check_jobs(workspace: Workspace) -> Iterator[Check]:
    """Jobs that were interrupted, that wait for nobody, or whose place is held by what no job knows."""
    if not is_kept(workspace.jobs_db) or (not on_server(workspace.root) and problem_with(workspace.jobs_db)):
        return
    jobs = list_jobs(workspace)
    for job in jobs:
        if job.state == INTERRUPTED:
            yield Check(f"job {job.id}", NOTE, f"{job.title}: interrupted", ferret(workspace, "jobs", "resume", job.id))
    active = [job for job in jobs if job.state in ACTIVE]
    if any(job.state == QUEUED for job in active) and not is_locked(workspace.root / "jobs" / "worker.lock"):
        words = "jobs wait and nobody runs them; any look at the jobs starts a worker"
        yield Check("queue", NOTE, words, ferret(workspace, "jobs"))
    yield from _slot(workspace, active)


def _slot(workspace: Workspace, active: list[Job]) -> Iterator[Check]:
    slot = workspace.root / "jobs" / "slot.lock"
    if (
        is_locked(slot)
        and not any(job.state == RUNNING for job in active)
        and not is_locked(slot.with_name("worker.lock"))
    ):
        words = "the place of the running job is held by a process that no job knows: end it"
        yield Check("slot.lock", BAD, words, f"fuser -v {slot}")


def check_disk(workspace: Workspace) -> Check:
    """Room on the disk of the workspace."""
    place = next(path for path in [workspace.root, *workspace.root.parents] if path.exists())
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:,.1f} GB free"
    if free > LOW:
        return Check("disk", GOOD, words)
    mend = f"du -sh {workspace.root}/*"
    if free > SCARCE:
        return Check("disk", NOTE, f"{words}: little for an audit or a training. What takes the room:", mend)
    return Check("disk", BAD, f"{words}: answers may soon be refused. What takes the room:", mend)


def check_clock(workspace: Workspace) -> Iterator[Check]:
    """Whether something was stored in the future: then the clock was set back, or was wrong before."""
    newest = max([*_times_of_answers(workspace), *_times_of_files(workspace)], default=0.0)
    ahead = newest - time.time()
    if ahead > _CLOCK_ERROR:
        moment = datetime.fromtimestamp(newest, UTC).isoformat(timespec="minutes")
        words = f"the newest thing here is of {moment}, {ahead / 3600:,.1f} hours ahead: the clock was set back"
        yield Check("clock", NOTE, words, "timedatectl set-ntp true")


def _times_of_answers(workspace: Workspace) -> list[float]:
    """Of the last answers, in seconds since 1970."""
    path, last = workspace.labels_db, "SELECT time FROM events ORDER BY seq DESC LIMIT 200"
    if on_server(workspace.root):
        with open_database(path).reading() as server:
            rows = [(text,) for text in server.exec_driver_sql(last).scalars()]
    elif not path.exists() or problem_with(path):
        return []
    else:
        with closing(connect_read_only(path)) as connection:
            rows = connection.execute(last).fetchall()
    return [datetime.fromisoformat(text).timestamp() for (text,) in rows]


def _times_of_files(workspace: Workspace) -> list[float]:
    """Of data sets, audits and runs."""
    patterns = ("datasets/*/dataset.json", "datasets/*/audits/*/audit.json", "runs/*/run.json")
    return [file.stat().st_mtime for pattern in patterns for file in workspace.root.glob(pattern)]


def _owner_lives(path: Path) -> bool:
    """Whether the process whose number a temporary name carries is there; a name without one is none of ours."""
    owner = path.name.split("-")[1]
    return not owner.isdecimal() or lives(int(owner))
