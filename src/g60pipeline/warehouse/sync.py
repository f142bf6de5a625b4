"""Tables and columns that contracts gained, and every comment: what follows the contracts without a revision.

Belongs here: adding. Not here: technical columns and all other tables (migrations); nothing is ever taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.connect import POSTGRES

_COLUMNS = "SELECT table_schema, table_name, column_name FROM information_schema.columns"
_COMMENTS = {
    "duckdb": """
        SELECT schema_name, table_name, NULL, comment FROM duckdb_tables() WHERE comment IS NOT NULL
        UNION ALL
        SELECT schema_name, table_name, column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL
    """,
    POSTGRES: """
        SELECT n.nspname, c.relname, a.attname, d.description
        FROM pg_description d
        JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
        WHERE c.relkind = 'r'
    """,
}


def missing_columns(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> list[str]:
    """Name the tables and columns of forms that are not there yet: `schema.table` or `schema.table.column`."""
    return [item.fullname if isinstance(item, sa.Table) else f"{item.table.fullname}.{item.name}"
            for item in _missing(connection, metadata, project)]  # fmt: skip


def sync_forms(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> None:
    """Create the tables and add the columns of forms that are not there yet."""
    for item in _missing(connection, metadata, project):
        if isinstance(item, sa.Table):
            connection.execute(sa.schema.CreateTable(item))
        else:
            quote = connection.dialect.identifier_preparer.quote
            table = f"{quote(str(item.table.schema))}.{quote(item.table.name)}"
            type_ = item.type.compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {quote(item.name)} {type_}")


def _missing(
    connection: sa.Connection, metadata: sa.MetaData, project: Project
) -> Iterator[sa.Table | sa.Column[Any]]:
    present: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in connection.exec_driver_sql(_COLUMNS):
        present.setdefault((schema, table), set()).add(column)
    for schema, form in product(("staged", "core"), project.forms.values()):
        table = metadata.tables[f"{schema}.{form.name}"]
        columns = present.get((schema, form.name))
        if columns is None:
            yield table
        else:
            yield from (table.columns[field.name] for field in form.fields if field.name not in columns)


def write_comments(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Write the comments of tables and columns that are not as the contracts and tables.py say."""
    present = {
        (schema, table, column): comment
        for schema, table, column, comment in connection.exec_driver_sql(_COMMENTS[connection.dialect.name])
    }
    changes: list[sa.schema.ExecutableDDLElement] = []
    for table in metadata.sorted_tables:
        if present.get((table.schema, table.name, None)) != table.comment:
            changes.append(sa.schema.SetTableComment(table))
        changes += [
            sa.schema.SetColumnComment(column)
            for column in table.columns
            if present.get((table.schema, table.name, column.name)) != column.comment
        ]
    if changes:
        connection.exec_driver_sql(
            ";".join(str(change.compile(dialect=connection.dialect)) for change in changes)
        )
