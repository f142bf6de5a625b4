"""Reminders: what a unit still has to send, and the same for the district, as plain text in Chinese.

Belongs here: who is told what. Not here: the words (assets/reports/reminders/), where it is put and whether it was said
before (outbox.py), how it is sent (notify.py), states (warehouse.timeliness).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.deadlines import beijing_day
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import DISTRICT as OWN_DISTRICT
from g60pipeline.contracts.project import Project
from g60pipeline.reports.pages import render

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
DISTRICT, OPERATORS = "district", "operators"


@dataclass(frozen=True)
class Digest:
    """A reminder. `addressee`: a unit's code, DISTRICT or OPERATORS; `items`: what it is about, without the day it was said."""

    addressee: str
    subject: str
    body: str
    items: tuple[tuple[str, ...], ...]
    item_names: tuple[str, ...] = ("unit", "period", "form", "state", "submission", "is_locked")

    @property
    def key(self) -> str:
        """The same for the same state of the same addressee."""
        return hashlib.sha256(json.dumps([self.addressee, self.items]).encode()).hexdigest()[:12]


def build_digests(project: Project, status: pd.DataFrame, at: datetime) -> list[Digest]:
    """Build a digest per unit with forms that are missing or returned past their due day, and one of all units of our
    own district for the district.

    `status`: rows of `read_form_status`; `at`: the instant (UTC). Where nothing is open nobody is told anything.
    """
    records = status.astype(object).where(status.notna(), None).to_dict("records")
    order = {name: n for n, name in enumerate(dict.fromkeys(o.form for o in project.obligations))}
    due = [{str(name): value for name, value in row.items()} for row in records if _is_due(row, at)]
    due.sort(key=lambda row: (row["period"], order.get(row["form"], len(order))))
    by_unit: dict[str, list[Row]] = {}
    for row in due:
        by_unit.setdefault(row["reporting_unit_code"], []).append(row)
    units = [code.code for code in project.code_lists["units"].codes if code.code in by_unit]
    digests = [_unit_digest(project, unit, by_unit[unit], at) for unit in units]
    own = {unit: by_unit[unit] for unit in units if project.district_of[unit] == OWN_DISTRICT}
    return [*digests, _district_digest(project, own, at)] if own else digests


def _is_due(row: Any, at: datetime) -> bool:
    is_open = bool(row["is_missing"] or row["is_returned"])
    return bool(row["is_expected"]) and is_open and beijing_day(at) > row["due_date"]


def _unit_digest(project: Project, unit: str, rows: Sequence[Row], at: datetime) -> Digest:
    context = {"unit": _label(project, unit), "months": _months(project, rows), "count": len(rows), "at": at}
    subject, body = _render("unit", context)
    return Digest(unit, subject, body, tuple(_item(row) for row in rows))


def _district_digest(project: Project, by_unit: dict[str, list[Row]], at: datetime) -> Digest:
    units = [
        {"label": _label(project, unit), "code": unit, "months": _months(project, rows)}
        for unit, rows in by_unit.items()
    ]
    rows = [row for of_unit in by_unit.values() for row in of_unit]
    subject, body = _render("district", {"units": units, "count": len(rows), "at": at})
    return Digest(DISTRICT, subject, body, tuple(_item(row) for row in rows))


def _item(row: Row) -> tuple[str, ...]:
    """What makes a reminder another one: the form, its state, and the submission that was returned."""
    last = row["last_submission_id"]
    number = "" if last is None else str(int(last))
    return (
        row["reporting_unit_code"],
        row["period"],
        row["form"],
        row["state"],
        number,
        str(bool(row["is_locked"])),
    )


def _months(project: Project, rows: Sequence[Row]) -> list[Row]:
    """The rows by month, with the month's earliest days."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["period"], []).append({**row, "title": project.forms[row["form"]].title.zh})
    return [
        {
            "label": "{}年{}月".format(*Period.parse(month)),
            "forms": forms,
            "due": min(form["due_date"] for form in forms),
            "grace_end": min(form["grace_end_date"] for form in forms),
            "lock": min(form["lock_date"] for form in forms),
            "is_locked": any(form["is_locked"] for form in forms),
        }
        for month, forms in found.items()
    ]


def _label(project: Project, unit: str) -> str:
    return project.code_lists["units"].label_zh(unit)


def _render(name: str, context: Row) -> tuple[str, str]:
    """The first line of the template is the subject."""
    subject, _, body = render(f"reminders/{name}.txt.j2", context).partition("\n")
    return subject, body.lstrip("\n")
