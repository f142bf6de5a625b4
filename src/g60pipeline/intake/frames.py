"""Typed rows → pandas frames.

The only module of intake that imports pandas. Not here: how a value is read (forms.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from g60pipeline.contracts.forms import FieldType, Form
from g60pipeline.intake.forms import TypedRow

_DTYPES: dict[FieldType, Any] = {
    "integer": "Int64",
    "decimal": object,
    "text": object,
    "date": object,
    "timestamp": "datetime64[us]",
    "boolean": "boolean",
}


Part = tuple[Mapping[str, Any], Sequence[TypedRow]]


def build_frame(form: Form, parts: Sequence[Part]) -> pd.DataFrame:
    """Build one frame of a form from the rows of one or more returns.

    Each part gives its return's keys (reporting_unit_code, period, …), which every one of its rows carries. Columns:
    the keys, sheet_row, a column per field, raw_text. One frame for many returns costs little more than for one.
    """
    rows = [row for _, part in parts for row in part]
    columns: dict[str, Any] = {
        name: pd.Series([keys[name] for keys, part in parts for _ in part], dtype=object)
        for name in parts[0][0]
    }
    columns["sheet_row"] = pd.Series([row.number for row in rows], dtype="int64")
    for field in form.fields:
        columns[field.name] = pd.Series([row.values[field.name] for row in rows], dtype=_DTYPES[field.type])
    columns["raw_text"] = pd.Series([row.texts for row in rows], dtype=object)
    return pd.DataFrame(columns)
