"""How the warehouse is, seen from outside: who holds it, what reads it, what waits. Nothing is written.

Belongs here: asking both engines. Not here: what is to be done about it (operations.doctor).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.connect import POSTGRES, WarehouseError, describe, file_of
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.roles import find_missing_roles
from g60pipeline.warehouse.structure import pending, revision_of

_HOLDER = re.compile(r"Conflicting lock is held in .*?\(PID (\d+)\)")
_STORAGE = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path IS NOT NULL"


@dataclass(frozen=True)
class Health:
    """What was found. `fault`: why it cannot be read; `holder`: process that writes the file meanwhile.

    `missing_roles`: on PostgreSQL; None on DuckDB, which has none.
    """

    name: str
    exists: bool = False
    fault: str | None = None
    holder: int | None = None
    engine_version: str | None = None
    storage_version: str | None = None
    revision: str | None = None
    pending: tuple[str, ...] = ()
    last_received_at: datetime | None = None
    missing_roles: tuple[str, ...] | None = None


def examine_warehouse(url: str, project: Project) -> Health:
    """Look at the warehouse behind a URL; WarehouseError when that is no URL of a warehouse."""
    with Warehouse(url, project, read_only=True) as warehouse:
        name = describe(warehouse.url)
        try:
            if not warehouse.exists() and file_of(warehouse.url) is not None:
                return Health(name)
            with warehouse.workspace() as connection:
                return _examine(connection, warehouse, name)
        except WarehouseError as error:
            held = _HOLDER.search(str(error))
            return Health(name, exists=True, fault=str(error), holder=int(held[1]) if held else None)
        except DBAPIError as error:
            return Health(
                name, exists=True, fault=f"{name} cannot be read: {' '.join(str(error.orig).split())}"
            )


def _examine(connection: sa.Connection, warehouse: Warehouse, name: str) -> Health:
    is_postgres = connection.dialect.name == POSTGRES
    revision = revision_of(connection)
    return Health(
        name,
        exists=revision is not None,
        engine_version=str(connection.exec_driver_sql("SELECT version()").scalar_one()).split(" on ")[0],
        storage_version=None if is_postgres else connection.exec_driver_sql(_STORAGE).scalar(),
        revision=revision,
        pending=tuple(pending(connection, warehouse.metadata, warehouse.project)),
        last_received_at=_last_received_at(connection) if revision is not None else None,
        missing_roles=tuple(find_missing_roles(connection, warehouse.project)) if is_postgres else None,
    )


def _last_received_at(connection: sa.Connection) -> datetime | None:
    return connection.exec_driver_sql("SELECT max(received_at) FROM ops.submission").scalar()
