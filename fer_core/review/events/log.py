"""The verdict log: append-only events, and the views that are computed from them.

Nothing is ever changed or removed. An undo is an event that names the event it takes back; the current view replays
the log. What was acknowledged is on the disk; what is sent again (same id) is acknowledged again and stored once.

    log = VerdictLog(workspace.labels_db)
    receipt = log.record(dataset, verdicts)     # receipt.stored: ids that are safe now, receipt.refused: id -> sentence
    log.verdicts(dataset)                       # what everybody currently says, after undo
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select

from fer_core.database import Database
from fer_core.dataset.store import Dataset
from fer_core.review.events.database import events, open_database
from fer_core.review.events.standing import standing
from fer_core.review.events.verdict import ADJUDICATION, ANSWERS, FIELDS, Verdict

_CHUNK = 500  # ids in one IN (...); SQLite allows 32,766 parameters, PostgreSQL 65,535
# What makes two events with one id the same event; the rest (comment, times) cannot differ without these.
_SAME = ("kind", "dataset_hash", "row", "annotator", "round", "answer", "undoes")


@dataclass
class Receipt:
    """What became of events: `stored` ids are on the disk (now or before), `refused` ones never will be."""

    stored: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


class VerdictLog:
    """The log of one workspace. Opening it again is free: a process has one database connection per file.

    `local`: a copy in a file of its own, wherever the workspace's own log is kept.
    """

    def __init__(self, path: Path, *, local: bool = False) -> None:
        self._database = open_database(path, local=local)

    @property
    def database(self) -> Database:
        """The process's one door to the file, the same for every VerdictLog of it."""
        return self._database

    def record(self, dataset: Dataset, verdicts: Sequence[Verdict], *, whole: bool = False) -> Receipt:
        """Store events of one data set in their order, all in one transaction; `whole`: all of them or none.

        Idempotent by id. Refused, each by itself and with a sentence: an event of another data set, one whose
        `content` is not what stands in its `row`, an undo of what is not there or not one's own, an adjudication
        made without knowing of a newer one. Raises StoreError when the data base cannot be written; then nothing of
        the call is stored.
        """
        receipt = Receipt()
        if not verdicts:
            return receipt
        with self._database.writing() as connection:
            known = _by_id(connection, [name for verdict in verdicts for name in (verdict.id, verdict.undoes) if name])
            fresh: list[Verdict] = []
            places: dict[str, int] = {}  # of the events of this call that stand in the log now, in its order
            decisions: defaultdict[int, list[Verdict]] = defaultdict(list)  # of them, by row
            for verdict in verdicts:
                problem = _foreign(dataset, verdict) or _clash(verdict, known)
                if problem is None and verdict.id not in known:
                    problem = _undo_problem(verdict, known) or _adjudicated_since(
                        connection, verdict, decisions[verdict.row], places
                    )
                    if problem is None:
                        known[verdict.id] = verdict
                        fresh.append(verdict)
                if problem is None:
                    receipt.stored.append(verdict.id)
                    places[verdict.id] = len(places)
                    if _decides(verdict):
                        decisions[verdict.row].append(verdict)
                else:
                    receipt.refused[verdict.id] = problem
            if whole and receipt.refused:
                return Receipt(refused=receipt.refused)
            if fresh:
                connection.execute(insert(events), [verdict.document() for verdict in fresh])
        return receipt

    def watermark(self) -> int:
        """The number of the newest event, 0 for an empty log. Views take it as `until`."""
        with self._database.reading() as connection:
            return connection.execute(select(func.max(events.c.seq))).scalar() or 0

    def history(self, dataset: Dataset, until: int | None = None) -> pd.DataFrame:
        """Every event of a data set in order: `seq`, the fields of Verdict, and `undone` (bool)."""
        statement = select(events).where(events.c.dataset_hash == dataset.hash).order_by(events.c.seq)
        table = self._frame(statement if until is None else statement.where(events.c.seq <= until))
        undone = set(table.loc[table["kind"] == "undo", "undoes"])
        return table.assign(undone=table["id"].isin(undone))

    def verdicts(self, dataset: Dataset, until: int | None = None) -> pd.DataFrame:
        """What people currently say: the newest answer that was not taken back, per annotator, image and round, and
        the newest decision (queue "adjudication") per image.

        Columns as in `history`, and `label`: the class that the answer means, -1 where it means none (int8).
        """
        return standing(dataset, self.history(dataset, until))

    def answered(self, dataset: Dataset, annotator: str, round_: int) -> pd.DataFrame:
        """`row` and `answer` of what this person has answered in this round, in order, undone answers left out."""
        undone = select(events.c.undoes).where(events.c.kind == "undo", events.c.dataset_hash == dataset.hash)
        statement = (
            select(events.c.row, events.c.answer)
            .where(events.c.dataset_hash == dataset.hash, events.c.annotator == annotator, events.c.round == round_)
            .where(events.c.kind == "answer", events.c.queue != ADJUDICATION, events.c.id.not_in(undone))
            .order_by(events.c.seq)
        )
        return self._frame(statement).drop_duplicates("row", keep="last")

    def recent(self, dataset: Dataset, annotator: str, round_: int, count: int, before: str = "") -> pd.DataFrame:
        """The person's last `count` answers of the round that still stand, oldest first: id, row, answer, seen, time,
        comment, queue.

        `before`: the id of an event; only answers older than it. An id that is not there leaves nothing.
        """
        undone = select(events.c.undoes).where(events.c.kind == "undo", events.c.dataset_hash == dataset.hash)
        columns = ("id", "row", "answer", "seen", "time", "comment", "queue")
        statement = (
            select(*(events.c[name] for name in columns))
            .where(events.c.dataset_hash == dataset.hash, events.c.annotator == annotator, events.c.round == round_)
            .where(events.c.kind == "answer", events.c.queue != ADJUDICATION, events.c.id.not_in(undone))
            .order_by(events.c.seq.desc())
            .limit(count)
        )
        if before:
            mark = select(events.c.seq).where(events.c.id == before).scalar_subquery()
            statement = statement.where(events.c.seq < mark)
        return self._frame(statement)[::-1]

    def since(self, dataset: Dataset, seq: int) -> tuple[Sequence[Row], np.ndarray, int]:
        """What came after event number `seq`: the answers in order (seq, row, annotator, round, answer, queue), the
        numbers of the answers that were taken back since, older ones too (int64), and the newest event's number.

        Reads the tail of the log only; with it a view of the present is kept up without replaying everything.
        """
        tail = (_unindexed(events.c.dataset_hash) == dataset.hash) & (events.c.seq > seq)
        columns = ("seq", "row", "annotator", "round", "answer", "queue")
        answers = select(*(events.c[name] for name in columns)).where(tail, events.c.kind == "answer")
        target = events.alias("target")
        undone = select(target.c.seq).join(events, events.c.undoes == target.c.id)
        undone = undone.where(tail, events.c.kind == "undo", target.c.kind == "answer")
        rows: Sequence[Row] = []
        taken_back: Sequence[int] = []
        with self._database.reading() as connection:  # all from one state of the log
            newest = connection.execute(select(func.max(events.c.seq))).scalar() or 0
            if newest > seq:
                rows = connection.execute(answers.order_by(events.c.seq)).all()
                taken_back = connection.execute(undone).scalars().all()
        return rows, np.array(taken_back, np.int64), newest

    def name_of(self, seq: int) -> str | None:
        """The id of event number `seq`: by it a reader notices that another log has taken the place of this one."""
        with self._database.reading() as connection:
            return connection.execute(select(events.c.id).where(events.c.seq == seq)).scalar()

    def newest(self, dataset: Dataset, rows: Iterable[int]) -> dict[int, str]:
        """The id of the newest event on each of these images that has one: what an answer is based on."""
        wanted = [int(row) for row in rows]
        last = (
            select(func.max(events.c.seq))
            .where(events.c.dataset_hash == dataset.hash, events.c.row.in_(wanted))
            .group_by(events.c.row)
        )
        with self._database.reading() as connection:
            found = connection.execute(select(events.c.row, events.c.id).where(events.c.seq.in_(last)))
            return {row: name for row, name in found}  # noqa: C416 - dict() of rows is nothing mypy can follow

    def _frame(self, statement: Select) -> pd.DataFrame:
        with self._database.reading() as connection:
            result = connection.execute(statement)
            # Plain tuples: pandas takes rows of SQLAlchemy three times as long.
            return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))


