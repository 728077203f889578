"""Everything that was said about a data set, read once and kept until somebody says more."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import VoteTable, open_votes
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.standing import standing
from fer_core.review.judgement.annotators import annotator_table
from fer_core.review.judgement.consensus import Consensus, consensus, person_votes
from fer_core.review.judgement.gold import gold_labels


@dataclass(frozen=True)
class Said:
    """What pages know of people. Shared by all users: nobody changes it."""

    dataset: Dataset
    log: VerdictLog
    key: str  # names this state of the log and the votes, for caches
    history: pd.DataFrame  # VerdictLog.history
    verdicts: pd.DataFrame  # VerdictLog.verdicts
    votes: VoteTable | None
    reviewed: Consensus  # of the verdicts alone
    people: Consensus  # of the verdicts and the imported votes
    gold: np.ndarray  # int8 (N,), gold.gold_labels

    @cached_property
    def named(self) -> pd.DataFrame:
        """The votes of people who are known by name, consensus.person_votes."""
        return person_votes(self.dataset, self.verdicts)

    @cached_property
    def annotators(self) -> pd.DataFrame:
        """A line for each person, annotators.annotator_table."""
        return annotator_table(self.dataset, self.verdicts, self.history, self.gold)

    @property
    def audit(self) -> Audit | None:
        """The latest audit."""
        return latest_audit(self.dataset)


def said_about(dataset: Dataset, log: VerdictLog) -> Said:
    """The present state of the log and the votes of a data set."""
    votes = open_votes(dataset)
    counted = hashlib.sha256(votes.counts.tobytes()).hexdigest()[:16] if votes is not None else ""
    return _said(dataset, log, votes, f"{dataset.path} {dataset.hash} {log.watermark()} {counted}")


@st.cache_resource(max_entries=2, show_spinner=False)
def _said(_dataset: Dataset, _log: VerdictLog, _votes: VoteTable | None, key: str) -> Said:
    history = _log.history(_dataset)  # read once: of a long log this is what takes the time
    verdicts = standing(_dataset, history)
    reviewed = consensus(_dataset, verdicts)
    people = reviewed if _votes is None else consensus(_dataset, verdicts, _votes)
    gold = gold_labels(_dataset, people, _votes)
    return Said(_dataset, _log, key, history, verdicts, _votes, reviewed, people, gold)
