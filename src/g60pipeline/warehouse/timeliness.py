"""What came, when, and what became of it, for every form that a unit owes for a month.

Belongs here: the state of each obligation at an instant, and how complete the content of what came is. Received is
not accepted is not complete. Not here: the dates themselves (contracts.deadlines), pages and reminders (reports).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from g60pipeline.contracts.deadlines import beijing_day
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.engine import Warehouse

if TYPE_CHECKING:
    import pandas as pd

# A file that could not be read, or is not read yet, stands for every form that its unit owes for the month.
_STATUS = """
WITH judged AS (
    SELECT submission_id, status, critical_count, warning_count, judged_at FROM ops.verdict
    WHERE verdict_id IN (SELECT max(verdict_id) FROM ops.verdict WHERE judged_at <= :at GROUP BY submission_id)
), read_forms AS (
    SELECT s.submission_id, f.form FROM ops.submission s JOIN ops.submission_form f ON f.submission_id = s.submission_id
    UNION ALL
    SELECT s.submission_id, o.form FROM ops.submission s
    JOIN core.obligation o ON o.reporting_unit_code = s.reporting_unit_code AND o.period = s.period
    WHERE NOT EXISTS (SELECT 1 FROM ops.submission_form f WHERE f.submission_id = s.submission_id)
), sent AS (
    SELECT s.reporting_unit_code, s.period, r.form, s.submission_id, s.received_at,
           coalesce(j.status, 'received') AS status, j.critical_count, j.warning_count, j.judged_at
    FROM ops.submission s JOIN read_forms r ON r.submission_id = s.submission_id
    LEFT JOIN judged j ON j.submission_id = s.submission_id
    WHERE s.received_at <= :at AND s.period BETWEEN :first AND :last
), counted AS (
    SELECT reporting_unit_code, period, form, count(*) AS submission_count,
           sum(CASE WHEN status NOT IN ('accepted', 'received') THEN 1 ELSE 0 END) AS returned_count,
           min(received_at) AS first_received_at, max(submission_id) AS last_submission_id,
           min(CASE WHEN status = 'accepted' THEN received_at END) AS accepted_received_at,
           max(CASE WHEN status = 'accepted' THEN submission_id END) AS accepted_submission_id
    FROM sent GROUP BY reporting_unit_code, period, form
), owed AS (
    SELECT * FROM core.obligation WHERE period BETWEEN :first AND :last
), joined AS (
    SELECT coalesce(o.reporting_unit_code, c.reporting_unit_code) AS reporting_unit_code,
           coalesce(o.form, c.form) AS form, coalesce(o.period, c.period) AS period,
           o.due_date, o.grace_end_date, o.lock_date, o.form IS NOT NULL AS is_expected,
           c.form IS NOT NULL AS is_received, c.accepted_submission_id IS NOT NULL AS is_accepted,
           CAST(c.accepted_received_at + INTERVAL '8 hours' AS DATE) AS accepted_day,
           coalesce(c.submission_count, 0) AS submission_count, coalesce(c.returned_count, 0) AS returned_count,
           c.first_received_at, c.accepted_received_at, c.accepted_submission_id, c.last_submission_id
    FROM owed o FULL JOIN counted c
      ON c.reporting_unit_code = o.reporting_unit_code AND c.form = o.form AND c.period = o.period
), timed AS (
    SELECT j.*, s.received_at AS last_received_at, s.status AS last_status, s.judged_at AS last_judged_at,
           coalesce(s.critical_count, 0) AS critical_count, coalesce(s.warning_count, 0) AS warning_count,
           CASE WHEN j.accepted_day <= j.due_date THEN 'on_time' WHEN j.accepted_day <= j.grace_end_date THEN 'in_grace'
                WHEN j.accepted_day IS NOT NULL THEN 'late' END AS timing,
           j.is_received AND NOT j.is_accepted AND s.status <> 'received' AS is_returned,
           j.is_expected AND NOT j.is_received AND :today > j.due_date AS is_missing,
           j.is_expected AND NOT j.is_accepted AND :today > j.grace_end_date AS is_overdue,
           j.is_expected AND :today >= j.lock_date AND NOT EXISTS (
               SELECT 1 FROM ops.opening p
               WHERE p.unit_code IN ('*', j.reporting_unit_code) AND p.form IN ('*', j.form)
                 AND j.period BETWEEN p.first_period AND p.last_period
                 AND :today BETWEEN p.opened_from AND p.opened_until AND p.entered_at <= :at) AS is_locked
    FROM joined j LEFT JOIN sent s ON s.submission_id = j.last_submission_id AND s.form = j.form
)
SELECT t.*,
       CASE WHEN NOT is_expected THEN 'not_owed' WHEN is_accepted THEN timing
            WHEN is_returned AND is_overdue THEN 'returned_overdue' WHEN is_returned THEN 'returned'
            WHEN is_received THEN 'received' WHEN is_overdue THEN 'overdue' WHEN is_missing THEN 'missing'
            ELSE 'awaited' END AS state
