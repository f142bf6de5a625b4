"""Changing a table that has rows, on either engine.

Belongs here: what revisions share. DuckDB can neither change a primary key nor require a column that was just filled, so
there the table is copied; PostgreSQL alters it in place, and views on it stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

# Ordered by bytes on both engines, whatever collation the database has.
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def key(name: str, type_: Any) -> sa.Column[Any]:
    """Build a column of the primary key."""
    return sa.Column(name, type_, primary_key=True, autoincrement=False)


def required(name: str, type_: Any) -> sa.Column[Any]:
    """Build a column that is never null."""
    return sa.Column(name, type_, nullable=False)


def base_tables(connection: sa.Connection, schema: str) -> list[str]:
    """Names of the schema's tables, without views."""
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = :schema AND table_type = 'BASE TABLE'"
    return sorted(connection.execute(sa.text(query), {"schema": schema}).scalars())


def column_names(connection: sa.Connection, schema: str, table: str) -> set[str]:
    """Names of the table's columns."""
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = :schema AND table_name = :table"
    return set(connection.execute(sa.text(query), {"schema": schema, "table": table}).scalars())


def reshape(
    schema: str,
    table: str,
    add: Sequence[sa.Column[Any]] = (),
    fill: Mapping[str, str] | None = None,
    primary_key: Sequence[str] = (),
) -> None:
    """Add columns, fill columns by expressions over the row (those are required from then on), set a new primary key."""
    if op.get_bind().dialect.name == "duckdb":
        _copy(schema, table, add, fill or {}, primary_key)
    else:
        _alter(schema, table, add, fill or {}, primary_key)


def _alter(
    schema: str,
    table: str,
    add: Sequence[sa.Column[Any]],
    fill: Mapping[str, str],
    primary_key: Sequence[str],
) -> None:
    for column in add:
        op.add_column(table, sa.Column(column.name, column.type), schema=schema)
    if fill:
        values = ", ".join(f'"{name}" = {expression}' for name, expression in fill.items())
        op.execute(f'UPDATE "{schema}"."{table}" SET {values}')
    for name in fill:
        op.alter_column(table, name, nullable=False, schema=schema)
    if primary_key:
        present = sa.inspect(op.get_bind()).get_pk_constraint(table, schema=schema)
        op.drop_constraint(str(present["name"]), table, schema=schema)
        op.create_primary_key(f"{table}_pkey", table, list(primary_key), schema=schema)


def _copy(
    schema: str,
    table: str,
    add: Sequence[sa.Column[Any]],
    fill: Mapping[str, str],
    primary_key: Sequence[str],
) -> None:
    old = sa.Table(table, sa.MetaData(), schema=schema, autoload_with=op.get_bind())
    keys = list(primary_key) or [column.name for column in old.primary_key.columns]
    columns = [
        sa.Column(
            column.name, column.type, primary_key=column.name in keys, autoincrement=False,
            nullable=bool(column.nullable) and column.name not in (*keys, *fill),
        )
        for column in [*old.columns, *add]
    ]  # fmt: skip
    copy = sa.Table(f"{table}__copy", sa.MetaData(), *columns, schema=schema)
    copy.create(op.get_bind())
    names = list(dict.fromkeys([*old.columns.keys(), *fill]))
    values = ", ".join(fill.get(name, f'"{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    op.execute(f'INSERT INTO {copy.fullname} ({quoted}) SELECT {values} FROM "{schema}"."{table}"')
    op.drop_table(table, schema=schema)
    op.rename_table(copy.name, table, schema=schema)
