"""What is judged together: the submissions of one or more months, form by form, with what came before them.

Belongs here: frames made fit for rules (floats, timestamps) and their technical columns. Not here: derived
columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

HISTORY_MONTHS = 12


@dataclass(frozen=True)
class Batch:
    """Submissions to judge.

    `cover`: one row per submission: submission_id, reporting_unit_code, period, file_name, cover fields,
    raw_text.
    `forms`: form → rows of all submissions (as staged). `present`: (submission_id, form) that were sent,
    rows or not.
    `history`: form → rows in force before each submission: submission_id (of the one judged),
    months_before (1…12), and the form's fields.
    """

    project: Project
    cover: pd.DataFrame
    forms: dict[str, pd.DataFrame]
    present: frozenset[tuple[int, str]]
    history: dict[str, pd.DataFrame]

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


def _typed(fields: tuple[Field, ...], frame: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for name in frame.columns:
        series = frame[name]
        field = next((f for f in fields if f.name == name), None)
        columns[name] = series if field is None else _series(field, series)
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
