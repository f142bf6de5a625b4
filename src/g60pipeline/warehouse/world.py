"""The world that a computation reads, as temporary relations of one connection.

`was_<form>` (rows in force, on the boundaries of their time), `run_in_force`, `run_unit`, `run_cluster_host`,
`run_obligation`, `run_verdict`, `run_submission`, and `run_today`: where units and clusters went, empty as was. What is
computed names only these, so that the same statements answer for today, for an instant and for a release.

Belongs here: choosing rows. Not here: marts, windows and indicators over them (indicators), putting both together
(operations).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.boundaries import units_today
from g60pipeline.contracts.knowledge import Boundaries, Cut
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.connect import POSTGRES
from g60pipeline.warehouse.dimensions import dimension_rows
from g60pipeline.warehouse.engine import Warehouse, append_rows
from g60pipeline.warehouse.tables import DIMENSIONS
from g60pipeline.warehouse.views import in_force_sql, rows_sql

_IN_FORCE = sa.Table(
    "in_force",
    sa.MetaData(),
    sa.Column("reporting_unit_code", sa.String()),
    sa.Column("form", sa.String()),
    sa.Column("period", sa.String()),
    sa.Column("month_index", sa.BigInteger()),
    sa.Column("submission_id", sa.BigInteger()),
)
_UNKNOWN = """
SELECT quote_ident(relname) FROM pg_class
WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' AND reltuples < 0 ORDER BY relname
"""


def find_cut(connection: sa.Connection, instant: Any = None) -> Cut:
    """Return the cut at an instant (UTC without a zone): everything that had happened by then; now when None."""
    columns = {
        "ops.submission": ("submission_id", "received_at"),
        "ops.verdict": ("verdict_id", "judged_at"),
        "ops.correction_event": ("event_id", "entered_at"),
    }
    numbers: list[int] = []
    for table, (number, at) in columns.items():
        condition = "" if instant is None else f" WHERE {at} <= :instant"
        query = sa.text(f"SELECT coalesce(max({number}), 0) FROM {table}{condition}")
        parameters = {} if instant is None else {"instant": instant}
        numbers.append(int(connection.execute(query, parameters).scalar_one()))
    return Cut(*numbers)


def read_in_force(connection: sa.Connection, cut: Cut) -> list[dict[str, Any]]:
    """Return the submissions in force at a cut: reporting_unit_code, form, period, month_index, submission_id."""
    rows = connection.exec_driver_sql(in_force_sql(str(int(cut.verdict_id)))).mappings()
    return [dict(row) for row in rows]


def create_world(
    connection: sa.Connection,
    warehouse: Warehouse,
    project: Project,
    cut: Cut,
    boundaries: Boundaries = "as_was",
    in_force: Sequence[dict[str, Any]] | None = None,
) -> None:
    """Create the world's relations on the connection, in place of those of an earlier world.

    `project`: whose dimensions count; they may be those of an earlier release. `in_force`: submissions to take in place
    of those in force at the cut.
    """
    _create_dimensions(connection, warehouse, project)
    if in_force is None:
        _create_table(connection, "run_in_force", in_force_sql(str(int(cut.verdict_id))))
    else:
        _fill_table(connection, "run_in_force", _IN_FORCE, in_force)
    _create_view(
        connection, "run_verdict", f"SELECT * FROM ops.verdict WHERE verdict_id <= {int(cut.verdict_id)}"
    )
    _create_view(
        connection,
        "run_submission",
        f"SELECT * FROM ops.submission WHERE submission_id <= {int(cut.submission_id)}",
    )
    _create_today(connection, project, boundaries)
    for form in project.forms:
        event = str(int(cut.correction_event_id))
        if f"core.{form}" in warehouse.metadata.tables:
            _create_table(
                connection, f"was_{form}", rows_sql(warehouse.metadata, form, "run_in_force", event)
            )
    gather_statistics(connection)


def gather_statistics(connection: sa.Connection) -> None:
    """Have PostgreSQL look at the connection's temporary tables that it has not looked at: it never does so by itself.

    Of a table that it knows nothing of it expects a handful of rows, and joins accordingly. DuckDB needs none of this.
    """
    if connection.dialect.name == POSTGRES:
        names = connection.exec_driver_sql(_UNKNOWN).scalars().all()
        if names:
            connection.exec_driver_sql(f"ANALYZE {', '.join(names)}")


def _create_dimensions(connection: sa.Connection, warehouse: Warehouse, project: Project) -> None:
    if project.definitions_version == warehouse.project.definitions_version:
        for name in DIMENSIONS:
            _create_view(connection, f"run_{name}", f"SELECT * FROM core.{name}")
        return
    rows = dimension_rows(project)
    for name in DIMENSIONS:
        _fill_table(connection, f"run_{name}", warehouse.table(f"core.{name}"), rows[name])


def _create_today(connection: sa.Connection, project: Project, boundaries: Boundaries) -> None:
    """Where the rows of a unit, or of a unit's former cluster, belong today; only what changed is listed."""
    _drop(connection, "run_today")
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE run_today"
        " (from_unit_code TEXT, cluster_code TEXT, to_unit_code TEXT, weight DOUBLE PRECISION)"
    )
    rows = list(_moves(project)) if boundaries == "as_now" else []
    if rows:
        table = sa.table("run_today", *(sa.column(name) for name in rows[0]))
        connection.execute(sa.insert(table), rows)


