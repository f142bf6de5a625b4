"""A warehouse of any age becomes what a new one is, with all its rows; a new one is what the tables say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from g60pipeline.contracts.forms import Field
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse import migrations
from g60pipeline.warehouse.connect import build_engine, parse_url
from g60pipeline.warehouse.engine import Warehouse, WarehouseError, append_rows, pending_migrations
from g60pipeline.warehouse.migrations.reshape import TEXT
from g60pipeline.warehouse.tables import SCHEMAS, build_metadata

BOOKKEEPING = {("ops", "schema_version"), ("ops", "built_from"), ("ops", "marts_from")}
TYPES = {  # what a column's type is called: in SQLAlchemy, then in DuckDB's and PostgreSQL's catalogues
    sa.BigInteger: ("BIGINT", "bigint"), sa.Double: ("DOUBLE", "double precision"), sa.String: ("VARCHAR", "character varying C"),
    sa.Boolean: ("BOOLEAN", "boolean"), sa.Date: ("DATE", "date"), sa.JSON: ("JSON", "json"),
    sa.DateTime: ("TIMESTAMP", "timestamp without time zone"),
}  # fmt: skip
Structure = dict[tuple[str, str], tuple[dict[str, tuple[str, bool]], set[str]]]


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(find_project_root())


def type_name(type_: Any, is_duckdb: bool) -> str:
    if isinstance(type_, sa.Numeric):
        return f"{'DECIMAL' if is_duckdb else 'numeric'}({type_.precision},{type_.scale})"
    names = next(names for kind, names in TYPES.items() if isinstance(type_, kind))
    return names[0] if is_duckdb else names[1]


def structure_of(metadata: sa.MetaData, is_duckdb: bool) -> Structure:
    return {
        (str(table.schema), table.name): (
            {c.name: (type_name(c.type, is_duckdb), bool(c.nullable)) for c in table.columns},
            {c.name for c in table.primary_key.columns},
        )
        for table in metadata.sorted_tables
    }


def structure_in(connection: sa.Connection) -> Structure:
    """Read it from the catalogue, as no reflection has a hand in it."""
    digits = "'(' || numeric_precision || ',' || numeric_scale || ')'"
    type_ = f"data_type || CASE WHEN data_type = 'numeric' THEN {digits} WHEN collation_name = 'C' THEN ' C' ELSE '' END"
    columns = connection.exec_driver_sql(
        f"SELECT c.table_schema, c.table_name, c.column_name, {type_}, is_nullable FROM information_schema.columns c"
        " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
        f" WHERE t.table_type = 'BASE TABLE' AND c.table_schema IN {SCHEMAS}"
    ).all()
    keys = connection.exec_driver_sql(
        "SELECT k.table_schema, k.table_name, k.column_name FROM information_schema.key_column_usage k"
        " JOIN information_schema.table_constraints t ON t.constraint_name = k.constraint_name"
        "  AND t.table_schema = k.table_schema AND t.table_name = k.table_name WHERE t.constraint_type = 'PRIMARY KEY'"
    ).all()
    found: Structure = {}
    for schema, table, column, type_, nullable in columns:
        if (schema, table) not in BOOKKEEPING:
            found.setdefault((schema, table), ({}, set()))[0][column] = (type_, nullable == "YES")
    for schema, table, column in keys:
        if (schema, table) in found:
            found[schema, table][1].add(column)
    return found


def test_a_new_warehouse_is_what_the_tables_say(warehouse_url: str, project: Project) -> None:
    with Warehouse(warehouse_url, project) as warehouse:
        warehouse.create()
        with warehouse.engine.connect() as connection:
            is_duckdb = connection.dialect.name == "duckdb"
            assert structure_in(connection) == structure_of(warehouse.metadata, is_duckdb)
    assert pending_migrations(warehouse_url, project) == []


def test_the_head_that_is_compared_with_is_the_last_revision() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == migrations.HEAD
    assert [step.split()[0] for step in migrations.waiting(None)] == ["0001", "0002"]
    assert migrations.waiting(migrations.HEAD) == []


# --- an older warehouse

VALUE = {
    "indicator_id": "members", "period": "2021-12", "time_basis": "end", "level": "unit", "subject_code": "310117001",
    "dimension": "", "dimension_code": "", "value": 12.5, "unit": "person", "expected_unit_count": 1,
    "reporting_unit_count": 1, "status": "published",
}  # fmt: skip
FINDING = {
    "submission_id": 7, "verdict_id": 9, "form": "activity", "rule": "names_are_given", "code": "AC-201", "level": 2,
    "severity": "critical", "message_zh": "请核对。", "message_en": "Check.",
}  # fmt: skip
ACTIVITY = {
    "submission_id": 7, "reporting_unit_code": "310117001", "period": "2021-12", "sheet_row": 4,
    "raw_text": {"category": "讲座"}, "category": "lecture",
}  # fmt: skip


def make_older(url: str, is_before_revisions: bool) -> None:
    """Make a warehouse as it was at the first revision, with a form's tables; as before, without keys of findings."""
    engine, metadata = build_engine(parse_url(url)), sa.MetaData()
    for schema in ("staged", "core"):
        is_core = schema == "core"
        sa.Table(
            "activity", metadata,
            sa.Column("submission_id", sa.BigInteger(), primary_key=is_core, autoincrement=False, nullable=False),
            sa.Column("reporting_unit_code", TEXT, nullable=False),
            sa.Column("period", TEXT, nullable=False),
            sa.Column("sheet_row", sa.BigInteger(), primary_key=is_core, autoincrement=False, nullable=False),
            sa.Column("category", TEXT), sa.Column("gone", TEXT),
            sa.Column("raw_text", sa.JSON(), nullable=False),
            schema=schema,
        )  # fmt: skip
    with engine.begin() as connection:
        for schema in ("ops", "staged", "core", "mart"):
            connection.execute(sa.schema.CreateSchema(schema))
        migrations.upgrade(connection, "0001")
        metadata.create_all(connection)
        connection.exec_driver_sql("CREATE VIEW core.activity_latest AS SELECT * FROM core.activity")
        connection.exec_driver_sql(
            "CREATE TABLE mart.unit_scorecard (period VARCHAR, members DOUBLE PRECISION)"
        )
        append_rows(connection, metadata.tables["core.activity"], [{**ACTIVITY, "gone": "stays"}])
        tables = sa.MetaData()
        for name in ("ops.finding", "ops.verdict", "mart.indicator_value"):
            sa.Table(name.split(".")[1], tables, schema=name.split(".")[0], autoload_with=connection)
        verdict = {"verdict_id": 9, "submission_id": 7, "rules_version": "1", "status": "accepted", "critical_count": 0,
                   "warning_count": 0, "judged_at": datetime(2022, 1, 3)}  # fmt: skip
        append_rows(connection, tables.tables["ops.verdict"], [verdict])
        append_rows(connection, tables.tables["mart.indicator_value"], [VALUE])
    with engine.begin() as connection:
        if is_before_revisions:
            connection.exec_driver_sql("ALTER TABLE ops.finding ALTER COLUMN finding_key DROP NOT NULL")
            connection.exec_driver_sql("DROP TABLE ops.schema_version")
            connection.exec_driver_sql("DROP TABLE ops.opening")
        table = sa.Table("finding", sa.MetaData(), schema="ops", autoload_with=connection)
        places = [("|甲|乙", None, None), (None, "活动表", "C5"), (None, None, None)]
        findings = [
            {**FINDING, "finding_no": n, "row_key": row, "sheet": sheet, "cell": cell,
             "finding_key": None if is_before_revisions else f"given {n}"}
            for n, (row, sheet, cell) in enumerate(places, 1)
        ]  # fmt: skip
        append_rows(connection, table, findings)
    engine.dispose()


