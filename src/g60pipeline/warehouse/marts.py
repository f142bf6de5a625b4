"""The mart layer: views of marts and scorecards, each also as of an instant and in a release.

Belongs here: running SQL that indicators compiled. Not here: the SQL, values over time (vintages.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa

from g60pipeline.contracts.indicators import Mart, Scorecard
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.views import create_versions, replace_function, replace_view


def create_mart_view(connection: sa.Connection, mart: Mart, select_sql: str, at_cut_sql: str) -> None:
    """Create or replace `mart.<name>` with comments, and its `_at`, `_as_of` and `_in_release`.

    A view cannot be stale, whatever the order of runs.
    """
    name = f"mart.{mart.name}"
    columns = {
        column: f"{described.description.zh} / {described.description.en}"
        for column, described in mart.columns.items()
    }
    replace_view(connection, name, select_sql, f"{mart.title.zh} / {mart.title.en}", columns)
    create_versions(connection, name, at_cut_sql)


def create_scorecard_view(
    connection: sa.Connection, project: Project, scorecard: Scorecard, selects: dict[str, str]
) -> None:
    """Create or replace a wide table as a view, and its `_as_of` and `_in_release`.

    `selects`: its SELECT over the present values (`""`), those as of an instant and those in a release.
    """
    name = f"mart.{scorecard.name}"
    labels = {column: project.indicators[column].label for column in scorecard.time}
    columns = {
        "period": "月份 / month",
        "subject_code": "对象 / unit or cluster",
        "label_zh": "名称 / name in Chinese",
        **{column: f"{label.zh} / {label.en}" for column, label in labels.items()},
    }
    title = f"{scorecard.title.zh} / {scorecard.title.en}"
    replace_view(connection, name, selects[""], title, columns)
    as_of, released = {"as_of_instant": "TIMESTAMP"}, {"in_release_id": "TEXT"}
    replace_function(connection, f"{name}_as_of", as_of, name, selects["as_of"])
    replace_function(connection, f"{name}_in_release", released, name, selects["in_release"])


def run_statements(connection: sa.Connection, statements: Sequence[str]) -> None:
    """Run statements for their effect, in order."""
    for statement in statements:
        connection.exec_driver_sql(statement)


def dialect_name(warehouse: Warehouse) -> Literal["duckdb", "postgres"]:
    """Name of the SQL dialect."""
    return "duckdb" if warehouse.engine.dialect.name == "duckdb" else "postgres"
