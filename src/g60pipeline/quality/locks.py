"""The lock of a month as a column that a rule looks at.

Belongs here: which forms of a submission came too late. Not here: the dates (contracts.deadlines), the openings'
storage (warehouse), the message (schemas/forms/cover).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd

from g60pipeline.contracts.deadlines import Opening, beijing_day, deadlines_of
from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import Batch


def locked_forms(frame: pd.DataFrame, batch: Batch, form: Form) -> pd.Series:
    """Sheets that came on or after their month's lock without an opening; None when there are none.

    A form that is not owed has no lock; that it was sent is another finding.
    """
    keys = zip(
        frame["submission_id"],
        frame["reporting_unit_code"],
        frame["period"],
        frame["received_at"],
        strict=True,
    )
    answers: list[str | None] = []
    for submission, unit, period, received_at in keys:
        day = beijing_day(received_at)
        closed = closed_forms(batch.project, batch.openings, str(unit), str(period), day)
        late = [name for name in closed if (int(submission), name) in batch.present]
        answers.append(name_sheets(batch.project, late) or None)
    return pd.Series(answers, index=frame.index, dtype=object)


def name_sheets(project: Project, forms: Iterable[str]) -> str:
    """Name the forms' sheets in a sentence."""
    return "、".join(f"《{project.forms[name].sheet}》" for name in forms)


def closed_forms(
    project: Project, openings: Sequence[Opening], unit: str, period: str, day: date
) -> list[str]:
    """Forms that the unit may not send any more on the day."""
    month = Period.parse(period)
    return [
        owed.form
        for owed in project.obligations
        if owed.unit_code == unit
        and owed.is_owed_in(month)
        and day >= deadlines_of(owed, month).lock
        and not any(opening.covers(unit, owed.form, period, day) for opening in openings)
    ]