def counts(verdicts: pd.DataFrame) -> dict[str, object]:
    """A summary of `VerdictLog.verdicts`: how many answers, images, by whom and what, and the pace.

    `labels_per_hour` counts active time only; None where nothing was timed.
    """
    active = verdicts["active_ms"].sum() / 3_600_000
    return {
        "answers": len(verdicts),
        "images": int(verdicts["row"].nunique()),
        "annotators": dict(Counter(verdicts["annotator"]).most_common()),
        "by_answer": {answer: int((verdicts["answer"] == answer).sum()) for answer in ANSWERS},
        "blind": int((verdicts["seen"] == "blind").sum()),
        "active_hours": round(float(active), 4),
        "labels_per_hour": round(len(verdicts) / active) if active else None,
    }


def _unindexed(column: ColumnElement) -> ColumnElement:
    """The column as the planner uses no index for it: the tail of a table is read by its key."""
    return column.concat("")


def _by_id(connection: Connection, ids: list[str]) -> dict[str, Verdict]:
    found = {}
    columns = [events.c[name] for name in FIELDS]
    for start in range(0, len(ids), _CHUNK):
        rows = connection.execute(select(*columns).where(events.c.id.in_(ids[start : start + _CHUNK])))
        found.update({row.id: Verdict(*row) for row in rows})
    return found