@pytest.mark.parametrize("is_before_revisions", [True, False])
def test_an_older_warehouse_is_upgraded_with_all_its_rows(
    warehouse_url: str, project: Project, is_before_revisions: bool
) -> None:
    make_older(warehouse_url, is_before_revisions)
    waiting = pending_migrations(warehouse_url, project)
    assert [line.split()[0] for line in waiting[: 1 + is_before_revisions]] == ["0001", "0002"][
        not is_before_revisions :
    ]
    assert {"add core.activity.held_on", "add core.recognition"} <= set(waiting)

    with Warehouse(warehouse_url, project) as warehouse:
        assert warehouse.create()
        with warehouse.engine.connect() as connection:
            found = structure_in(connection)
            row = dict(connection.exec_driver_sql("SELECT * FROM core.activity").mappings().one())
            keys = (
                connection.exec_driver_sql("SELECT finding_key FROM ops.finding ORDER BY finding_no")
                .scalars()
                .all()
            )
            value = dict(connection.exec_driver_sql("SELECT * FROM mart.indicator_vintage").mappings().one())
            is_duckdb = connection.dialect.name == "duckdb"
        expected = structure_of(warehouse.metadata, is_duckdb)
        for schema in ("staged", "core"):
            del found[schema, "activity"][0]["gone"]
        assert found == expected
        assert {name: row[name] for name in ACTIVITY} == ACTIVITY
        assert (row["gone"], row["row_version"], row["correction_ids"], row["is_dropped"]) == (
            "stays",
            0,
            None,
            False,
        )
        assert {name: value[name] for name in VALUE} == VALUE
        assert (value["boundaries"], value["known_from"], value["known_to"]) == (
            "as_was",
            datetime(2022, 1, 3),
            None,
        )
        named = [f"activity/names_are_given/*/{place}" for place in ("|甲|乙", "@活动表!C5", "*")]
        assert list(keys) == (named if is_before_revisions else ["given 1", "given 2", "given 3"])
    assert pending_migrations(warehouse_url, project) == []


