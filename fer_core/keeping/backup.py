"""`backup`: a workspace, or the labels of one, as one archive while others go on writing.

Data sets, versions and audits never change once they are stored, and all other files take their place whole, so copying
them one after the other is safe. Data bases are copied by SQLite, or read from the server into a SQLite file, each as
it was at one moment, the verdict log last: it knows every answer that a copied version was cut from. The archive takes
its name when it is whole.
"""

import hashlib
import json
import sqlite3
import zipfile
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from fer_core import __version__
from fer_core.database import on_server, open_database
from fer_core.errors import InputRefused, NotFound, StoreError, UsageError
from fer_core.files import atomic_path, sweep_temporaries
from fer_core.keeping.archive import CHUNK, FORMAT, FORMAT_VERSION, MANIFEST, Manifest
from fer_core.keeping.contents import (
    KEY,
    LABELS,
    LABELS_DB,
    SCHEMAS,
    WORKSPACE,
    Contents,
    list_contents,
    run_files,
    run_of,
)
from fer_core.keeping.rows import dump
from fer_core.progress import Report, silent
from fer_core.runs.run import held
from fer_core.snapshot import copy_database, problem_with
from fer_core.workspace import Workspace

_COMPRESSED = {".parquet", ".safetensors", ".npz"}  # already, or it does not pay


def default_name(scope: str, now: datetime) -> str:
    """Such as `ferret-20261121T101500Z.zip` or `ferret-labels-...`; sorts by time. `now`: UTC."""
    return f"ferret-{'labels-' if scope == LABELS else ''}{now:%Y%m%dT%H%M%SZ}.zip"


def back_up(
    workspace: Workspace,
    target: Path,
    scope: str = WORKSPACE,
    *,
    runs: bool = False,
    key: bool = False,
    report: Report = silent,
) -> tuple[Path, Manifest]:
    """Write the archive `target`, or one of `default_name` in the folder `target`; returns its path and its list.

    See `list_contents` for the rest. Raises UsageError for a file that is there already, NotFound for a workspace
    without anything, InputRefused for a damaged data base, StoreError for a disk that is full or read-only.
    """
    if target.is_dir():
        target = target / default_name(scope, datetime.now(UTC))
    if target.exists():
        raise UsageError(f"{target} is there already; a backup never takes the place of another one.")
    contents = list_contents(workspace, scope, runs=runs, key=key)
    if not contents.files and not contents.databases:
        raise NotFound(f"There is nothing to back up in {workspace.root} (--workspace names another folder).")
    if target.parent.is_dir():
        sweep_temporaries(target.parent)
    try:
        with atomic_path(target) as temporary:
            if KEY in contents.files:
                temporary.touch(0o600)  # nobody else's from its first byte on
            manifest = _write(workspace, temporary, scope, contents, report)
    except OSError as error:
        place = error.filename or target
        raise StoreError(f"{place}: {error.strerror}. No backup was made; mend this and run it again.") from error
    return target, manifest


def _write(workspace: Workspace, temporary: Path, scope: str, contents: Contents, report: Report) -> Manifest:
    root, left_out = workspace.root, list(contents.left_out)
    files: dict[str, tuple[str, int]] = {}
    with zipfile.ZipFile(temporary, "w", compresslevel=1) as archive:
        for run, names in groupby(contents.files, run_of):
            try:
                with held(workspace.run(run)) if run else nullcontext():
                    # It may have gone on, and ended, since it was listed.
                    for name in run_files(workspace, run) if run else names:
                        report(f"copying {name.split('/')[0]}", len(files) / len(contents.files))
                        files[name] = _add(archive, name, root / name)
            except StoreError:
                left_out.append(f"the run {run}, which is being trained")
        for name in sorted(contents.databases, key=lambda name: name == LABELS_DB):
            report(f"copying {name}", 1.0)
            files[name] = _add_database(archive, name, root / name, temporary.with_name(f"{temporary.name}.db"))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(f"{FORMAT}{FORMAT_VERSION}", __version__, now, scope, left_out, files)
        archive.writestr(MANIFEST, json.dumps(manifest.document()))
    return manifest


def _add_database(archive: zipfile.ZipFile, name: str, path: Path, copy: Path) -> tuple[str, int]:
    try:
        if on_server(path.parent) and name in SCHEMAS:
            with open_database(path, SCHEMAS[name]).reading() as source:
                dump(source, SCHEMAS[name], copy)
        else:
            copy_database(path, copy)
        if problem := problem_with(copy, alone=True):
            raise InputRefused(f"{path} is damaged ({problem}); no backup was made. `doctor` says more.")
        return _add(archive, name, copy)
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} cannot be copied ({error}); no backup was made. `doctor` says more.") from error
    finally:
        copy.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> tuple[str, int]:
    """Copy a file into the archive; returns its sha256 and bytes."""
    archive.compression = zipfile.ZIP_STORED if path.suffix in _COMPRESSED else zipfile.ZIP_DEFLATED
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as member:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            member.write(chunk)
    return digest.hexdigest(), size
