"""Audits on disk, beside the data set they are about: `datasets/NAME/audits/ID/`.

audit.json            settings, figures, when and how long; written last, so an audit with one is whole
findings.parquet      findings.COLUMNS
suspects.parquet      one row for every image, most suspect first (see ranking.rank_suspects)
scores.parquet        every score of every image, by row: quality measures, not a face (odd_pixels: before networks were
                      asked, which is what expected_votes takes), those of the labels
near_pairs.parquet    pairs of near duplicates
probabilities.npy     float32 (N, 7), out of fold, by row
in_training.npy       float32 (N, 7), what networks said of an image while they trained on it, by row
features.npy          float16 (N, D), of the first fold network, by row
map.npy               float32 (N, 2), the features drawn in the plane, by row
votes.npy             float32 (N, 10), expected shares of annotators' votes, by row
classes.parquet       pairs of classes: how often one is seen in place of the other
cascade.parquet       what the face detectors said; kept until the audit is whole
network-K.safetensors the networks of the first round of folds, in half precision
judges.npy            int8 (N,), the K of a network that did not train on the image, by row
fold-R-K.npz          what a finished fold said; kept until the audit is whole

A model-free audit has none of those that come from networks.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_core.audit.expected_votes import CROWD, TRANSLATION
from fer_core.audit.findings import REASONS
from fer_core.audit.strengths import STRENGTHS
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import DatasetVersion
from fer_core.errors import NotFound
from fer_core.files import read_json, sha256_file
from fer_core.training.recipe import Recipe, load_recipe

FAST = STRENGTHS["fast"]


@dataclass(frozen=True)
class AuditSettings:
    """What is decided about an audit. The same settings on the same version of a data set are the same audit."""

    strength: str = "fast"
    network: str = "scout"
    size: int = FAST.size
    folds: int = FAST.folds
    repeats: int = FAST.repeats
    views: int = FAST.views
    recipe: str = "audit"
    seed: int = 0
    labels: bool = True  # False: the model-free reasons alone

    def changed(self, **values: Any) -> "AuditSettings":
        """The same settings with other values; those that are None stay as they are."""
        return replace(self, **{key: value for key, value in values.items() if value is not None})

    def resolved_recipe(self) -> Recipe:
        """The recipe with the network and size that are asked for."""
        return load_recipe(self.recipe).changed(network=self.network, size=self.size)

    def audit_id(self, version: DatasetVersion) -> str:
        """Names the audit: readable settings and a hash over them, the recipe's content and the version's."""
        decided: dict[str, Any] = {"labels": False}
        if self.labels:
            reading = [sha256_file(file) for file in (TRANSLATION, CROWD)]
            decided = {**asdict(self), "recipe": self.resolved_recipe().document(), "reading": reading}
        digest = sha256(f"{version.hash} {sorted(REASONS)} {sorted(decided.items())}".encode()).hexdigest()[:8]
        at = f"{version.name}-" if version.name else ""
        return f"{at}{self.strength}-{self.network}-{digest}" if self.labels else f"{at}modelfree-{digest}"

    def folder(self, version: DatasetVersion) -> Path:
        return version.dataset.path / "audits" / self.audit_id(version)


def network_name(fold: int) -> str:
    """The file of the network that was fitted on all folds but this one, in the first round."""
    return f"network-{fold}.safetensors"


def preset(strength: str) -> AuditSettings:
    """The settings of one of STRENGTHS."""
    return AuditSettings(strength, **asdict(STRENGTHS[strength]))


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
        return f"{settings['strength']}-{settings['network']}{settings['size']}" if settings["labels"] else ""

    @cached_property
    def findings(self) -> pd.DataFrame:
        """All findings: row, reason, score, evidence, partner (-1 where there is none)."""
        return pd.read_parquet(self.path / "findings.parquet")

    @cached_property
    def suspects(self) -> pd.DataFrame:
        """One row for every image, most suspect first."""
        return pd.read_parquet(self.path / "suspects.parquet")

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Every score of every image, by row.

        quality.MEASURES, odd_pixels, not_a_face and, where networks were asked, scores.SCORES.
        """
        return pd.read_parquet(self.path / "scores.parquet")

    @cached_property
    def near_pairs(self) -> pd.DataFrame:
        """Pairs of near duplicates: near_duplicates.PAIR_COLUMNS."""
        return pd.read_parquet(self.path / "near_pairs.parquet")

    @cached_property
    def class_pairs(self) -> pd.DataFrame:
        """Pairs of classes (see classes.class_pairs)."""
        return pd.read_parquet(self.path / "classes.parquet")

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Out-of-fold probabilities, float32 (N, 7) by row. Only audits that looked at labels have them."""
        return self._array("probabilities")

    @cached_property
    def features(self) -> np.ndarray:
        """Of the first fold network, float16 (N, D) by row."""
        return self._array("features")

    @cached_property
    def votes(self) -> np.ndarray:
        """Expected shares of annotators' votes for expected_votes.ANSWERS, float32 (N, 10) by row."""
        return self._array("votes")

    @cached_property
    def in_training(self) -> np.ndarray:
        """What networks said of an image while they trained on it, float32 (N, 7) by row."""
        return self._array("in_training")

    @cached_property
    def map(self) -> np.ndarray:
        """The features drawn in the plane, float32 (N, 2) by row."""
        return self._array("map")

    def judge_of(self, row: int) -> int:
        """Which kept network has seen neither this image nor a copy of it."""
        return int(self._array("judges")[row])

    def network_file(self, fold: int) -> Path:
        """The weights of a kept network."""
        return self.path / network_name(fold)

    def _array(self, name: str) -> np.ndarray:
        return np.load(self.path / f"{name}.npy", mmap_mode="r", allow_pickle=False)


def list_audits(dataset: Dataset) -> list[Audit]:
    """The finished audits of a data set and its versions, the newest first.

    Those that an earlier version of the program made had other reasons; they are left alone and not listed.
    """
    audits = [Audit(file.parent, read_json(file)) for file in (dataset.path / "audits").glob("*/audit.json")]
    audits = [audit for audit in audits if audit.document["findings"].keys() == REASONS.keys()]
    return sorted(audits, key=lambda audit: audit.document["finished"], reverse=True)


def latest_audit(dataset: Dataset, version: str = "") -> Audit | None:
    """The newest finished audit of the data set, as imported or in that version; None where there is none.

    Those that looked at labels go before those that did not.
    """
    about = f"{dataset.name}@{version}" if version else dataset.name
    audits = [audit for audit in list_audits(dataset) if audit.document["version"] == about]
    return next((audit for audit in audits if audit.document["settings"]["labels"]), audits[0] if audits else None)


def need_audit(version: DatasetVersion, audit_id: str | None = None) -> Audit:
    """The audit with that id (None: the latest of the version), or NotFound that says how to make one."""
    dataset = version.dataset
    if audit_id is None:
        audit = latest_audit(dataset, version.name)
        if audit is None:
            raise NotFound(f"{version} has not been audited yet: python -m fer_core audit {version}")
        return audit
    known = {audit.id: audit for audit in list_audits(dataset)}
    if audit_id not in known:
        raise NotFound(f"{dataset.name} has no audit {audit_id!r} (there: {', '.join(known) or 'none yet'}).")
    return known[audit_id]
