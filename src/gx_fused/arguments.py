"""Members of sets and bounds of ranges, as a column's comparison takes them.

Belongs here: refusing what pandas would convert before it compares. Not here: the comparison (rules.py).
"""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl
from dateutil.parser import ParserError, parse

from gx_fused.tables import EXACT_INTEGER, Column

_MEMBER_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "bool": (bool,), "int": (int,), "float": (int, float), "empty": (str, bool, int, float),
}  # fmt: skip


def members_of(column: Column, value_set: object) -> pl.Series | None:
    """Return the set as one list of the column's type, unless a member is of a type that pandas would convert."""
    types = _MEMBER_TYPES.get(column.kind)
    if types is None or not isinstance(value_set, list):
        return None
    members: list[Any] = value_set
    if any(type(member) not in types for member in members) or not all(map(_is_exact, members)):
        return None
    if column.kind == "empty":
        return pl.Series([[]], dtype=pl.List(pl.Boolean))
    return pl.Series(members, dtype=column.values.dtype, strict=False).implode()


def _is_exact(value: object) -> bool:
    if isinstance(value, float):
        return value == value
    return not isinstance(value, int) or abs(value) <= EXACT_INTEGER


UNKNOWN: Any = object()


def read_bound(column: Column, value: Any) -> Any:
    """Return the bound as the metric compares it; UNKNOWN where the column's type would decide otherwise."""
    if value is None:
        return None
    if column.kind in ("int", "float", "empty") and type(value) in (int, float) and _is_exact(value):
        return value
    if column.kind == "time":
        return _instant(column, value)
    return UNKNOWN


def _instant(column: Column, value: Any) -> Any:
    is_nanosecond = column.values.dtype == pl.Datetime("ns")
    if isinstance(value, str) and is_nanosecond:
        try:
            value = parse(value)
        except (ParserError, OverflowError):
            return UNKNOWN
    is_naive = isinstance(value, datetime.datetime) and value.tzinfo is None
    return value if is_naive and not getattr(value, "nanosecond", 0) else UNKNOWN
