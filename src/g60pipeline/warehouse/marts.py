"""The mart layer: views of marts, and rows that statements replace month by month.

Belongs here: running SQL that indicators compiled. Not here: the SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa

from g60pipeline.contracts.indicators import Mart
from g60pipeline.warehouse.engine import Warehouse


def create_mart_view(connection: sa.Connection, mart: Mart, select_sql: str) -> None:
    """Create or replace `mart.<name>` with comments. A view cannot be stale, whatever the order of runs."""
    connection.exec_driver_sql(f"CREATE OR REPLACE VIEW mart.{mart.name} AS {select_sql}")
    connection.exec_driver_sql(
        f"COMMENT ON VIEW mart.{mart.name} IS {_literal(f'{mart.title.zh} / {mart.title.en}')}"
    )
    for name, column in mart.columns.items():
        text = _literal(f"{column.description.zh} / {column.description.en}")
        connection.exec_driver_sql(f"COMMENT ON COLUMN mart.{mart.name}.{name} IS {text}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def replace_rows(
    connection: sa.Connection,
    table: sa.Table,
    periods: Sequence[str],
    selects: Sequence[str],
    **among: Sequence[str],
) -> None:
    """Replace the table's rows of the periods (and `among` the values of columns) with those that the SELECTs yield."""
    conditions = [table.c.period.in_(periods), *(table.c[name].in_(values) for name, values in among.items())]
    connection.execute(sa.delete(table).where(*conditions))
    names = ", ".join(column.name for column in table.columns)
    for select in selects:
        connection.exec_driver_sql(
            f"INSERT INTO {table.schema}.{table.name} ({names}) SELECT {names} FROM ({select}) AS rows_"
        )


def run_statements(connection: sa.Connection, statements: Sequence[str]) -> None:
    """Run statements for their effect, in order."""
    for statement in statements:
        connection.exec_driver_sql(statement)


def dialect_name(warehouse: Warehouse) -> Literal["duckdb", "postgres"]:
    """Name of the SQL dialect."""
    return "duckdb" if warehouse.engine.dialect.name == "duckdb" else "postgres"
