"""Frames and rows into tables, and rows back into frames, with the same values on DuckDB and on PostgreSQL.

Belongs here: bulk loading and reading. Not here: what is loaded (ledger.py, dimensions.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    import pandas as pd

_INCOMING = "incoming_rows"


def read_frame(
    connection: sa.Connection,
    query: sa.Executable | str,
    parameters: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Run a query within a transaction and return its rows; values keep the types that the driver gives (Decimal, dict)."""
    import pandas as pd

    result = connection.execute(sa.text(query) if isinstance(query, str) else query, parameters or {})
    rows = result.fetchall()
    return pd.DataFrame.from_records(
        [tuple(row) for row in rows], columns=list(result.keys()), coerce_float=False
    )


def append_frame(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> int:
    """Append the frame's rows to the table at once; columns are matched by name. Returns the count of rows.

    NaN, NaT and NA are null. A value that its column cannot hold is an error.
    """
    names = [column.name for column in table.columns if column.name in frame.columns]
    if frame.empty:
        return 0
    columns = {name: list(_texts(table.columns[name].type, frame[name])) for name in names}
    _load(connection, table, columns)
    return len(frame)


def append_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> int:
    """Append dictionaries to the table; what one does not name is null."""
    if rows:
        columns = {
            column.name: list(_texts(column.type, [row.get(column.name) for row in rows]))
            for column in table.columns
        }
        _load(connection, table, columns)
    return len(rows)


def _load(connection: sa.Connection, table: sa.Table, columns: dict[str, list[str | None]]) -> None:
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.quote(name) for name in columns)
    load = _copy if connection.dialect.name == "postgresql" else _insert_registered
    load(connection, preparer.format_table(table), names, columns)


def _copy(connection: sa.Connection, target: str, names: str, columns: dict[str, list[str | None]]) -> None:
    # Into a table whose rows are guarded PostgreSQL copies nothing, but it inserts what the guard lets pass.
    is_guarded = connection.execute(sa.select(sa.func.row_security_active(target))).scalar_one()
    if is_guarded:
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {_INCOMING} (LIKE {target})")
    driver: Any = connection.connection.driver_connection
    into = _INCOMING if is_guarded else target
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} ({names}) FROM STDIN") as copy:
        for row in zip(*columns.values(), strict=True):
            copy.write_row(row)
    if is_guarded:
        connection.exec_driver_sql(f"INSERT INTO {target} ({names}) SELECT {names} FROM {_INCOMING}")
        connection.exec_driver_sql(f"DROP TABLE {_INCOMING}")


def _insert_registered(
    connection: sa.Connection, target: str, names: str, columns: dict[str, list[str | None]]
) -> None:
    import pandas as pd

    # As text, for of other objects DuckDB guesses the type from a sample: a later number may not fit into it.
    driver: Any = connection.connection.driver_connection
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    driver.register(_INCOMING, frame)
    # Not unregistered after an error, as that would fail in its turn and hide what happened.
    connection.exec_driver_sql(f"INSERT INTO {target} ({names}) SELECT {names} FROM {_INCOMING}")
    driver.unregister(_INCOMING)


# --- values as text, which the columns themselves read: both engines then agree on what a value is


def _texts(type_: sa.types.TypeEngine[Any], values: Iterable[Any]) -> Iterator[str | None]:
    write = _writer(type_)
    for value in values:
        yield None if _is_missing(value) else write(value)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    # Only NaN, of whatever type, differs from itself.
    return value is None or value is pd.NA or value is pd.NaT or value != value


def _writer(type_: sa.types.TypeEngine[Any]) -> Callable[[Any], str]:
    return next((write for kind, write in _WRITERS.items() if isinstance(type_, kind)), str)


def _write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _write_whole(value: Any) -> str:
    number = int(value)
    if number != value:
        raise ValueError(f"{value} is no whole number")
    return str(number)


def _write_float(value: Any) -> str:
    return repr(float(value))


def _write_day(value: Any) -> str:
    return str(value.date() if isinstance(value, datetime) else value)


_WRITERS: dict[type[sa.types.TypeEngine[Any]], Callable[[Any], str]] = {
    sa.JSON: _write_json,
    sa.Integer: _write_whole,
    sa.Float: _write_float,
    sa.Date: _write_day,
}
