"""From a URL to an engine, and from a driver's error to what an operator can do about it.

Belongs here: what DuckDB and PostgreSQL want of a connection. Not here: what is in the database (structure.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError

DUCKDB, POSTGRES = "duckdb", "postgresql"
_USE = "use duckdb:///path/to/file or postgresql+psycopg://user@host:port/database"
_IS_HELD = "Could not set lock on file"
_to_json = partial(json.dumps, ensure_ascii=False, default=str)


class WarehouseError(RuntimeError):
    """The warehouse cannot be used. The message says what to do."""


def parse_url(text: str) -> sa.URL:
    """Read the warehouse's URL; WarehouseError when it is none, or of an engine or a driver that is not supported."""
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        # The text may hold a password.
        raise WarehouseError(f"the warehouse's URL cannot be read; {_USE}") from None
    if url.drivername == POSTGRES:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in (DUCKDB, "postgresql+psycopg"):
        raise WarehouseError(f"{url.drivername} is not supported; {_USE}")
    return url


def describe(url: sa.URL) -> str:
    """Name the warehouse for people, without a password."""
    if url.get_backend_name() == DUCKDB:
        return str(url.database)
    where = str(url.host or url.query.get("host") or "localhost")
    return (
        f"PostgreSQL database {url.database or url.username} at {where}{f':{url.port}' if url.port else ''}"
    )


def file_of(url: sa.URL) -> Path | None:
    """Return the warehouse's file; None when it has a server."""
    return Path(url.database or "") if url.get_backend_name() == DUCKDB else None


def build_engine(url: sa.URL, read_only: bool = False, patience_seconds: float = 0) -> sa.Engine:
    """Build an engine; nothing is opened yet. `patience_seconds`: how long it waits while another process has the file."""
    if url.get_backend_name() == DUCKDB:
        if read_only:
            url = url.update_query_dict({"access_mode": "read_only"})
        engine = sa.create_engine(url, json_serializer=_to_json)
        event.listen(engine, "do_connect", partial(_connect_patiently, patience_seconds))
        return engine
    # A server may have been restarted since the last transaction. Plans are not kept, as views are made anew.
    engine = sa.create_engine(
        url,
        json_serializer=_to_json,
        pool_pre_ping=True,
        connect_args={"prepare_threshold": None},
        execution_options={"postgresql_readonly": True} if read_only else {},
    )
    event.listen(engine, "do_execute", _execute_as_it_stands)
    return engine


def _connect_patiently(seconds: float, dialect: Any, _: Any, arguments: Any, options: Any) -> Any:
    """A DuckDB file that one process writes no other can open, and one that is read cannot be written, if only for a moment."""
    end = time.monotonic() + seconds
    while True:
        try:
            return dialect.connect(*arguments, **options)
        except dialect.loaded_dbapi.Error as error:
            if _IS_HELD not in str(error) or time.monotonic() > end:
                raise
        time.sleep(0.2)


def _execute_as_it_stands(cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
    """Without parameters psycopg would still take a per cent sign in a comment or a pattern for one."""
    if parameters or context.compiled is not None:
        return None
    cursor.execute(statement)
    return True


@contextmanager
def explained(engine: sa.Engine) -> Generator[None]:
    """Turn what the operator must mend (no server, no right, in use elsewhere) into a WarehouseError; a fault of ours stays."""
    driver: Any = engine.dialect.loaded_dbapi
    try:
        yield
    except (DBAPIError, driver.Error) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        advice = _advice(engine.url, original)
        if advice is None:
            raise
        raise WarehouseError(f"{describe(engine.url)} {advice}") from error


def _advice(url: sa.URL, error: Any) -> str | None:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    words = " ".join(str(error).split())
    if "InsufficientPrivilege" in kinds:
        return (
            f"refuses: {words}. Its owner must grant this to the role {url.username};"
            " after an upgrade or a change of definitions, g60 roles create does."
        )
    if "LockNotAvailable" in kinds:
        return "is still being written to by another run. Try again when that is done."
    if "OperationalError" not in kinds:
        return None
    if url.get_backend_name() == DUCKDB:
        return f"cannot be opened: {words}. Is another run writing to it, or is it no DuckDB file?"
    return f"cannot be used: {words}. Is the server running, and do the database and the role exist?"