def _moves(project: Project) -> Iterator[dict[str, Any]]:
    for unit in dict.fromkeys(link.from_unit for link in project.unit_links):
        for today, weight in units_today(unit, project.unit_links).items():
            yield {"from_unit_code": unit, "cluster_code": "", "to_unit_code": today, "weight": weight}
    clusters = project.code_lists["clusters"].by_code
    for host in project.cluster_hosts:
        present = units_today(clusters[host.cluster_code].attributes["host_unit"], project.unit_links)
        # A cluster is not divided: it goes where most of its host went.
        unit = max(sorted(present), key=lambda code: present[code])
        if unit != host.host_unit:
            yield {
                "from_unit_code": host.host_unit,
                "cluster_code": host.cluster_code,
                "to_unit_code": unit,
                "weight": 1.0,
            }


def _drop(connection: sa.Connection, name: str) -> None:
    """Drop a temporary relation of that name, table or view, with whatever reads it."""
    is_postgres = connection.dialect.name == POSTGRES
    if is_postgres:
        kinds = sa.text(
            "SELECT relkind FROM pg_class WHERE relname = :name AND relnamespace = pg_my_temp_schema()"
        )
    else:
        kinds = sa.text(
            "SELECT 'v' FROM duckdb_views() WHERE temporary AND view_name = :name"
            " UNION ALL SELECT 'r' FROM duckdb_tables() WHERE temporary AND table_name = :name"
        )
    kind = connection.execute(kinds, {"name": name}).scalar()
    if kind is not None:
        word = "VIEW" if kind == "v" else "TABLE"
        connection.exec_driver_sql(f"DROP {word} {name}{' CASCADE' if is_postgres else ''}")


def _create_view(connection: sa.Connection, name: str, query: str) -> None:
    _drop(connection, name)
    connection.exec_driver_sql(f"CREATE TEMPORARY VIEW {name} AS {query}")


def _create_table(connection: sa.Connection, name: str, query: str) -> None:
    _drop(connection, name)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} AS {query}")
    if connection.dialect.name == "postgresql":
        # Nothing else tells the planner how many rows a temporary table has.
        connection.exec_driver_sql(f"ANALYZE {name}")


def _fill_table(connection: sa.Connection, name: str, like: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    _drop(connection, name)
    columns = [sa.Column(column.name, column.type) for column in like.columns]
    table = sa.Table(name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    table.create(connection)
    append_rows(connection, table, rows)
