"""releases, corrections, values as they were known, dated boundaries

Rows of core become versions; the wide tables of the marts become views, so theirs are dropped.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from g60pipeline.warehouse.migrations.reshape import TEXT, base_tables, column_names, key, required, reshape

revision = "0002"
down_revision = "0001"

# When an older value was computed was not kept: it is known since the last verdict that it can rest on.
_KEEP_VALUES = """
INSERT INTO mart.indicator_vintage (indicator_id, period, time_basis, level, subject_code, dimension, dimension_code,
  boundaries, value, numerator, denominator, unit, expected_unit_count, reporting_unit_count, coverage_ratio, status, note,
  definitions_version, known_from)
SELECT indicator_id, period, time_basis, level, subject_code, dimension, dimension_code,
  'as_was', value, numerator, denominator, unit, expected_unit_count, reporting_unit_count, coverage_ratio, status, note,
  'unknown', (SELECT coalesce(max(judged_at), TIMESTAMP '2021-01-01') FROM ops.verdict)
FROM mart.indicator_value
"""
_DIMENSIONS = ("code", "unit", "unit_link", "cluster", "cluster_host", "obligation")
# Since when they said what they say was not kept either: since the first return that rests on it.
_KEEP_DIMENSION = """
CREATE TABLE core.{name}_history AS
SELECT d.*, (SELECT coalesce(min(received_at), TIMESTAMP '2021-01-01') FROM ops.submission) AS known_from,
  CAST(NULL AS TIMESTAMP) AS known_to
