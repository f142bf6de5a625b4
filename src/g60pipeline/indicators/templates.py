"""Fixed SQL with holes: parsed once, holes filled with syntax trees, never with text.

Belongs here: parsing and filling. Not here: any SQL of an indicator.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sqlglot
from sqlglot import exp

from g60pipeline.indicators.fragments import DIALECT

Filling = exp.Expr | str | int | float | Sequence[str]


@cache
def _parse(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, dialect=DIALECT)


def _tree(filling: Filling) -> exp.Expr:
    if isinstance(filling, exp.Expr):
        return (
            filling.copy() if filling.parent is not None else filling
        )  # copying is most of a compilation's cost
    if isinstance(filling, str | int | float):
        return exp.convert(filling)
    return exp.Tuple(expressions=[exp.convert(item) for item in filling])


def fill(sql: str, **holes: Filling) -> exp.Expr:
    """Parse `sql` and put each filling into the hole `:name` of its name; a list of texts becomes `(…, …)`."""
    tree = _parse(sql).copy()
    for hole in list(tree.find_all(exp.Placeholder)):
        hole.replace(_tree(holes[hole.name]))
    return tree


def conjunction(parts: Sequence[exp.Expr]) -> exp.Expr:
    """Join conditions by AND; TRUE when there is none."""
    return exp.and_(*(part.copy() for part in parts)) if parts else exp.true()
