"""Columns that look back: last month's value of the same key, and the level of the last twelve months.

Belongs here: everything that reads `Batch.history`. Not here: comparisons within a submission
(within_row.py, over_forms.py), other units (units.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from g60pipeline.contracts.forms import Form
from g60pipeline.quality.batch import Batch

# A normal distribution's standard deviation over its median absolute deviation.
_PER_DEVIATION = 1.4826
_LEAST_SPREAD = 0.1
_LEAST_MONTHS = 3


def _keys(form: Form) -> list[str]:
    return ["submission_id", *(field.name for field in form.key_fields)]


def _look_up(frame: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Align values, indexed by submission and key, with the frame's rows."""
    index = pd.MultiIndex.from_frame(frame[list(values.index.names)])
    return values.reindex(index).set_axis(frame.index)


def previous(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """Value of the same key in the unit's return of last month that was in force; missing when there is
    none."""
    history = batch.prepared_history.get(form.name)
    if history is None or history.empty:
        return pd.Series(None, index=frame.index, dtype=frame[field].dtype)
    last = history[history["months_before"] == 1].drop_duplicates(_keys(form)).set_index(_keys(form))[field]
    found = _look_up(frame, last)
    return found.where(found.notna(), None) if found.dtype == object else found


def previous_year_to_date(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """Last month's figure since January; 0 in January, which starts anew; missing without last month's
    return."""
    return previous(frame, batch, form, field).mask(frame["period_start"].dt.month == 1, 0.0)


def factor_to_history(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """Value over the median of the same key's values above 0 in up to twelve months before.

    Missing without such values, and for a value of 0 or none: an idle month is no slip of a unit.
    """
    history = batch.prepared_history.get(form.name)
    if history is None or history.empty:
        return pd.Series(float("nan"), index=frame.index)
    medians = history[history[field] > 0].groupby(_keys(form))[field].median()
    return frame[field].where(frame[field] > 0) / _look_up(frame, medians)


def spreads_from_history(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """Distance from the median of the same key's last twelve months, in robust spreads of those months.

    A spread is 1.4826 times the median absolute deviation, and at least a tenth of the median, so that an even history
    does not make every change a jump. Missing with fewer than three months before, or a median of 0.
    """
    history = batch.prepared_history.get(form.name)
    if history is None or history.empty:
        return pd.Series(float("nan"), index=frame.index)
    known = history[history[field].notna()]
    grouped = known.groupby(_keys(form))[field]
    median = grouped.transform("median")
    spread = (known[field] - median).abs().groupby(
        [known[key] for key in _keys(form)]
    ).median() * _PER_DEVIATION
    level = grouped.median().where(grouped.size() >= _LEAST_MONTHS)
    spread = spread.clip(lower=level.abs() * _LEAST_SPREAD)
    return (frame[field] - _look_up(frame, level)).abs() / _look_up(frame, spread.where(spread > 0))


def relative_change(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """Change against last month as a share of last month's; missing without a value above 0 last month."""
    before = previous(frame, batch, form, field)
    return frame[field] / before.where(before > 0) - 1


def is_copy_of_previous(frame: pd.DataFrame, batch: Batch, form: Form, fields: Sequence[str]) -> pd.Series:
    """Whether all fields equal last month's; None when one of them cannot be compared."""
    pairs = [(frame[field], previous(frame, batch, form, field)) for field in fields]
    known = pd.concat([now.notna() & before.notna() for now, before in pairs], axis=1).all(axis=1)
    equal = pd.concat([now == before for now, before in pairs], axis=1).all(axis=1)
    return equal.astype(object).where(known, None)
