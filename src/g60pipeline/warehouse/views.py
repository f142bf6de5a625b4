"""Views and functions: what is in force now, as of an instant, and in a release; how the rules do.

Belongs here: what every reader of core needs, in SQL. A function with the suffix `_at` takes a cut through the ledgers
(last submission, verdict and correction event that count); `_as_of` takes an instant (UTC), `_in_release` the id of a
release; both turn it into a cut. Not here: marts and indicators (assets/).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.tables import DIMENSIONS

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


# Accepted at the cut is a submission whose last verdict up to there is `accepted`.
_IN_FORCE = """
SELECT s.reporting_unit_code, f.form, s.period, p.month_index, max(s.submission_id) AS submission_id
FROM ops.verdict v
JOIN ops.submission s ON s.submission_id = v.submission_id
JOIN ops.submission_form f ON f.submission_id = s.submission_id
JOIN core.period p ON p.period = s.period
WHERE v.status = 'accepted'
  AND v.verdict_id IN (SELECT max(verdict_id) FROM ops.verdict{up_to_cut} GROUP BY submission_id)
GROUP BY s.reporting_unit_code, f.form, s.period, p.month_index
"""
# Of a row the last version up to the cut counts; a version that drops it leaves nothing.
_ROWS = """
SELECT {columns}, l.month_index
FROM core.{form} t JOIN {in_force} l ON l.submission_id = t.submission_id AND l.form = '{form}'
WHERE NOT t.is_dropped{up_to_cut}
  AND NOT EXISTS (
    SELECT 1 FROM core.{form} n
    WHERE n.row_version > 0 AND n.submission_id = t.submission_id AND n.sheet_row = t.sheet_row
      AND n.row_version > t.row_version{newer_up_to_cut})
"""
CUT_PARAMETERS = {"cut_submission_id": "BIGINT", "cut_verdict_id": "BIGINT", "cut_event_id": "BIGINT"}
_CUT_AS_OF = """(SELECT coalesce(max(submission_id), 0) FROM ops.submission WHERE received_at <= {instant}),
  (SELECT coalesce(max(verdict_id), 0) FROM ops.verdict WHERE judged_at <= {instant}),
  (SELECT coalesce(max(event_id), 0) FROM ops.correction_event WHERE entered_at <= {instant})"""
_CUT_OF_RELEASE = """(SELECT cut_submission_id FROM release.release WHERE release_id = {release}),
  (SELECT cut_verdict_id FROM release.release WHERE release_id = {release}),
  (SELECT cut_correction_event_id FROM release.release WHERE release_id = {release})"""
_VALUES_AS_OF = """
SELECT {columns} FROM mart.indicator_vintage
WHERE boundaries = 'as_was' AND known_from <= {instant} AND (known_to IS NULL OR known_to > {instant})
"""


def in_force_sql(verdict: str | None = None) -> str:
    """SELECT of the submissions in force by unit, form and month; up to a verdict where an expression for it is given."""
    return _IN_FORCE.format(up_to_cut="" if verdict is None else f" WHERE verdict_id <= {verdict}")


def rows_sql(metadata: sa.MetaData, form: str, in_force: str, event: str | None = None) -> str:
    """SELECT of a form's rows in force among the submissions of `in_force`; up to a correction event where one is given."""
    columns = ", ".join(f"t.{column.name}" for column in metadata.tables[f"core.{form}"].columns)
    return _ROWS.format(
        columns=columns,
        form=form,
        in_force=in_force,
        up_to_cut="" if event is None else f" AND t.row_version <= {event}",
        newer_up_to_cut="" if event is None else f" AND n.row_version <= {event}",
    )


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


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def replace_view(
    connection: sa.Connection, name: str, query: str, comment: str, columns: dict[str, str]
) -> None:
    """Create a view anew, with its comment and those of its columns; what rests on it stays as long as its columns do."""
    if connection.dialect.name == "postgresql":
        _replace_on_postgres(connection, name, query)
    else:
        connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {name} AS {query}")
    connection.exec_driver_sql(f"COMMENT ON VIEW {name} IS {literal(comment)}")
    for column, text in columns.items():
        connection.exec_driver_sql(f"COMMENT ON COLUMN {name}.{column} IS {literal(text)}")


def _replace_on_postgres(connection: sa.Connection, name: str, query: str) -> None:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {name} AS {query}")
    except ProgrammingError:
        # Other columns: grants on it go, and so do views and functions of it, which are then made anew.
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name} CASCADE")
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {query}")


def replace_function(
    connection: sa.Connection, name: str, parameters: dict[str, str], rows_of: str, query: str
) -> None:
    """Create a function that yields rows like those of `rows_of`: a macro on DuckDB, an SQL function on PostgreSQL.

    The query names the parameters as they are given.
    """
    if connection.dialect.name == "postgresql":
        signature = ", ".join(f"{parameter} {type_}" for parameter, type_ in parameters.items())
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {name}({signature}) RETURNS SETOF {rows_of} LANGUAGE sql STABLE AS $body${query}$body$"
        )
    else:
        connection.exec_driver_sql(
            f"CREATE OR REPLACE MACRO {name}({', '.join(parameters)}) AS TABLE {query}"
        )


