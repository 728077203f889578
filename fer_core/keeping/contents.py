"""Which files of a workspace belong in a backup, by name as in the archive: paths from the workspace, with slashes.

Left out: what ends by itself (leases), what can be made again (exports, logs of jobs, unfinished audits, deleted runs)
and, unless it is asked for, the key that signs names.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fer_core.database import is_kept
from fer_core.files import finished
from fer_core.jobs.store import SCHEMA as JOBS_SCHEMA
from fer_core.review.events.database import SCHEMA as LABELS_SCHEMA
from fer_core.runs.run import list_runs
from fer_core.workspace import Workspace

WORKSPACE, LABELS = "workspace", "labels"
KEY = "identity.key"
LABELS_DB, JOBS_DB = "labels.db", "jobs.db"
SCHEMAS = {LABELS_DB: LABELS_SCHEMA, JOBS_DB: JOBS_SCHEMA}
FOLDERS = ("datasets", "runs", "annotators", "recipes", "sweeps", "proofs")

# Of a data set, what the labels alone need: enough to know it again, votes, versions and queues.
_LABEL_FILES = ("dataset.json", "votes.parquet")
_LABEL_FOLDERS = ("versions", "selections")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,127}")
_BESIDE = ("-wal", "-shm", "-journal")  # SQLite takes what lies so beside a file for a part of it


@dataclass(frozen=True)
class Contents:
    """Names of what a backup holds, each once."""

    files: list[str]
    databases: list[str]  # copied as SQLite copies them, or read from the server
    left_out: list[str]  # sentences' parts: what is not in it, and why


def list_contents(workspace: Workspace, scope: str, *, runs: bool = False, key: bool = False) -> Contents:
    """What a backup of `scope` holds: WORKSPACE everything but runs, LABELS what people said and what was cut from it.

    `runs`: the trained networks too, but those in training; `key`: the secret that signs names too.
    """
    root = workspace.root
    left_out: list[str] = []
    paths: list[Path] = []
    for folder in sorted(workspace.datasets.glob("*/dataset.json")):
        if not folder.parent.name.startswith("."):
            paths += _dataset_files(folder.parent, scope, left_out)
    paths += finished(root / "annotators", "*.json")
    if scope == WORKSPACE:
        paths += [*finished(root / "recipes", "*.toml"), *finished(root / "proofs", "*.json")]
        if runs:
            for run in list_runs(workspace):
                paths += _files_under(run.path)
        elif count := len(list(workspace.runs.glob("*/run.json"))):
            left_out.append(f"{count:,} {'run' if count == 1 else 'runs'} (--with-runs takes them along)")
        if key and (root / KEY).exists():
            paths.append(root / KEY)
    databases = [workspace.labels_db]
    if scope == WORKSPACE:
        databases += [workspace.jobs_db, *sorted(root.glob("sweeps/*.db"))]
    files = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        if fits(name, scope):
            files.append(name)
        else:
            left_out.append(f"{name} (no file of FERret has such a name)")
    databases = [path for path in databases if is_kept(path) and not _is_empty(path)]
    return Contents(sorted(files), [path.relative_to(root).as_posix() for path in databases], left_out)


def run_files(workspace: Workspace, run: str) -> list[str]:
    """The files of a run that a backup holds, by name."""
    names = (path.relative_to(workspace.root).as_posix() for path in _files_under(workspace.run(run)))
    return [name for name in names if fits(name)]


def fits(name: str, scope: str = WORKSPACE) -> bool:
    """Whether a name can stand in an archive of that scope: in a place that it has there, and not leading out of it."""
    parts = name.split("/")
    if not all(_PART.fullmatch(part) for part in parts) or len(parts) > 12 or name.endswith(_BESIDE):
        return False
    if scope != LABELS:
        return name in (LABELS_DB, JOBS_DB, KEY) if len(parts) == 1 else parts[0] in FOLDERS
    if parts[0] == "datasets":
        return parts[2:3] != [] and parts[2] in (_LABEL_FILES if len(parts) == 3 else _LABEL_FOLDERS)
    return name == LABELS_DB or (parts[0] == "annotators" and len(parts) == 2)


def run_of(name: str) -> str | None:
    """The id of the run that a file belongs to."""
    parts = PurePosixPath(name).parts
    return parts[1] if parts[0] == "runs" else None


def _is_empty(path: Path) -> bool:
    """Whether a data base was opened on a full disk, and nothing was ever written to it."""
    return path.exists() and not path.stat().st_size


def _dataset_files(folder: Path, scope: str, left_out: list[str]) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or (
            scope == LABELS and entry.name not in (_LABEL_FOLDERS if entry.is_dir() else _LABEL_FILES)
        ):
            continue
        if entry.is_file():
            yield entry
        elif entry.name == "audits":
            for audit in sorted(entry.iterdir()):
                if (audit / "audit.json").exists():
                    yield from _files_under(audit)
                elif audit.is_dir():
                    left_out.append(f"the unfinished audit {folder.name}/{audit.name}")
        elif entry.name == "versions":
            # The document comes last when a version is stored, so it has to be looked for first.
            names = [file.stem for file in finished(entry, "*.json")]
            for name in names:
                yield from [entry / f"{name}.parquet", *_files_under(entry / f"{name}.supplements")]
                yield entry / f"{name}.json"
        else:
            yield from _files_under(entry)


def _files_under(folder: Path) -> Iterable[Path]:
    """Files of a folder and its folders, but temporary ones and locks."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink() and not hidden and path.suffix != ".lock":
            yield path
