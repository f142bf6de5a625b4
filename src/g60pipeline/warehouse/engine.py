"""The warehouse as one object: its engine, its tables, its transactions.

Belongs here: opening, creating, transactions, reading. Not here: what a table means (tables.py, views.py), how it is
created and migrated (structure.py), how rows go in (loading.py), what an error means (connect.py), the ledger's
questions (ledger.py).
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.connect import (
    POSTGRES,
    WarehouseError,
    build_engine,
    describe,
    explained,
    file_of,
    parse_url,
)
from g60pipeline.warehouse.loading import append_frame, append_rows, read_frame
from g60pipeline.warehouse.structure import build, is_complete, pending, revision_of
from g60pipeline.warehouse.tables import build_metadata

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Warehouse",
    "WarehouseError",
    "append_frame",
    "append_rows",
    "open_if_readable",
    "open_to_read",
    "pending_migrations",
    "read_frame",
]

# One writer at a time, as on DuckDB: the ledgers' numbers go on from the highest one, and what a run read at its start
# still holds when it writes. PostgreSQL lets go of the lock with the transaction, however that ends; readers never wait.
_LOCK_WRITERS = "SET LOCAL lock_timeout = '10min'; SELECT pg_advisory_xact_lock(310117)"


class Warehouse:
    """The warehouse behind one URL. Close it (or use it as a context manager) to let other processes open the file.

    `patience_seconds`: how long it waits for a process that has the file, before it is a WarehouseError.
    """

    def __init__(
        self, url: str, project: Project, read_only: bool = False, patience_seconds: float = 0
    ) -> None:
        self.url = parse_url(url)
        self.project = project
        self.metadata = build_metadata(project)
        self.engine = build_engine(self.url, read_only, patience_seconds)

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, or of the connections."""
        self.engine.dispose()

    def table(self, name: str) -> sa.Table:
        """Return a table by `schema.name`."""
        return self.metadata.tables[name]

    def exists(self) -> bool:
        """Say whether there is a warehouse behind the URL. WarehouseError when that cannot be found out."""
        file = file_of(self.url)
        if file is not None and not file.exists():
            return False
        with explained(self.engine), self.engine.connect() as connection:
            return revision_of(connection) is not None

    def create(self) -> bool:
        """Create what is missing and bring the rest up to date; returns whether there was anything to do.

        That is the file, schemas, tables, migrations, columns that a contract gained, dimensions and views.
        WarehouseError when a newer program made the warehouse, or when it cannot be used.
        """
        file = file_of(self.url)
        with explained(self.engine):
            if file is not None and not file.exists():
                self._create_file(file)
                return True
            with self.engine.connect() as connection:
                if is_complete(connection, self.project):
                    return False
            with self.transaction() as connection:
                # Another process may have done it while this one waited.
                if not is_complete(connection, self.project):
                    build(connection, self.metadata, self.project)
            return True

    def _create_file(self, path: Path) -> None:
        """A DuckDB file that is killed while it is created can never be opened again: it is renamed when it is whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
        fresh.unlink(missing_ok=True)
        engine = build_engine(self.url.set(database=str(fresh)))
        with engine.begin() as connection:
            build(connection, self.metadata, self.project)
        with engine.connect() as connection:
            connection.exec_driver_sql("CHECKPOINT")
        engine.dispose()
        os.replace(fresh, path)

    @contextmanager
    def transaction(self) -> Generator[sa.Connection]:
        """One transaction: committed as a whole or not at all; one at a time, so a thread that is in one opens no other.

        After a WarehouseError the caller may run the whole of it again.
        """
        with explained(self.engine), self.engine.begin() as connection:
            if connection.dialect.name == POSTGRES:
                connection.exec_driver_sql(_LOCK_WRITERS)
            yield connection

    @contextmanager
    def workspace(self) -> Generator[sa.Connection]:
        """A connection for temporary relations and for reading: it waits for no writer, and nothing stays of it."""
        with explained(self.engine), self.engine.connect() as connection:
            if connection.dialect.name == POSTGRES:
                # PostgreSQL takes even temporary tables for writing.
                connection = connection.execution_options(postgresql_readonly=False)
            yield connection

    def read(self, query: sa.Executable | str, parameters: dict[str, Any] | None = None) -> pd.DataFrame:
        """Run a query and return its rows as a frame."""
        with explained(self.engine), self.engine.connect() as connection:
            return read_frame(connection, query, parameters)


@contextmanager
def open_to_read(url: str, project: Project) -> Generator[Warehouse | None]:
    """Open the warehouse without writing anything; None where there is none.

    WarehouseError when it cannot be read, or is of another version.
    """
    with Warehouse(url, project, read_only=True) as warehouse:
        if not warehouse.exists():
            yield None
            return
        with warehouse.engine.connect() as connection:
            waiting = pending(connection, warehouse.metadata, project)
        if waiting:
            raise WarehouseError(
                f"{describe(warehouse.url)} is of an older version: {'; '.join(waiting)}. The next run mends that."
            )
        with explained(warehouse.engine):
            yield warehouse


@contextmanager
def open_if_readable(url: str, project: Project) -> Generator[Warehouse | None]:
    """Open the warehouse as `open_to_read` does; None also while another process writes it, or when it is of another version."""
    with ExitStack() as stack:
        try:
            warehouse = stack.enter_context(open_to_read(url, project))
        except WarehouseError:
            warehouse = None
        yield warehouse


def pending_migrations(url: str, project: Project) -> list[str]:
    """Say what `create` would change in tables, without doing it: revisions, then tables and columns from contracts."""
    with Warehouse(url, project, read_only=True) as warehouse:
        file = file_of(warehouse.url)
        if file is not None and not file.exists():
            return ["a new file, with every table"]
        with explained(warehouse.engine), warehouse.engine.connect() as connection:
            return pending(connection, warehouse.metadata, project)
