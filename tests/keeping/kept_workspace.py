"""A small workspace with something of everything that people make, and what a folder holds."""

import json
import sqlite3
import zipfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import numpy as np

from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.dataset.votes import VoteTable, store_votes
from fer_core.identity import signing_key
from fer_core.jobs.store import add_job
from fer_core.review.cards.preferences import Preferences, save_preferences
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.queues.selections import save_selection
from fer_core.workspace import Workspace


def small_dataset(workspace: Workspace, seed: int = 5) -> Dataset:
    drawn = np.random.default_rng(seed).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    splits = np.array([0] * 8 + [1] * 2 + [2] * 2, np.int8)
    return create_dataset(workspace, "small", Images(drawn, np.arange(12, dtype=np.int8) % 7, splits), origin={})


def verdict(dataset: Dataset, row: int, answer: str = "sad") -> Verdict:
    return Verdict(
        id=str(uuid4()),
        kind="answer",
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        row=row,
        content=dataset.table["content"].iat[row],
        annotator="ada",
        round=1,
        answer=answer,
        time="2026-11-21T10:00:00+00:00",
    )


def cut(workspace: Workspace, dataset: Dataset, name: str, drop: int) -> None:
    manifest = as_imported(dataset).manifest
    manifest.loc[drop, "kept"] = False
    store_version(workspace, dataset, name, manifest, {})


def fill(workspace: Workspace) -> Dataset:
    dataset = small_dataset(workspace)
    VerdictLog(workspace.labels_db).record(dataset, [verdict(dataset, 0), verdict(dataset, 1, "fear")])
    counts = np.zeros((12, 10), np.int32)
    counts[:, 3] = 10
    store_votes(dataset, VoteTable(counts, "votes.csv"))
    cut(workspace, dataset, "clean", drop=2)
    save_selection(dataset, np.array([1, 4]), "picked")
    save_preferences(workspace, "ada", Preferences(look_after=True))
    (workspace.root / "recipes").mkdir()
    (workspace.root / "recipes" / "mine.toml").write_text("epochs = 3\n")
    signing_key(workspace.root)
    add_job(workspace, ["audit", "small"], "audit of small", workspace.root)
    unfinished = dataset.path / "audits" / "fast-scout-12345678"
    unfinished.mkdir(parents=True)
    (unfinished / "cascade.parquet").write_bytes(b"half")
    run = workspace.run("shallow48-20261121-1405-ab12")
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"started": "2026-11-21T14:05:00+00:00", "status": "done"}))
    (run / "events.jsonl").write_text("")
    return dataset


def files_of(folder: Path) -> dict[str, object]:
    """Every file with its bytes; of data bases what they say, since SQLite keeps its own books in them."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as connection:
                found[path.relative_to(folder).as_posix()] = list(connection.iterdump())
        elif path.is_file() and not path.name.endswith(("-wal", "-shm")):
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def rewrite(file: Path, change) -> None:
    """The archive with its members, name to bytes, changed; the manifest follows unless it is itself changed."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop("manifest.json"))
    extra = change(members, manifest) or []
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in [*members.items(), *extra]:
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(manifest))


def listed(members, manifest, name: str, content: bytes = b"x") -> None:
    members[name] = content
    manifest["files"][name] = [sha256(content).hexdigest(), len(content)]