def test_an_upgrade_that_fails_leaves_the_warehouse_as_it_was(warehouse_url: str, project: Project) -> None:
    make_older(warehouse_url, is_before_revisions=False)
    with Warehouse(warehouse_url, project) as warehouse:
        with warehouse.transaction() as connection:
            before = structure_in(connection)
            connection.exec_driver_sql("UPDATE mart.indicator_value SET period = '2021-11'")
            # A table that stands in the way of a new one.
            connection.exec_driver_sql("CREATE VIEW core.unit_link AS SELECT 1 AS n")
        with pytest.raises(sa.exc.DBAPIError):
            warehouse.create()
        with warehouse.engine.connect() as connection:
            assert structure_in(connection) == before
            assert (
                connection.exec_driver_sql("SELECT version_num FROM ops.schema_version").scalar_one()
                == "0001"
            )


def test_a_field_that_a_contract_gains_is_a_column_at_the_next_run(
    warehouse_url: str, project: Project
) -> None:
    with Warehouse(warehouse_url, project) as warehouse:
        warehouse.create()
    form = project.forms["activity"]
    field = form.fields[-1].model_copy(update={"name": "order"})
    assert isinstance(field, Field)
    longer = form.model_copy(update={"fields": (*form.fields, field)})
    newer = project.model_copy(
        update={"forms": {**project.forms, "activity": longer}, "definitions_version": "newer"}
    )
    assert pending_migrations(warehouse_url, newer) == [
        "add staged.activity.order",
        "add core.activity.order",
    ]
    with Warehouse(warehouse_url, newer) as warehouse:
        assert warehouse.create()
        with warehouse.engine.connect() as connection:
            found, metadata = structure_in(connection), build_metadata(newer)
            assert found == structure_of(metadata, connection.dialect.name == "duckdb")
        assert list(warehouse.read('SELECT "order" FROM core.activity_latest').columns) == ["order"]


def test_a_newer_warehouse_is_refused_before_anything_is_done(warehouse_url: str, project: Project) -> None:
    with Warehouse(warehouse_url, project) as warehouse:
        warehouse.create()
        with warehouse.transaction() as connection:
            connection.exec_driver_sql("UPDATE ops.schema_version SET version_num = '9999'")
        with pytest.raises(WarehouseError, match=r"newer version of this program \(revision 9999"):
            warehouse.create()
    with pytest.raises(WarehouseError, match="Update the program"):
        pending_migrations(warehouse_url, project)
