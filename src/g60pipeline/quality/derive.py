"""Named functions that compute the columns which rules look at. A contract names them under `derived`.

Belongs here: one function per kind of comparison, with its missing-policy in its docstring. Not here: bounds,
severities and messages (contracts). Every function takes the form's prepared frame and the batch and
returns a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from g60pipeline.contracts.forms import Derived, Form, Rule
from g60pipeline.contracts.odcs import RelativeTolerance, RoundingTolerance
from g60pipeline.contracts.periods import Period
from g60pipeline.quality.batch import Batch
from g60pipeline.quality.history import (
    factor_to_history,
    is_copy_of_previous,
    previous,
    previous_year_to_date,
)

Function = Callable[..., pd.Series]


def is_reported(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """Whether the cell holds anything: a value, 不适用, or text that could not be typed (which is another
    finding)."""
    return pd.Series([field in raw for raw in frame["raw_text"]], index=frame.index, dtype=object)


def is_listed(frame: pd.DataFrame, batch: Batch, form: Form, field: str, code_list: str) -> pd.Series:
    """Whether the code (each code of a list) is valid at the period's end; None for a blank."""
    codes = batch.project.code_lists[code_list]
    valid = {key: set(codes.valid_codes(Period.parse(key))) for key in frame["period"].unique()}
    pairs = zip(frame[field], frame["period"], strict=True)
    listed = [
        None if text is None else all(code in valid[period] for code in text.split(";"))
        for text, period in pairs
    ]
    return pd.Series(listed, index=frame.index, dtype=object)


_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))


@lru_cache(maxsize=100_000)
def _is_uscc(code: str) -> bool:
    if len(code) != 18 or any(character not in _USCC_ALPHABET for character in code):
        return False
    total = sum(_USCC_ALPHABET.index(c) * weight for c, weight in zip(code, _USCC_WEIGHTS, strict=False))
    return _USCC_ALPHABET[(31 - total % 31) % 31] == code[17]