FROM core.{name} AS d
"""


def upgrade() -> None:
    """Create the new tables, give rows of core their versions, carry the indicator values over."""
    metadata, connection = sa.MetaData(), op.get_bind()
    derived = base_tables(connection, "mart")
    _corrections(metadata)
    _boundaries(metadata)
    _vintages(metadata)
    _releases(metadata)
    _revisions(metadata)
    metadata.create_all(connection)
    for name in ("district_code", "city_code", "corridor_code"):
        op.add_column("unit", sa.Column(name, TEXT), schema="core")
    for name in _DIMENSIONS:
        op.execute(_KEEP_DIMENSION.format(name=name))
    op.add_column("submission_form", sa.Column("content_hash", TEXT), schema="ops")
    for form in base_tables(connection, "core"):
        if "sheet_row" in column_names(connection, "core", form):
            _version_rows(form)
    op.execute(_KEEP_VALUES)
    for name in derived:
        op.drop_table(name, schema="mart")


def _version_rows(form: str) -> None:
    reshape(
        "core", form,
        add=[
            sa.Column("row_version", sa.BigInteger()),
            sa.Column("correction_ids", TEXT),
            sa.Column("is_dropped", sa.Boolean()),
        ],
        fill={"row_version": "0", "is_dropped": "false"},
        primary_key=("submission_id", "sheet_row", "row_version"),
    )  # fmt: skip


def _corrections(metadata: sa.MetaData) -> None:
    sa.Table(
        "correction_event", metadata,
        key("event_id", sa.BigInteger()),
        required("correction_id", TEXT),
        required("kind", TEXT),
        required("form", TEXT),
        required("reporting_unit_code", TEXT),
        required("period", TEXT),
        sa.Column("submission_id", sa.BigInteger()),
        sa.Column("sheet_row", sa.BigInteger()),
        sa.Column("field", TEXT),
        sa.Column("old_value", TEXT),
        sa.Column("new_value", TEXT),
        sa.Column("definition", sa.JSON()),
        required("entered_at", sa.DateTime()),
        schema="ops",
    )  # fmt: skip


def _boundaries(metadata: sa.MetaData) -> None:
    sa.Table(
        "unit_link", metadata,
        key("from_unit_code", TEXT),
        key("to_unit_code", TEXT),
        required("kind", TEXT),
        required("valid_from", TEXT),
        required("weight", sa.Double()),
        schema="core",
    )  # fmt: skip
    sa.Table(
        "cluster_host", metadata,
        key("cluster_code", TEXT),
        required("host_unit_code", TEXT),
        key("valid_from", TEXT),
        sa.Column("valid_to", TEXT),
        schema="core",
    )  # fmt: skip


def _vintages(metadata: sa.MetaData) -> None:
    sa.Table(
        "indicator_vintage", metadata,
        required("indicator_id", TEXT),
        required("period", TEXT),
        required("time_basis", TEXT),
        required("level", TEXT),
        required("subject_code", TEXT),
        required("dimension", TEXT),
        required("dimension_code", TEXT),
        required("boundaries", TEXT),
        sa.Column("value", sa.Double()),
        sa.Column("numerator", sa.Double()),
        sa.Column("denominator", sa.Double()),
        required("unit", TEXT),
        required("expected_unit_count", sa.BigInteger()),
        required("reporting_unit_count", sa.BigInteger()),
        sa.Column("coverage_ratio", sa.Double()),
        required("status", TEXT),
        sa.Column("note", TEXT),
        required("definitions_version", TEXT),
        required("known_from", sa.DateTime()),
        sa.Column("known_to", sa.DateTime()),
        schema="mart",
    )  # fmt: skip
    sa.Table(
        "computation", metadata,
        key("indicator_id", TEXT),
        key("period", TEXT),
        required("fingerprint", TEXT),
        required("computed_at", sa.DateTime()),
        schema="mart",
    )  # fmt: skip


def _releases(metadata: sa.MetaData) -> None:
    sa.Table(
        "definition_set", metadata,
        key("definitions_hash", TEXT),
        required("files", sa.JSON()),
        required("created_at", sa.DateTime()),
        schema="release",
    )  # fmt: skip
    sa.Table(
        "release", metadata,
        key("release_id", TEXT),
        required("period", TEXT),
        required("release_no", sa.BigInteger()),
        required("stage", TEXT),
        required("cut_submission_id", sa.BigInteger()),
        required("cut_verdict_id", sa.BigInteger()),
        required("cut_correction_event_id", sa.BigInteger()),
        required("definitions_hash", TEXT),
        sa.Column("previous_release_id", TEXT),
        sa.Column("note", TEXT),
        required("created_at", sa.DateTime()),
        required("manifest", sa.JSON()),
        required("manifest_sha256", TEXT),
        schema="release",
    )  # fmt: skip
    sa.Table(
        "value", metadata,
        key("release_id", TEXT),
        key("indicator_id", TEXT),
        key("period", TEXT),
        key("time_basis", TEXT),
        key("level", TEXT),
        key("subject_code", TEXT),
        key("dimension", TEXT),
        key("dimension_code", TEXT),
        key("boundaries", TEXT),
        sa.Column("value", sa.Double()),
        sa.Column("numerator", sa.Double()),
        sa.Column("denominator", sa.Double()),
        required("unit", TEXT),
        required("expected_unit_count", sa.BigInteger()),
        required("reporting_unit_count", sa.BigInteger()),
        sa.Column("coverage_ratio", sa.Double()),
        required("status", TEXT),
        sa.Column("note", TEXT),
        required("suppression", TEXT),
        schema="release",
    )  # fmt: skip


def _revisions(metadata: sa.MetaData) -> None:
    sa.Table(
        "revision", metadata,
        key("release_id", TEXT),
        key("previous_release_id", TEXT),
        key("indicator_id", TEXT),
        key("period", TEXT),
        key("time_basis", TEXT),
        key("level", TEXT),
        key("subject_code", TEXT),
        key("dimension", TEXT),
        key("dimension_code", TEXT),
        key("boundaries", TEXT),
        sa.Column("value_before", sa.Numeric(38, 12)),
        sa.Column("value_after", sa.Numeric(38, 12)),
        sa.Column("late_returns", sa.Numeric(38, 12)),
        sa.Column("corrections", sa.Numeric(38, 12)),
        sa.Column("overlays", sa.Numeric(38, 12)),
        sa.Column("definitions", sa.Numeric(38, 12)),
        sa.Column("boundaries_change", sa.Numeric(38, 12)),
        sa.Column("note", TEXT),
        schema="release",
    )  # fmt: skip
