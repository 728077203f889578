"""FER_DATABASE_URL: what it may say, and what is said about the rest. None of it ever shows a password."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000

from fer_core.database import AnyText
from fer_core.database.place import VARIABLE, Place
from fer_core.database.server import address, connect, where
from fer_core.errors import StoreError
from fer_core.review.events.log import VerdictLog

HIDDEN = "hunter2"


@pytest.mark.parametrize(
    "url,words",
    [
        ("labels.db", "no address"),
        (f"mysql://ada:{HIDDEN}@host/ferret", "mysql://"),
        (f"postgresql://ada:{HIDDEN}@host:port/ferret", "no address"),
        (f"postgresql://ada:{HIDDEN}@host", "no host or no database"),
        (f"postgresql://ada:{HIDDEN}@/ferret", "no host or no database"),
        (f"postgresql://ada:{HIDDEN}@host/ferret?channel=7", "the option channel"),
        (f"postgresql://ada:{HIDDEN}@host/ferret?sslmode=maybe", "sslmode is"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_a_sentence(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        address(url)
    assert HIDDEN not in str(refused.value)


def test_the_server_is_named_without_the_password() -> None:
    assert where(f"postgresql://ada:{HIDDEN}@db.lab:6543/ferret") == "PostgreSQL at db.lab:6543/ferret"
    assert where("postgresql:///ferret?host=/var/run/postgresql") == "PostgreSQL at /var/run/postgresql/ferret"


@pytest.mark.parametrize("place", ["127.0.0.1:1/ferret", "/ferret?host=/nowhere"])
def test_a_server_that_does_not_answer_is_named_and_nothing_is_begun(place: str, workspace, monkeypatch) -> None:
    workspace.root.mkdir()
    monkeypatch.setenv(VARIABLE, f"postgresql://ada:{HIDDEN}@{place}")
    with pytest.raises(StoreError, match="cannot be reached") as refused:
        VerdictLog(workspace.labels_db)
    assert HIDDEN not in str(refused.value) and "nothing was stored" in str(refused.value)
    assert not list(workspace.root.iterdir())


def test_a_missing_driver_is_said(workspace, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pg8000.dbapi", None)
    with pytest.raises(StoreError, match=r"pip install -r requirements-extras\.txt"):
        connect(Place("postgresql://ada@host/ferret", "public"), read_only=True)


@given(st.text("a0\\\0", max_size=12) | st.text())
def test_any_text_comes_back_and_no_nul_goes_out(text: str) -> None:
    dialect = PGDialect_pg8000()
    kind = AnyText.dialect_impl(dialect)
    sent = kind.process_bind_param(text, dialect)
    assert "\0" not in sent and kind.process_result_value(sent, dialect) == text
