"""Columns that compare a row with what other units say of the same month.

Belongs here: everything that reads `Batch.in_force`. What counts is what was in force when the row's submission was
entered in the ledger, so that of two units the later one sees the earlier. Not here: other months (months.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.periods import Period
from g60pipeline.quality.batch import Batch


def _with_others(
    asked: pd.DataFrame,
    batch: Batch,
    other: str,
    left_on: Sequence[str] = (),
    right_on: Sequence[str] = (),
    take: Sequence[str] = (),
) -> pd.DataFrame:
    """Join rows with other units' rows of the same month that were in force when their submission was entered.

    `asked` has `row` (its position) beside its technical columns; the other unit's columns end in `__other`: its code,
    `since` and `until`, those in `right_on`, and what else to `take`.
    """
    columns = ["period", "reporting_unit_code", "since", "until", *right_on, *take]
    rows = batch.in_force_rows(other)[list(dict.fromkeys(columns))]
    named = rows.rename(columns={name: f"{name}__other" for name in rows.columns if name != "period"})
    merged = asked.merge(
        named, left_on=["period", *left_on], right_on=["period", *(f"{name}__other" for name in right_on)]
    )
    later = merged["since__other"] < merged["submission_id"]
    valid = merged["submission_id"] <= merged["until__other"]
    return merged[(merged["reporting_unit_code"] != merged["reporting_unit_code__other"]) & later & valid]


def _asked(frame: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    columns = ["submission_id", "reporting_unit_code", "period", *fields]
    known = frame[list(dict.fromkeys(columns))].assign(row=range(len(frame)))
    return known[known[list(fields)].notna().all(axis=1)]


def _said(frame: pd.DataFrame, rows: pd.Series, texts: pd.Series) -> pd.Series:
    """Texts by position of the row, joined; None for rows without any."""
    said: list[list[str]] = [[] for _ in range(len(frame))]
    for row, text in zip(rows.tolist(), texts.tolist(), strict=True):
        said[row].append(text)
    answers = ["、".join(dict.fromkeys(all_of_row)) or None for all_of_row in said]
    return pd.Series(answers, index=frame.index, dtype=object)


def _unit_names(codes: pd.Series, batch: Batch) -> pd.Series:
    return codes.map(batch.project.code_lists["units"].label_zh).astype(object)


def also_in_other_units(
    frame: pd.DataFrame, batch: Batch, form: Form, fields: Sequence[str], *, other: str
) -> pd.Series:
    """Other units whose form of the month has a row with these values; None when there is none, or for a blank."""
    found = _with_others(_asked(frame, fields), batch, other, fields, fields)
    return _said(frame, found["row"], _unit_names(found["reporting_unit_code__other"], batch))


def counterparts_without_it(
    frame: pd.DataFrame,
    batch: Batch,
    form: Form,
    parties: Sequence[str],
    same: Sequence[str],
    register: str,
    register_field: str,
) -> pd.Series:
    """Other units that list one of the parties in their register of the month but have no row like this one.

    Alike are rows with the same values in `same`. None when every such unit has it, or there is no such unit.
    """
    asked = _asked(frame, same)
    listed = pd.concat([_with_others(asked, batch, register, [party], [register_field]) for party in parties])
    reported = _with_others(asked, batch, form.name, same, same)
    keys = ["row", "reporting_unit_code__other"]
    index, has_it = (pd.MultiIndex.from_frame(part[keys]) for part in (listed, reported))
    lacking = listed[~index.isin(has_it) & _owes(listed, batch, form)]
    return _said(frame, lacking["row"], _unit_names(lacking["reporting_unit_code__other"], batch))


def _owes(listed: pd.DataFrame, batch: Batch, form: Form) -> pd.Series:
    pairs = zip(listed["reporting_unit_code__other"], listed["period"], strict=True)
    owes = [form.name in batch.project.owed_forms(unit, Period.parse(period)) for unit, period in pairs]
    return pd.Series(owes, index=listed.index, dtype=bool)


def reported_by_others_only(
    frame: pd.DataFrame,
    batch: Batch,
    form: Form,
    field: str,
    parties: Sequence[str],
    same: Sequence[str],
    *,
    other: str,
) -> pd.Series:
    """Other units whose form of the month names the row's value as a party of something that the row's own submission
    does not have; None when there is none, or where the submission does not hold that form.

    An enterprise of two clusters is told of once.
    """
    asked = _asked(frame, [field]).drop_duplicates(["submission_id", field])
    named = pd.concat([_with_others(asked, batch, other, [field], [party], same) for party in parties])
    own = batch.prepared.get(other)
    if own is not None:
        index = pd.MultiIndex.from_frame(named[["submission_id", *(f"{name}__other" for name in same)]])
        named = named[~index.isin(pd.MultiIndex.from_frame(own[["submission_id", *same]]))]
    said = _said(frame, named["row"], _unit_names(named["reporting_unit_code__other"], batch))
    return said.where(batch.was_sent(frame, other), None)


def sum_over_units(
    frame: pd.DataFrame, batch: Batch, form: Form, by: str, fields: dict[str, str], *, other: str
) -> pd.Series:
    """Sum over all units of the row's district of one field of their forms; `fields` names it for each value of `by`.

    Missing where a unit that owes the form is not in force yet or left the cell blank: a missing addend is not 0.
    不适用 adds nothing. Missing for other values of `by`, and where nobody owes the form.
    """
    addends = unit_addends(frame, batch, by, fields, other).groupby("row")
    sums = addends["addend"].agg(lambda values: values.sum(skipna=False))
    pairs = list(zip(frame["reporting_unit_code"], frame["period"], strict=True))
    owing = {pair: _count_owing(batch, *pair, other) for pair in dict.fromkeys(pairs)}
    units_owing = pd.Series([owing[pair] for pair in pairs])
    has_all = addends["reporting_unit_code__other"].nunique() == units_owing.reindex(sums.index)
    return sums.where(has_all).astype("float64").reindex(range(len(frame))).set_axis(frame.index)


def _count_owing(batch: Batch, unit: str, period: str, form: str) -> int:
    """Units of the unit's district that owe the form."""
    month, district_of = Period.parse(period), batch.project.district_of
    owing = (owed for owed in batch.project.obligations if owed.form == form and owed.is_owed_in(month))
    return sum(district_of[owed.unit_code] == district_of[unit] for owed in owing)


def unit_addends(
    frame: pd.DataFrame, batch: Batch, by: str, fields: dict[str, str], other: str
) -> pd.DataFrame:
    """What each unit of the same district adds to a row: row, reporting_unit_code__other, addend.

    The addend of 不适用 is 0, that of a blank is missing.
    """
    asked = _asked(frame, [by])
    found = _with_others(
        asked[asked[by].isin(list(fields))], batch, other, take=[*fields.values(), "raw_text"]
    )
    district_of = batch.project.district_of
    own, others = (
        found[name].map(district_of) for name in ("reporting_unit_code", "reporting_unit_code__other")
    )
    found = found[own == others]
    parts = [
        part.assign(addend=part[f"{field}__other"].mask(_is_not_applicable(part, field), 0.0))
        for value, field in fields.items()
        if len(part := found[found[by] == value])
    ]
    columns = ["row", "reporting_unit_code__other", "addend"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns, dtype=float)


def _is_not_applicable(rows: pd.DataFrame, field: str) -> pd.Series:
    """Whether the cell holds text but no number."""
    written = pd.Series([field in raw for raw in rows["raw_text__other"]], index=rows.index)
    return written & rows[f"{field}__other"].isna()
