"""Leases: which pictures are in whose hands, so that two people do not get the same one at the same time.

They stand in a store of their own, leases.db. Nothing is lost with it: it can be deleted, and then for some minutes two
people may see one picture. A lease ends by itself LASTS seconds after the last word of whoever holds it.

    with book.turn(dataset.hash, round_, annotator) as turn:    # one person deals at a time
        turn.others                                             # what the others hold
        turn.hold(pictures)                                     # what this one holds from now on
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    MetaData,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from fer_core.database import AnyText, Database, Schema, open_database

LASTS = 300.0  # seconds
RENEWED_EVERY = 20.0  # seconds

metadata = MetaData()
leases = Table(
    "leases",
    metadata,
    Column("dataset_hash", AnyText, primary_key=True),
    Column("round", BigInteger, primary_key=True),
    Column("annotator", AnyText, primary_key=True),
    Column("picture", BigInteger, primary_key=True),  # the first row that shows it
    Column("until", Float, nullable=False),  # seconds since 1970
    Index("leases_by_annotator", "annotator"),
)

_SCHEMA = Schema("list of leases", metadata, version=1, precious=False)


@dataclass(frozen=True)
class Held:
    """Leases that have not run out: `pictures[i]` is held by `annotators[i]`."""

    pictures: np.ndarray  # int64 (n,)
    annotators: list[str]


class Turn:
    """One person's turn at dealing in one round; nobody else deals until it is over."""

    def __init__(self, connection: Connection, dataset_hash: str, round_: int, annotator: str, now: float) -> None:
        self._connection = connection
        self._place = {"dataset_hash": dataset_hash, "round": round_}
        self._annotator = annotator
        self._now = now
        connection.execute(delete(leases).where(leases.c.until <= now))
        self.others = _held(connection, dataset_hash, round_, annotator)

    def hold(self, pictures: np.ndarray) -> None:
        """From now on the person holds these pictures (int64 (n,), distinct) and no others."""
        own = (leases.c[name] == value for name, value in {**self._place, "annotator": self._annotator}.items())
        self._connection.execute(delete(leases).where(*own))
        lease = {**self._place, "annotator": self._annotator, "until": self._now + LASTS}
        if len(pictures):
            self._connection.execute(insert(leases), [{**lease, "picture": int(picture)} for picture in pictures])


class LeaseBook:
    """The leases of a workspace. `clock`: seconds since 1970, of this host; SQLite knows no other time.

    `local`: a file of its own, wherever the workspace's own leases are kept.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time, *, local: bool = False) -> None:
        self._path = path
        self._clock = clock
        self._local = local

    @contextmanager
    def turn(self, dataset_hash: str, round_: int, annotator: str) -> Iterator[Turn]:
        """A turn at dealing, in one transaction that holds the store's write lock. Raises StoreError."""
        with self._database().writing() as connection:
            yield Turn(connection, dataset_hash, round_, annotator, self._clock())

    def renew(self, dataset_hash: str, round_: int, annotator: str) -> None:
        """The person is still there: what they hold lasts from now on. What ran out and was given on stays away."""
        database, now = self._database(), self._clock()
        own = (leases.c.dataset_hash == dataset_hash, leases.c.round == round_, leases.c.annotator == annotator)
        with database.reading() as connection:
            first = connection.execute(select(func.min(leases.c.until)).where(*own)).scalar()
        if first is not None and first < now + LASTS - RENEWED_EVERY:  # not a write for every answer
            with database.writing() as connection:
                connection.execute(update(leases).where(*own).values(until=now + LASTS))

    def release(self, annotator: str) -> None:
        """The person has left: they hold nothing any more, in no data set and round."""
        with self._database().writing() as connection:
            connection.execute(delete(leases).where(leases.c.annotator == annotator))

    def held(self, dataset_hash: str, round_: int) -> Held:
        """What everybody holds in a round at the moment."""
        with self._database().reading() as connection:
            return _held(connection, dataset_hash, round_, "", self._clock())

    def _database(self) -> Database:
        return open_database(self._path, _SCHEMA, local=self._local)


def _held(connection: Connection, dataset_hash: str, round_: int, but: str, now: float = 0.0) -> Held:
    statement = select(leases.c.picture, leases.c.annotator).where(
        leases.c.dataset_hash == dataset_hash,
        leases.c.round == round_,
        leases.c.annotator != but,
        leases.c.until > now,
    )
    found = connection.execute(statement).all()
    return Held(np.array([row.picture for row in found], np.int64), [row.annotator for row in found])
