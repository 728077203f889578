"""The PostgreSQL server that FER_DATABASE_URL names: its address, connections to it, and its errors in sentences.

    postgresql://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full
    postgresql://USER@/DATABASE?host=/var/run/postgresql            over a socket of the same machine

Connections talk to the server itself: a pooler that hands one connection to several programs would mix up their locks.
"""

import getpass
import ssl
from functools import cache
from typing import Any

from sqlalchemy import URL, Engine, ExceptionContext, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from fer_core.database.place import VARIABLE, Place
from fer_core.errors import StoreError

LOCK_WAIT = 20.0  # seconds that a write waits for others
_SILENCE = 30  # seconds without a byte from the server after which it counts as gone; longer than LOCK_WAIT
_IDLE = 60  # seconds after which the server drops a writer that has fallen silent, and with it its lock
_READERS = 6  # connections at most that one process reads a store through
_ENCRYPTED = {"disable": False, "prefer": None, "require": True}  # in pg8000's words
_STOPPING = ("57P01", "57P02", "57P03")  # the server shuts down or starts up
_SENTENCES = {  # by SQLSTATE; {where}, {problem}
    "55P03": "The store on {where} is held by another process; nothing was stored. Try again.",
    "53100": "The disk of {where} is full; nothing was stored. Make room, then try again.",
    "53300": "{where} takes no more connections ({problem}). Raise its max_connections, then try again.",
    "25006": "{where} is read-only here; nothing was stored.",
    "42P01": "The tables of this workspace are not on {where} any more ({problem}). Restore a backup.",
    "28000": "{where} refuses the login ({problem}). Mend FER_DATABASE_URL.",
    "28P01": "{where} refuses the login ({problem}). Mend FER_DATABASE_URL.",
    "3D000": "{where} cannot be used: {problem}. Make it with `createdb`, or mend FER_DATABASE_URL.",
    "42501": "{where} does not let this user make what FERret needs ({problem}). Let it CREATE in the database.",
}


@cache
def address(text: str) -> URL:
    """The parts of FER_DATABASE_URL. Raises StoreError for what is none that we can use; never repeats a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"{VARIABLE} is no address. It looks like postgresql://USER@HOST:5432/DATABASE.") from error
    if url.drivername not in ("postgresql", "postgres"):
        raise StoreError(f"{VARIABLE} begins with {url.drivername}:// where postgresql:// is expected.")
    if not url.database or not (url.host or url.query.get("host")):
        raise StoreError(f"{VARIABLE} names no host or no database: postgresql://USER@HOST:5432/DATABASE.")
    if odd := sorted(set(url.query) - {"sslmode", "host"}):
        raise StoreError(f"{VARIABLE} has the option {odd[0]}, which is not known here (sslmode and host are).")
    if url.query.get("sslmode", "prefer") not in (*_ENCRYPTED, "verify-full"):
        raise StoreError(f"{VARIABLE}: sslmode is disable, prefer, require (encrypted) or verify-full (and certified).")
    return url


def where(text: str) -> str:
    """The server in words, without user and password."""
    url = address(text)
    port = f":{url.port}" if url.port else ""
    return f"PostgreSQL at {url.query.get('host') or url.host}{port}/{url.database}"


def connect(place: Place, *, read_only: bool, pooled: bool = True) -> Engine:
    """An engine whose connections work in the schema of `place`; nothing is opened yet. Raises StoreError."""
    try:
        import pg8000.dbapi  # noqa: F401 - SQLAlchemy would say it less plainly
    except ImportError as error:
        raise StoreError(
            f"{VARIABLE} asks for PostgreSQL, whose driver is not installed: pip install -r requirements-extras.txt"
        ) from error
    pool: dict[str, Any] = {"poolclass": NullPool}
    if pooled:
        # A connection may have died with the server since it was used: each is tried when it is taken.
        kept = 2 if read_only else 1
        pool = {"pool_size": kept, "max_overflow": _READERS - kept if read_only else 0, "pool_pre_ping": True}
    engine = create_engine("postgresql+pg8000://", connect_args=_arguments(place, read_only), **pool)
    engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows in one statement, in their order
    event.listen(engine, "handle_error", _note_shutdown)
    return engine


def sentence(text: str, error: DBAPIError | ssl.SSLError) -> str:
    """What the server, or the silence in its place, says, as something that a person can act on."""
    if isinstance(error, ssl.SSLError):
        return f"{where(text)} cannot be trusted ({error.reason or error}); see sslmode in docs/postgresql.md."
    details = error.orig.args[0] if error.orig is not None and error.orig.args else str(error.orig)
    code, problem = (details.get("C", ""), details.get("M", "")) if isinstance(details, dict) else ("", str(details))
    if (error.connection_invalidated or not code) and "InterfaceError" in type(error.orig).__name__:
        cause = error.orig.__cause__ if error.orig is not None else None
        return f"{where(text)} cannot be reached ({cause or problem}); nothing was stored. Start it, then try again."
    if code in _STOPPING:
        return f"{where(text)} is being stopped or started ({problem}); nothing was stored. Try again."
    return _SENTENCES.get(code, "{where}: {problem}.").format(where=where(text), problem=problem)


def _arguments(place: Place, read_only: bool) -> dict[str, Any]:
    """What pg8000 connects with."""
    url = address(place.url)
    host = url.query.get("host") or url.host
    arguments: dict[str, Any] = {
        "user": url.username or getpass.getuser(),
        "password": url.password,
        "database": url.database,
        "timeout": _SILENCE,
        "application_name": "FERret",
        "startup_params": {
            "search_path": place.schema,
            "lock_timeout": str(int(1000 * LOCK_WAIT)),
            "idle_in_transaction_session_timeout": str(1000 * _IDLE),
            # A reader sees one moment; a writer everything up to when it got the lock.
            "default_transaction_isolation": "repeatable read" if read_only else "read committed",
            "default_transaction_read_only": "on" if read_only else "off",
        },
    }
    if str(host).startswith("/"):
        arguments["unix_sock"] = f"{host}/.s.PGSQL.{url.port or 5432}"
    else:
        arguments |= {"host": host, "port": url.port or 5432}
    mode = str(url.query.get("sslmode", "prefer"))
    arguments["ssl_context"] = ssl.create_default_context() if mode == "verify-full" else _ENCRYPTED[mode]
    return arguments


def _note_shutdown(context: ExceptionContext) -> None:
    """A connection that the server has given notice on is of no more use, and neither are its neighbours."""
    error = context.original_exception
    details = error.args[0] if error.args else None
    if isinstance(details, dict) and details.get("C") in _STOPPING:
        context.is_disconnect = True
