"""Grids: many faces of one kind at once, of which a person marks the odd ones and confirms the rest.

A view says what the faces of a grid have in common; the order of its pictures is cut into sheets. A picture is dealt
until this person has answered it in this round, or until the others have settled it (Answers.room).

    order = sheet_order(dataset, audit, View(GIVEN, "fear"), seed)
    deal_sheets(dataset, log, order, "Ada", 1)
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.dataset.store import SPLITS, Dataset
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.answers import current_answers

GRID = "grid"  # the name of the queue in the log
GIVEN, SUGGESTED, COPIES, NEAR = "given", "suggested", "copies", "near"
AGAIN = "again"  # the kind of a sheet that comes back after a reload
KINDS = (GIVEN, SUGGESTED, COPIES, NEAR)
CLEAR, DOUBTFUL = "clear", "doubtful"
ORDERS = (CLEAR, DOUBTFUL)
SIZES = (24, 48, 100)
SETS_AHEAD = 12  # sets of copies that are dealt at once; one takes a second to answer
FACES_AHEAD = 100


@dataclass(frozen=True)
class View:
    """What the faces of a grid have in common, how many stand on one, and which come first."""

    kind: str  # one of KINDS
    emotion: str = ""  # the class of a GIVEN or SUGGESTED view, by name
    size: int = 48
    order: str = CLEAR  # one of ORDERS: those that are most probably of the class first, or last

    @property
    def of_class(self) -> bool:
        """Whether a grid holds one class; else it holds one set of copies."""
        return self.kind in (GIVEN, SUGGESTED)

    @property
    def name(self) -> str:
        """Tells this view from others."""
        return "-".join([self.kind, self.emotion, str(self.size), self.order] if self.of_class else [self.kind])


@dataclass(frozen=True)
class Order:
    """The images of a view in the order of presentation, in sets that are never torn apart."""

    view: View
    rows: np.ndarray  # int64 (n,); one of exact copies, but for COPIES, where each set is a group of them
    sets: np.ndarray  # int64 (n,), ascending from 0: the set of each row; all zeros for a class
    scores: np.ndarray  # float64 (n,) in [0, 1]: how suspect the given label is; NaN where no network was asked
    model: str = ""  # what gave the scores


@dataclass(frozen=True)
class Face:
    """One face of a sheet: what is shown with it and what is logged with its answer."""

    row: int
    picture: int  # the first image with the same pixels
    content: str
    copies: int  # images with the same pixels, itself included
    given: str
    split: str
    score: float | None
    model: str
    based_on: str  # the newest event on this image when it was dealt


@dataclass(frozen=True)
class Sheet:
    """What stands on the screen at once: faces that are asked about together."""

    kind: str
    emotion: str  # the class that is confirmed, "" for copies
    faces: tuple[Face, ...]


@dataclass(frozen=True)
class GridDeal:
    """The next sheets of a view and where it stands, counted in pictures."""

    view: str
    sheets: list[Sheet]
    done: int
    total: int
    last: bool  # nothing waits beyond these sheets and those that are held


def sheet_order(dataset: Dataset, audit: Audit | None, view: View, seed: int) -> Order:
    """The order of a view; random by `seed` within a class where no network was asked.

    Of a class the least suspect labels come first (CLEAR) or last; for SUGGESTED the other way round, since there the
    given label is not the class that is confirmed. Copies: labels in conflict first, then copies across splits.
    Raises UsageError for SUGGESTED without networks and for NEAR without an audit.
    """
    if view.kind == COPIES:
        return _copies(dataset, view)
    if view.kind == NEAR:
        if audit is None:
            raise UsageError("Near copies are found by an audit; run one on the Audit page.")
        return _near(dataset, audit.near_pairs, view)
    if audit is None or not audit.model:
        if view.kind == SUGGESTED:
            raise UsageError("No network was asked about these labels; run an audit on the Audit page.")
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(dataset.labels == NAMES.index(view.emotion)))
        return _of_class(dataset, view, rows, np.full(len(rows), np.nan), "")
    suspects = audit.suspects
    of_class = suspects["label" if view.kind == GIVEN else "suggestion"] == view.emotion
    rows = suspects.loc[of_class, "row"].to_numpy(np.int64)  # most suspect first
    scores = suspects.loc[of_class, "suspicion"].to_numpy(np.float64)
    if (view.order == CLEAR) == (view.kind == GIVEN):
        rows, scores = rows[::-1], scores[::-1]
    return _of_class(dataset, view, rows, scores, audit.model)


def deal_sheets(
    dataset: Dataset,
    log: VerdictLog,
    order: Order,
    annotator: str,
    round_: int,
    held: Collection[int] = (),
    leave_out: Collection[int] = (),
    accuracies: Mapping[str, float] | None = None,
) -> GridDeal:
    """The next sheets for a person.

    `held`: rows that this person's grid has already; `leave_out`: rows that are with somebody else; of both, the
    copies stay out too. `accuracies`: by annotator, for what the answers of others are worth.
    """
    groups = dataset.groups
    answers = current_answers(log, dataset, round_)
    gone = answers.room(accuracies) == 0
    gone[answers.shown[answers.by(annotator)]] = True
    done = gone[groups[order.rows]]
    pictures = len(np.unique(groups[order.rows]))
    open_now = pictures - len(np.unique(groups[order.rows[done]]))
    gone[groups[np.fromiter({*held, *leave_out}, np.int64)]] = True
    places = np.flatnonzero(~gone[groups[order.rows]])
    cuts, more = _cuts(order, places)
    chosen = places[: cuts[-1]] if len(cuts) else places[:0]
    faces = _faces(dataset, log, order, chosen)
    starts = [0, *cuts[:-1]]
    sheets = [
        Sheet(order.view.kind, order.view.emotion if order.view.of_class else "", tuple(faces[start:end]))
        for start, end in zip(starts, cuts, strict=False)
    ]
    return GridDeal(order.view.name, sheets, pictures - open_now, pictures, not more)


@dataclass(frozen=True)
class Confirmed:
    """A sheet that was confirmed: its events and what they say, one for each face; for copies one for all."""

    sheet: Sheet
    ids: list[str]
    answers: list[str]


def last_confirmed(dataset: Dataset, log: VerdictLog, annotator: str, round_: int) -> Confirmed | None:
    """The sheet that this person confirmed last in this round, if it still stands: what can be undone after a reload.

    The events of a sheet have one time in common. The class that most of them say is taken for the one confirmed.
    """
    table = log.recent(dataset, annotator, round_, max(SIZES))
    table = table[table["queue"] == GRID]
    if table.empty:
        return None
    table = table[table["time"] == table["time"].iloc[-1]]
    rows = table["row"].to_numpy(np.int64)
    kind, emotion = AGAIN, str(table["answer"].where(table["answer"].isin(NAMES)).mode().get(0, ""))
    copies = np.flatnonzero(dataset.groups == dataset.groups[rows[0]])
    if len(rows) == 1 and len(copies) > 1:
        kind, emotion, rows = COPIES, "", np.append(rows, copies[copies != rows[0]])
    order = Order(View(kind), rows, np.zeros(len(rows), np.int64), np.full(len(rows), np.nan))
    faces = _faces(dataset, log, order, np.arange(len(rows)))
    return Confirmed(Sheet(kind, emotion, tuple(faces)), table["id"].tolist(), table["answer"].tolist())


def _of_class(dataset: Dataset, view: View, rows: np.ndarray, scores: np.ndarray, model: str) -> Order:
    first = np.sort(np.unique(dataset.groups[rows], return_index=True)[1])
    return Order(view, rows[first], np.zeros(len(first), np.int64), scores[first], model)


def _copies(dataset: Dataset, view: View) -> Order:
    groups = dataset.groups
    rows = np.flatnonzero(np.bincount(groups, minlength=len(groups))[groups] > 1)
    return _in_sets(dataset, view, rows, groups[rows])


def _near(dataset: Dataset, pairs: pd.DataFrame, view: View) -> Order:
    """Pictures that hang together by pairs of near duplicates are one set."""
    one = dataset.groups[pairs["row"].to_numpy(np.int64)]
    other = dataset.groups[pairs["partner"].to_numpy(np.int64)]
    least = np.arange(len(dataset))  # of each picture: the least row it is known to hang together with
    while True:
        lower = np.minimum(least[one], least[other])
        if (least[one] == lower).all() and (least[other] == lower).all():
            break
        np.minimum.at(least, one, lower)
        np.minimum.at(least, other, lower)
        least = least[least]
    rows = np.unique(np.concatenate([one, other]))
    return _in_sets(dataset, view, rows, least[rows])


def _in_sets(dataset: Dataset, view: View, rows: np.ndarray, names: np.ndarray) -> Order:
    """Rows with the names of their sets, ordered: several labels first, then several splits, then by first row."""
    _, first, sets = np.unique(names, return_index=True, return_inverse=True)
    several = []
    for values in (dataset.labels[rows], dataset.splits[rows]):
        differs = values != values[first][sets]
        several.append(np.bincount(sets, weights=differs, minlength=len(first)) > 0)
    place = np.empty(len(first), np.int64)
    place[np.lexsort((np.arange(len(first)), ~several[1], ~several[0]))] = np.arange(len(first))
    order = np.lexsort((rows, place[sets]))
    return Order(view, rows[order], place[sets][order], np.full(len(rows), np.nan))


def _cuts(order: Order, places: np.ndarray) -> tuple[list[int], bool]:
    """Where the open places are cut into sheets (the end of each), and whether more sheets would follow."""
    if order.view.of_class:
        size = order.view.size
        count = 1 + max(1, FACES_AHEAD // size)
        ends = np.minimum(np.arange(1, count + 1) * size, len(places))
        return np.unique(ends[ends > 0]).tolist(), len(places) > count * size
    sets = order.sets[places]
    ends = np.flatnonzero(np.append(sets[1:] != sets[:-1], len(sets) > 0)) + 1
    return ends[:SETS_AHEAD].tolist(), len(ends) > SETS_AHEAD


def _faces(dataset: Dataset, log: VerdictLog, order: Order, places: np.ndarray) -> list[Face]:
    rows = order.rows[places]
    pictures = dataset.groups[rows]
    copies = np.bincount(dataset.groups)[pictures]
    contents = dataset.table["content"].to_numpy()
    newest = log.newest(dataset, rows.tolist())
    return [
        Face(
            row,
            picture,
            contents[row],
            count,
            NAMES[dataset.labels[row]],
            SPLITS[dataset.splits[row]],
            None if np.isnan(score) else round(score, 6),
            order.model,
            newest.get(row, ""),
        )
        for row, picture, count, score in zip(
            rows.tolist(), pictures.tolist(), copies.tolist(), order.scores[places].tolist(), strict=True
        )
    ]
