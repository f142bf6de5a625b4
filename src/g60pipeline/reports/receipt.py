"""The receipt of a submission: its number, what came, what was read, the verdict and what to do next.

Belongs here: one printable page in Chinese from one row of `read_receipts`. Not here: its words and layout
(assets/reports/receipt/), findings (the feedback workbook), the folder it goes to (defs).
"""

from __future__ import annotations

from typing import Any

from g60pipeline.contracts.deadlines import Deadlines, deadlines_of
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.reports.pages import render

Row = dict[str, Any]


def receipt_number(submission: Row) -> str:
    """Return the receipt's number, such as 310117107-2021-12-000123: unit, month, number in the ledger."""
    return (
        f"{submission['reporting_unit_code']}-{submission['period']}-{int(submission['submission_id']):06d}"
    )


def build_receipt(project: Project, submission: Row) -> str:
    """Return the receipt of a submission (a row of `read_receipts`) as one HTML page that can be printed.

    The submission must say its unit and month. KeyError when the verdict is none of accepted, returned, unreadable,
    refused and received.
    """
    unit, period = submission["reporting_unit_code"], Period.parse(submission["period"])
    order = {name: at for at, name in enumerate(project.owed_forms(unit, period))}
    forms = sorted(submission["forms"], key=lambda form: (order.get(form["form"], len(order)), form["form"]))
    return render(
        "receipt/template.html.j2",
        {
            "number": receipt_number(submission),
            "submission": submission,
            "unit": project.code_lists["units"].label_zh(unit),
            "month": f"{period.year}年{period.month}月",
            "forms": [{**form, "title": project.forms[form["form"]].title.zh} for form in forms],
            "row_count": sum(int(form["row_count"]) for form in forms),
            "owed_count": len(order),
            "days": _earliest(project, unit, period),
        },
    )


def _earliest(project: Project, unit: str, period: Period) -> Deadlines | None:
    """The earliest of the three days over the forms that the unit owes; None when it owes none."""
    owed = [o for o in project.obligations if o.unit_code == unit and o.is_owed_in(period)]
    found = [deadlines_of(obligation, period) for obligation in owed]
    if not found:
        return None
    return Deadlines(min(d.due for d in found), min(d.grace_end for d in found), min(d.lock for d in found))
