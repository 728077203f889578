"""Audits on disk, beside the data set they are about: `datasets/NAME/audits/ID/`.

audit.json            settings, figures, when and how long; written last, so an audit with one is whole
findings.parquet      findings.COLUMNS
suspects.parquet      one row for every image, most suspect first (see ranking.rank_suspects)
quality.parquet       the measures behind flat and blurred, by row
probabilities.npy     float32 (N, 7), out of fold, by row
fold-K.npy            what a finished fold said of every image; kept until the audit is whole
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.errors import NotFound
from fer_core.files import read_json


@dataclass(frozen=True)
class AuditSettings:
    """What is decided about an audit. The same settings on the same data set are the same audit."""

    network: str = "shallow"
    size: int = 48
    folds: int = 4
    recipe: str = "quick"
    seed: int = 0
    labels: bool = True  # False: the model-free reasons alone

    def audit_id(self, dataset: Dataset) -> str:
        """Names the audit: readable settings and a hash over them and the data set's content."""
        digest = sha256(f"{dataset.hash} {sorted(asdict(self).items())}".encode()).hexdigest()[:8]
        return f"{self.network}{self.size}-{self.folds}fold-{digest}" if self.labels else f"modelfree-{digest}"

    def folder(self, dataset: Dataset) -> Path:
        return dataset.path / "audits" / self.audit_id(dataset)


@dataclass(frozen=True)
class Audit:
    """A finished audit; tables are read when they are first asked for."""

    path: Path
    document: dict[str, Any]  # audit.json

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def model(self) -> str:
        """The network behind the suspicion, for the log of a verdict; empty for a model-free audit."""
        settings = self.document["settings"]
        return f"{settings['network']}{settings['size']}" if settings["labels"] else ""

    @cached_property
    def findings(self) -> pd.DataFrame:
        """All findings: row, reason, score, evidence, partner (-1 where there is none)."""
        return pd.read_parquet(self.path / "findings.parquet")

    @cached_property
    def suspects(self) -> pd.DataFrame:
        """One row for every image, most suspect first."""
        return pd.read_parquet(self.path / "suspects.parquet")

    @cached_property
    def quality(self) -> pd.DataFrame:
        """range and sharpness by row."""
        return pd.read_parquet(self.path / "quality.parquet")

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Out-of-fold probabilities, float32 (N, 7) by row; uniform in a model-free audit."""
        return np.load(self.path / "probabilities.npy", mmap_mode="r", allow_pickle=False)


def list_audits(dataset: Dataset) -> list[Audit]:
    """The finished audits of a data set, the newest first."""
    audits = [Audit(file.parent, read_json(file)) for file in (dataset.path / "audits").glob("*/audit.json")]
    return sorted(audits, key=lambda audit: audit.document["finished"], reverse=True)


def latest_audit(dataset: Dataset) -> Audit | None:
    """The newest finished audit that looked at labels, else the newest one, else None."""
    audits = list_audits(dataset)
    return next((audit for audit in audits if audit.document["settings"]["labels"]), audits[0] if audits else None)


def need_audit(dataset: Dataset) -> Audit:
    """The latest audit, or NotFound that says how to make one."""
    audit = latest_audit(dataset)
    if audit is None:
        raise NotFound(f"{dataset.name} has not been audited yet: python -m fer_core audit {dataset.name}")
    return audit
