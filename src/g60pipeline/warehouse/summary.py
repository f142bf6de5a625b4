"""What came out, for the terminal, the briefing and readers: submissions by month, indicator values, returns of a month.

Where the list of units holds other districts too, this is about our own: their values are read from the warehouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from g60pipeline.contracts.indicators import Binding
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import DISTRICT, Project
from g60pipeline.warehouse.engine import Warehouse

if TYPE_CHECKING:
    import pandas as pd

_BY_MONTH = """
WITH last_verdict AS (
    SELECT submission_id, status FROM ops.verdict
    WHERE verdict_id IN (SELECT max(verdict_id) FROM ops.verdict GROUP BY submission_id)
), sent AS (
    SELECT s.period, count(*) AS received,
           sum(CASE WHEN v.status = 'accepted' THEN 1 ELSE 0 END) AS accepted,
           sum(CASE WHEN v.status <> 'accepted' THEN 1 ELSE 0 END) AS returned
    FROM ops.submission s JOIN last_verdict v ON v.submission_id = s.submission_id
    LEFT JOIN core.unit u ON u.unit_code = s.reporting_unit_code
    WHERE s.period IS NOT NULL AND coalesce(u.district_code, :district) = :district GROUP BY s.period
), owed AS (
    SELECT o.period, count(DISTINCT o.reporting_unit_code) AS expected,
           count(DISTINCT o.reporting_unit_code) - count(DISTINCT l.reporting_unit_code) AS missing
    FROM core.obligation o LEFT JOIN core.latest_submission l
      ON l.reporting_unit_code = o.reporting_unit_code AND l.period = o.period AND l.form = o.form
    JOIN core.unit u ON u.unit_code = o.reporting_unit_code WHERE u.district_code = :district
    GROUP BY o.period
)
SELECT o.period, o.expected, coalesce(s.received, 0) AS received, coalesce(s.accepted, 0) AS accepted,
       coalesce(s.returned, 0) AS returned, o.missing
FROM owed o LEFT JOIN sent s ON s.period = o.period
WHERE o.period BETWEEN :first AND :last ORDER BY o.period
"""

_UNPLACED = """
SELECT count(*) AS files FROM ops.submission WHERE period IS NULL
"""

_RETURNS = """
WITH last_verdict AS (
    SELECT * FROM ops.verdict WHERE verdict_id IN (SELECT max(verdict_id) FROM ops.verdict GROUP BY submission_id)
), sent AS (
    SELECT s.reporting_unit_code, count(*) AS submission_count, max(s.submission_id) AS submission_id
    FROM ops.submission s WHERE s.period = :period GROUP BY s.reporting_unit_code
)
SELECT u.unit_code AS reporting_unit_code, u.label_zh, u.label_en,
       CASE WHEN l.reporting_unit_code IS NOT NULL THEN 'accepted' WHEN s.submission_id IS NULL THEN 'missing'
            ELSE coalesce(v.status, 'received') END AS state,
       coalesce(s.submission_count, 0) AS submission_count, coalesce(v.critical_count, 0) AS critical_count, v.verdict_id
FROM core.unit u
JOIN (SELECT DISTINCT reporting_unit_code FROM core.obligation WHERE period = :period) o ON o.reporting_unit_code = u.unit_code
LEFT JOIN (SELECT DISTINCT reporting_unit_code FROM core.latest_submission WHERE period = :period) l
  ON l.reporting_unit_code = u.unit_code
LEFT JOIN sent s ON s.reporting_unit_code = u.unit_code
LEFT JOIN last_verdict v ON v.submission_id = s.submission_id
WHERE u.district_code = :district ORDER BY u.unit_code
"""


def submissions_by_month(warehouse: Warehouse, first: str, last: str) -> pd.DataFrame:
    """The district's units expected, submissions received, accepted and returned, units missing, by month."""
    return warehouse.read(_BY_MONTH, {"first": first, "last": last, "district": DISTRICT})


def unplaced_files(warehouse: Warehouse) -> int:
    """Files that say no unit or no month."""
    return int(warehouse.read(_UNPLACED)["files"].iloc[0])


def returns_of_month(warehouse: Warehouse, period: str) -> pd.DataFrame:
    """State of each of the district's units that owes anything for the month: accepted, returned, unreadable, refused
    or missing."""
    return warehouse.read(_RETURNS, {"period": period, "district": DISTRICT})


_VALUES = """
SELECT * FROM mart.indicator_value WHERE indicator_id IN :indicators AND period <= :last AND dimension = ''
"""

