"""Columns computed from the row itself, or from other rows of its own form.

Belongs here: one function per kind of comparison, with its missing-policy in its docstring. Not here: other forms
(over_forms.py), other months (months.py), other units (units.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.odcs import RelativeTolerance, RoundingTolerance
from g60pipeline.contracts.periods import Period
from g60pipeline.quality.batch import Batch


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
    """Attribute of the row's code at the period's end; None for a blank or an unknown code."""
    project = batch.project
    attributes = {
        (code, key): project.attribute_in(code_list, attribute, code, Period.parse(key))
        for key in frame["period"].unique()
        for code in project.code_lists[code_list].by_code
    }
    found = [attributes.get(pair) for pair in zip(frame[field], frame["period"], strict=True)]
    return pd.Series(found, index=frame.index, dtype=object)


def total(frame: pd.DataFrame, batch: Batch, form: Form, fields: Sequence[str]) -> pd.Series:
    """Sum of columns of the row; missing when any addend is (a missing addend is not 0)."""
    return frame[list(fields)].sum(axis=1, skipna=False)


def _allowed(frame: pd.DataFrame, expected: str, tolerance: Any, addends: int | str) -> Any:
    if isinstance(tolerance, RelativeTolerance):
        return frame[expected].abs() * tolerance.relative
    if isinstance(tolerance, RoundingTolerance):
        return tolerance.rounding / 2 * (frame[addends] if isinstance(addends, str) else addends)
    return 0.0


def _beyond(distance: pd.Series, allowed: Any) -> pd.Series:
    return (distance - allowed - 1e-9).clip(lower=0).where(distance.notna())


def gap(
    frame: pd.DataFrame,
    batch: Batch,
    form: Form,
    left: str,
    right: str,
    tolerance: Any,
    addends: int | str = 1,
) -> pd.Series:
    """How far two columns lie apart beyond the tolerance, 0 within it; missing when either is.

    A relative tolerance is a share of the right column; a rounding tolerance is half its unit per addend. `addends`:
    how many numbers were summed, or the column that counts them.
    """
    return _beyond((frame[left] - frame[right]).abs(), _allowed(frame, right, tolerance, addends))


def excess(
    frame: pd.DataFrame,
    batch: Batch,
    form: Form,
    part: str,
    whole: str,
    tolerance: Any,
    addends: int | str = 1,
) -> pd.Series:
    """How far a part exceeds its whole beyond the tolerance, 0 where it does not; missing when either is.

    Tolerance and addends as for `gap`.
    """
    return _beyond(frame[part] - frame[whole], _allowed(frame, whole, tolerance, addends))


def ratio(frame: pd.DataFrame, batch: Batch, form: Form, numerator: str, denominator: str) -> pd.Series:
    """Numerator over denominator; missing when the denominator is missing or 0 and the numerator 0,
    infinite otherwise."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return frame[numerator] / frame[denominator]


def growth(frame: pd.DataFrame, batch: Batch, form: Form, value: str, base: str) -> pd.Series:
    """Value over base, less 1; missing without a base above 0."""
    return frame[value] / frame[base].where(frame[base] > 0) - 1


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


def either(frame: pd.DataFrame, batch: Batch, form: Form, fields: Sequence[str]) -> pd.Series:
    """Whether any of the flags is set; None where all are missing."""
    flags = frame[list(fields)]
    return flags.eq(True).any(axis=1).astype(object).where(flags.notna().any(axis=1), None)


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
