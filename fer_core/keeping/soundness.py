"""Whether what is stored can be read: data bases, data sets with all that belongs to them, runs.

Everything is looked at without changing it. Beginnings and ends of files are read, which finds those that were cut off;
`deep` reads every byte and compares it with the sums that were taken when it was stored.
"""

import hashlib
import json
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.database import Schema, on_server, server_url
from fer_core.dataset.store import Dataset, content_hashes, open_dataset
from fer_core.dataset.version import content_hash, open_version
from fer_core.errors import FerretError
from fer_core.files import finished
from fer_core.jobs.store import SCHEMA as JOBS_SCHEMA
from fer_core.keeping.findings import BAD, GOOD, NOTE, Check, ferret, remove
from fer_core.keeping.serving import check_server
from fer_core.review.events.database import SCHEMA as LABELS_SCHEMA
from fer_core.snapshot import connect_read_only, problem_with
from fer_core.workspace import Workspace

_BATCH = 4096  # images
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, pa.ArrowException, struct.error, FerretError)


def check_databases(workspace: Workspace) -> Iterator[Check]:
    """The server where there is one; every SQLite file: SQLite's own check, and the version of its format."""
    if server_url() or on_server(workspace.root):
        yield from check_server(workspace)
    schemas = {workspace.labels_db: LABELS_SCHEMA, workspace.jobs_db: JOBS_SCHEMA}
    for path in [*schemas, workspace.leases_db, *sorted(workspace.root.glob("sweeps/*.db"))]:
        if path.exists():
            yield _database(workspace, path, schemas.get(path))
        elif path.with_name(f"{path.name}-wal").exists():
            words = f"is missing, but its {path.name}-wal is there: it was moved. Bring it back beside that"
            yield Check(path.name, BAD, words, ferret(workspace, "restore", "BACKUP", "--replace"))