_MESSAGES = """
SELECT message_zh, message_en FROM ops.finding
WHERE verdict_id = :verdict AND severity = 'critical' ORDER BY finding_no LIMIT :most
"""


def read_bindings(warehouse: Warehouse, bindings: Sequence[Binding]) -> list[dict[str, Any] | None]:
    """The indicator values that figures are read from, as rows of `mart.indicator_value`; None where there is none."""
    value = warehouse.table("mart.indicator_vintage")
    query = sa.select(value).where(
        value.c.known_to.is_(None),
        value.c.boundaries == "as_was",
        value.c.indicator_id.in_({binding.indicator for binding in bindings}),
        value.c.period.in_({binding.period for binding in bindings}),
        value.c.level.in_({binding.level for binding in bindings}),
        value.c.dimension_code.in_({binding.dimension_code or "" for binding in bindings}),
    )
    rows: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in _records(warehouse.read(query)):
        key = ("indicator_id", "period", "time_basis", "level", "dimension", "dimension_code")
        rows.setdefault(tuple(row[name] for name in key), []).append(row)
    return [_choose(warehouse.project, binding, rows) for binding in bindings]


def _choose(
    project: Project, binding: Binding, rows: dict[tuple[str, ...], list[dict[str, Any]]]
) -> dict[str, Any] | None:
    """Pick the row of the subject, or of the district.

    A smallest or largest value `over` the district's subjects counts these as units expected and reporting.
    """
    key = (
        binding.indicator,
        binding.period,
        binding.time,
        binding.level,
        binding.dimension or "",
        binding.dimension_code or "",
    )
    subject = DISTRICT if binding.level == "district" else binding.subject
    own = project.subjects_of(DISTRICT, binding.level, Period.parse(binding.period))
    found = [
        row
        for row in rows.get(key, [])
        if subject in (None, row["subject_code"]) and row["subject_code"] in own
    ]
    if binding.over is None or not found:
        return found[0] if found else None
    valued = [row for row in found if row["value"] is not None]
    extreme = min if binding.over == "min" else max
    chosen = extreme(valued, key=lambda row: row["value"]) if valued else found[0]
    return {**chosen, "expected_unit_count": len(found), "reporting_unit_count": len(valued)}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None for what is missing and plain Python numbers."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def indicator_values(warehouse: Warehouse, indicators: Sequence[str], last: str) -> pd.DataFrame:
    """Values of some indicators up to a month, all levels, without dimensions."""
    query = sa.text(_VALUES).bindparams(sa.bindparam("indicators", expanding=True))
    return warehouse.read(query, {"indicators": list(indicators), "last": last})


def returns_with_messages(warehouse: Warehouse, period: str, most: int = 3) -> pd.DataFrame:
    """`returns_of_month` with the first critical messages of each unit's last submission: messages_zh, messages_en."""
    returns = returns_of_month(warehouse, period)
    verdicts = [
        None if verdict is None or verdict != verdict else int(verdict) for verdict in returns["verdict_id"]
    ]
    texts = [_critical_messages(warehouse, verdict, most) for verdict in verdicts]
    columns: dict[str, Any] = {
        "messages_zh": [[row["message_zh"] for row in rows] for rows in texts],
        "messages_en": [[row["message_en"] for row in rows] for rows in texts],
    }
    return returns.assign(**columns)


def _critical_messages(warehouse: Warehouse, verdict: int | None, most: int) -> list[dict[str, Any]]:
    return [] if verdict is None else _records(warehouse.read(_MESSAGES, {"verdict": verdict, "most": most}))


def most_fired_rules(warehouse: Warehouse, most: int) -> list[dict[str, Any]]:
    """Rows of `ops.rule_health` of the rules that fired in most submissions."""
    query = "SELECT * FROM ops.rule_health ORDER BY fired_submission_count DESC, fired_count DESC, form, rule LIMIT :most"
    return _records(warehouse.read(query, {"most": most}))


def is_synthetic(warehouse: Warehouse, period: str, mark: str) -> bool:
    """Say whether a cover of the month carries the sample's mark in its remark."""
    query = """
        SELECT count(*) AS marked FROM staged.cover c JOIN ops.submission s ON s.submission_id = c.submission_id
        WHERE s.period = :period AND CAST(c.raw_text AS VARCHAR) LIKE :mark
    """
    return bool(warehouse.read(query, {"period": period, "mark": f"%{mark}%"})["marked"].iloc[0])
