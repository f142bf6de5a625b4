"""Rows as `read_form_status` gives them, made by hand: every owed form of twelve months accepted on time, then spoilt."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from g60pipeline.contracts.deadlines import Opening, deadlines_of
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.reports.board import BoardData

ROOT = Path(__file__).parents[3]
AT = datetime(2022, 1, 25, 1, 30)
PERIOD = "2021-12"
TOWN, HOST = "310117001", "310117103"
ACCEPTED = ("on_time", "in_grace", "late")
SPOILT: dict[tuple[str, str], str] = {
    (HOST, "activity"): "returned_overdue",
    (HOST, "recognition"): "in_grace",
    (HOST, "service_case"): "late",
    ("310117105", "unit_summary"): "received",
    ("310117105", "activity"): "returned",
    ("310117002", "unit_summary"): "overdue",
    ("310117003", "unit_summary"): "missing",
    ("310117U03", "district_economy"): "awaited",
}
OPENING = Opening(
    unit_code=TOWN, form="unit_summary", first_period=PERIOD, last_period=PERIOD, opened_from=date(2022, 1, 21),
    opened_until=date(2022, 1, 31), reason="补报<遗漏>的党员数", opened_by="区委组织部",
)  # fmt: skip


def status_row(
    unit: str, form: str, period: str, state: str, number: int = 1, **changes: Any
) -> dict[str, Any]:
    is_accepted, is_received = state in ACCEPTED, state not in ("awaited", "missing", "overdue")
    at = datetime(2022, 1, 4, 2, 5)
    last = "accepted" if is_accepted else "received" if state == "received" else "returned"
    return {
        "reporting_unit_code": unit, "form": form, "period": period, "state": state,
        "due_date": date(2022, 1, 5), "grace_end_date": date(2022, 1, 8), "lock_date": date(2022, 1, 20),
        "is_expected": state != "not_owed", "is_received": is_received, "is_accepted": is_accepted,
        "timing": state if is_accepted else None, "is_returned": state.startswith("returned"),
        "is_missing": state in ("missing", "overdue"), "is_overdue": state.endswith("overdue"), "is_locked": True,
        "submission_count": int(is_received), "returned_count": int(state.startswith("returned")),
        "first_received_at": at if is_received else None, "last_received_at": at if is_received else None,
        "accepted_received_at": at if is_accepted else None,
        "accepted_submission_id": number if is_accepted else None,
        "last_submission_id": number if is_received else None, "last_status": last if is_received else None,
        "critical_count": 2 if state.startswith("returned") else 0, "warning_count": 0, **changes,
    }  # fmt: skip


def make_status(project: Project, *more: dict[str, Any]) -> pd.DataFrame:
    """Twelve months; the last of them spoilt as above, and whatever else is given."""
    rows = list(more)
    for month in period_range(Period(2021, 1), Period(2021, 12)):
        for owed in (o for o in project.obligations if o.is_owed_in(month)):
            key = (owed.unit_code, owed.form)
            days = deadlines_of(owed, month)
            state = SPOILT.get(key, "on_time") if month.key == PERIOD else "on_time"
            rows.append(status_row(
                *key, month.key, state, len(rows), due_date=days.due, grace_end_date=days.grace_end, lock_date=days.lock
            ))  # fmt: skip
    return pd.DataFrame(rows)


def make_board(project: Project, *more: dict[str, Any], **changes: Any) -> BoardData:
    contents = pd.DataFrame([{
        "reporting_unit_code": HOST, "form": "activity", "period": PERIOD, "filled_cell_count": 22,
        "required_cell_count": 24, "present_key_count": 0, "expected_key_count": 1,
    }])  # fmt: skip
    plain: dict[str, Any] = {
        "project": project, "period": PERIOD, "at": AT, "status": make_status(project, *more), "contents": contents,
        "openings": (OPENING,), "is_synthetic": True, "run_id": "run-1",
        "links": {HOST: f"../feedback/{HOST}/{PERIOD}/"},
    }  # fmt: skip
    return BoardData(**{**plain, **changes})
