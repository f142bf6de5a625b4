"""Typed rows → pandas frames.

The only module of intake that imports pandas. Not here: how a value is read (forms.py).
"""

from __future__ import annotations

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


def build_frame(form: Form, rows: list[TypedRow], unit_code: str | None, period: str | None) -> pd.DataFrame:
    """Build the form's frame: reporting_unit_code, period, sheet_row, a column per field, raw_text."""
    columns: dict[str, Any] = {
        "reporting_unit_code": pd.Series([unit_code] * len(rows), dtype=object),
        "period": pd.Series([period] * len(rows), dtype=object),
        "sheet_row": pd.Series([row.number for row in rows], dtype="int64"),
    }
    for field in form.fields:
        columns[field.name] = pd.Series([row.values[field.name] for row in rows], dtype=_DTYPES[field.type])
    columns["raw_text"] = pd.Series([row.texts for row in rows], dtype=object)
    return pd.DataFrame(columns)
