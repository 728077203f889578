"""The command line with a few trial commands: what the tests run as jobs. Everything else is the product's own."""

import argparse
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fer_core import __main__ as product
from fer_core.commands.console import Commands, Console
from fer_core.errors import InputRefused
from fer_core.jobs import runner

PROGRAM = (sys.executable, __file__)


def register(commands: Commands) -> None:
    for name in ("echo", "hold", "deaf", "refuse", "break", "enter"):
        commands.add(name, globals()[f"run_{name}"], name).add_argument("word", nargs="?")
    commands.add("worker", run_worker, "worker").add_argument("--lock", type=int)


def run_echo(arguments: argparse.Namespace, console: Console) -> object:
    return {"said": arguments.word, "folder": str(Path.cwd())}


def run_hold(arguments: argparse.Namespace, console: Console) -> object:
    """Work until the file `word` appears."""
    while not Path(arguments.word).exists():
        console.report("holding", 0.25)
        time.sleep(0.02)
    return {"held": True}


def run_deaf(arguments: argparse.Namespace, console: Console) -> object:
    """Heed nothing, and have a child that heeds nothing either; `word` gets the child's number."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    Path(arguments.word).write_text(str(child.pid))
    child.wait()
    return None


def run_refuse(arguments: argparse.Namespace, console: Console) -> object:
    print("reading ...", file=sys.stderr)
    raise InputRefused("faces.csv: line 7 is broken. Mend it.")


def run_break(arguments: argparse.Namespace, console: Console) -> object:
    raise ValueError("a mistake of the program")


def run_enter(arguments: argparse.Namespace, console: Console) -> object:
    """Fail when another job is inside the folder `word` at the same time."""
    inside = Path(arguments.word) / "inside"
    inside.mkdir()
    time.sleep(0.02)
    inside.rmdir()
    return {"job": os.environ["FERRET_JOB"]}


def run_worker(arguments: argparse.Namespace, console: Console) -> object:
    runner.LAST_GRACE = 0.5
    runner.work(console.workspace, lock_handle=arguments.lock, program=PROGRAM, grace=0.5)


if __name__ == "__main__":
    sys.modules["fer_core.commands.jobs_trial"] = importlib.import_module("jobs_trial")
    product.FLOORS = ("jobs_trial",)
    sys.exit(product.main())