def _foreign(dataset: Dataset, verdict: Verdict) -> str | None:
    if verdict.dataset_hash != dataset.hash:
        return f"This answer was given on another data set than {dataset.name} is now."
    if verdict.row >= len(dataset):
        return f"{dataset.name} has no row {verdict.row}."
    if dataset.table["content"].iat[verdict.row] != verdict.content:
        return f"The face that was on the screen is not row {verdict.row} of {dataset.name}; the answer was not stored."
    return None


def _clash(verdict: Verdict, known: dict[str, Verdict]) -> str | None:
    other = known.get(verdict.id)
    if other is None or all(getattr(other, name) == getattr(verdict, name) for name in _SAME):
        return None
    return f"The id {verdict.id} belongs to another event already."


def _undo_problem(verdict: Verdict, known: dict[str, Verdict]) -> str | None:
    if verdict.kind != "undo":
        return None
    target = known.get(verdict.undoes)
    if target is None:
        return "There is nothing to undo: the event it names was never stored."
    if target.annotator != verdict.annotator or target.dataset_hash != verdict.dataset_hash:
        return "Only one's own answers can be undone."
    if target.kind == "undo" or target.row != verdict.row:
        return "An undo takes back an answer or a flag on the same face; answer again instead."
    return None


def _decides(verdict: Verdict) -> bool:
    return verdict.kind == "answer" and verdict.queue == ADJUDICATION


def _adjudicated_since(
    connection: Connection, verdict: Verdict, beside: list[Verdict], places: dict[str, int]
) -> str | None:
    """Of two people who decide the same face at once, the second is told.

    `beside`: the decisions on the face that came in the same call, stored with it or long ago. Their order (`places`)
    tells what was known: whoever decided on the basis of an event knew all decisions in front of that. An event that
    is nowhere was never seen, so to a decision based on it all others are newer.
    """
    if not _decides(verdict):
        return None
    known = places.get(verdict.based_on, -1)
    seen = [one.id for one in beside if places[one.id] <= known]
    newer = select(events.c.annotator).where(
        (events.c.dataset_hash == verdict.dataset_hash) & (events.c.row == verdict.row),
        events.c.queue == ADJUDICATION,
        events.c.kind == "answer",
        events.c.id.not_in(seen),
    )
    if verdict.based_on:
        basis = select(events.c.seq).where(events.c.id == verdict.based_on).scalar_subquery()
        newer = newer.where(events.c.seq > func.coalesce(basis, 0))
    other = connection.execute(newer.order_by(events.c.seq.desc())).scalar()
    other = other or next((one.annotator for one in beside if places[one.id] > known), None)
    return other and f"{other} has decided this face in the meantime; look at it again."
