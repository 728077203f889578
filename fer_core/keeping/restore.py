"""`restore`: an archive becomes a workspace again, whole or not at all.

Everything is unpacked and checked in a folder beside the workspace; only then the two change places, in one step where
the system has one (Linux). What was there before is kept beside, as `data.before-` and the moment. A process that is
killed meanwhile leaves the workspace as it was, and maybe a folder `.restoring-...` that the next restore removes.

With FER_DATABASE_URL set, labels and jobs go into a new schema on that server before the two change places; those of
the old workspace stay where they are, in its SQLite files or in its own schema.
"""

import ctypes
import errno
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from fer_core.database import APPLICATION, MARKER, VARIABLE, is_kept, on_server, server_url
from fer_core.errors import InputRefused, StoreError, UsageError
from fer_core.files import lives, sync_folder
from fer_core.jobs.store import ACTIVE, INTERRUPTED, RUNNING, list_jobs
from fer_core.keeping.archive import Archive, Manifest
from fer_core.keeping.contents import FOLDERS, JOBS_DB, KEY, LABELS_DB, SCHEMAS
from fer_core.keeping.rows import load
from fer_core.progress import Report
from fer_core.snapshot import connect_read_only, problem_with
from fer_core.workspace import Workspace

_STAGE = ".restoring-"
_ROOM = 64 << 20  # bytes that stay free
_NO_EXCHANGE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)  # what file systems without it say


@dataclass(frozen=True)
class Restored:
    """What became of a restore: `sentences` for people, and where what was there before lies now."""

    sentences: list[str]
    kept: Path | None = None
    complete: bool = True  # whether all of the archive found its place


def restore_workspace(
    workspace: Workspace, archive: Archive, *, replace: bool, dry_run: bool, report: Report
) -> Restored:
    """Put a workspace from an archive in the place of `workspace`; `dry_run` checks everything and changes nothing.

    Raises UsageError for a workspace with something in it unless `replace`, InputRefused for a bad archive, StoreError
    for a full disk or a workspace at work.
    """
    root = workspace.root.resolve()
    occupied = any((root / name).exists() for name in (LABELS_DB, JOBS_DB, MARKER, *FOLDERS))
    if occupied and not replace and not dry_run:
        raise UsageError(
            f"{root} is not empty. Say --replace to put the backup in its place (what is there now is kept beside "
            "it), or name another folder with --workspace."
        )
    if not dry_run:
        refuse_busy(workspace)
    with unpacked(archive, root.parent, root.name, list(archive.manifest.files), report) as stage:
        sentences = told(archive.manifest, stage)
        if dry_run:
            return Restored(sentences)
        refuse_busy(workspace)  # once more: unpacking takes minutes
        _stop_jobs(stage / JOBS_DB)
        if root.is_dir():
            _carry(root, stage)
        with _moved_to_server(stage) if server_url() else nullcontext():
            return Restored(sentences, _take_place(root, stage))


@contextmanager
def unpacked(archive: Archive, parent: Path, name: str, members: list[str], report: Report) -> Iterator[Path]:
    """A folder in `parent` with these members, every byte checked, and its data bases too; gone when the block ends."""
    _sweep(parent)
    needed = archive.manifest.size + _ROOM
    stage = parent / f"{_STAGE}{os.getpid()}-{os.urandom(4).hex()}-{name}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(parent).free < needed:
            raise StoreError(f"The disk that holds {parent} has no room for {needed / 1e6:,.0f} MB. Make room first.")
        stage.mkdir()
        for number, member in enumerate(members):
            report("checking and unpacking", number / len(members))
            archive.extract(member, stage / member)
            if member.endswith(".db"):
                _check_database(archive.path, member, stage / member)
        if (stage / KEY).exists():
            (stage / KEY).chmod(0o600)
        yield stage
    except OSError as error:
        place = error.filename or parent
        raise StoreError(f"{place}: {error.strerror}; not restored. Mend this, then run it again.") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def refuse_busy(workspace: Workspace) -> None:
    """StoreError while a job of the workspace runs: it would go on in files that are no longer there."""
    here = workspace.jobs_db.exists() and not on_server(workspace.root)
    if not is_kept(workspace.jobs_db) or (here and problem_with(workspace.jobs_db)):
        return
    if here and server_url():
        _refuse_marked(workspace)  # `list_jobs` refuses files as well now
        return
    running = next((job for job in list_jobs(workspace) if job.state == RUNNING), None)
    if running is not None:
        raise StoreError(
            f"Job {running.id} ({running.title}) runs in {workspace.root}. Wait for it, or: "
            f"python -m fer_core jobs cancel {running.id}"
        )


def _refuse_marked(workspace: Workspace) -> None:
    """`refuse_busy` for the jobs.db of a workspace that is being moved to a server."""
    with closing(connect_read_only(workspace.jobs_db)) as jobs:
        if jobs.execute("SELECT count(*) FROM jobs WHERE state = ?", (RUNNING,)).fetchone()[0]:
            raise StoreError(f"A job runs in {workspace.root}. Wait for it, or cancel it, with {VARIABLE} unset.")


