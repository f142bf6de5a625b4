"""Counts that operators watch. Belongs here: counting in the database. Not here: names and labels (operations.metrics)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.project import DISTRICT
from g60pipeline.warehouse.connect import file_of
from g60pipeline.warehouse.engine import Warehouse

_OURS = "LEFT JOIN core.unit u ON u.unit_code = s.reporting_unit_code"
_OURS_ONLY = "s.period BETWEEN :first AND :last AND coalesce(u.district_code, :district) = :district"
_LAST_VERDICT = "SELECT max(verdict_id) FROM ops.verdict GROUP BY submission_id"
_SUBMISSIONS = f"""
SELECT s.period, coalesce(v.status, s.status) AS status, count(*) AS n FROM ops.submission s {_OURS}
LEFT JOIN ops.verdict v ON v.submission_id = s.submission_id AND v.verdict_id IN ({_LAST_VERDICT})
WHERE {_OURS_ONLY} GROUP BY s.period, coalesce(v.status, s.status) ORDER BY 1, 2
"""
_FINDINGS = f"""
SELECT s.period, f.severity, count(*) AS n FROM ops.finding f JOIN ops.submission s ON s.submission_id = f.submission_id {_OURS}
WHERE {_OURS_ONLY} AND f.verdict_id IN ({_LAST_VERDICT}) GROUP BY s.period, f.severity ORDER BY 1, 2
"""
_RELEASES = (
    "SELECT period, max(created_at) AS created_at FROM release.release GROUP BY period ORDER BY period"
)

Counts = list[tuple[str, str, int]]


def _count(warehouse: Warehouse, query: str, first: str, last: str) -> Counts:
    rows = warehouse.read(query, {"first": first, "last": last, "district": DISTRICT})
    return [(str(row[0]), str(row[1]), int(row[2])) for row in rows.itertuples(index=False)]


def count_submissions(warehouse: Warehouse, first: str, last: str) -> Counts:
    """Our district's submissions by month and present verdict (received: not judged yet)."""
    return _count(warehouse, _SUBMISSIONS, first, last)


def count_findings(warehouse: Warehouse, first: str, last: str) -> Counts:
    """Findings of present verdicts on our district's submissions, by month and severity."""
    return _count(warehouse, _FINDINGS, first, last)


def last_releases(warehouse: Warehouse) -> list[tuple[str, datetime]]:
    """Months that were released, and when last (UTC)."""
    rows = warehouse.read(_RELEASES).to_dict("records")
    return [(str(row["period"]), row["created_at"].to_pydatetime()) for row in rows]


def known_files(warehouse: Warehouse) -> set[tuple[str, int]]:
    """Name (personal numbers masked) and size of every file received."""
    table = warehouse.table("ops.submission")
    rows: Any = warehouse.read(sa.select(table.c.file_name, table.c.byte_count))
    return {(str(name), int(size)) for name, size in zip(rows["file_name"], rows["byte_count"], strict=True)}


def size_of(warehouse: Warehouse) -> int:
    """Bytes that the warehouse takes."""
    file = file_of(warehouse.url)
    if file is not None:
        return file.stat().st_size
    return int(warehouse.read("SELECT pg_database_size(current_database()) AS n")["n"].iloc[0])
