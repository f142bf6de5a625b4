"""The schema `pub_v1`: a view per contract of a published table, with comments on everything.

Belongs here: creating the views so that whoever may read them still may. Not here: their SQL (indicators.published),
what is promised (contracts.tables), who may read (roles.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import sqlalchemy as sa

from g60pipeline.contracts.tables import SCHEMA, PhysicalType, PublishedTable
from g60pipeline.warehouse.connect import POSTGRES
from g60pipeline.warehouse.marks import read_mark, write_mark
from g60pipeline.warehouse.roles import grant_published
from g60pipeline.warehouse.views import literal

_COLUMNS = sa.text(
    "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = :schema"
    " ORDER BY table_name, ordinal_position"
)
_MARK = "published_from"
_CATALOGUE: dict[PhysicalType, str] = {
    "VARCHAR": "character varying", "BIGINT": "bigint", "DOUBLE PRECISION": "double precision",
    "NUMERIC(38, 12)": "numeric", "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp without time zone",
}  # fmt: skip
Columns = list[tuple[str, str]]


def _present(connection: sa.Connection) -> dict[str, Columns]:
    present: dict[str, Columns] = {}
    for table, column, type_ in connection.execute(_COLUMNS, {"schema": SCHEMA}):
        present.setdefault(table, []).append((column, type_))
    return present


def _promised(table: PublishedTable) -> Columns:
    return [(column.name, _CATALOGUE[column.type]) for column in table.columns]


def _drop_outdated(connection: sa.Connection, tables: list[PublishedTable]) -> None:
    """Drop views that no contract names; on PostgreSQL, where a view can be replaced only while its columns stay, all of
    them when some changed, for they read one another.

    What readers built on them stays: PostgreSQL then refuses, and says what it is.
    """
    present, promised = _present(connection), {table.name: _promised(table) for table in tables}
    outdated = [name for name in present if name not in promised]
    if (
        present
        and connection.dialect.name == POSTGRES
        and (outdated or any(present.get(name, columns) != columns for name, columns in promised.items()))
    ):
        names = ", ".join(f"{SCHEMA}.{name}" for name in present)
        connection.exec_driver_sql(f"DROP VIEW {names}")
    else:
        for name in outdated:
            connection.exec_driver_sql(f"DROP VIEW {SCHEMA}.{name}")


def _create(connection: sa.Connection, table: PublishedTable, select: str) -> None:
    # A barrier: no condition of a reader's is looked at before the view has hidden what it hides.
    barrier = " WITH (security_barrier)" if connection.dialect.name == POSTGRES else ""
    connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {table.full_name}{barrier} AS {select}")
    text = f"{table.title.zh}：{table.description.zh} / {table.title.en}: {table.description.en}"
    connection.exec_driver_sql(f"COMMENT ON VIEW {table.full_name} IS {literal(text)}")
    for column in table.columns:
        text = literal(f"{column.text.zh} / {column.text.en}")
        connection.exec_driver_sql(f"COMMENT ON COLUMN {table.full_name}.{column.name} IS {text}")


def _fingerprint(tables: list[PublishedTable], selects: Mapping[str, str]) -> str:
    parts = [f"{table.model_dump_json()} {selects[table.name]}" for table in tables]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def replace_published(
    connection: sa.Connection, tables: Mapping[str, PublishedTable], selects: Mapping[str, str]
) -> bool:
    """Create or replace the views, in the order of `selects`; returns whether there was anything to do.

    Roles that may read keep their right, also to views that are made anew.
    """
    ordered = [tables[name] for name in selects]
    fingerprint = _fingerprint(ordered, selects)
    if read_mark(connection, _MARK) == fingerprint and set(_present(connection)) == set(tables):
        return False
    connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
    _drop_outdated(connection, ordered)
    for table in ordered:
        _create(connection, table, selects[table.name])
    write_mark(connection, _MARK, fingerprint)
    if connection.dialect.name == POSTGRES:
        grant_published(connection, tables)
    return True
