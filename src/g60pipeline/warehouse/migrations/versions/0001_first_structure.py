"""ledger, verdicts, findings, dimensions, indicator values

What there was before revisions were counted. A warehouse of that time may lack some of it, and keeps its rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from g60pipeline.warehouse.migrations.reshape import TEXT, base_tables, column_names, key, required, reshape

revision = "0001"
down_revision = None

# The name that explanations refer to (form, rule, field, key of the row or else its cell), which findings once lacked.
_FINDING_KEY = """
coalesce(finding_key, coalesce(form, '*') || '/' || rule || '/' || coalesce(field, '*') || '/'
  || CASE WHEN trim(replace(coalesce(row_key, ''), '|', '')) <> '' THEN row_key
          WHEN sheet IS NULL AND cell IS NULL THEN '*'
          ELSE '@' || coalesce(sheet, '') || CASE WHEN sheet IS NULL OR cell IS NULL THEN '' ELSE '!' END || coalesce(cell, '')
     END)
"""


def upgrade() -> None:
    """Create the tables; complete those that are there."""
    metadata, connection = sa.MetaData(), op.get_bind()
    _ledger(metadata)
    _judgements(metadata)
    _dimensions(metadata)
    _indicator_values(metadata)
    before = {
        f"{schema}.{name}"
        for schema in ("ops", "staged", "core", "mart")
        for name in base_tables(connection, schema)
    }
    metadata.create_all(connection, checkfirst=True)
    for name in before & set(metadata.tables):
        _complete(connection, metadata.tables[name])
    if "ops.finding" in before:
        reshape("ops", "finding", fill={"finding_key": _FINDING_KEY})


def _complete(connection: sa.Connection, table: sa.Table) -> None:
    present = column_names(connection, str(table.schema), table.name)
    for column in table.columns:
        if column.name not in present:
            op.add_column(table.name, sa.Column(column.name, column.type), schema=table.schema)


def _ledger(metadata: sa.MetaData) -> None:
    sa.Table(
        "submission", metadata,
        key("submission_id", sa.BigInteger()),
        required("sha256", TEXT),
        sa.Column("file_name", TEXT),
        sa.Column("kind", TEXT),
        sa.Column("byte_count", sa.BigInteger()),
        sa.Column("reporting_unit_code", TEXT),
        sa.Column("period", TEXT),
        sa.Column("template_version", TEXT),
        sa.Column("sequence_number", sa.BigInteger()),
        required("status", TEXT),
        required("received_at", sa.DateTime()),
        schema="ops",
    )  # fmt: skip
    sa.Table(
        "submission_form", metadata,
        key("submission_id", sa.BigInteger()),
        key("form", TEXT),
        required("sheet", TEXT),
        required("row_count", sa.BigInteger()),
        sa.Column("layout", sa.JSON()),
        schema="ops",
    )  # fmt: skip
    sa.Table(
        "intake_finding", metadata,
        key("submission_id", sa.BigInteger()),
        key("finding_no", sa.BigInteger()),
        sa.Column("form", TEXT),
        required("rule", TEXT),
        sa.Column("sheet", TEXT),
        sa.Column("sheet_row", sa.BigInteger()),
        sa.Column("cell", TEXT),
        sa.Column("field", TEXT),
        sa.Column("value", TEXT),
        sa.Column("quoted", sa.JSON()),
        schema="staged",
    )  # fmt: skip
    sa.Table(
        "cover", metadata,
        key("submission_id", sa.BigInteger()),
        sa.Column("cell_addresses", sa.JSON()),
        required("raw_text", sa.JSON()),
        schema="staged",
    )  # fmt: skip
    sa.Table(
        "explanation", metadata,
        key("submission_id", sa.BigInteger()),
        key("finding_key", TEXT),
        required("explanation", TEXT),
        schema="staged",
    )  # fmt: skip


def _judgements(metadata: sa.MetaData) -> None:
    sa.Table(
        "check_result", metadata,
        key("run_id", TEXT),
        key("form", TEXT),
        key("check_name", TEXT),
        key("period", TEXT),
        required("element_count", sa.BigInteger()),
        required("failing_count", sa.BigInteger()),
        schema="ops",
    )  # fmt: skip
    sa.Table(
        "verdict", metadata,
        key("verdict_id", sa.BigInteger()),
        required("submission_id", sa.BigInteger()),
        required("rules_version", TEXT),
        required("status", TEXT),
        required("critical_count", sa.BigInteger()),
        required("warning_count", sa.BigInteger()),
        sa.Column("probable_cause", TEXT),
        required("judged_at", sa.DateTime()),
        schema="ops",
    )  # fmt: skip
    sa.Table(
        "finding", metadata,
        key("verdict_id", sa.BigInteger()),
        key("finding_no", sa.BigInteger()),
        required("submission_id", sa.BigInteger()),
        sa.Column("reporting_unit_code", TEXT),
        sa.Column("period", TEXT),
        sa.Column("form", TEXT),
        required("rule", TEXT),
        required("code", TEXT),
        required("level", sa.BigInteger()),
        required("severity", TEXT),
        sa.Column("sheet", TEXT),
        sa.Column("sheet_row", sa.BigInteger()),
        sa.Column("cell", TEXT),
        sa.Column("field", TEXT),
        sa.Column("row_key", TEXT),
        sa.Column("value", TEXT),
        sa.Column("expected", TEXT),
        sa.Column("compared_with", sa.JSON()),
        sa.Column("related_cells", sa.JSON()),
        required("finding_key", TEXT),
        sa.Column("explanation", TEXT),
        required("message_zh", TEXT),
        required("message_en", TEXT),
        schema="ops",
    )  # fmt: skip
    sa.Table(
        "opening", metadata,
        key("opening_id", sa.BigInteger()),
        required("unit_code", TEXT),
        required("form", TEXT),
        required("first_period", TEXT),
        required("last_period", TEXT),
        required("opened_from", sa.Date()),
        required("opened_until", sa.Date()),
        required("reason", TEXT),
        required("opened_by", TEXT),
        required("entered_at", sa.DateTime()),
        schema="ops",
    )  # fmt: skip


def _dimensions(metadata: sa.MetaData) -> None:
    sa.Table(
        "code", metadata,
        key("code_list", TEXT),
        key("code", TEXT),
        required("label_zh", TEXT),
        required("label_en", TEXT),
        sa.Column("valid_from", TEXT),
        sa.Column("valid_to", TEXT),
        sa.Column("attributes", sa.JSON()),
        schema="core",
    )  # fmt: skip
    sa.Table(
        "unit", metadata,
        key("unit_code", TEXT),
        required("label_zh", TEXT),
        required("label_en", TEXT),
        required("kind", TEXT),
        sa.Column("parent_code", TEXT),
        sa.Column("valid_from", TEXT),
        sa.Column("valid_to", TEXT),
        schema="core",
    )  # fmt: skip
    sa.Table(
        "cluster", metadata,
        key("cluster_code", TEXT),
        required("label_zh", TEXT),
        required("label_en", TEXT),
        required("organisation_form", TEXT),
        required("host_unit_code", TEXT),
        required("strategic_industry", TEXT),
        sa.Column("valid_from", TEXT),
        sa.Column("valid_to", TEXT),
        schema="core",
    )  # fmt: skip
    sa.Table(
        "period", metadata,
        key("period", TEXT),
        required("month_index", sa.BigInteger()),
        required("year_start_index", sa.BigInteger()),
        required("start_date", sa.Date()),
        required("end_date", sa.Date()),
        schema="core",
    )  # fmt: skip
    sa.Table(
        "obligation", metadata,
        key("reporting_unit_code", TEXT),
        key("form", TEXT),
        key("period", TEXT),
        required("month_index", sa.BigInteger()),
        required("due_date", sa.Date()),
        required("grace_end_date", sa.Date()),
        required("lock_date", sa.Date()),
        schema="core",
    )  # fmt: skip


def _indicator_values(metadata: sa.MetaData) -> None:
    sa.Table(
        "indicator_value", metadata,
        required("indicator_id", TEXT),
        required("period", TEXT),
        required("time_basis", TEXT),
        required("level", TEXT),
        required("subject_code", TEXT),
        required("dimension", TEXT),
        required("dimension_code", TEXT),
        sa.Column("value", sa.Double()),
        sa.Column("numerator", sa.Double()),
        sa.Column("denominator", sa.Double()),
        required("unit", TEXT),
        required("expected_unit_count", sa.BigInteger()),
        required("reporting_unit_count", sa.BigInteger()),
        sa.Column("coverage_ratio", sa.Double()),
        required("status", TEXT),
        sa.Column("note", TEXT),
        schema="mart",
    )  # fmt: skip
