"""`doctor`: what is wrong with installation and workspace, and the command that mends it."""

import argparse
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fer_core.commands.console import Commands, Console
from fer_core.errors import FerretError
from fer_core.workspace import Workspace

if TYPE_CHECKING:
    from fer_core.keeping.findings import Check


def register(commands: Commands) -> None:
    parser = commands.add("doctor", run_doctor, "say what is wrong with installation and workspace, and how to mend it")
    parser.add_argument("--deep", action="store_true", help="read every byte and compare it with the sums taken before")


def run_doctor(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.keeping.findings import BAD, GOOD, NOTE

    checks = list(_checks(console.workspace, arguments.deep))
    for check in checks:
        mark = {GOOD: "ok  ", NOTE: "note", BAD: "BAD "}[check.state]
        console.say(f"{mark}  {check.what:<22} {check.words}")
        if check.mend:
            console.say(f"{'':<28} $ {check.mend}")
    bad = [check for check in checks if check.state == BAD]
    if bad:
        console.exit_code = 1
    return {"healthy": not bad, "checks": [asdict(check) for check in checks]}


def _checks(workspace: Workspace, deep: bool) -> Iterator["Check"]:
    from fer_core.keeping import installation, remains, soundness
    from fer_core.keeping.findings import GOOD, NOTE, Check, ferret

    yield from installation.check_versions()
    yield from installation.check_packages()
    yield from installation.check_models()
    yield from installation.check_cluster()
    yield remains.check_disk(workspace)
    if not workspace.root.exists():
        words = f"{workspace.root} does not exist yet; the first import makes it"
        yield Check("workspace", NOTE, words, ferret(workspace, "demo"))
        return
    yield Check("workspace", GOOD, str(workspace.root))
    yield from _guarded("databases", soundness.check_databases(workspace))
    yield from _guarded("data sets", soundness.check_datasets(workspace, deep))
    yield from _guarded("runs", soundness.check_runs(workspace, deep))
    yield from _guarded("jobs", remains.check_jobs(workspace))
    yield from _guarded("leftovers", remains.check_leftovers(workspace))
    yield from _guarded("clock", remains.check_clock(workspace))


def _guarded(what: str, checks: Iterable["Check"]) -> Iterator["Check"]:
    """The checks of a kind; where even looking fails, that is a finding, and the others are still made."""
    from fer_core.keeping.findings import BAD, Check

    try:
        yield from checks
    except (FerretError, sqlite3.Error, OSError) as error:
        yield Check(what, BAD, f"cannot be looked at: {error}")