def told(manifest: Manifest, stage: Path) -> list[str]:
    """What an archive holds, in sentences."""
    kinds: Counter[tuple[str, str]] = Counter()
    runs = set()
    for name in manifest.files:
        parts = PurePosixPath(name).parts
        if parts[0] == "runs":
            runs.add(parts[1])
        elif parts[0] == "datasets" and len(parts) > 3:
            whole = {"versions": len(parts) == 4 and name.endswith(".json"), "audits": parts[-1] == "audit.json"}
            kinds[parts[1], parts[2]] += whole.get(parts[2], len(parts) == 4)
    sentences = []
    for dataset in manifest.datasets():
        counts = {kind: kinds[dataset, kind] for kind in ("versions", "audits", "selections") if kinds[dataset, kind]}
        held = ", ".join(f"{count:,} {kind if count > 1 else kind[:-1]}" for kind, count in counts.items())
        images = "images" if f"datasets/{dataset}/images.npy" in manifest.files else "no images"
        sentences.append(f"Data set {dataset}: {images}{', ' if held else ''}{held}.")
    if LABELS_DB in manifest.files:
        with closing(connect_read_only(stage / LABELS_DB, alone=True)) as log:
            count = log.execute("SELECT count(*) FROM events").fetchone()[0]
        sentences.append(f"Verdict log: {count:,} events.")
    if runs:
        sentences.append(f"{len(runs):,} {'run' if len(runs) == 1 else 'runs'}.")
    return sentences + [f"Not in this backup: {words}." for words in manifest.left_out]


def now_stamp() -> str:
    """What is kept beside is named by the moment, to the microsecond: two restores may follow within a second."""
    return f"before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"


def _check_database(archive: Path, member: str, path: Path) -> None:
    """A data base out of an archive: sound, of a format that we know, and with nothing in it that acts by itself."""
    problem = problem_with(path, alone=True)
    if problem is None:
        with closing(connect_read_only(path, alone=True)) as connection:
            acting = connection.execute("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')")
            if acting.fetchone()[0]:
                problem = "it holds triggers or views, which FERret makes none of"
            schema = SCHEMAS.get(member)
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION and version > 0
            if schema and not (ours and tables.issuperset(schema.metadata.tables)):
                problem = f"it is no {schema.what} of FERret"
            elif schema and version > schema.version:
                problem = f"a newer FERret wrote it (format {version}, this one knows {schema.version}); update FERret"
    if problem is not None:
        raise InputRefused(f"{archive}: {member} cannot be used ({problem}). Nothing was restored.")


def _stop_jobs(path: Path) -> None:
    """Jobs that waited or ran when the backup was made do not start by themselves on what may be another machine."""
    if path.exists():
        with closing(sqlite3.connect(path)) as connection:
            marks = ", ".join("?" * len(ACTIVE))
            connection.execute(
                f"UPDATE jobs SET state = ?, error = ?, cancel_requested = 0 WHERE state IN ({marks})",  # noqa: S608
                (INTERRUPTED, "It waited or ran when the backup was made that was restored here.", *ACTIVE),
            )
            connection.commit()


@contextmanager
def _moved_to_server(stage: Path) -> Iterator[None]:
    """The stores of a stage go into a new schema on the server; when the block fails, it is taken away again."""
    from fer_core.database.postgres import PostgresDatabase, drop_schema, make_schema, write_marker

    place = make_schema()
    try:
        write_marker(stage / MARKER, place)
        for name, schema in SCHEMAS.items():
            file = stage / name
            if file.exists():
                store = PostgresDatabase(file, schema, place)
                try:
                    with store.writing() as connection:
                        load(file, connection, schema)
                finally:
                    store.close()
                for rest in stage.glob(f"{name}*"):
                    rest.unlink()
        yield
    except BaseException:
        if stage.exists():  # once it has another name, somebody may use it
            drop_schema(place)
        raise


def _carry(root: Path, stage: Path) -> None:
    """What lies in the old workspace beside its stores stays: the key that signs names, a README."""
    for path in root.iterdir():
        ours = path.name.startswith((LABELS_DB, JOBS_DB, "leases.db", MARKER, "."))
        if path.is_file() and not path.is_symlink() and not ours and not (stage / path.name).exists():
            shutil.copy2(path, stage / path.name)


def _take_place(root: Path, stage: Path) -> Path | None:
    """The stage becomes the workspace; returns where the old one lies."""
    os.sync()
    kept = root.with_name(f"{root.name}.{now_stamp()}")
    if not root.exists() or not any(root.iterdir()):
        stage.rename(root)
        sync_folder(root.parent)
        return None
    if root.is_mount():
        raise StoreError(
            f"{root} is a mount point and cannot change places with another folder. Restore into a folder inside it "
            f"(--workspace {root / 'workspace'}) and set FERRET_WORKSPACE to that."
        )
    stage.rename(kept)  # it has the name of the old one before it takes its place: nothing is ever nameless
    try:
        exchanged = _exchange(root, kept)
    except OSError:
        kept.rename(stage)  # and it goes; what bears that name is what was there before
        raise
    if not exchanged:
        aside = kept.with_name(f"{kept.name}-new")
        kept.rename(aside)
        root.rename(kept)
        aside.rename(root)
    sync_folder(root.parent)
    return kept


def _exchange(a: Path, b: Path) -> bool:
    """Two folders change places in one step (renameat2, Linux); False where the system cannot. Raises OSError."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if rename(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(a))


def _sweep(parent: Path) -> None:
    """Remove the stages of restores that were killed."""
    for stale in parent.glob(f"{_STAGE}*"):
        owner = stale.name.removeprefix(_STAGE).split("-", 1)[0]
        if owner.isdecimal() and not lives(int(owner)):
            shutil.rmtree(stale, ignore_errors=True)
