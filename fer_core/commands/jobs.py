"""`jobs`, `jobs cancel ID`, `jobs resume ID`, and `worker`."""

import argparse
import time
from typing import Any

from fer_core.commands.console import Commands, Console
from fer_core.errors import UsageError


def register(commands: Commands) -> None:
    parser = commands.add("jobs", _jobs, "list background jobs, cancel one, or resume one")
    parser.add_argument("action", nargs="?", choices=("list", "cancel", "resume"), default="list")
    parser.add_argument("job", nargs="?", metavar="ID")

    parser = commands.add("worker", _worker, "run the queued jobs; started by itself whenever a job is submitted")
    parser.add_argument("--lock", type=int, default=None, help=argparse.SUPPRESS)


def _jobs(arguments: argparse.Namespace, console: Console) -> Any:
    from fer_core.jobs.runner import cancel, ensure_worker, resume
    from fer_core.jobs.store import list_jobs

    if (arguments.action == "list") != (arguments.job is None):
        raise UsageError("Say `jobs`, `jobs cancel ID` or `jobs resume ID`.")
    if arguments.action == "list":
        ensure_worker(console.workspace)
        jobs = list_jobs(console.workspace)
        for job in jobs:
            console.say(_line(job))
        if not jobs:
            console.say("No jobs yet. `train`, `audit` and others take --background.")
        return [job.document() for job in jobs]
    job = (cancel if arguments.action == "cancel" else resume)(console.workspace, arguments.job)
    console.say(_line(job))
    return job.document()


def _line(job: Any) -> str:
    state = "stopping" if job.state == "running" and job.cancel_requested else job.state
    where = f"{job.fraction:4.0%} {job.stage}" if job.state == "running" else (job.error or "")
    submitted = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))
    return f"{job.id:>5}  {state:<11}  {submitted}  {job.title}  {where}".rstrip()


def _worker(arguments: argparse.Namespace, console: Console) -> Any:
    from fer_core.jobs.runner import work

    ran = work(console.workspace, lock_handle=arguments.lock)
    console.say(f"{ran} {'job' if ran == 1 else 'jobs'} run; nothing is waiting." if ran else "Nothing to run.")
    return {"ran": ran}
