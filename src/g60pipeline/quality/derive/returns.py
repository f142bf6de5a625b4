"""Columns of the cover that say what a return holds, lacks, or has in its file's name.

Belongs here: whole forms, whole codes, the file's name. Not here: values of forms (over_forms.py), the lock
(quality.locks).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pandas as pd

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import Batch


def _join(names: Sequence[str]) -> str | None:
    return "、".join(names) or None


def missing_forms(frame: pd.DataFrame, batch: Batch, form: Form) -> pd.Series:
    """Sheets that the unit owes for the period but did not send; None when all are there."""
    return _forms(frame, batch, lambda owed, sent: [name for name in owed if name not in sent])


def forms_not_owed(frame: pd.DataFrame, batch: Batch, form: Form) -> pd.Series:
    """Sheets that were sent but are not owed; None when there are none."""
    return _forms(frame, batch, lambda owed, sent: [name for name in sent if name not in owed])


def _forms(
    frame: pd.DataFrame, batch: Batch, choose: Callable[[Sequence[str], Sequence[str]], list[str]]
) -> pd.Series:
    project = batch.project
    answers: list[str | None] = []
    for submission, unit, period in zip(
        frame["submission_id"], frame["reporting_unit_code"], frame["period"], strict=True
    ):
        sent = [name for name in project.forms if (int(submission), name) in batch.present]
        chosen = choose(project.owed_forms(unit, Period.parse(period)), sent)
        answers.append(_join([f"《{project.forms[name].sheet}》" for name in chosen]))
    return pd.Series(answers, index=frame.index, dtype=object)


def missing_codes(
    frame: pd.DataFrame, batch: Batch, form: Form, field: str, code_list: str, owner: str, *, other: str
) -> pd.Series:
    """Codes that belonged to the unit (attribute `owner`) at the month's end but have no row in a form; None when all
    are there or it was not sent."""
    project, codes = batch.project, batch.project.code_lists[code_list]
    rows = batch.prepared.get(other)
    sent: dict[int, set[str]] = {}
    if rows is not None:
        for submission, code in zip(rows["submission_id"].tolist(), rows[field].tolist(), strict=True):
            sent.setdefault(int(submission), set()).add(code)
    answers: list[str | None] = []
    for submission, unit, period in zip(
        frame["submission_id"], frame["reporting_unit_code"], frame["period"], strict=True
    ):
        expected = project.codes_owned_by(code_list, owner, unit, Period.parse(period))
        absent = [code for code in expected if code not in sent.get(int(submission), set())]
        answers.append(_join([f"{code} {codes.label_zh(code)}" for code in absent]))
    return pd.Series(answers, index=frame.index, dtype=object).where(batch.was_sent(frame, other), None)


def _file_name_pattern(project: Project, field: str) -> re.Pattern[str]:
    """A unit's code is told from other numbers by its district."""
    districts = "|".join(project.code_lists["units"].codes_where("kind", "district"))
    parts = {"unit_code": rf"(?:{districts})[0-9U]\d\d", "period": r"20\d\d-\d\d"}
    return re.compile(rf"(?<!\d){parts[field]}(?!\d)")


def file_name_part(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """What the file's name says of the unit or the month; None when it says nothing."""
    pattern = _file_name_pattern(batch.project, field)
    found = [pattern.search(name) for name in frame["file_name"]]
    return pd.Series([match[0] if match else None for match in found], index=frame.index, dtype=object)
