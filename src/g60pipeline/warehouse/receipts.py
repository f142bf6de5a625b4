"""What the ledger knows of single submissions: file, verdict, what was read. Not here: the receipt's page (reports)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from g60pipeline.warehouse.engine import Warehouse

_SUBMISSIONS = """
SELECT s.*, coalesce(v.status, s.status) AS verdict, v.judged_at, coalesce(v.critical_count, 0) AS critical_count,
       coalesce(v.warning_count, 0) AS warning_count, v.probable_cause
FROM ops.submission s
LEFT JOIN (SELECT * FROM ops.verdict WHERE verdict_id IN (SELECT max(verdict_id) FROM ops.verdict GROUP BY submission_id)) v
  ON v.submission_id = s.submission_id
"""
_OF_MONTHS = "WHERE s.period IN :wanted OR s.period IS NULL OR s.reporting_unit_code IS NULL"
_OF_IDS = "WHERE s.submission_id IN :wanted"


def read_receipts(warehouse: Warehouse, periods: Sequence[str]) -> list[dict[str, Any]]:
    """Every submission of the months, or of no unit or month, with its present verdict and the forms that were read.

    `verdict` is accepted, awaiting_explanation, returned, unreadable, refused, or received while it is not judged; what
    is missing is None. `forms`: form, sheet, row_count.
    """
    return _read(warehouse, _OF_MONTHS, periods)


def read_receipts_of(warehouse: Warehouse, submission_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The same of single submissions."""
    return _read(warehouse, _OF_IDS, submission_ids)


def _read(
    warehouse: Warehouse, condition: str, wanted: Sequence[str] | Sequence[int]
) -> list[dict[str, Any]]:
    query = sa.text(f"{_SUBMISSIONS}{condition} ORDER BY s.submission_id").bindparams(
        sa.bindparam("wanted", expanding=True)
    )
    form = warehouse.table("ops.submission_form")
    columns = [form.c[name] for name in ("submission_id", "form", "sheet", "row_count")]
    with warehouse.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(query, {"wanted": list(wanted)}).mappings()]
        of_these = form.c.submission_id.in_([row["submission_id"] for row in rows])
        read: dict[int, list[dict[str, Any]]] = {}
        for entry in connection.execute(sa.select(*columns).where(of_these)).mappings():
            read.setdefault(entry["submission_id"], []).append(dict(entry))
    return [{**row, "forms": read.get(row["submission_id"], [])} for row in rows]


def read_findings_of(warehouse: Warehouse, submission_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Findings of the present verdicts of submissions, as rows of `ops.finding`, in order."""
    finding, verdict = warehouse.table("ops.finding"), warehouse.table("ops.verdict")
    last = sa.select(sa.func.max(verdict.c.verdict_id)).group_by(verdict.c.submission_id)
    query = (
        sa.select(finding)
        .where(finding.c.submission_id.in_(submission_ids), finding.c.verdict_id.in_(last))
        .order_by(finding.c.verdict_id, finding.c.finding_no)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    with warehouse.engine.connect() as connection:
        for row in connection.execute(query).mappings():
            found.setdefault(row["submission_id"], []).append(dict(row))
    return found
