"""Deciding where people disagree: what waits for a decision, who said what, and the decision as an event.

A decision may also be that a face stays ambiguous (`unsure`): then it leaves the docket and keeps its votes as a soft
label.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import ANSWERS, VoteTable
from fer_core.emotions import NAMES
from fer_core.review.events.verdict import ADJUDICATION, SKIP, Verdict
from fer_core.review.judgement.consensus import AGREED, AMBIGUOUS, DISPUTED, STATE_UNUSABLE, Consensus
from fer_core.review.pictures import pictures

CONFLICTS, DISPUTES, DOUBTS, JUNK, FLAGGED = "conflicts", "disputed", "ambiguous", "unusable", "flagged"
DOCKETS = (CONFLICTS, DISPUTES, DOUBTS, JUNK, FLAGGED)
DECIDED = "decided"  # not a docket: nothing waits there, but a decision can be made anew
# `label` is the class that the answer means (-1 for none): "keep" means that of the copy that was shown.
VOTE_COLUMNS = ["annotator", "round", "answer", "label", "seen", "comment", "time", "active_ms"]
_STATES = {DISPUTES: DISPUTED, DOUBTS: AMBIGUOUS, JUNK: STATE_UNUSABLE}


@dataclass(frozen=True)
class Case:
    """One picture to decide, with everything that was said about it."""

    row: int  # the first image that shows the picture
    copies: tuple[tuple[int, str], ...]  # every image that shows it, with the class it was given as
    votes: pd.DataFrame  # VOTE_COLUMNS, in order; of all copies
    imported: dict[str, int]  # the answers of an imported vote table with how often, the most frequent first
    gold: str  # what gold says it is, "" if it is no gold item
    decision: str  # what was decided before, "" if nothing was
    based_on: str  # the newest event on the row: what a decision made now takes into account


def docket(dataset: Dataset, people: Consensus, history: pd.DataFrame, name: str) -> np.ndarray:
    """The rows (int64, one per picture) that wait on a docket, one of DOCKETS.

    What somebody known by name has answered comes before what only imported votes speak of, and of those the picture
    on which the votes are most split.
    """
    if name == FLAGGED:
        flags = history[(history["kind"] == "flag") & ~history["undone"]]
        rows = np.unique(dataset.groups[flags["row"].to_numpy(np.int64)])
        rows = rows[~people.decided[rows]]
    elif name == CONFLICTS:
        torn = pictures(dataset).conflicts
        settled = people.decided | np.isin(people.state, (AGREED, STATE_UNUSABLE))
        rows = torn[~settled[torn]]
    else:
        first = dataset.groups == np.arange(len(dataset))
        rows = np.flatnonzero(first & (people.state == _STATES[name]) & ~people.decided)
    answered = np.zeros(len(dataset), bool)
    answers = history[(history["kind"] == "answer") & ~history["undone"] & (history["answer"] != SKIP)]
    answered[dataset.groups[answers["row"].to_numpy(np.int64)]] = True
    most = np.maximum(people.votes.max(axis=1), np.maximum(people.junk, people.unsure))
    together = (most / np.maximum(people.total, 1)).round(6)
    return rows[np.lexsort((rows, -people.total[rows], together[rows], ~answered[rows]))]


def decided(dataset: Dataset, people: Consensus, history: pd.DataFrame) -> np.ndarray:
    """The rows (int64, one per picture) about which a decision stands, the newest decision first."""
    decisions = history[(history["kind"] == "answer") & ~history["undone"] & (history["queue"] == ADJUDICATION)]
    rows = pd.Series(dataset.groups[decisions["row"].to_numpy(np.int64)]).drop_duplicates(keep="last")[::-1].to_numpy()
    return rows[people.decided[rows]]


def cases(
    dataset: Dataset,
    history: pd.DataFrame,
    verdicts: pd.DataFrame,
    rows: np.ndarray,
    votes: VoteTable | None = None,
    gold: np.ndarray | None = None,
) -> list[Case]:
    """The cases of some rows of a docket.

    `history`, `verdicts`: those of VerdictLog, read at one time; `gold`: gold.gold_labels.
    """
    groups = dataset.groups[verdicts["row"].to_numpy(np.int64)]
    # Of what is shown and not of the log as it is by now: a decision that came since must not count as seen.
    newest = history[history["row"].isin(rows)].drop_duplicates("row", keep="last").set_index("row")["id"]
    found = []
    for row in rows.tolist():
        said = verdicts[groups == row]
        decided = said["queue"] == ADJUDICATION
        spoken = said.loc[~decided & (said["answer"] != SKIP), VOTE_COLUMNS]
        copies = np.flatnonzero(dataset.groups == row)
        given = tuple((copy, NAMES[dataset.labels[copy]]) for copy in copies.tolist())
        counted = {} if votes is None else _imported(votes.counts[copies].sum(axis=0))
        known = "" if gold is None or gold[row] < 0 else (*NAMES, ANSWERS[-1])[gold[row]]
        decision = said.loc[decided, "answer"].iloc[-1] if decided.any() else ""
        found.append(Case(row, given, spoken, counted, known, decision, newest.get(row, "")))
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


def _imported(counts: np.ndarray) -> dict[str, int]:
    order = np.argsort(-counts, kind="stable")
    return {ANSWERS[place]: int(counts[place]) for place in order if counts[place]}