def _database(workspace: Workspace, path: Path, schema: Schema | None) -> Check:
    if problem := problem_with(path):
        if path == workspace.labels_db:
            mend = ferret(workspace, "restore", "BACKUP", "--replace")
            return Check(path.name, BAD, f"is damaged ({problem}); restore it from a backup", mend)
        own = [file for file in (path, path.with_name(f"{path.name}-wal")) if file.exists()]
        return Check(path.name, BAD, f"is damaged ({problem}); it can be begun anew", remove(*own))
    size = f"sound, {path.stat().st_size / 1e6:.1f} MB"
    if schema is None:
        return Check(path.name, GOOD, size)
    with closing(connect_read_only(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.version:
        words = f"has format {version}, this FERret knows {schema.version}: update FERret"
        return Check(path.name, BAD, words, "git pull && make app")
    older = f", format {version}; the next use brings it to {schema.version}, after a copy beside it"
    return Check(path.name, GOOD, size + (older if version < schema.version else f", format {version}"))


def check_datasets(workspace: Workspace, deep: bool = False) -> Iterator[Check]:
    """Every data set with its votes, versions, audits and selections; one line for it and one for each fault."""
    folders = [path for path in sorted(workspace.datasets.glob("*")) if path.is_dir() and path.name[0] != "."]
    for folder in folders:
        yield from _dataset(workspace, folder, deep)
    if not folders:
        yield Check("data sets", NOTE, "none yet", ferret(workspace, "demo"))


def _dataset(workspace: Workspace, folder: Path, deep: bool) -> Iterator[Check]:
    what, anew = f"data set {folder.name}", ferret(workspace, "restore", "BACKUP", "--replace")
    problem = problem_in([folder / name for name in ("dataset.json", "table.parquet", "images.npy")], deep)
    if problem is None:
        try:
            dataset = open_dataset(workspace, folder.name)
            problem = _other_content(dataset) if deep else None
        except _UNREADABLE as error:
            problem = _plain(error)
    if problem:
        words = f"{problem}. Restore it, or remove {folder} and import it again under this name"
        yield Check(what, BAD, words, anew)
        return
    faults = list(_parts(workspace, folder, dataset, deep))
    yield from faults
    counts = Counter(
        versions=len(finished(folder / "versions", "*.json")),
        audits=len(list(folder.glob("audits/*/audit.json"))),
        selections=len(finished(folder / "selections", "*.json")),
    )
    held = "".join(f", {count:,} {kind if count > 1 else kind[:-1]}" for kind, count in counts.items() if count)
    state = "" if faults else ", every byte as it was stored" if deep else ""
    yield Check(what, GOOD, f"{len(dataset):,} images, hash {dataset.hash[:12]}{held}{state}")


def _parts(workspace: Workspace, folder: Path, dataset: Dataset, deep: bool) -> Iterator[Check]:
    name = folder.name
    back = ferret(workspace, "restore", "BACKUP")
    if problem := problem_in([folder / "votes.parquet"], deep):
        mend = ferret(workspace, "votes", name, "FILE", "--replace")
        yield Check(f"votes of {name}", BAD, problem, mend)
    for document in finished(folder / "versions", "*.json"):
        manifest = document.with_suffix(".parquet")
        problem = f"{manifest} is missing" if not manifest.exists() else problem_in([document, manifest], deep)
        if problem is None and deep:
            problem = _other_version(workspace, f"{name}@{document.stem}")
        if problem:
            mend = f"{remove(document)} && {back}"
            yield Check(f"version {name}@{document.stem}", BAD, f"{problem}; a backup of the labels has it", mend)
    for audit in sorted(folder.glob("audits/*/audit.json")):
        if problem := problem_in(sorted(audit.parent.iterdir()), deep):
            mend = f"{remove(audit.parent)} && {ferret(workspace, 'audit', name)}"
            yield Check(f"audit {audit.parent.name}", BAD, f"{problem}; it can be made again", mend)
    for selection in finished(folder / "selections", "*.json"):
        if problem := problem_in([selection], deep):
            yield Check(f"selection {selection.stem}", BAD, f"{problem}; its queue is lost", remove(selection))


def check_runs(workspace: Workspace, deep: bool = False) -> Iterator[Check]:
    """Every run's documents, tables and weights."""
    runs = [path for path in sorted(workspace.runs.glob("*")) if path.is_dir() and path.name[0] != "."]
    damaged = 0
    for run in runs:
        problem = problem_in(sorted(run.iterdir()), deep)
        if problem is None and not (run / "run.json").exists():
            problem = f"{run} has no run.json"
        if problem:
            damaged += 1
            mend = f"mv {run} {workspace.root / f'damaged-{run.name}'}"
            yield Check(f"run {run.name}", BAD, f"{problem}; restore it or train it again", mend)
    if len(runs) > damaged:
        count = len(runs) - damaged
        yield Check("runs", GOOD, f"{count:,} {'run' if count == 1 else 'runs'}")


def problem_in(paths: Iterable[Path], deep: bool) -> str | None:
    """What is wrong with the first of these files that cannot be read, in words; missing ones are nobody's fault."""
    readers = {".json": _read_json, ".parquet": _read_parquet, ".npy": _read_npy, ".safetensors": _read_safetensors}
    for path in paths:
        read = readers.get(path.suffix)
        if read is None or not path.is_file() or path.name.startswith("."):
            continue
        try:
            read(path, deep)
        except _UNREADABLE as error:
            return f"{path} is damaged ({_plain(error)})"
    return None


def _read_json(path: Path, deep: bool) -> None:
    json.loads(path.read_text(encoding="utf-8"))


def _read_parquet(path: Path, deep: bool) -> None:
    pq.ParquetFile(path).close()
    if deep:
        pd.read_parquet(path)


def _read_npy(path: Path, deep: bool) -> None:
    np.load(path, mmap_mode="r", allow_pickle=False)


def _read_safetensors(path: Path, deep: bool) -> None:
    """The header against the length of the file; `deep`: the sum that our own files carry."""
    size = path.stat().st_size
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > size:
            raise ValueError("its header is cut off")
        header = json.loads(file.read(length))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    if 8 + length + max(ends, default=0) != size:
        raise ValueError("its end is missing")
    if deep:
        from fer_core.networks.tensors import read_tensors

        read_tensors(path)


def _other_content(dataset: Dataset) -> str | None:
    """Whether pixels, labels and splits are those that were imported (see `create_dataset`)."""
    known = dataset.table["content"].tolist()
    for start in range(0, len(dataset), _BATCH):
        for row, found in enumerate(content_hashes(dataset.images[start : start + _BATCH]), start):
            if found != known[row]:
                return f"the pixels of row {row:,} are not those that were imported"
    digest = hashlib.sha256("".join(known).encode())
    digest.update(dataset.labels.tobytes())
    digest.update(dataset.splits.tobytes())
    return None if digest.hexdigest() == dataset.hash else "its labels or splits are not those that were imported"


def _other_version(workspace: Workspace, reference: str) -> str | None:
    try:
        version = open_version(workspace, reference)
        same = content_hash(version) == version.hash
    except _UNREADABLE as error:
        return _plain(error)
    return None if same else "it is not what its hash names"


def _plain(error: Exception) -> str:
    """One line of an error that a library raised."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:300]
