"""The warehouse as one object: its engine, its tables, its transactions.

Belongs here: opening, creating, transactions, appending and reading frames. Not here: what a table means (tables.py,
views.py), the ledger's questions (ledger.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.tables import SCHEMAS, build_metadata
from g60pipeline.warehouse.views import create_views

if TYPE_CHECKING:
    import pandas as pd


class WarehouseError(RuntimeError):
    """The warehouse cannot be used. The message says what to do."""


class Warehouse:
    """The warehouse behind one URL. Close it (or use it as a context manager) to let other processes open the file."""

    def __init__(self, url: str, project: Project) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() != "duckdb":
            raise WarehouseError(
                f"{self.url.get_backend_name()} is not supported yet; use duckdb:///path/to/file"
            )
        self.project = project
        self.metadata = build_metadata(project)
        self.engine = sa.create_engine(self.url)

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    def table(self, name: str) -> sa.Table:
        """Return a table by `schema.name`."""
        return self.metadata.tables[name]

    def create(self) -> None:
        """Create what is missing: the file, schemas, tables, columns that a contract gained, dimensions, views.

        A DuckDB file that is killed while it is being created can never be opened again, so it is made under a
        temporary name and renamed when it is whole.
        """
        try:
            self._create()
        except OperationalError as error:
            raise WarehouseError(
                f"{self.url.database} cannot be opened: {error.orig}. Is another run writing to it?"
            ) from error

    def _create(self) -> None:
        path = Path(self.url.database or "")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
            engine = sa.create_engine(self.url.set(database=str(fresh)))
            with engine.begin() as connection:
                self._create_in(connection)
            with engine.connect() as connection:
                connection.exec_driver_sql("CHECKPOINT")
            engine.dispose()
            os.replace(fresh, path)
        else:
            with self.transaction() as connection:
                self._create_in(connection)

    def _create_in(self, connection: sa.Connection) -> None:
        from g60pipeline.warehouse.dimensions import write_dimensions

        for schema in SCHEMAS:
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        self.metadata.create_all(connection, checkfirst=True)
        self._add_missing_columns(connection)
        write_dimensions(connection, self.metadata, self.project)
        create_views(connection, self.metadata, self.project)

    def _add_missing_columns(self, connection: sa.Connection) -> None:
        columns = connection.execute(
            sa.text("SELECT table_schema, table_name, column_name FROM information_schema.columns")
        )
        present = {(row[0], row[1], row[2]) for row in columns}
        for table in self.metadata.tables.values():
            for column in table.columns:
                if (table.schema, table.name, column.name) not in present:
                    type_ = column.type.compile(dialect=connection.dialect)
                    quote = connection.dialect.identifier_preparer.quote
                    connection.exec_driver_sql(
                        f"ALTER TABLE {quote(str(table.schema))}.{quote(table.name)} ADD COLUMN {quote(column.name)} {type_}"
                    )

    @contextmanager
    def transaction(self) -> Generator[sa.Connection]:
        """One transaction: committed as a whole or not at all."""
        with self.engine.begin() as connection:
            yield connection

    def read(self, query: sa.Executable | str, parameters: dict[str, Any] | None = None) -> pd.DataFrame:
        """Run a query and return its rows as a frame."""
        with self.engine.connect() as connection:
            return read_frame(connection, query, parameters)


@contextmanager
def open_to_read(url: str, project: Project) -> Generator[Warehouse | None]:
    """Open the warehouse without writing anything; None where there is none. WarehouseError when it cannot be read."""
    database = make_url(url).database
    if not Path(database or "").exists():
        yield None
        return
    read_only = make_url(url).update_query_dict({"access_mode": "read_only"})
    with Warehouse(read_only.render_as_string(hide_password=False), project) as warehouse:
        try:
            yield warehouse
        except DBAPIError as error:
            raise WarehouseError(
                f"{database} cannot be read: {error.orig}. Is a run writing to it, or is it of an older version?"
            ) from error


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
    """Append the frame's rows to the table in one statement; columns are matched by name. Returns the count of rows."""
    import pandas as pd

    if frame.empty:
        return 0
    names = [column.name for column in table.columns if column.name in frame.columns]
    part = frame[names].reset_index(drop=True)
    for name in names:
        if isinstance(table.columns[name].type, sa.JSON):
            part[name] = [_to_json(value) for value in part[name]]
        elif isinstance(table.columns[name].type, sa.Numeric):
            # The engine would guess a narrower decimal from a sample of rows; text is cast to the column's own type.
            part[name] = pd.Series(
                [None if pd.isna(value) else str(value) for value in part[name]], dtype=object
            )
    columns = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in names)
    target = f"{table.schema}.{table.name}"
    raw: Any = connection.connection.driver_connection
    raw.register("incoming", part)
    try:
        connection.exec_driver_sql(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM incoming")
    finally:
        raw.unregister("incoming")
    return len(part)


def append_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> int:
    """Append dictionaries to the table."""
    import pandas as pd

    if not rows:
        return 0
    names = [column.name for column in table.columns]
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    return append_frame(connection, table, frame)


def _to_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)
