"""`restore` of the labels alone: what people said goes back into a workspace that has the images.

Versions never change, so they are added and a clash is refused; votes, queues and preferences take the place of others,
which are kept beside (`votes.parquet.before-...`); the verdict log comes last. Every file takes its place whole and
fits what is there already, so a process that is killed leaves a whole workspace, and running it again finishes.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sqlalchemy import select

from fer_core.database import is_kept, on_server, server_url
from fer_core.errors import InputRefused, StoreError, UsageError
from fer_core.files import atomic_path, read_json, sha256_file, sync_files, sync_folder
from fer_core.keeping.archive import Archive
from fer_core.keeping.contents import LABELS_DB
from fer_core.keeping.restore import Restored, now_stamp, refuse_busy, told, unpacked
from fer_core.keeping.rows import dump, load
from fer_core.progress import Report
from fer_core.review.events.database import SCHEMA, events
from fer_core.review.events.log import VerdictLog
from fer_core.snapshot import copy_database, problem_with
from fer_core.workspace import Workspace

_LOG_FILES = (LABELS_DB, f"{LABELS_DB}-wal")


@dataclass
class _Plan:
    """Names of files that come new and that take the place of others, and what has no place here."""

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # data sets


def restore_labels(workspace: Workspace, archive: Archive, *, replace: bool, dry_run: bool, report: Report) -> Restored:
    """Put votes, versions, queues, preferences and the verdict log of an archive into `workspace`.

    The data sets must be there (import them first); what belongs to one that is not is left out and said. Raises
    InputRefused for a data set with other images or a version cut differently, UsageError where something would be
    replaced unless `replace`, and the rest of `restore_workspace`.
    """
    root = workspace.root.resolve()
    with unpacked(archive, root, "labels", list(archive.manifest.files), report) as stage:
        plan = _plan(root, archive, stage)
        log = LABELS_DB in archive.manifest.files
        loses = log and is_kept(workspace.labels_db) and _would_lose(workspace.labels_db, stage / LABELS_DB)
        count, others = len(plan.new) + len(plan.replaced), len(plan.replaced)
        sentences = [f"{count:,} files, {others:,} of them in place of others."]
        sentences += told(archive.manifest, stage) + [
            f"{name} is not in this workspace: its versions, votes and queues were left out. Import it under this name "
            "and restore once more."
            for name in plan.missing
        ]
        if dry_run:
            return Restored(sentences, complete=not plan.missing)
        if (plan.replaced or loses) and not replace:
            what = ", ".join([*plan.replaced[:3], *([f"{loses} of the verdict log"] if loses else [])])
            raise UsageError(
                f"{root} has what is not in the backup: {what}. Say --replace to go back to the backup; what is there "
                "now is kept beside it."
            )
        refuse_busy(workspace)
        sync_files(stage)
        stamp = now_stamp()
        for name in plan.new + plan.replaced:
            _put(stage / name, root / name, stamp if name in plan.replaced else None)
        kept = _put_log(workspace.labels_db, stage / LABELS_DB, stamp) if log else None
        if plan.replaced:
            sentences.append(f"What was there before is called NAME.{stamp}.")
        return Restored(sentences, kept, complete=not plan.missing)


def _plan(root: Path, archive: Archive, stage: Path) -> _Plan:
    plan = _Plan()
    named = archive.manifest.datasets()
    for name in archive.manifest.files:
        if name.startswith("datasets/") and name.split("/")[1] not in named:
            raise InputRefused(f"{archive.path} does not say of which images {name} is; nothing of it is used.")
    for name in named:
        here = root / "datasets" / name / "dataset.json"
        if not here.exists():
            plan.missing.append(name)
        elif _hash_in(here) != _hash_in(stage / "datasets" / name / "dataset.json"):
            raise InputRefused(
                f"{archive.path}: its labels are of another {name} than the one in {root}, with other images. Restore "
                "them into a workspace that has those."
            )
    # The document of a version comes last: it exists from the moment that it does.
    for name in sorted(archive.manifest.files, key=lambda name: name.endswith(".json")):
        parts = PurePosixPath(name).parts
        if name == LABELS_DB or parts[2:] == ("dataset.json",) or (parts[0] == "datasets" and parts[1] in plan.missing):
            continue
        if parts[0] == "datasets" and parts[2] == "versions":
            if not _same_version(root, stage, parts):
                plan.new.append(name)
        elif not (root / name).exists():
            plan.new.append(name)
        elif sha256_file(root / name) != archive.manifest.files[name][0]:
            plan.replaced.append(name)
    return plan


def _same_version(root: Path, stage: Path, parts: tuple[str, ...]) -> bool:
    """Whether the version that a file belongs to is there already; InputRefused where it was cut differently."""
    version = PurePosixPath(parts[3]).stem  # of NAME.json, NAME.parquet and NAME.supplements/...
    document = PurePosixPath(*parts[:3]) / f"{version}.json"
    if not (root / document).exists():
        return False
    if _hash_in(root / document) != _hash_in(stage / document):
        raise InputRefused(
            f"There is a version {parts[1]}@{version} already, cut differently from the one in the backup; versions "
            "never change. Restore into another workspace."
        )
    return True


def _hash_in(document: Path) -> str:
    """The hash that the document of a data set or version names."""
    try:
        return str(read_json(document)["hash"])
    except (KeyError, TypeError, OSError) as error:
        raise InputRefused(
            f"{document.parent.name}/{document.name} says no hash, so it cannot be told apart."
        ) from error


def _would_lose(live: Path, copy: Path) -> str:
    """What the log has that its copy has not, in words; empty where the copy knows everything."""
    if not on_server(live.parent) and (problem := problem_with(live)):
        return f"a damaged file ({problem})"
    lost = len(_ids(VerdictLog(live)) - _ids(VerdictLog(copy, local=True)))
    return f"{lost:,} events" if lost else ""


def _ids(log: VerdictLog) -> set[str]:
    with log.database.reading() as connection:
        return set(connection.execute(select(events.c.id)).scalars())


def _put(staged: Path, target: Path, stamp: str | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if stamp is not None:
        os.link(target, target.with_name(f"{target.name}.{stamp}"))
    staged.replace(target)
    sync_folder(target.parent)


def _put_log(live: Path, copy: Path, stamp: str) -> Path | None:
    """The log of the backup takes the place of the live one; returns where that lies now."""
    kept = live.with_name(f"{live.name}.{stamp}")
    if on_server(live.parent) or server_url():
        return _put_rows(live, copy, kept)
    if not live.exists() or problem_with(live):  # nothing can be read, so what is there is moved away as it is
        remains = [live.with_name(name) for name in _LOG_FILES if live.with_name(name).exists()]
        for old in remains:
            os.link(old, kept.with_name(kept.name + old.name.removeprefix(LABELS_DB)))
        for name in (f"{LABELS_DB}-wal", f"{LABELS_DB}-shm"):
            live.with_name(name).unlink(missing_ok=True)
        copy.replace(live)
        return kept if remains else None
    columns = ", ".join(f'"{column.name}"' for column in events.columns)
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("ATTACH ? AS kept", (str(copy),))
        try:
            connection.execute("BEGIN IMMEDIATE")  # whoever answers now waits, and nothing comes between the two
            with atomic_path(kept) as temporary:
                copy_database(live, temporary)
            connection.execute("DELETE FROM main.events")
            connection.execute(f"INSERT INTO main.events ({columns}) SELECT {columns} FROM kept.events")  # noqa: S608
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{live} cannot be written ({error}); the log is as it was.") from error
    return kept


def _put_rows(live: Path, copy: Path, kept: Path) -> Path | None:
    """The same on a server; what was there is kept as a SQLite file beside the other files of the workspace."""
    log = VerdictLog(live)
    with log.database.writing() as connection:  # whoever answers now waits
        some = connection.execute(select(events.c.id).limit(1)).first() is not None
        if some:
            with atomic_path(kept) as temporary:
                dump(connection, SCHEMA, temporary)
        load(copy, connection, SCHEMA)
    return kept if some else None
