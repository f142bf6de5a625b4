"""Columns that compare a row with another form of the same submission.

Belongs here: sums, counts and look-ups over another form. Not here: what a whole return lacks (returns.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from g60pipeline.contracts.forms import Form
from g60pipeline.quality.batch import Batch
from g60pipeline.quality.derive.within_row import both


def chosen_rows(
    batch: Batch, other: str, where_true: str = "", distinct: Sequence[str] = ()
) -> pd.DataFrame | None:
    """Rows of another form that a sum or a count looks at; None where no submission holds any.

    `where_true`: only rows in which this flag (a field, or a derived `both`) is set. `distinct`: one row per submission
    and these fields, for what stands in two clusters is not there twice.
    """
    rows = batch.prepared.get(other)
    if rows is None or rows.empty:
        return None
    if where_true:
        rows = rows[_flag(rows, batch, batch.project.forms[other], where_true)]
    return rows.drop_duplicates(["submission_id", *distinct]) if distinct else rows


def _flag(rows: pd.DataFrame, batch: Batch, form: Form, name: str) -> pd.Series:
    if name in form.field_by_name:
        return rows[name].eq(True)
    column = next(column for column in form.derived if column.name == name)
    return both(rows, batch, form, **column.arguments).eq(True)


def sum_over_form(
    frame: pd.DataFrame,
    batch: Batch,
    form: Form,
    field: str,
    by: Sequence[str] = (),
    where_true: str = "",
    distinct: Sequence[str] = (),
    *,
    other: str,
) -> pd.Series:
    """Sum of a field of another form of the same submission, for the row's keys `by`.

    0 where that form was sent without such rows; missing where it was not sent or an addend is missing.
    """
    keys = ["submission_id", *by]
    rows = chosen_rows(batch, other, where_true, distinct)
    if rows is None:
        return pd.Series(0.0, index=frame.index).where(batch.was_sent(frame, other))
    sums = rows.groupby(keys)[field].agg(lambda values: values.sum(skipna=False)).rename("sum").reset_index()
    merged = frame[keys].merge(sums.assign(found=True), on=keys, how="left")
    found = merged["sum"].where(merged["found"].eq(True), 0.0)
    return found.set_axis(frame.index).where(batch.was_sent(frame, other))


def count_over_form(
    frame: pd.DataFrame,
    batch: Batch,
    form: Form,
    field: str,
    by: Sequence[str] = (),
    where_true: str = "",
    *,
    other: str,
) -> pd.Series:
    """Distinct values of a field of another form of the same submission, for the row's keys; missing where
    it was not sent."""
    keys = ["submission_id", *by]
    rows = chosen_rows(batch, other, where_true)
    if rows is None:
        return pd.Series(0.0, index=frame.index).where(batch.was_sent(frame, other))
    counts = rows.groupby(keys)[field].nunique().rename("count").reset_index()
    merged = frame[keys].merge(counts, on=keys, how="left")["count"].fillna(0).astype("float64")
    return merged.set_axis(frame.index).where(batch.was_sent(frame, other))


def exists_in_form(
    frame: pd.DataFrame,
    batch: Batch,
    form: Form,
    fields: Sequence[str],
    other_fields: Sequence[str] = (),
    *,
    other: str,
) -> pd.Series:
    """Whether another form of the same submission has a row with these values; None for blanks or where it
    was not sent."""
    rows = batch.prepared.get(other)
    known: set[tuple[Any, ...]] = set()
    if rows is not None:
        known = set(rows[["submission_id", *(other_fields or fields)]].itertuples(index=False, name=None))
    asked = list(frame[["submission_id", *fields]].itertuples(index=False, name=None))
    answers = [None if any(value is None for value in key) else key in known for key in asked]
    return pd.Series(answers, index=frame.index, dtype=object).where(batch.was_sent(frame, other), None)