def create_versions(connection: sa.Connection, name: str, query_at_cut: str) -> None:
    """Create `<name>_at`, `<name>_as_of` and `<name>_in_release` of a view that is there already."""
    base = name.removesuffix("_latest")
    replace_function(connection, f"{base}_at", CUT_PARAMETERS, name, query_at_cut)
    as_of = _CUT_AS_OF.format(instant="as_of_instant")
    replace_function(
        connection, f"{base}_as_of", {"as_of_instant": "TIMESTAMP"}, name, f"SELECT * FROM {base}_at({as_of})"
    )
    released = _CUT_OF_RELEASE.format(release="in_release_id")
    replace_function(
        connection,
        f"{base}_in_release",
        {"in_release_id": "TEXT"},
        name,
        f"SELECT * FROM {base}_at({released})",
    )


def _row_comments(form: Form, metadata: sa.MetaData) -> dict[str, str]:
    columns = metadata.tables[f"core.{form.name}"].columns
    return {
        **{column.name: str(column.comment) for column in columns},
        "month_index": "月序 / months since year 0",
    }


def _create_rows(connection: sa.Connection, metadata: sa.MetaData, form: Form) -> None:
    name = f"core.{form.name}_latest"
    comment = f"{form.title.zh}（在用） / {form.title.en}, rows in force"
    query = rows_sql(metadata, form.name, "core.latest_submission")
    replace_view(connection, name, query, comment, _row_comments(form, metadata))
    at_cut = rows_sql(metadata, form.name, f"core.submission_at({', '.join(CUT_PARAMETERS)})", "cut_event_id")
    create_versions(connection, name, at_cut)


def _create_values(connection: sa.Connection, metadata: sa.MetaData) -> None:
    vintage = metadata.tables["mart.indicator_vintage"]
    stored = [c for c in vintage.columns if c.name not in ("definitions_version", "known_from", "known_to")]
    columns = ", ".join(column.name for column in stored)
    comments = {column.name: str(column.comment) for column in stored}
    name, comment = (
        "mart.indicator_value",
        "指标值（长表，当时区划） / indicator values, long, on the boundaries of their time",
    )
    latest = f"SELECT {columns} FROM mart.indicator_vintage WHERE boundaries = 'as_was' AND known_to IS NULL"
    replace_view(connection, name, latest, comment, comments)
    # Values on today's boundaries are stored only for months that a regrouping touches.
    now = f"""
    SELECT {columns.replace("boundaries", "'as_now' AS boundaries")} FROM mart.indicator_vintage v
    WHERE known_to IS NULL AND (boundaries = 'as_now' OR NOT EXISTS (
      SELECT 1 FROM mart.indicator_vintage n
      WHERE n.known_to IS NULL AND n.boundaries = 'as_now' AND n.indicator_id = v.indicator_id AND n.period = v.period))
    """
    replace_view(
        connection,
        f"{name}_as_now",
        now,
        "指标值（今日区划） / indicator values on today's boundaries",
        comments,
    )
    as_of = _VALUES_AS_OF.format(columns=columns, instant="as_of_instant")
    replace_function(connection, f"{name}_as_of", {"as_of_instant": "TIMESTAMP"}, name, as_of)
    released = (
        f"SELECT {columns} FROM release.value WHERE release_id = in_release_id AND boundaries = 'as_was'"
    )
    replace_function(connection, f"{name}_in_release", {"in_release_id": "TEXT"}, name, released)


def _create_dimensions(connection: sa.Connection) -> None:
    # A release is made by the code lists that its definitions hold; a release's own instant is cut to the second.
    released = """(
      SELECT d.created_at FROM release.release r JOIN release.definition_set d ON d.definitions_hash = r.definitions_hash
      WHERE r.release_id = in_release_id)"""
    for dimension in DIMENSIONS:
        name = f"core.{dimension}"
        # In the table's own order, which is not that of the contracts once a revision has added columns.
        columns = ", ".join(connection.exec_driver_sql(f"SELECT * FROM {name} WHERE FALSE").keys())
        for suffix, parameter, type_, at in (
            ("as_of", "as_of_instant", "TIMESTAMP", "as_of_instant"),
            ("in_release", "in_release_id", "TEXT", released),
        ):
            query = (
                f"SELECT {columns} FROM {name}_history"
                f" WHERE known_from <= {at} AND (known_to IS NULL OR known_to > {at})"
            )
            replace_function(connection, f"{name}_{suffix}", {parameter: type_}, name, query)


def create_views(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> None:
    """Create or replace the views and functions, within the caller's transaction."""
    comment = "在用报送 / submission in force by unit, form and month"
    keys = {
        "reporting_unit_code": "报送单位 / unit",
        "form": "报表 / form",
        "period": "报送期 / month",
        "month_index": "月序 / months since year 0",
        "submission_id": "台账序号 / submission in force",
    }
    replace_view(connection, "core.latest_submission", in_force_sql(), comment, keys)
    replace_function(
        connection,
        "core.submission_at",
        CUT_PARAMETERS,
        "core.latest_submission",
        in_force_sql("cut_verdict_id"),
    )
    comment = "规则运行情况 / per rule: submissions judged, findings fired, fixed by a later return, explained, still open"
    replace_view(connection, "ops.rule_health", _RULE_HEALTH, comment, {})
    for form in project.forms.values():
        _create_rows(connection, metadata, form)
    _create_dimensions(connection)
    _create_values(connection, metadata)
