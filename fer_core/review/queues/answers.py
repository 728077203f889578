"""What a team says at the moment: the newest standing answer of each person on each picture, in one round.

Dealing asks for this with every batch, so it is not replayed from the log each time: the answers are kept in memory
as arrays, and only what came since is read. The log stays the truth; what is kept here can be dropped at any time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np
from sqlalchemy import Row

from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import ADJUDICATION, KEEP, NOT_A_FACE, SKIP, UNSURE, UNUSABLE
from fer_core.review.judgement.consensus import JUNK_COLUMN, UNSURE_COLUMN
from fer_core.review.judgement.posterior import ACCURACY, wanted
from fer_core.review.kept import Kept
from fer_core.review.pictures import Pictures, pictures

SKIPPED_OUTCOME = -1
_KEPT_OUTCOME = -2  # stands for the given label until it is looked up
_OUTCOMES = {
    **{name: index for index, name in enumerate(NAMES)},
    NOT_A_FACE: JUNK_COLUMN,
    UNUSABLE: JUNK_COLUMN,
    UNSURE: UNSURE_COLUMN,
    SKIP: SKIPPED_OUTCOME,
    KEEP: _KEPT_OUTCOME,
}


@dataclass(frozen=True)
class Answers:
    """One entry for each picture and person, in the order in which they were given. Arrays are not to be changed."""

    pictures: Pictures
    rows: np.ndarray  # int64 (v,): the image that was on the screen
    people: np.ndarray  # int64 (v,), an index into `names`
    outcomes: np.ndarray  # int8 (v,): 0 to 8 as in posterior, SKIPPED_OUTCOME for a skip
    names: tuple[str, ...]
    decided: np.ndarray  # int64 (d,): pictures that somebody has decided over all votes, in whatever round

    @cached_property
    def shown(self) -> np.ndarray:
        """The picture of each entry, int64 (v,)."""
        return self.pictures.of[self.rows]

    def by(self, annotator: str) -> np.ndarray:
        """Which entries are this person's, bool (v,)."""
        known = self.names.index(annotator) if annotator in self.names else -1
        return self.people == known

    def include(self, asked: np.ndarray, annotators: list[str]) -> np.ndarray:
        """Whether the person has answered (or skipped) the picture, for each of these pairs; bool (n,)."""
        codes = {name: code for code, name in enumerate(self.names)}
        who = np.array([codes.get(name, -1) for name in annotators], np.int64)
        people = len(self.names)
        about = np.zeros(len(self.pictures.of), bool)
        about[asked] = True
        here = about[self.shown]
        return (who >= 0) & np.isin(asked * people + who, self.shown[here] * people + self.people[here])

    def room(self, accuracies: Mapping[str, float] | None = None) -> np.ndarray:
        """How many people may be asked about each picture now, int8 (N,), read at the picture's first row.

        1 where nobody has answered, 0 where the picture is settled, else the opinions that are `wanted`.
        """
        votes = self.outcomes != SKIPPED_OUTCOME
        seen, vote = np.unique(self.shown[votes], return_inverse=True)
        accuracy = np.array([(accuracies or {}).get(name, ACCURACY) for name in self.names], np.float64)
        room = np.ones(len(self.pictures.of), np.int8)
        room[seen] = wanted(self.pictures.given(seen), vote, self.outcomes[votes], accuracy[self.people[votes]])
        room[self.decided] = 0
        return room


def current_answers(log: VerdictLog, dataset: Dataset, round_: int) -> Answers:
    """What everybody says in a round, up to the newest event of the log."""
    ledger = _ledgers.get((log.database, dataset.hash), lambda: _Ledger(dataset))
    return ledger.answers(log, dataset, round_)


class _Ledger:
    """All answers of one data set as arrays in the order of the log, and how far it was read."""

    def __init__(self, dataset: Dataset) -> None:
        self._pictures = pictures(dataset)
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._until = 0
        self._mark: str | None = None  # the id of event number `until`
        self._names: dict[str, int] = {}
        self._seq = np.zeros(0, np.int64)
        self._row = np.zeros(0, np.int64)
        self._who = np.zeros(0, np.int64)
        self._round = np.zeros(0, np.int64)
        self._outcome = np.zeros(0, np.int8)
        self._decision = np.zeros(0, bool)
        self._stands = np.zeros(0, bool)
        self._made: dict[int, Answers] = {}  # by round, as of `until`

    def answers(self, log: VerdictLog, dataset: Dataset, round_: int) -> Answers:
        with self._lock:
            if self._until and log.name_of(self._until) != self._mark:  # another log took its place: a restore
                self._forget()
            fresh, taken_back, newest = log.since(dataset, self._until)
            if newest != self._until:
                self._until, self._mark = newest, log.name_of(newest)
            if fresh or len(taken_back):
                self._take(fresh, taken_back)
                self._made = {}
            if round_ not in self._made:
                self._made[round_] = self._of_round(round_)
            return self._made[round_]

    def _take(self, fresh: Sequence[Row], taken_back: np.ndarray) -> None:
        rows = np.array([event.row for event in fresh], np.int64)
        outcome = np.array([_OUTCOMES[event.answer] for event in fresh], np.int8)
        kept = outcome == _KEPT_OUTCOME
        outcome[kept] = self._pictures.labels[rows[kept]]
        who = [self._names.setdefault(event.annotator, len(self._names)) for event in fresh]
        self._seq = np.concatenate([self._seq, np.array([event.seq for event in fresh], np.int64)])
        self._row = np.concatenate([self._row, rows])
        self._who = np.concatenate([self._who, np.array(who, np.int64)])
        self._round = np.concatenate([self._round, np.array([event.round for event in fresh], np.int64)])
        self._outcome = np.concatenate([self._outcome, outcome])
        decisions = np.array([event.queue == ADJUDICATION for event in fresh], bool)
        self._decision = np.concatenate([self._decision, decisions])
        self._stands = np.concatenate([self._stands, np.ones(len(fresh), bool)])
        self._stands[np.searchsorted(self._seq, taken_back)] = False

    def _of_round(self, round_: int) -> Answers:
        place = np.flatnonzero(self._stands & ~self._decision & (self._round == round_))
        key = self._pictures.of[self._row[place]] * max(len(self._names), 1) + self._who[place]
        _, last = np.unique(key[::-1], return_index=True)
        place = np.sort(place[::-1][last])
        decided = np.unique(self._pictures.of[self._row[self._stands & self._decision]])
        return Answers(
            self._pictures, self._row[place], self._who[place], self._outcome[place], tuple(self._names), decided
        )


_ledgers: Kept[_Ledger] = Kept(8)
