"""Waiting for a job."""

from waiting import wait_until

from fer_core.jobs import store
from fer_core.jobs.store import Job
from fer_core.workspace import Workspace


def wait_for(workspace: Workspace, job: Job, *states: str) -> Job:
    """The job once it is in one of the states."""
    wait_until(lambda: store.open_job(workspace, job.id).state in states, f"job {job.id} to be {' or '.join(states)}")
    return store.open_job(workspace, job.id)


def wait_for_stage(workspace: Workspace, job: Job, stage: str) -> Job:
    """The job once it has reported `stage`."""
    wait_until(lambda: store.open_job(workspace, job.id).stage == stage, f"job {job.id} to report {stage!r}")
    return store.open_job(workspace, job.id)
