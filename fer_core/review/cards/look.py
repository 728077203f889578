"""What a reveal tells about a face: the part that comes with every card, and the part that is looked up on request.

Nothing of it may reach a person before they have answered or asked for it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.audit.scores import nearest_images
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import ANSWERS, VoteTable
from fer_core.emotions import NAMES
from fer_core.review.cards.evidence import evidence
from fer_core.review.events.verdict import ADJUDICATION

SHOWN = 3  # classes whose probability is told
NEIGHBOURS = 6


@dataclass(frozen=True)
class NetworksSay:
    """What networks that did not train on a face say of it; both empty where none was asked."""

    probabilities: tuple[tuple[str, float], ...]  # the SHOWN most probable classes
    suspect: str  # how suspect the given label is, in words


@dataclass(frozen=True)
class Said:
    """What one person says about the picture."""

    annotator: str
    answer: str
    seen: str
    decision: bool  # an adjudication


@dataclass(frozen=True)
class Closer:
    """What takes a moment to find out about a face."""

    neighbours: tuple[int, ...]  # rows of the most similar images, the most similar first
    people: tuple[Said, ...]
    votes: tuple[tuple[str, int], ...]  # imported votes for each answer that has any, the most first
    source: str  # where the imported votes come from, "" without any


def networks_say(audit: Audit | None, rows: np.ndarray) -> list[NetworksSay]:
    """The part that comes with every card, for many at once. `rows`: int64 (n,)."""
    if audit is None or not audit.model:
        return [NetworksSay((), "")] * len(rows)
    shares = np.asarray(audit.probabilities[rows], np.float64)
    top = np.argsort(-shares, axis=1, kind="stable")[:, :SHOWN]
    place = evidence(audit).place[rows]
    suspicion = audit.suspects["suspicion"].to_numpy()[place]
    limit = float(audit.document["suspect_from"])
    return [
        NetworksSay(
            tuple((NAMES[index], round(float(share[index]), 4)) for index in best),
            suspect_words(int(before), len(audit.suspects), float(score), limit),
        )
        for share, best, before, score in zip(shares, top, place, suspicion, strict=True)
    ]


def suspect_words(before: int, images: int, suspicion: float, limit: float) -> str:
    """How suspect a given label is: `before` of all `images` are more so, it counts from `limit` on."""
    share = before / images
    told = (
        "no label is more so" if not before else f"{'under 1' if share < 0.01 else f'{100 * share:.0f}'}% are more so"
    )
    if suspicion >= limit:
        return f"{'Very suspect' if share < 0.02 else 'Suspect'}: {told}."
    return f"{'Slightly suspect' if share < 0.5 else 'Not suspect'}: {told}."


def look_closer(
    dataset: Dataset, directions: np.ndarray | None, verdicts: pd.DataFrame, votes: VoteTable | None, row: int
) -> Closer:
    """The part that is asked for when a face is revealed.

    `directions`: float32 (N, D), features as `audit.scores.unit` leaves them, None without networks; `verdicts`: the
    current ones (`VerdictLog.verdicts`). What was said or voted on any exact copy counts for the picture.
    """
    alike = () if directions is None else nearest_images(directions, row, dataset.groups, NEIGHBOURS)
    here = verdicts[dataset.groups[verdicts["row"].to_numpy(np.int64)] == dataset.groups[row]]
    people = tuple(
        Said(annotator, answer, seen, queue == ADJUDICATION)
        for annotator, answer, seen, queue in zip(
            here["annotator"], here["answer"], here["seen"], here["queue"], strict=True
        )
    )
    counts = np.zeros(len(ANSWERS), np.int64)
    if votes is not None:
        counts = votes.counts[dataset.groups == dataset.groups[row]].sum(axis=0)
    order = np.argsort(-counts, kind="stable")
    told = tuple((ANSWERS[index], int(counts[index])) for index in order if counts[index])
    return Closer(tuple(map(int, alike)), people, told, votes.source if votes is not None and told else "")
