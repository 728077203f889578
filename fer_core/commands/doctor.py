"""`doctor`: versions, the health of the stores, what is missing for what."""

import argparse
import importlib.metadata
import platform
import sqlite3
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_core import __version__
from fer_core.commands.console import Commands, Console
from fer_core.workspace import REPOSITORY, SHIPPED_MODELS, Workspace

GOOD, NOTE, BAD = "good", "note", "bad"
SAFE_SQLITE = (3, 51, 3)  # before it, two connections of one process that write at once can damage a file; we keep one


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what, how it is, and what to do where it is not good."""

    what: str
    state: str
    words: str


def register(commands: Commands) -> None:
    commands.add("doctor", run_doctor, "say which versions run, how the stores are, and what is missing for what")


def run_doctor(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    checks = [*_versions(), *_packages(), *_stores(console.workspace), *_models()]
    for check in checks:
        mark = {GOOD: "ok  ", NOTE: "note", BAD: "BAD "}[check.state]
        console.say(f"{mark}  {check.what:<22} {check.words}")
    bad = [check for check in checks if check.state == BAD]
    if bad:
        console.exit_code = 1
    return {"healthy": not bad, "checks": [asdict(check) for check in checks]}


def _versions() -> list[Check]:
    sqlite = tuple(map(int, sqlite3.sqlite_version.split(".")))
    old = sqlite < SAFE_SQLITE
    return [
        Check("FERret", GOOD, f"{__version__} at {REPOSITORY}"),
        Check(
            "Python",
            GOOD if sys.version_info >= (3, 11) else BAD,
            f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        ),
        Check(
            "SQLite",
            NOTE if old else GOOD,
            sqlite3.sqlite_version
            + (" (before 3.51.3: safe with one writing connection per process, as used here)" if old else ""),
        ),
    ]


def _packages() -> list[Check]:
    """Whether what requirements.txt pins is installed, in the pinned version."""
    checks = []
    for line in (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines():
        requirement = line.partition("#")[0].strip()
        if not requirement:
            continue
        name, _, pinned = requirement.partition("==")
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            checks.append(Check(name, BAD, f"is missing: pip install {requirement}"))
            continue
        same = found.partition("+")[0] == pinned
        checks.append(Check(name, GOOD if same else NOTE, found if same else f"{found}, tested with {pinned}"))
    return checks


def _stores(workspace: Workspace) -> list[Check]:
    """The workspace, its data bases and its data sets."""
    if not workspace.root.exists():
        return [Check("workspace", NOTE, f"{workspace.root} does not exist yet; the first import makes it")]
    checks = [Check("workspace", GOOD, str(workspace.root))]
    checks += [_integrity(path) for path in (workspace.labels_db, workspace.jobs_db) if path.exists()]
    return checks + _datasets(workspace)


def _integrity(path: Path) -> Check:
    """SQLite's own check, through a connection that cannot write."""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            answer = connection.execute("PRAGMA quick_check").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Check(path.name, BAD, f"cannot be read ({error}); restore it from a backup")
    if answer != "ok":
        return Check(path.name, BAD, f"is damaged ({answer}); restore it from a backup")
    return Check(path.name, GOOD, f"sound, {path.stat().st_size / 1e6:.1f} MB")


def _datasets(workspace: Workspace) -> list[Check]:
    from fer_core.dataset.store import list_datasets, open_dataset
    from fer_core.errors import FerretError

    checks = []
    for info in list_datasets(workspace):
        try:
            count = len(open_dataset(workspace, info.name))
            checks.append(Check(f"data set {info.name}", GOOD, f"{count:,} images, hash {info.hash[:12]}"))
        except (FerretError, OSError, ValueError) as error:
            checks.append(Check(f"data set {info.name}", BAD, str(error)))
    return checks or [Check("data sets", NOTE, "none yet: python -m fer_core demo")]


def _models() -> list[Check]:
    models = sorted(SHIPPED_MODELS.glob("*.safetensors"))
    if not models:
        return [Check("models", BAD, f"no weights in {SHIPPED_MODELS}: Predict has nothing to predict with")]
    return [Check(f"model {path.stem}", GOOD, f"{path.stat().st_size / 1e6:.1f} MB") for path in models]
