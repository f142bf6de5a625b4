"""How a finding writes values and names columns.

Belongs here: a value or a label as a clerk reads it. Not here: which of them a finding quotes (findings.py,
expected.py).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.messages import Messages

BLANK = "空白"


def format_value(value: Any) -> str:
    """Write a value as a clerk would: no trailing zeros, dates without midnight, a blank as 空白."""
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return BLANK
    if isinstance(value, float):
        return _format_number(value)
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d" if value == value.normalize() else "%Y-%m-%d %H:%M")
    return str(value)


def _format_number(value: float) -> str:
    """Large amounts to the hundredth, as sums are checked to it; small ones, such as ratios, to six digits."""
    if 1000 <= abs(value) < 1e15:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.6g}"


def quote(form: Form, row: Any, name: str) -> str:
    """Write the row's value of a column: a field as it stood in its cell, anything else as computed."""
    if name in form.field_by_name:
        return str(row.raw_text.get(name, BLANK))
    return format_value(getattr(row, name))


def label_of(messages: Messages, form: Form, name: str) -> Text:
    """Name a column: a field by its heading, a derived column by its label."""
    if name in form.field_by_name:
        return Text(zh=form.field_by_name[name].heading, en=name)
    derived = form.derived_by_name.get(name)
    return messages.labels[name] if derived is None or derived.label is None else derived.label
