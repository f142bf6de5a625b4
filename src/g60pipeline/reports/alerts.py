"""Alerts: what operators must see to, as one digest in Chinese plain text.

Belongs here: what makes one alert another, and its text's data. Not here: the words (assets/reports/alerts/), what stands
(operations.alerts), where it is put and sent (outbox.py, notify.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.deadlines import beijing_day
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.reports.pages import render
from g60pipeline.reports.reminders import OPERATORS, Digest

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FailedRun:
    """A run that failed and was not made good since. `months`: YYYY-MM, or first and last; `at`: when it ended, UTC."""

    run_id: str
    job: str
    months: str
    error: str
    at: datetime
    is_gate: bool = False


def build_alert(
    project: Project, failed: Sequence[FailedRun], status: pd.DataFrame, at: datetime
) -> Digest | None:
    """Build the digest of all that stands; None where nothing does. `status`: overdue rows of `read_form_status`."""
    units = _units(project, status)
    if not failed and not units:
        return None
    context: dict[str, Any] = {
        "failed": [run for run in failed if not run.is_gate],
        "gates": [run for run in failed if run.is_gate],
        "units": units,
        "at": at,
    }
    subject, _, body = render("alerts/digest.txt.j2", context).partition("\n")
    items = sorted({_item(run) for run in failed}) + [
        ("overdue", unit["code"], unit["months"], f"{unit['count']} forms", "") for unit in units
    ]
    return Digest(
        OPERATORS, subject, body.lstrip("\n"), tuple(items), ("kind", "of", "months", "reason", "day")
    )


def _item(run: FailedRun) -> tuple[str, ...]:
    """Runs that are tried again fail with new ids: told once a day, as long as they fail for the same reason."""
    return ("gate" if run.is_gate else "run", run.job, run.months, run.error, beijing_day(run.at).isoformat())


def _units(project: Project, status: pd.DataFrame) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = {}
    for unit, month in zip(status["reporting_unit_code"], status["period"], strict=True):
        found.setdefault(str(unit), []).append(str(month))
    units = project.code_lists["units"]
    return [
        {
            "code": unit,
            "label": units.label_zh(unit) if unit in units.by_code else unit,
            "months": _say_months(sorted(set(months))),
            "count": len(months),
        }
        for unit, months in sorted(found.items())
    ]


def _say_months(months: Sequence[str]) -> str:
    """Months in order: from the first to the last where none is left out between them."""
    whole = [period.key for period in period_range(Period.parse(months[0]), Period.parse(months[-1]))]
    return f"{months[0]} 至 {months[-1]}" if len(months) > 2 and whole == months else "、".join(months)
