"""What came out, for the terminal, the briefing and readers: submissions by month, indicator values, returns of a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.indicators import Binding
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
    WHERE s.period IS NOT NULL GROUP BY s.period
), owed AS (
    SELECT o.period, count(DISTINCT o.reporting_unit_code) AS expected,
           count(DISTINCT o.reporting_unit_code) - count(DISTINCT l.reporting_unit_code) AS missing
    FROM core.obligation o LEFT JOIN core.latest_submission l
      ON l.reporting_unit_code = o.reporting_unit_code AND l.period = o.period AND l.form = o.form
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
            ELSE v.status END AS state,
       coalesce(s.submission_count, 0) AS submission_count, coalesce(v.critical_count, 0) AS critical_count, v.verdict_id
FROM core.unit u
JOIN (SELECT DISTINCT reporting_unit_code FROM core.obligation WHERE period = :period) o ON o.reporting_unit_code = u.unit_code
LEFT JOIN (SELECT DISTINCT reporting_unit_code FROM core.latest_submission WHERE period = :period) l
  ON l.reporting_unit_code = u.unit_code
LEFT JOIN sent s ON s.reporting_unit_code = u.unit_code
LEFT JOIN last_verdict v ON v.submission_id = s.submission_id
ORDER BY u.unit_code
"""


def submissions_by_month(warehouse: Warehouse, first: str, last: str) -> pd.DataFrame:
    """Units expected, submissions received, accepted and returned, units missing, by month."""
    return warehouse.read(_BY_MONTH, {"first": first, "last": last})


def unplaced_files(warehouse: Warehouse) -> int:
    """Files that say no unit or no month."""
    return int(warehouse.read(_UNPLACED)["files"].iloc[0])


def returns_of_month(warehouse: Warehouse, period: str) -> pd.DataFrame:
    """State of each unit that owes anything for the month: accepted, returned, unreadable, refused or missing."""
    return warehouse.read(_RETURNS, {"period": period})


def read_binding(warehouse: Warehouse, binding: Binding) -> dict[str, Any] | None:
    """The indicator value that a figure is read from, as a row of `mart.indicator_value`; None when there is none."""
    query = """
        SELECT * FROM mart.indicator_value
        WHERE indicator_id = :indicator AND period = :period AND time_basis = :time AND level = :level
          AND dimension = :dimension AND dimension_code = :dimension_code AND (:subject = '' OR subject_code = :subject)
          AND (:over = '' OR value IS NOT NULL)
        ORDER BY CASE WHEN :over = 'max' THEN -value ELSE value END
        LIMIT 1
    """
    parameters = {name: value or "" for name, value in binding.model_dump().items()}
    rows = warehouse.read(query, parameters).to_dict("records")
    return {str(name): value for name, value in rows[0].items()} if rows else None
