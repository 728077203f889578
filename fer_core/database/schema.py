"""What a store holds, whichever engine keeps it, and what an opened one can do."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData

Step = Callable[[Connection], None]
"""Changes the tables of one format into those of the next, inside the transaction that it is given. Every engine runs
it, so it speaks SQL that all of them know.
"""


@dataclass(frozen=True)
class Schema:
    """What one kind of store holds, and what it promises.

    A precious one has every commit on the disk before it is acknowledged, is never begun anew beside the traces of an
    old one, and is not written any more once it was moved. The other kind (chatter that can be made again) commits
    without waiting for the disk and is opened anew where another one took its place.
    """

    what: str  # what people call it: "verdict log"
    metadata: MetaData
    version: int  # of the format; 1 is the first
    precious: bool
    steps: tuple[Step, ...] = ()  # the first leads from version 1 to 2; one for every version after the first

    def __post_init__(self) -> None:
        if self.version != len(self.steps) + 1:
            raise ValueError(f"version {self.version} of the {self.what} takes {self.version - 1} steps")


class Database(ABC):
    """One store in one process. `path` is its file, or where its file would be; the name stands for the store."""

    path: Path
    schema: Schema

    @abstractmethod
    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that holds the store's write lock from its first statement, against threads, processes and
        machines; committed when the block ends well. Raises StoreError.
        """

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """A consistent view that never waits for writers and cannot write. Raises StoreError."""

    @property
    @abstractmethod
    def in_place(self) -> bool:
        """Whether what was opened is still what the workspace uses."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection; the next use opens them again."""
