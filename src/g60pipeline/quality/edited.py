"""Copies of submissions with an edit in them.

Belongs here: rows and covers as an edit would have them. Not here: which edits there are (edits.py, moves.py), judging
the copies (trials.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from g60pipeline.contracts.periods import Period
from g60pipeline.quality.batch import Staged
from g60pipeline.quality.edits import Change, Edit


@dataclass(frozen=True)
class Trial:
    """An edited submission. `number` orders it just before the submission that it is a copy of."""

    number: int
    submission: int
    edit: Edit


def edited(frame: pd.DataFrame, form: str, trials: Sequence[Trial]) -> pd.DataFrame:
    """Return the prepared rows of some trials with their edits; nothing of the rows given is changed."""
    return _move(_change(frame, form, trials), form, trials)


def _change(frame: pd.DataFrame, form: str, trials: Sequence[Trial]) -> pd.DataFrame:
    texts = frame["raw_text"].tolist()
    columns: dict[str, list[Any]] = {}
    for position, change in _positions(frame, form, trials):
        field = change.cell.field
        values = columns.setdefault(field, frame[field].tolist())
        values[position] = change.value
        others = {name: text for name, text in texts[position].items() if name != field}
        texts[position] = others if change.text is None else {**others, field: change.text}
    series = {
        name: pd.Series(values, index=frame.index, dtype=frame[name].dtype)
        for name, values in columns.items()
    }
    return frame.assign(**series, raw_text=pd.Series(texts, index=frame.index, dtype=object))


def _positions(frame: pd.DataFrame, form: str, trials: Sequence[Trial]) -> list[tuple[int, Change]]:
    """The changes of a form's cells, each with the position of its row."""
    keys = zip(frame["submission_id"].tolist(), frame["sheet_row"].tolist(), strict=True)
    positions = {key: position for position, key in enumerate(keys)}
    return [
        (positions[trial.number, change.cell.sheet_row], change)
        for trial in trials
        for change in trial.edit.changes
        if change.cell.form == form
    ]


def _move(frame: pd.DataFrame, form: str, trials: Sequence[Trial]) -> pd.DataFrame:
    """Let the rows say whose and of when the edits make them."""
    columns: dict[str, dict[int, Any]] = {}
    for trial in trials:
        for name, value in _moved_columns(form, trial.edit).items():
            columns.setdefault(name, {})[trial.number] = value
    for name, values in columns.items():
        pairs = zip(frame["submission_id"].tolist(), frame[name].tolist(), strict=True)
        moved = [values.get(number, value) for number, value in pairs]
        frame = frame.assign(**{name: pd.Series(moved, index=frame.index, dtype=frame[name].dtype)})
    return frame


def _moved_columns(form: str, edit: Edit) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if edit.unit is not None:
        columns = {"reporting_unit_code": edit.unit, **({"unit_code": edit.unit} if form == "cover" else {})}
    if edit.period is not None:
        period = Period.parse(edit.period)
        columns |= {
            "period": edit.period,
            "period_start": pd.Timestamp(period.start),
            "period_end": pd.Timestamp(period.end),
            "period_close": pd.Timestamp(period.plus(1).start),
        }
    return columns


def moved_covers(staged: Staged, trials: Sequence[Trial], scale: int) -> pd.DataFrame:
    """Return covers of the trials that are another unit's or month's, under numbers a fraction below the original's."""
    covers = staged.cover.drop_duplicates("submission_id").set_index("submission_id")
    rows = [
        {
            "submission_id": trial.number / scale,
            "reporting_unit_code": trial.edit.unit or covers.at[trial.submission, "reporting_unit_code"],
            "month_index": covers.at[trial.submission, "month_index"]
            if trial.edit.period is None
            else Period.parse(trial.edit.period).month_index,
        }
        for trial in trials
        if trial.edit.moves
    ]
    return pd.DataFrame(rows, columns=["submission_id", "reporting_unit_code", "month_index"])
