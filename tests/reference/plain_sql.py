"""The definitions' SQL fragments (`value`, `where`), evaluated row by row in plain Python.

sqlglot only parses; what AND, NOT, `<=` and SUM mean is said here, with None for unknown. Numbers are Fractions, so
that nothing is rounded before the end. Not here: which rows count (model.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp

Row = dict[str, Any]

_COMPARE: dict[type[exp.Expression], Callable[[Any, Any], bool]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
}
_COMPUTE: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.Add: lambda a, b: a + b,
    exp.Sub: lambda a, b: a - b,
    exp.Mul: lambda a, b: a * b,
}


def plain(value: Any) -> Any:
    """Return a cell as the model counts with it: numbers as Fraction, anything missing as None."""
    if value is None or isinstance(value, (bool, str, datetime, date)):
        return None if value != value else value
    if isinstance(value, float) and math.isnan(value):
        return None
    return Fraction(value) if isinstance(value, (int, float, Decimal, Fraction)) else value


@cache
def parse(text: str) -> exp.Expression:
    """Parse a fragment."""
    return sqlglot.parse_one(text, dialect="postgres")


def columns_of(text: str | None) -> set[str]:
    """Names of the columns in a fragment."""
    return set() if text is None else {column.name for column in parse(text).find_all(exp.Column)}


def holds(condition: str | None, row: Row) -> bool | None:
    """Say whether the condition is true of the row; None where a blank leaves it open."""
    return True if condition is None else evaluate(parse(condition), row)


def _and(values: Iterator[bool | None]) -> bool | None:
    known = list(values)
    if False in known:
        return False
    return None if None in known else True


def evaluate(node: exp.Expression, row: Row) -> Any:
    """Evaluate an expression on one row; None is unknown."""
    if type(node) in _SPECIAL:
        return _SPECIAL[type(node)](node, row)
    left, right = evaluate(node.this, row), evaluate(node.expression, row)
    if left is None or right is None:
        return None
    return (_COMPARE | _COMPUTE)[type(node)](left, right)


def _not(node: exp.Expression, row: Row) -> bool | None:
    value = evaluate(node.this, row)
    return None if value is None else not value


def _in(node: exp.Expression, row: Row) -> bool | None:
    value = evaluate(node.this, row)
    return None if value is None else value in [evaluate(item, row) for item in node.expressions]


_SPECIAL: dict[type[exp.Expression], Callable[[Any, Row], Any]] = {
    exp.Paren: lambda node, row: evaluate(node.this, row),
    exp.Column: lambda node, row: row[node.name],
    exp.Literal: lambda node, _: node.this if node.is_string else Fraction(node.this),
    exp.Not: _not,
    exp.Is: lambda node, row: evaluate(node.this, row) is None,
    exp.In: _in,
    exp.And: lambda node, row: _and(iter((evaluate(node.this, row), evaluate(node.expression, row)))),
}


class Aggregate(NamedTuple):
    """One aggregate: what it does, of what, and at which fraction for a percentile."""

    does: str
    of: exp.Expression | None = None
    at: Fraction | None = None

    @property
    def adds_up(self) -> bool:
        """Say whether parts add up to the whole, so that it can be apportioned."""
        return self.does in ("sum", "count")

    @property
    def can_weigh(self) -> bool:
        """Say whether a unit's figure says how much of the whole the unit is."""
        return self.does in ("sum", "count", "distinct")


@cache
def aggregate_of(text: str) -> Aggregate:
    """Read `value`: SUM, COUNT(*), COUNT(DISTINCT …), MIN, MAX or a continuous percentile."""
    node = parse(text)
    if isinstance(node, exp.WithinGroup):
        ordered = node.expression.expressions[0]
        return Aggregate("percentile", ordered.this, Fraction(node.this.this.this))
    if isinstance(node, exp.Count):
        if isinstance(node.this, exp.Star):
            return Aggregate("count")
        assert isinstance(node.this, exp.Distinct), text
        return Aggregate("distinct", node.this.expressions[0])
    return Aggregate({exp.Sum: "sum", exp.Min: "min", exp.Max: "max"}[type(node)], node.this)


def percentile(values: Sequence[Fraction], at: Fraction) -> Fraction:
    """Interpolate between the two values around the place."""
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def total(aggregate: Aggregate, rows: Sequence[Row], of_events: bool) -> Fraction | None:
    """Aggregate the rows; what adds up takes of each the share that `unit_weight` says, the rest takes it whole, once.

    Nothing counted is 0. A sum over no event is 0, over no row of a state unknown, of blanks only unknown.
    """
    if aggregate.does == "count":
        return sum((row["unit_weight"] for row in rows), Fraction(0))
    assert aggregate.of is not None
    if not aggregate.adds_up:
        rows = list({row["row_id"]: row for row in rows}.values())
    pairs = [(evaluate(aggregate.of, row), row["unit_weight"]) for row in rows]
    filled = [(value, weight) for value, weight in pairs if value is not None]
    if aggregate.does == "distinct":
        return Fraction(len({value for value, _ in filled}))
    if aggregate.does == "sum" and not rows and of_events:
        return Fraction(0)
    if not filled:
        return None
    if aggregate.does == "sum":
        return sum((value * weight for value, weight in filled), Fraction(0))
    values = [value for value, _ in filled]
    if aggregate.at is not None:
        return percentile(values, aggregate.at)
    return min(values) if aggregate.does == "min" else max(values)
