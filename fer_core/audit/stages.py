"""One audit from start to end: model-free reasons, then labels, then the ranking.

An audit of the same data set with the same settings is the same audit: when it is whole it is opened, when it was
killed it goes on where it was.
"""

import time
from dataclasses import asdict
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from fer_core.audit import duplicates, quality, ranking
from fer_core.audit.findings import REASONS
from fer_core.audit.results import Audit, AuditSettings
from fer_core.dataset.store import Dataset
from fer_core.emotions import CLASSES
from fer_core.files import atomic_path, read_json, sweep_temporaries, write_json
from fer_core.progress import Report, part, silent


def run_audit(dataset: Dataset, settings: AuditSettings, report: Report = silent) -> Audit:
    """Run, resume or open the audit of `dataset` with `settings`."""
    folder = settings.folder(dataset)
    if (folder / "audit.json").exists():
        return Audit(folder, read_json(folder / "audit.json"))
    folder.mkdir(parents=True, exist_ok=True)
    sweep_temporaries(folder)
    started = time.monotonic()

    report("comparing pixels", 0.0)
    tables = [
        duplicates.exact_duplicates(dataset.groups),
        duplicates.label_conflicts(dataset.groups, dataset.labels),
        duplicates.split_leaks(dataset.groups, dataset.splits),
    ]
    measures = quality.measure_quality(dataset.images, part(report, 0.01, 0.03))
    tables += [quality.flat(measures), quality.blurred(measures)]
    model_free = time.monotonic() - started

    if settings.labels:
        from fer_core.audit.labels import out_of_fold  # torch, which the model-free reasons do not need

        probabilities = out_of_fold(dataset, settings, part(report, 0.03, 0.99))
        tables.append(ranking.suspicious_labels(probabilities, dataset.labels))
    else:
        probabilities = np.full((len(dataset), CLASSES), 1 / CLASSES, np.float32)

    report("ranking", 0.99)
    found = pd.concat(tables, ignore_index=True)
    suspects = ranking.rank_suspects(dataset, probabilities, found)
    for name, table in (("findings", found), ("suspects", suspects), ("quality", measures)):
        with atomic_path(folder / f"{name}.parquet") as temporary:
            table.to_parquet(temporary)
    with atomic_path(folder / "probabilities.npy") as temporary, temporary.open("wb") as handle:
        np.save(handle, probabilities)
    counts = found["reason"].value_counts()
    write_json(
        folder / "audit.json",
        {
            "dataset": dataset.name,
            "dataset_hash": dataset.hash,
            "settings": asdict(settings),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - started, 1),
            "model_free_seconds": round(model_free, 1),
            "images": len(dataset),
            "findings": {reason: int(counts.get(reason, 0)) for reason in REASONS},
            "duplicates": asdict(duplicates.summarise(dataset.groups, dataset.labels, dataset.splits)),
            "out_of_fold_accuracy": float((probabilities.argmax(axis=1) == dataset.labels).mean())
            if settings.labels
            else None,
        },
    )
    for kept in folder.glob("fold-*.npy"):
        kept.unlink()
    report("audit done", 1.0)
    return Audit(folder, read_json(folder / "audit.json"))