def is_valid_uscc(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """Whether a credit code has its check character (GB 32100-2015, 5.2: weights 3^i mod 31); None for a
    blank."""
    answers = [None if code is None else _is_uscc(str(code)) for code in frame[field].tolist()]
    return pd.Series(answers, index=frame.index, dtype=object)


def code_attribute(
    frame: pd.DataFrame, batch: Batch, form: Form, field: str, code_list: str, attribute: str
) -> pd.Series:
    """Attribute of the row's code; None for a blank or an unknown code."""
    attributes = {
        code.code: code.attributes.get(attribute) or None
        for code in batch.project.code_lists[code_list].codes
    }
    return frame[field].map(attributes.get).astype(object)


def total(frame: pd.DataFrame, batch: Batch, form: Form, fields: Sequence[str]) -> pd.Series:
    """Sum of columns of the row; missing when any addend is (a missing addend is not 0)."""
    return frame[list(fields)].sum(axis=1, skipna=False)


def gap(
    frame: pd.DataFrame, batch: Batch, form: Form, left: str, right: str, tolerance: Any, addends: int = 1
) -> pd.Series:
    """How far two columns lie apart beyond the tolerance, 0 within it; missing when either is.

    A relative tolerance is a share of the right column; a rounding tolerance is half its unit per addend.
    """
    distance = (frame[left] - frame[right]).abs()
    if isinstance(tolerance, RelativeTolerance):
        allowed: Any = frame[right].abs() * tolerance.relative
    elif isinstance(tolerance, RoundingTolerance):
        allowed = tolerance.rounding / 2 * addends
    else:
        allowed = 0.0
    return (distance - allowed - 1e-9).clip(lower=0).where(distance.notna())


def ratio(frame: pd.DataFrame, batch: Batch, form: Form, numerator: str, denominator: str) -> pd.Series:
    """Numerator over denominator; missing when the denominator is missing or 0 and the numerator 0,
    infinite otherwise."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return frame[numerator] / frame[denominator]


def growth(frame: pd.DataFrame, batch: Batch, form: Form, value: str, base: str) -> pd.Series:
    """Value over base, less 1; missing without a base above 0."""
    return frame[value] / frame[base].where(frame[base] > 0) - 1


def relative_change(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """Change against last month as a share of last month's; missing without a value above 0 last month."""
    before = previous(frame, batch, form, field)
    return frame[field] / before.where(before > 0) - 1


def value_where(
    frame: pd.DataFrame, batch: Batch, form: Form, field: str, when: str, equals: Any
) -> pd.Series:
    """The field's value in rows where another field equals something; missing elsewhere."""
    return frame[field].where(frame[when] == equals)


def row_value(frame: pd.DataFrame, batch: Batch, form: Form, field: str, when: str, equals: Any) -> pd.Series:
    """The field's value in the submission's row where another field equals something, given to all its
    rows."""
    chosen = frame[frame[when] == equals].drop_duplicates("submission_id").set_index("submission_id")[field]
    return frame["submission_id"].map(chosen)


def both(frame: pd.DataFrame, batch: Batch, form: Form, fields: Sequence[str]) -> pd.Series:
    """Whether all flags are set; a missing flag counts as not set."""
    return frame[list(fields)].eq(True).all(axis=1).astype(object)


def implies(frame: pd.DataFrame, batch: Batch, form: Form, when: str, then: str) -> pd.Series:
    """Whether the second flag is set where the first is; None where either is missing."""
    known = frame[when].notna() & frame[then].notna()
    return (~frame[when].eq(True) | frame[then].eq(True)).astype(object).where(known, None)


def implies_reported(
    frame: pd.DataFrame,
    batch: Batch,
    form: Form,
    then: str,
    when: str = "",
    equals: Any = True,
    when_reported: str = "",
) -> pd.Series:
    """Whether a cell is filled where a field equals something (or where another cell holds a value); None
    elsewhere."""
    asked = frame[when_reported].notna() if when_reported else frame[when].eq(equals)
    return is_reported(frame, batch, form, then).where(asked, None)


def all_or_none_reported(frame: pd.DataFrame, batch: Batch, form: Form, fields: Sequence[str]) -> pd.Series:
    """Whether the cells are filled together or blank together."""
    filled = pd.concat([is_reported(frame, batch, form, field).astype(bool) for field in fields], axis=1)
    return (filled.all(axis=1) | ~filled.any(axis=1)).astype(object)


def finished_has_a_date(
    frame: pd.DataFrame, batch: Batch, form: Form, status: str, date: str, finished: str
) -> pd.Series:
    """Whether the date stands exactly where the status says finished; None without a status."""
    agrees = frame[status].eq(finished) == is_reported(frame, batch, form, date).astype(bool)
    return agrees.astype(object).where(frame[status].notna(), None)


def text_part(frame: pd.DataFrame, batch: Batch, form: Form, field: str, start: int, stop: int) -> pd.Series:
    """Part of a text; None for a blank."""
    parts = [None if text is None else str(text)[start:stop] for text in frame[field].tolist()]
    return pd.Series(parts, index=frame.index, dtype=object)


def duration_hours(frame: pd.DataFrame, batch: Batch, form: Form, start: str, end: str) -> pd.Series:
    """Hours from start to end; missing when either is."""
    return (frame[end] - frame[start]).dt.total_seconds() / 3600


def differ(frame: pd.DataFrame, batch: Batch, form: Form, fields: Sequence[str]) -> pd.Series:
    """Whether two texts differ; None when either is missing."""
    left, right = (frame[field] for field in fields)
    return (left != right).astype(object).where(left.notna() & right.notna(), None)


def same_dimension(
    frame: pd.DataFrame, batch: Batch, form: Form, unit_field: str, field: str, code_list: str
) -> pd.Series:
    """Whether the row's unit of measure has the dimension of the unit that the code list gives; None when
    unknown."""
    dimension = {
        c.code: c.attributes["dimension"] for c in batch.project.code_lists["measurement_units"].codes
    }
    expected = code_attribute(frame, batch, form, field, code_list, "unit").map(dimension.get)
    actual = frame[unit_field].map(dimension.get)
    return (expected == actual).astype(object).where(expected.notna() & actual.notna(), None)


def _was_sent(frame: pd.DataFrame, batch: Batch, form: str) -> pd.Series:
    sent = [(int(submission), form) in batch.present for submission in frame["submission_id"].tolist()]
    return pd.Series(sent, index=frame.index, dtype=bool)


def sum_over_form(
    frame: pd.DataFrame, batch: Batch, form: Form, field: str, by: Sequence[str] = (), *, other: str
) -> pd.Series:
    """Sum of a field of another form of the same submission, for the row's keys `by`.

    0 where that form was sent without such rows; missing where it was not sent or an addend is missing.
    """
    keys = ["submission_id", *by]
    rows = batch.prepared.get(other)
    if rows is None or rows.empty:
        return pd.Series(0.0, index=frame.index).where(_was_sent(frame, batch, other))
    sums = rows.groupby(keys)[field].agg(lambda values: values.sum(skipna=False)).rename("sum").reset_index()
    merged = frame[keys].merge(sums.assign(found=True), on=keys, how="left")
    found = merged["sum"].where(merged["found"].eq(True), 0.0)
    return found.set_axis(frame.index).where(_was_sent(frame, batch, other))


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
    it was not sent.

    `where_true`: only rows in which this flag (a field, or a derived `both`) is set.
    """
    keys = ["submission_id", *by]
    rows = batch.prepared.get(other)
    if rows is None or rows.empty:
        return pd.Series(0.0, index=frame.index).where(_was_sent(frame, batch, other))
    if where_true:
        rows = rows[_flag(rows, batch, batch.project.forms[other], where_true)]
    counts = rows.groupby(keys)[field].nunique().rename("count").reset_index()
    merged = frame[keys].merge(counts, on=keys, how="left")["count"].fillna(0).astype("float64")
    return merged.set_axis(frame.index).where(_was_sent(frame, batch, other))


def _flag(rows: pd.DataFrame, batch: Batch, form: Form, name: str) -> pd.Series:
    if name in form.field_by_name:
        return rows[name].eq(True)
    column = next(column for column in form.derived if column.name == name)
    return compute(rows, batch, form, column.function, column.arguments).eq(True)


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
    return pd.Series(answers, index=frame.index, dtype=object).where(_was_sent(frame, batch, other), None)


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
    """Codes that belong to the unit (attribute `owner`) but have no row in a form; None when all are there
    or it was not sent."""
    codes = batch.project.code_lists[code_list]
    rows = batch.prepared.get(other)
    sent: dict[int, set[str]] = {}
    if rows is not None:
        for submission, code in zip(rows["submission_id"].tolist(), rows[field].tolist(), strict=True):
            sent.setdefault(int(submission), set()).add(code)
    answers: list[str | None] = []
    for submission, unit, period in zip(
        frame["submission_id"], frame["reporting_unit_code"], frame["period"], strict=True
    ):
        valid = set(codes.valid_codes(Period.parse(period)))
        expected = [code for code in codes.codes_where(owner, unit) if code in valid]
        absent = [code for code in expected if code not in sent.get(int(submission), set())]
        answers.append(_join([f"{code} {codes.label_zh(code)}" for code in absent]))
    return pd.Series(answers, index=frame.index, dtype=object).where(_was_sent(frame, batch, other), None)


_FILE_NAME_PARTS = {
    "unit_code": re.compile(r"(?<!\d)310117[0-9U]\d\d(?!\d)"),
    "period": re.compile(r"(?<!\d)20\d\d-\d\d(?!\d)"),
}


def file_name_part(frame: pd.DataFrame, batch: Batch, form: Form, field: str) -> pd.Series:
    """What the file's name says of the unit or the month; None when it says nothing."""
    pattern = _FILE_NAME_PARTS[field]
    found = [pattern.search(name) for name in frame["file_name"]]
    return pd.Series([match[0] if match else None for match in found], index=frame.index, dtype=object)


FUNCTIONS: dict[str, Function] = {
    function.__name__: function
    for function in (
        all_or_none_reported, both, code_attribute, count_over_form, differ, duration_hours, exists_in_form,
        factor_to_history, file_name_part, finished_has_a_date, forms_not_owed, gap, growth, implies,
        implies_reported, is_copy_of_previous, is_listed, is_reported, is_valid_uscc, missing_codes,
        missing_forms,
        previous, previous_year_to_date, ratio, relative_change, row_value, same_dimension, sum_over_form,
        text_part, total, value_where,
    )
}  # fmt: skip


def compute(
    frame: pd.DataFrame, batch: Batch, form: Form, function: str, arguments: dict[str, Any]
) -> pd.Series:
    """Compute one derived column; KeyError when the contract names a function that does not exist."""
    named = {("other" if key == "form" else key): value for key, value in arguments.items()}
    return FUNCTIONS[function](frame, batch, form, **named)


def _needed(form: Form, rules: Sequence[Rule]) -> list[Derived]:
    """Derived columns that the rules use, and those that these are computed from, in the contract's order."""
    needed = {name for rule in rules for name in (*rule.columns, *rule.compared_with, *rule.placeholders)}
    chosen: list[Derived] = []
    for column in reversed(form.derived):
        if column.name in needed:
            chosen.append(column)
            for value in column.arguments.values():
                needed.update(
                    [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
                )
    return chosen[::-1]


def derive(frame: pd.DataFrame, batch: Batch, form: Form, rules: Sequence[Rule]) -> pd.DataFrame:
    """Return the prepared frame with the derived columns that the rules need, in the contract's order."""
    columns = frame.copy()
    if not frame.empty:
        for column in _needed(form, rules):
            columns[column.name] = compute(columns, batch, form, column.function, column.arguments)
    return columns
