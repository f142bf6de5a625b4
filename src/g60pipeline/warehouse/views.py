"""Views of what is in force: the latest accepted submission per unit, form and period, and its rows.

Belongs here: views that every reader of core needs. Not here: marts and indicators (assets/).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.project import Project


def current_verdicts(metadata: sa.MetaData) -> sa.Subquery:
    """Select the last verdict of each submission: columns submission_id, status."""
    verdict = metadata.tables["ops.verdict"]
    last = sa.select(sa.func.max(verdict.c.verdict_id)).group_by(verdict.c.submission_id)
    return (
        sa.select(verdict.c.submission_id, verdict.c.status).where(verdict.c.verdict_id.in_(last)).subquery()
    )


def accepted_forms(metadata: sa.MetaData) -> sa.Select[Any, Any, Any, Any, Any]:
    """Select every form of every accepted submission: unit, form, period, month_index, submission_id."""
    submission = metadata.tables["ops.submission"]
    form = metadata.tables["ops.submission_form"]
    period = metadata.tables["core.period"]
    current = current_verdicts(metadata)
    return (
        sa.select(
            submission.c.reporting_unit_code,
            form.c.form,
            submission.c.period,
            period.c.month_index,
            submission.c.submission_id,
        )
        .join(current, current.c.submission_id == submission.c.submission_id)
        .join(form, form.c.submission_id == submission.c.submission_id)
        .join(period, period.c.period == submission.c.period)
        .where(current.c.status == "accepted")
    )


def _latest_submission(metadata: sa.MetaData) -> sa.Select[Any]:
    accepted = accepted_forms(metadata).subquery()
    keys = [accepted.c.reporting_unit_code, accepted.c.form, accepted.c.period, accepted.c.month_index]
    return sa.select(*keys, sa.func.max(accepted.c.submission_id).label("submission_id")).group_by(*keys)


def _latest_rows(metadata: sa.MetaData, form: str) -> sa.Select[Any]:
    table = metadata.tables[f"core.{form}"]
    latest = sa.table(
        "latest_submission",
        sa.column("submission_id"),
        sa.column("form"),
        sa.column("month_index"),
        schema="core",
    )
    return sa.select(table, latest.c.month_index).join(
        latest, (latest.c.submission_id == table.c.submission_id) & (latest.c.form == form)
    )


def _create_view(connection: sa.Connection, name: str, query: sa.Select[Any], comment: str) -> None:
    sql = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    connection.exec_driver_sql(f"CREATE OR REPLACE VIEW core.{name} AS {sql}")
    connection.exec_driver_sql(f"COMMENT ON VIEW core.{name} IS '{comment}'")


def create_views(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> None:
    """Create or replace the views, within the caller's transaction."""
    _create_view(
        connection,
        "latest_submission",
        _latest_submission(metadata),
        "在用报送 / submission in force by unit, form and month",
    )
    for form in project.forms.values():
        comment = f"{form.title.zh}（在用） / {form.title.en}, rows in force"
        _create_view(connection, f"{form.name}_latest", _latest_rows(metadata, form.name), comment)
