"""One audit from start to end: pixels, quality, faces, labels, then the ranking.

An audit of the same version with the same settings is the same audit: when it is whole it is opened, when it was
killed it goes on where it was.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_core.audit import duplicates, near_duplicates, not_a_face, quality, ranking
from fer_core.audit.findings import REASONS
from fer_core.audit.results import Audit, AuditSettings
from fer_core.dataset.version import DatasetVersion
from fer_core.files import atomic_path, locked, read_json, sweep_temporaries, write_json
from fer_core.progress import Report, part, silent


def run_audit(
    version: DatasetVersion, settings: AuditSettings, report: Report = silent, cores: int | None = None
) -> Audit:
    """Run, resume or open the audit of `version` with `settings`, on `cores` cores (None: all).

    Raises StoreError while another process makes it.
    """
    folder = settings.folder(version)
    if not _is_whole(folder):
        refusal = f"The audit {folder.name} is being made by another process; wait for it."
        with locked(folder / "audit.lock", refusal):
            if not _is_whole(folder):  # somebody else may have made it meanwhile
                _make(version, settings, folder, report, cores)
    return Audit(folder, read_json(folder / "audit.json"))


def _is_whole(folder: Path) -> bool:
    return (folder / "audit.json").exists()


def _make(version: DatasetVersion, settings: AuditSettings, folder: Path, report: Report, cores: int | None) -> None:
    dataset, labels = version.dataset, version.own_labels
    sweep_temporaries(folder)
    started = time.monotonic()
    share = 0.06 if settings.labels else 1.0  # of the time, for what needs no network
    free = part(report, 0.0, share)

    free("comparing pixels", 0.0)
    tables = [
        duplicates.exact_duplicates(dataset.groups),
        duplicates.label_conflicts(dataset.groups, labels),
        duplicates.split_leaks(dataset.groups, dataset.splits),
    ]
    pairs = _kept(
        folder / "near_pairs.parquet",
        lambda: near_duplicates.near_duplicate_pairs(dataset.images, dataset.groups, part(free, 0.0, 0.25)),
    )
    tables.append(near_duplicates.near_duplicates(pairs, labels, dataset.splits))
    scores = quality.measure_quality(dataset.images, part(free, 0.25, 0.3))
    tables += [quality.quality_findings(scores, check) for check in quality.CHECKS]
    pixels_done = time.monotonic()
    cascade = _kept(
        folder / "cascade.parquet",
        lambda: pd.DataFrame({"cascade": not_a_face.face_evidence(dataset.images, part(free, 0.3, 1.0))}),
    )["cascade"].to_numpy()
    scores["odd_pixels"] = scores["not_a_face"] = not_a_face.not_a_face_scores(dataset.images, cascade)
    faces_done = time.monotonic()

    about: dict[str, Any] = {}
    votes, suspicion = None, np.full(len(dataset), 0.5, np.float32)
    if settings.labels:
        from fer_core.audit.opinion import ask_networks  # torch, which the model-free reasons do not need

        opinion = ask_networks(version, settings, scores["odd_pixels"].to_numpy(), part(report, share, 0.99), cores)
        scores = scores.assign(**opinion.scores)
        scores["not_a_face"] = not_a_face.not_a_face_scores(
            dataset.images, cascade, opinion.features.astype(np.float32), opinion.probabilities
        )
        votes, suspicion = opinion.votes, opinion.scores["suspicion"]
        tables.append(
            ranking.suspicious_labels(
                suspicion,
                votes,
                opinion.probabilities,
                labels,
                opinion.figures["suspect_from"],
                opinion.figures["annotators_known"],
            )
        )
        about = opinion.figures
        _store_table(folder / "classes.parquet", opinion.class_pairs)
        for name, array in opinion.arrays().items():
            with atomic_path(folder / f"{name}.npy") as temporary, temporary.open("wb") as handle:
                np.save(handle, array)

    tables.append(not_a_face.not_a_face(scores["not_a_face"].to_numpy(), cascade=cascade))
    report("ranking", 0.99)
    found = pd.concat(tables, ignore_index=True)
    _store_table(folder / "findings.parquet", found)
    _store_table(folder / "suspects.parquet", ranking.rank_suspects(version, suspicion, votes, found))
    _store_table(folder / "scores.parquet", scores)
    counts = found["reason"].value_counts()
    write_json(
        folder / "audit.json",
        {
            "dataset": dataset.name,
            "dataset_hash": dataset.hash,
            "version": str(version),
            "version_hash": version.hash,
            "settings": asdict(settings),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            # Of this sitting: what an earlier one had stored took no time in this one.
            "seconds": {
                "all": round(time.monotonic() - started, 1),
                "pixels": round(pixels_done - started, 1),
                "faces": round(faces_done - pixels_done, 1),
            },
            "images": len(dataset),
            "findings": {reason: int(counts.get(reason, 0)) for reason in REASONS},
            "duplicates": asdict(duplicates.summarise(dataset.groups, labels, dataset.splits)),
            **about,
        },
    )
    for crumb in (*folder.glob("fold-*.npz"), folder / "cascade.parquet"):
        crumb.unlink(missing_ok=True)
    report("audit done", 1.0)


def _kept(file: Path, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """A table from the disk, made and stored when it is not there yet."""
    if not file.exists():
        _store_table(file, make())
    return pd.read_parquet(file)


def _store_table(file: Path, table: pd.DataFrame) -> None:
    with atomic_path(file) as temporary:
        table.to_parquet(temporary)
