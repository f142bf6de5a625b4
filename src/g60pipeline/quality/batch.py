"""What is judged together: the submissions of one or more months, form by form, with what came before them.

Belongs here: what was staged, and frames made fit for rules (floats, timestamps) with their technical columns. Not
here: derived columns (derive), what was in force when (history.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from g60pipeline.contracts.deadlines import Opening
from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

HISTORY_MONTHS = 12
IN_FORCE_COLUMNS = ("since", "until", "reporting_unit_code", "period", "raw_text")


@dataclass(frozen=True)
class Staged:
    """What was staged of the submissions to judge, and how to fetch the rows of earlier ones.

    `layouts`: form → submission → layout. `intake_findings`: findings made while reading, as rows of
    `ops.finding`.
    `accepted`: forms of submissions already accepted (reporting_unit_code, form, month_index, submission_id).
    `fetch_rows`: form, submissions → their rows. `openings`: who may send after the lock.
    `explanations`: submission → finding key → what the unit says to it.
    """

    cover: pd.DataFrame
    forms: dict[str, pd.DataFrame]
    present: frozenset[tuple[int, str]]
    layouts: dict[str, dict[int, dict[str, Any]]]
    intake_findings: list[dict[str, Any]]
    accepted: pd.DataFrame
    fetch_rows: Callable[[str, Sequence[int]], pd.DataFrame]
    openings: tuple[Opening, ...] = ()
    explanations: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])


@dataclass(frozen=True)
class Batch:
    """Submissions to judge.

    `cover`: one row per submission: submission_id, reporting_unit_code, period, file_name, cover fields,
    raw_text.
    `forms`: form → rows of all submissions (as staged). `present`: (submission_id, form) that were sent,
    rows or not.
    `history`: form → rows in force before each submission: submission_id (of the one judged),
    months_before (1…12), and the form's fields.
    `openings`: who may send after the lock.
    `in_force`: form → rows of every unit that were in force for a judged month, as staged, from the submission `since`
    up to the submission `until` (infinite for what nothing has replaced).
    """

    project: Project
    cover: pd.DataFrame
    forms: dict[str, pd.DataFrame]
    present: frozenset[tuple[int, str]]
    history: dict[str, pd.DataFrame]
    openings: tuple[Opening, ...] = ()
    in_force: dict[str, pd.DataFrame] = field(default_factory=dict[str, pd.DataFrame])

    @cached_property
    def prepared(self) -> dict[str, pd.DataFrame]:
        """Frames that rules can compute with, by form; the cover's under `cover`."""
        project = self.project
        frames = {name: prepare(project.forms[name], frame) for name, frame in self.forms.items()}
        return {"cover": prepare(project.cover, self.cover), **frames}

    @cached_property
    def prepared_history(self) -> dict[str, pd.DataFrame]:
        """History that rules can compute with, by form."""
        return {name: _typed(self.project.forms[name].fields, frame) for name, frame in self.history.items()}

    @cached_property
    def _prepared_in_force(self) -> dict[str, pd.DataFrame]:
        return {name: _typed(self.project.forms[name].fields, frame) for name, frame in self.in_force.items()}

    def in_force_rows(self, form: str) -> pd.DataFrame:
        """Rows of a form in force in any unit, fit to compute with; empty where there are none."""
        fields = self.project.forms[form].field_by_name
        empty = pd.DataFrame(columns=[*IN_FORCE_COLUMNS, *fields])
        return self._prepared_in_force.get(form, empty)

    def was_sent(self, frame: pd.DataFrame, form: str) -> pd.Series:
        """Whether each row's submission holds the form, with rows or without."""
        sent = [(int(submission), form) in self.present for submission in frame["submission_id"].tolist()]
        return pd.Series(sent, index=frame.index, dtype=bool)


def _typed(fields: tuple[Field, ...], frame: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for name in frame.columns:
        series = frame[name]
        declared = next((f for f in fields if f.name == name), None)
        columns[name] = series if declared is None else _series(declared, series)
    return pd.DataFrame(columns, index=frame.index)


def _series(field: Field, series: pd.Series) -> pd.Series:
    if field.type in ("integer", "decimal"):
        return pd.to_numeric(series.astype(object), errors="coerce").astype("float64")
    if field.type in ("date", "timestamp"):
        return pd.to_datetime(series, errors="coerce").astype("datetime64[ns]")
    return series.astype(object).where(series.notna(), None)


def prepare(form: Form, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with computable types, a fresh index, and the dates of its period.

    period_start and period_end are days; period_close is the first instant after the period.
    """
    typed = _typed(form.fields, frame.reset_index(drop=True))
    periods = {key: Period.parse(key) for key in typed["period"].unique()}
    starts = typed["period"].map({key: pd.Timestamp(period.start) for key, period in periods.items()})
    ends = typed["period"].map({key: pd.Timestamp(period.end) for key, period in periods.items()})
    closes = typed["period"].map({key: pd.Timestamp(period.plus(1).start) for key, period in periods.items()})
    dates = {"period_start": starts, "period_end": ends, "period_close": closes}
    return typed.assign(**{name: series.astype("datetime64[ns]") for name, series in dates.items()})
