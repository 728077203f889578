"""`python -m fer_core COMMAND`: exit code 0 on success, 2 on wrong use, 1 on a failure with one clear line."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from fer_core.commands.console import Commands, Console, ProgressBar
from fer_core.errors import Cancelled, FerretError, UsageError
from fer_core.files import is_full
from fer_core.progress import Report
from fer_core.workspace import Workspace

# The order of --help: the order of the loop.
FLOORS = (
    "dataset",
    "upscaler",
    "audit",
    "review",
    "simulation",
    "version",
    "training",
    "sweep",
    "evaluation",
    "proof",
    "prediction",
    "models",
    "video",
    "jobs",
    "app",
    "keeping",
    "doctor",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m fer_core",
        description="Find the wrong labels in FER2013, fix them, and prove that it helped.",
    )
    commands = Commands(parser.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    for floor in FLOORS:
        importlib.import_module(f"fer_core.commands.{floor}").register(commands)
    parsed = parser.parse_args(arguments)

    workspace = Workspace(parsed.workspace.resolve())
    bar = ProgressBar()
    if workspace.root.exists() and not workspace.root.is_dir():
        return _fail(bar, f"--workspace {workspace.root} is a file; name a folder.", 2)
    console = Console(workspace, parsed.json, _report(workspace, bar))
    try:
        document = commands.runs[parsed.command](parsed, console)
        bar.close()
        console.finish(document)
    except Cancelled as stop:
        return _fail(bar, str(stop) or "cancelled", 1)
    except UsageError as error:
        return _fail(bar, str(error), 2)
    except FerretError as error:
        return _fail(bar, str(error), 1)
    except KeyboardInterrupt:
        return _fail(bar, "stopped", 130)
    except BrokenPipeError:  # the reader of our output has gone (`| head`); nothing is left to say to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if not is_full(error):
            raise
        return _fail(bar, f"The disk is full ({error}). Make room, then run the same again.", 1)
    return console.exit_code


def _report(workspace: Workspace, bar: ProgressBar) -> Report:
    """The report of this process: the bar, and the job store as well when it runs as a background job."""
    job = os.environ.get("FERRET_JOB")
    if job is None:
        return bar
    from fer_core.jobs.report import job_report

    return job_report(workspace, job)


def _fail(bar: ProgressBar, message: str, code: int) -> int:
    bar.close()
    print(f"ferret: {message}", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
