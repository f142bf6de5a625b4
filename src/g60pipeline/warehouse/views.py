"""Views: what is in force (the latest accepted submission per unit, form and period, and its rows), how the rules do.

Belongs here: views that every reader of core or of the findings needs. Not here: marts and indicators (assets/).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.project import Project

# What stands now is what the last readable submission of the unit and month says; of an explained finding nothing is
# open any more, whether it was explained with it or later.
_RULE_HEALTH = """
WITH judged AS (
    SELECT s.submission_id, s.reporting_unit_code, s.period, v.verdict_id, v.status
    FROM ops.verdict v JOIN ops.submission s ON s.submission_id = v.submission_id
    WHERE v.verdict_id IN (SELECT max(verdict_id) FROM ops.verdict GROUP BY submission_id)
), latest AS (
    SELECT reporting_unit_code, period, max(submission_id) AS submission_id FROM judged
    WHERE status NOT IN ('unreadable', 'refused') GROUP BY reporting_unit_code, period
), looked_at AS (
    SELECT f.form, count(*) AS submission_count
    FROM judged j JOIN ops.submission_form f ON f.submission_id = j.submission_id GROUP BY f.form
), found AS (
    SELECT f.* FROM ops.finding f JOIN judged j ON j.verdict_id = f.verdict_id
), standing AS (
    SELECT submission_id, finding_key, max(explanation) AS explanation FROM found GROUP BY submission_id, finding_key
), fired AS (
    SELECT coalesce(f.form, '*') AS form, f.rule, f.code, f.severity, f.submission_id,
           CASE WHEN coalesce(f.explanation, s.explanation) IS NOT NULL THEN 'explained'
                WHEN l.submission_id > f.submission_id AND s.finding_key IS NULL THEN 'fixed' ELSE 'open' END AS state
    FROM found f
    LEFT JOIN latest l ON l.reporting_unit_code = f.reporting_unit_code AND l.period = f.period
    LEFT JOIN standing s ON s.submission_id = l.submission_id AND s.finding_key = f.finding_key
)
SELECT f.form, f.rule, f.code, f.severity,
       coalesce(max(a.submission_count), (SELECT count(*) FROM judged)) AS submission_count,
       count(DISTINCT f.submission_id) AS fired_submission_count, count(*) AS fired_count,
       sum(CASE WHEN f.state = 'fixed' THEN 1 ELSE 0 END) AS fixed_count,
       sum(CASE WHEN f.state = 'explained' THEN 1 ELSE 0 END) AS explained_count,
       sum(CASE WHEN f.state = 'open' THEN 1 ELSE 0 END) AS open_count
FROM fired f LEFT JOIN looked_at a ON a.form = f.form
GROUP BY f.form, f.rule, f.code, f.severity
"""


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


def _create_view(connection: sa.Connection, name: str, query: sa.Select[Any] | str, comment: str) -> None:
    sql = (
        query
        if isinstance(query, str)
        else query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    )
    connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {name} AS {sql}")
    connection.exec_driver_sql(f"COMMENT ON VIEW {name} IS '{comment}'")


def create_views(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> None:
    """Create or replace the views, within the caller's transaction."""
    _create_view(
        connection,
        "core.latest_submission",
        _latest_submission(metadata),
        "在用报送 / submission in force by unit, form and month",
    )
    _create_view(
        connection,
        "ops.rule_health",
        _RULE_HEALTH,
        "规则运行情况 / per rule: submissions judged, findings fired, fixed by a later return, explained, still open",
    )
    for form in project.forms.values():
        comment = f"{form.title.zh}（在用） / {form.title.en}, rows in force"
        _create_view(connection, f"core.{form.name}_latest", _latest_rows(metadata, form.name), comment)
