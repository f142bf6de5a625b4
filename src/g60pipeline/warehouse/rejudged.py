"""What judging anew changed. Not here: judging (quality), what is judged (ledger)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from g60pipeline.warehouse.engine import Warehouse

_LAST = "SELECT coalesce(max(verdict_id), 0) AS verdict_id FROM ops.verdict"
_CHANGED = """
SELECT submission_id, reporting_unit_code, period, was, status AS is_now
FROM (
    SELECT v.verdict_id, v.submission_id, s.reporting_unit_code, s.period, v.status,
           lag(v.status) OVER (PARTITION BY v.submission_id ORDER BY v.verdict_id) AS was
    FROM ops.verdict v JOIN ops.submission s ON s.submission_id = v.submission_id
) judged
WHERE verdict_id > :last AND was <> status ORDER BY submission_id
"""


def last_verdict_id(warehouse: Warehouse) -> int:
    """Number of the last verdict, 0 before the first."""
    return int(warehouse.read(sa.text(_LAST))["verdict_id"][0])


def read_changed_verdicts(warehouse: Warehouse, last: int) -> list[dict[str, Any]]:
    """Submissions that were judged again after the verdict `last` and came out otherwise: what they were, and are now."""
    rows = warehouse.read(sa.text(_CHANGED), {"last": last}).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