FROM timed t ORDER BY period, reporting_unit_code, form
"""


def utc_now() -> datetime:
    """The present instant as the ledger writes it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def read_form_status(warehouse: Warehouse, first: str, last: str, at: datetime | None = None) -> pd.DataFrame:
    """State of every unit, form and month from first to last as it was at an instant (UTC; now when None).

    `state` says it in one word: on_time, in_grace, late (accepted, by when the first accepted submission came);
    received (not judged yet), returned, returned_overdue; awaited, missing (due is over), overdue (grace is over);
    not_owed (sent by a unit that does not owe it). The columns beside it say why; `is_locked`: past the lock and not
    opened. Days are Beijing's, instants UTC.
    """
    at = at or utc_now()
    query = sa.text(_STATUS).bindparams(
        sa.bindparam("today", type_=sa.Date()), sa.bindparam("at", type_=sa.DateTime())
    )
    return warehouse.read(query, {"first": first, "last": last, "at": at, "today": beijing_day(at)})


def read_contents(warehouse: Warehouse, status: pd.DataFrame) -> pd.DataFrame:
    """How complete the last submission of each row of `read_form_status` is, by reporting_unit_code, form and period.

    filled_cell_count of required_cell_count required cells, present_key_count of expected_key_count keys that the
    contract expects of the unit (its clusters, its measures). A form without rows has no required cells.
    """
    import pandas as pd

    sent = status[status["last_submission_id"].notna()]
    numbers = {
        str(form): [int(number) for number in part]
        for form, part in sent.groupby("form")["last_submission_id"]
    }
    cells = _filled_cells(warehouse, numbers)
    keys = _sent_keys(warehouse, numbers)
    rows: list[dict[str, Any]] = []
    for row in sent.to_dict("records"):
        unit, form, period = (str(row[name]) for name in ("reporting_unit_code", "form", "period"))
        number = int(row["last_submission_id"])
        filled, required = cells.get((form, number), (0, 0))
        expected = _expected_keys(warehouse.project, form, unit, Period.parse(period))
        rows.append({
            "reporting_unit_code": unit, "form": form, "period": period,
            "filled_cell_count": filled, "required_cell_count": required,
            "present_key_count": len(expected & keys.get((form, number), set())), "expected_key_count": len(expected),
        })  # fmt: skip
    columns = ["reporting_unit_code", "form", "period", "filled_cell_count", "required_cell_count",
               "present_key_count", "expected_key_count"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _filled_cells(
    warehouse: Warehouse, numbers: dict[str, list[int]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """Filled and required cells by form and submission; a cell that holds 不适用, or text for a number, is filled."""
    counts: list[sa.Select[Any, Any, Any, Any]] = []
    for form, ids in numbers.items():
        table = warehouse.table(f"staged.{form}")
        required = [field.name for field in warehouse.project.forms[form].fields if field.is_required]
        filled = [sa.case((table.c.raw_text.op("->>")(name).is_not(None), 1), else_=0) for name in required]
        total = sum(filled, sa.literal(0))
        counts.append(
            sa.select(
                sa.literal(form).label("form"),
                table.c.submission_id,
                sa.func.sum(total).label("filled"),
                (sa.func.count() * len(required)).label("required"),
            )
            .where(table.c.submission_id.in_(ids))
            .group_by(table.c.submission_id)
        )
    return {(row["form"], int(row["submission_id"])): (int(row["filled"]), int(row["required"]))
            for row in _union(warehouse, counts)}  # fmt: skip


def _expected(project: Project, form: str) -> Iterator[dict[str, Any]]:
    """What the cover's contract expects a form to hold: field, code_list, and the attribute that says whose a code is."""
    for derived in project.cover.derived:
        if derived.function == "missing_codes" and derived.arguments["form"] == form:
            yield derived.arguments


def _expected_keys(project: Project, form: str, unit: str, period: Period) -> set[str]:
    keys: set[str] = set()
    for expected in _expected(project, form):
        keys |= set(project.codes_owned_by(expected["code_list"], expected["owner"], unit, period))
    return keys


def _sent_keys(warehouse: Warehouse, numbers: dict[str, list[int]]) -> dict[tuple[str, int], set[str]]:
    queries: list[sa.Select[Any, Any, Any]] = []
    for form, ids in numbers.items():
        table = warehouse.table(f"staged.{form}")
        queries += [
            sa.select(
                sa.literal(form).label("form"), table.c.submission_id, table.c[expected["field"]].label("key")
            )
            .where(table.c.submission_id.in_(ids))
            .distinct()
            for expected in _expected(warehouse.project, form)
        ]
    keys: dict[tuple[str, int], set[str]] = {}
    for row in _union(warehouse, queries):
        keys.setdefault((row["form"], int(row["submission_id"])), set()).add(row["key"])
    return keys


def _union(warehouse: Warehouse, queries: Sequence[sa.Select[*tuple[Any, ...]]]) -> list[dict[str, Any]]:
    if not queries:
        return []
    return [
        {str(name): value for name, value in row.items()}
        for row in warehouse.read(sa.union_all(*queries)).to_dict("records")
    ]
