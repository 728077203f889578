"""The jobs of a workspace, in jobs.db or on a server.

    queued ──> running ──> done
      ^           ├──────> failed         it ended with an error: a sentence says which
      │           ├──────> cancelled      somebody asked
      │           └──────> interrupted    its process is gone without a word (killed, machine switched off)
      └── resume ──────────┘

Whoever reads the jobs finds dead ones first: a running job whose worker and whose own process are both gone is
concluded on the spot from what it left behind. Nothing depends on the clock for processes of this machine; one of
another machine is given up when its heartbeat is older than `STALE` seconds.
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from fer_core.database import AnyJson, AnyText, Database, Schema, is_kept, open_database
from fer_core.errors import NotFound, UsageError
from fer_core.jobs.outcome import Outcome, job_files, outcome
from fer_core.jobs.process import Process
from fer_core.workspace import Workspace

QUEUED, RUNNING, DONE = "queued", "running", "done"
FAILED, CANCELLED, INTERRUPTED = "failed", "cancelled", "interrupted"
ACTIVE = (QUEUED, RUNNING)
RESUMABLE = (FAILED, CANCELLED, INTERRUPTED)

STALE = 15.0  # seconds without a heartbeat after which a process of another machine counts as gone

metadata = MetaData()
jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("turn", Integer, nullable=False, index=True),  # order in the queue; a resumed job goes to its end
    Column("title", AnyText, nullable=False),
    Column("arguments", AnyJson, nullable=False),
    Column("folder", AnyText, nullable=False),  # where it was submitted: paths in the arguments may be relative to it
    Column("state", String(12), nullable=False, index=True),
    Column("created", Float, nullable=False),  # seconds since 1970, as all times
    Column("started", Float),
    Column("finished", Float),
    Column("host", AnyText),
    Column("worker_pid", Integer),
    Column("worker_started", AnyText),
    Column("pid", Integer),
    Column("pid_started", AnyText),
    Column("heartbeat", Float),
    Column("stage", AnyText, nullable=False, default=""),
    Column("fraction", Float, nullable=False, default=0.0),
    Column("eta", Float),
    Column("error", AnyText),
    Column("result", AnyJson),
    Column("cancel_requested", Integer, nullable=False, default=0),
    sqlite_autoincrement=True,  # a number is never given twice
)

_OWNER = ("host", "worker_pid", "worker_started", "pid", "pid_started")
_ATTEMPT = (*_OWNER, "started", "finished", "heartbeat", "eta", "error", "result")  # empty again in a resumed job


@dataclass(frozen=True)
class Job:
    """One job as it stands. Times are in seconds since 1970."""

    id: str
    turn: int
    title: str
    arguments: list[str]  # what comes after `python -m fer_core`
    folder: Path  # the working folder of whoever submitted it
    state: str
    created: float
    started: float | None
    finished: float | None
    worker: Process | None  # who started it and waits for its end
    process: Process | None  # the job itself
    heartbeat: float | None
    stage: str  # where it is, in words
    fraction: float  # of all its work, 0 to 1
    eta: float | None  # seconds left at the last heartbeat, as far as can be told
    error: str | None  # a sentence; None unless failed or interrupted
    result: Any  # the document that its command printed
    cancel_requested: bool

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        return self.state in RESUMABLE

    def document(self) -> dict[str, Any]:
        """The job as JSON."""
        return {**asdict(self), "folder": str(self.folder)}


SCHEMA = Schema("job list", metadata, version=1, precious=False)


def _database(workspace: Workspace) -> Database:
    return open_database(workspace.jobs_db, SCHEMA)


def add_job(workspace: Workspace, arguments: list[str], title: str, folder: Path) -> Job:
    """Put a job at the end of the queue."""
    with _database(workspace).writing() as connection:
        number = connection.execute(
            insert(jobs)
            .values(
                turn=_next_turn(connection),
                title=title,
                arguments=arguments,
                folder=str(folder),
                state=QUEUED,
                created=time.time(),
            )
            .returning(jobs.c.number)
        ).scalar_one()
    return open_job(workspace, str(number))


def list_jobs(workspace: Workspace, limit: int = 200) -> list[Job]:
    """The newest jobs first; dead ones are concluded before they are shown. No workspace yet means no jobs."""
    if not is_kept(workspace.jobs_db):
        return []
    sweep(workspace)
    with _database(workspace).reading() as connection:
        newest = select(jobs.c.number).order_by(jobs.c.number.desc()).limit(limit)
        shown = select(jobs).where(or_(jobs.c.number.in_(newest), jobs.c.state == RUNNING))
        return [_job(row) for row in connection.execute(shown.order_by(jobs.c.number.desc()))]


def open_job(workspace: Workspace, job_id: str) -> Job:
    """One job, concluded first if it is dead. Raises NotFound."""
    if job_id.isdecimal() and len(job_id) < 10 and is_kept(workspace.jobs_db):  # longer ones fit no column
        sweep(workspace)
        with _database(workspace).reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.number == int(job_id))).one_or_none()
        if row is not None:
            return _job(row)
    raise NotFound(f"There is no job {job_id!r} in {workspace.root}. `jobs` lists those that are there.")


def sweep(workspace: Workspace) -> None:
    """Conclude every running job whose worker and whose process are gone."""
    with _database(workspace).reading() as connection:
        running = [_job(row) for row in connection.execute(select(jobs).where(jobs.c.state == RUNNING))]
    for job in running:
        if not _cared_for(job):
            conclude(workspace, job, outcome(job_files(workspace, job.id), None, job.cancel_requested))


def _cared_for(job: Job) -> bool:
    """Whether somebody will still say how a running job ends: its worker, or, should that be gone, the job itself."""
    owners = [owner for owner in (job.worker, job.process) if owner]
    if owners and not owners[0].here:
        return time.time() - (job.heartbeat or 0) < STALE
    return any(owner.alive() for owner in owners)


def _worker_lives(job: Job) -> bool:
    """Whether the worker of a running job still looks after it; on another machine, by its heartbeat."""
    if job.worker is None:
        return False
    return job.worker.alive() if job.worker.here else time.time() - (job.heartbeat or 0) < STALE


def take_job(workspace: Workspace, worker: Process) -> Job | None:
    """Give the first job of the queue to a worker; None when nothing waits."""
    if not is_kept(workspace.jobs_db):
        return None
    with _database(workspace).writing() as connection:
        first = select(jobs.c.number).where(jobs.c.state == QUEUED).order_by(jobs.c.turn).limit(1).scalar_subquery()
        now = time.time()
        row = connection.execute(
            update(jobs)
            .where(jobs.c.number == first)
            .values(
                state=RUNNING,
                started=now,
                heartbeat=now,
                host=worker.host,
                worker_pid=worker.pid,
                worker_started=worker.started,
            )
            .returning(jobs)
        ).one_or_none()
    return _job(row) if row is not None else None


def claim(workspace: Workspace, job_id: str, process: Process, parent: int) -> bool:
    """Write down the process of a running job; False when the job is not this process's to run.

    It is when the job was given to `parent`, the worker that started the process, or to this very process before.
    """
    ours = or_(
        and_(jobs.c.worker_pid == parent, jobs.c.pid.is_(None)),
        and_(jobs.c.pid == process.pid, jobs.c.pid_started == process.started),
    )
    with _database(workspace).writing() as connection:
        return bool(
            connection.execute(
                update(jobs)
                .where(jobs.c.number == int(job_id), jobs.c.state == RUNNING, jobs.c.host == process.host, ours)
                .values(pid=process.pid, pid_started=process.started, heartbeat=time.time())
            ).rowcount
        )


def beat(workspace: Workspace, job_id: str, **progress: Any) -> None:
    """A sign of life from a running job, with `stage`, `fraction` and `eta` where there is news."""
    with _database(workspace).writing() as connection:
        connection.execute(
            update(jobs)
            .where(jobs.c.number == int(job_id), jobs.c.state == RUNNING)
            .values(heartbeat=time.time(), **progress)
        )


def should_stop(workspace: Workspace, job_id: str) -> bool:
    """Whether somebody asked the job to stop, or it is no longer counted as running."""
    with _database(workspace).reading() as connection:
        row = connection.execute(
            select(jobs.c.cancel_requested, jobs.c.state).where(jobs.c.number == int(job_id))
        ).one_or_none()
    return row is None or bool(row.cancel_requested) or row.state != RUNNING


def conclude(workspace: Workspace, job: Job, end: Outcome) -> None:
    """Write down how a running job ended. Whoever comes second changes nothing."""
    values: dict[str, Any] = {"state": end.state, "error": end.error, "result": end.result, "finished": time.time()}
    if end.state == DONE:
        values |= {"fraction": 1.0, "stage": ""}
    with _database(workspace).writing() as connection:
        connection.execute(
            update(jobs)
            # `started` tells this attempt from a later one that was resumed in the meantime.
            .where(jobs.c.number == int(job.id), jobs.c.state == RUNNING, jobs.c.started == job.started)
            .values(eta=None, **values)
        )


def request_cancel(workspace: Workspace, job_id: str) -> Job:
    """Cancel a queued job at once, or ask a running one to stop. Raises NotFound, or UsageError when it has ended."""
    job = open_job(workspace, job_id)
    with _database(workspace).writing() as connection:
        this = jobs.c.number == int(job.id)
        waiting = update(jobs).where(this, jobs.c.state == QUEUED).values(state=CANCELLED, finished=time.time())
        at_work = update(jobs).where(this, jobs.c.state == RUNNING).values(cancel_requested=1)
        changed = connection.execute(waiting).rowcount + connection.execute(at_work).rowcount
    if not changed:
        raise UsageError(f"Job {job.id} is not waiting or running (it is {job.state}); there is nothing to cancel.")
    return open_job(workspace, job.id)


def requeue(workspace: Workspace, job_id: str) -> Job:
    """Queue a job again that failed, was cancelled or interrupted. Raises NotFound, or UsageError for another state."""
    job = open_job(workspace, job_id)
    with _database(workspace).writing() as connection:
        fresh = dict.fromkeys(_ATTEMPT)
        changed = connection.execute(
            update(jobs)
            .where(jobs.c.number == int(job.id), jobs.c.state.in_(RESUMABLE))
            .values(state=QUEUED, turn=_next_turn(connection), cancel_requested=0, stage="", fraction=0.0, **fresh)
        ).rowcount
        if changed:  # what the last attempt left behind says nothing of how the next one ends
            job_files(workspace, job.id).remove()
    if not changed:
        raise UsageError(f"Job {job.id} is {job.state}; only failed, cancelled or interrupted jobs can be resumed.")
    return open_job(workspace, job.id)


def has_work(workspace: Workspace) -> bool:
    """Whether a worker is wanted: a job is queued, or one runs whose own worker is gone. One indexed look-up."""
    if not is_kept(workspace.jobs_db):
        return False
    with _database(workspace).reading() as connection:
        active = [_job(row) for row in connection.execute(select(jobs).where(jobs.c.state.in_(ACTIVE)))]
    return any(job.state == QUEUED or not _worker_lives(job) for job in active)


def _next_turn(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(jobs.c.turn), 0) + 1)).scalar_one())


def _job(row: Row[Any]) -> Job:
    plain = {name: getattr(row, name) for name in Job.__dataclass_fields__ if name in jobs.c}
    plain["folder"] = Path(row.folder)
    plain["cancel_requested"] = bool(row.cancel_requested)
    return Job(
        id=str(row.number),
        worker=Process(row.host, row.worker_pid, row.worker_started) if row.worker_pid else None,
        process=Process(row.host, row.pid, row.pid_started) if row.pid else None,
        **plain,
    )
