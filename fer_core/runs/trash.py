"""Deleting runs so that it can be undone: the folder moves to `runs/.trash/` and comes back from there.

A deleted run lies in `.trash/WHEN_ID`; WHEN (UTC) lets one id be deleted twice and says what has lain there for long.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fer_core.errors import NotFound, UsageError
from fer_core.files import sync_folder
from fer_core.runs.run import Run, held, open_run
from fer_core.workspace import Workspace

FOLDER = ".trash"
KEPT_DAYS = 30
_WHEN = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Deleted:
    """A run in the trash."""

    id: str
    path: Path
    when: datetime  # UTC


def delete_run(workspace: Workspace, run_id: str) -> Deleted:
    """Move a run to the trash; what has lain there for KEPT_DAYS goes for good.

    Raises NotFound for a run that is not there and StoreError for one that is being trained.
    """
    run = open_run(workspace, run_id)
    when = datetime.now(UTC)
    empty_trash(workspace, before=when - timedelta(days=KEPT_DAYS))
    target = workspace.runs / FOLDER / f"{when.strftime(_WHEN)}_{run.id}"
    target.parent.mkdir(exist_ok=True)
    with held(run.path):
        run.path.rename(target)
    sync_folder(workspace.runs)
    return Deleted(run.id, target, when)


def restore_run(workspace: Workspace, run_id: str) -> Run:
    """Bring the run of that id back, the one deleted last where there are several.

    Raises NotFound where the trash has none, and UsageError where another run has taken the id meanwhile.
    """
    found = next((deleted for deleted in list_trash(workspace) if deleted.id == run_id), None)
    if found is None:
        raise NotFound(f"There is no deleted run {run_id!r}; deleted runs are kept for {KEPT_DAYS} days.")
    target = workspace.run(run_id)
    if target.exists():
        raise UsageError(f"There is a run {run_id!r} again; delete or move that one before bringing this one back.")
    found.path.rename(target)
    sync_folder(workspace.runs)
    return open_run(workspace, run_id)


def list_trash(workspace: Workspace) -> list[Deleted]:
    """The deleted runs, the last one first."""
    found = []
    for path in (workspace.runs / FOLDER).glob("*_*"):
        when, _, run_id = path.name.partition("_")
        with suppress(ValueError):  # what somebody else has put there is none of ours
            found.append(Deleted(run_id, path, datetime.strptime(when, _WHEN).replace(tzinfo=UTC)))
    return sorted(found, key=lambda deleted: deleted.when, reverse=True)


def empty_trash(workspace: Workspace, before: datetime | None = None) -> list[str]:
    """Remove deleted runs for good, all of them or those deleted before a time (UTC); returns their ids."""
    gone = [deleted for deleted in list_trash(workspace) if before is None or deleted.when < before]
    for deleted in gone:
        shutil.rmtree(deleted.path)
    return [deleted.id for deleted in gone]
