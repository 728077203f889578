"""What doctor says of one thing that it looked at."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from fer_core.workspace import Workspace

GOOD, NOTE, BAD = "good", "note", "bad"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what, how it is in words, and the command that mends it where one does."""

    what: str
    state: str  # GOOD, NOTE (worth knowing) or BAD (something does not work)
    words: str
    mend: str = ""


def ferret(workspace: Workspace, *arguments: str) -> str:
    """The command line of one of our commands in this workspace. BACKUP and FILE stand for what people put there."""
    where = [] if workspace.root == Path("data").resolve() else ["--workspace", str(workspace.root)]
    return shlex.join(["python", "-m", "fer_core", *arguments, *where])


def remove(*paths: Path) -> str:
    return shlex.join(["rm", "-r", *map(str, paths)])
