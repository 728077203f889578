"""What every view of the Audit page is given: the data set, the audit, what people said, what is derived from them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.audit.expected_votes import ANSWERS
from fer_core.audit.results import Audit
from fer_core.audit.scores import unit
from fer_core.dataset.store import SPLITS, Dataset
from fer_core.emotions import NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import STATES, Consensus
from pages._said import said_about


@dataclass(frozen=True)
class Context:
    """The data set and one audit of it."""

    dataset: Dataset
    audit: Audit
    log: VerdictLog

    @property
    def key(self) -> str:
        """Names this audit for caches."""
        return f"{self.audit.path}:{self.audit.document['finished']}"

    @property
    def searched(self) -> bool:
        """Whether networks were asked about the labels."""
        return bool(self.audit.model)

    def people(self) -> Consensus:
        """What people say by now."""
        return said_about(self.dataset, self.log).reviewed

    def verdicts(self) -> pd.DataFrame:
        """What people said by now, one line per answer that stands."""
        return said_about(self.dataset, self.log).verdicts

    def findings_of(self, row: int) -> pd.DataFrame:
        """The findings about one image."""
        return self.audit.findings[self.audit.findings["row"] == row]

    def suspect(self, row: int) -> pd.Series:
        """The line of the ranking about one image."""
        return by_row(self.audit, self.key).loc[row]

    def captions(self, rows: np.ndarray) -> list[str]:
        """What stands under faces: the given label and what most annotators are expected to say instead."""
        given = by_row(self.audit, self.key)["label"].to_numpy()[rows]
        if not self.searched:
            return list(given)
        answers = np.array(ANSWERS)[self.audit.votes[rows].argmax(axis=1)]
        return [name if name == answer else f"{name} → {answer}" for name, answer in zip(given, answers, strict=True)]

    def details(self, rows: np.ndarray) -> list[str]:
        """What shows while the pointer rests on faces."""
        ranks = by_row(self.audit, self.key)["rank"].to_numpy()[rows]
        splits, states = self.dataset.splits[rows], self.people().state[rows]
        return [
            f"rank {rank:,}, {SPLITS[split]}, {STATES[state]}"
            for rank, split, state in zip(ranks, splits, states, strict=True)
        ]


@st.cache_resource(max_entries=4, show_spinner=False)
def opened(key: str, _audit: Audit) -> Audit:
    """An audit whose tables stay in memory; the key is its folder and when it was finished."""
    return _audit


@st.cache_resource(max_entries=4, show_spinner=False)
def by_row(_audit: Audit, key: str) -> pd.DataFrame:
    """The ranking, indexed by row."""
    return _audit.suspects.set_index("row").sort_index()


@st.cache_resource(max_entries=2, show_spinner=False)
def directions(_audit: Audit, key: str) -> np.ndarray:
    """The network's features of every image, at length 1, float32 (N, D)."""
    return unit(_audit.features)


def label_of(dataset: Dataset, row: int) -> str:
    """The given label of a row, by name."""
    return NAMES[dataset.labels[row]]
