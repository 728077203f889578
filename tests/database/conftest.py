"""A workspace whose stores are on the server."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

import numpy as np
import pytest
from pg_server import PostgresServer
from sqlalchemy import Connection, create_engine

from fer_core import database
from fer_core.database.place import VARIABLE
from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.workspace import Workspace


@pytest.fixture
def server(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    """The server that FER_DATABASE_URL names."""
    monkeypatch.setenv(VARIABLE, postgres.url)
    yield postgres
    while database._open:
        database._open.popitem()[1].close()


@pytest.fixture
def dataset(server: PostgresServer, workspace: Workspace) -> Dataset:
    drawn = np.random.default_rng(5).integers(0, 256, (60, 48, 48), dtype=np.uint8)
    flat = np.zeros(60, np.int8)
    return create_dataset(workspace, "small", Images(drawn, flat, flat), origin={})


@pytest.fixture
def log(dataset: Dataset, workspace: Workspace) -> VerdictLog:
    return VerdictLog(workspace.labels_db)


@pytest.fixture
def say(dataset: Dataset) -> Callable[[int], Verdict]:
    def make(row: int) -> Verdict:
        return Verdict(
            id=str(uuid4()),
            kind="answer",
            dataset=dataset.name,
            dataset_hash=dataset.hash,
            row=row,
            content=dataset.table["content"].iat[row],
            annotator="ada",
            round=1,
            answer="sad",
            time="2026-11-21T10:00:00+00:00",
        )

    return make


@pytest.fixture
def asking(postgres: PostgresServer) -> Callable[[], AbstractContextManager[Connection]]:
    """A connection past FERret, as an administrator has one."""

    @contextmanager
    def ask() -> Iterator[Connection]:
        engine = create_engine(postgres.url.replace("postgresql", "postgresql+pg8000"))
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    return ask
