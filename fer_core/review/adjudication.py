"""Deciding where people disagree: what waits for a decision, who said what, and the decision as an event."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.review.consensus import AMBIGUOUS, DISPUTED, STATE_UNUSABLE, Consensus
from fer_core.review.log import VerdictLog
from fer_core.review.verdict import ADJUDICATION, SKIP, Verdict

DISPUTES, DOUBTS, JUNK, FLAGGED = "disputed", "ambiguous", "unusable", "flagged"
DOCKETS = (DISPUTES, DOUBTS, JUNK, FLAGGED)
_STATES = {DISPUTES: DISPUTED, DOUBTS: AMBIGUOUS, JUNK: STATE_UNUSABLE}


@dataclass(frozen=True)
class Case:
    """One picture to decide, with everything that was said about it."""

    row: int  # the first image that shows the picture
    votes: pd.DataFrame  # annotator, round, answer, seen, comment, in order; of all copies
    decision: str  # what was decided before, "" if nothing was
    based_on: str  # the newest event on the row: what a decision made now takes into account


def docket(dataset: Dataset, people: Consensus, history: pd.DataFrame, name: str) -> np.ndarray:
    """The rows (int64, ascending, one per picture) that wait on a docket, one of DOCKETS."""
    if name == FLAGGED:
        flags = history[(history["kind"] == "flag") & ~history["undone"]]
        rows = np.unique(dataset.groups[flags["row"].to_numpy(np.int64)])
        return rows[~people.decided[rows]]
    first = dataset.groups == np.arange(len(dataset))
    return np.flatnonzero(first & (people.state == _STATES[name]) & ~people.decided)


def cases(dataset: Dataset, log: VerdictLog, verdicts: pd.DataFrame, rows: np.ndarray) -> list[Case]:
    """The cases of some rows of a docket. `verdicts`: VerdictLog.verdicts."""
    groups = dataset.groups[verdicts["row"].to_numpy(np.int64)]
    newest = log.newest(dataset, rows.tolist())
    found = []
    for row in rows.tolist():
        said = verdicts[groups == row]
        decided = said["queue"] == ADJUDICATION
        votes = said.loc[~decided & (said["answer"] != SKIP), ["annotator", "round", "answer", "seen", "comment"]]
        decision = said.loc[decided, "answer"].iloc[-1] if decided.any() else ""
        found.append(Case(row, votes, decision, newest.get(row, "")))
    return found


def decision(dataset: Dataset, row: int, answer: str, annotator: str, based_on: str) -> Verdict:
    """The event by which somebody decides a case over all votes."""
    return Verdict(
        id=str(uuid4()),
        kind="answer",
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        row=row,
        content=dataset.table["content"].iat[row],
        annotator=annotator,
        round=1,
        answer=answer,
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        seen="revealed",
        queue=ADJUDICATION,
        based_on=based_on,
    )
