"""Columns that rules look at, computed by named functions. A contract names them under `derived`.

Belongs here: one module per kind of comparison: within a row, over another form, whole returns, between months,
between units. Not here: bounds, severities and messages (contracts), running rules (suites.py).
Every function takes the form's prepared frame, the batch and the form, then the arguments that the contract gives it,
and returns a column. What it does with a missing value stands in its docstring.
"""

from g60pipeline.quality.derive.over_forms import chosen_rows
from g60pipeline.quality.derive.registry import FUNCTIONS, check_derived, compute, derive, needed_columns
from g60pipeline.quality.derive.units import unit_addends

__all__ = [
    "FUNCTIONS",
    "check_derived",
    "chosen_rows",
    "compute",
    "derive",
    "needed_columns",
    "unit_addends",
]
