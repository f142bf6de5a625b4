"""The SQL that a definition carries, parsed: one aggregate and an optional condition.

Fragments and marts are written in PostgreSQL's dialect and transpiled. Belongs here: parsing and questions
about one fragment. Not here: whether a fragment is allowed (check.py) or the statement around it
(compile.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from g60pipeline.contracts.indicators import Component

DIALECT = "postgres"


class FragmentError(ValueError):
    """A fragment that is not what it must be; the message says what is wrong."""


@dataclass(frozen=True)
class Fragment:
    """A parsed component."""

    relation: str
    aggregate: exp.Expr
    where: exp.Expr | None

    @property
    def function(self) -> exp.Expr:
        """The aggregate function itself, without `WITHIN GROUP`."""
        return self.aggregate.this if isinstance(self.aggregate, exp.WithinGroup) else self.aggregate

    @property
    def is_count(self) -> bool:
        """Say whether it counts, so that nothing counted is 0."""
        return isinstance(self.aggregate, exp.Count)

    @property
    def is_distinct_count(self) -> bool:
        """Say whether it counts distinct values."""
        return self.is_count and isinstance(self.aggregate.this, exp.Distinct)

    @property
    def is_sum(self) -> bool:
        """Say whether it is a sum."""
        return isinstance(self.aggregate, exp.Sum)

    @property
    def measured_columns(self) -> tuple[str, ...]:
        """Columns inside the aggregate."""
        return _columns(self.aggregate)

    @property
    def condition_columns(self) -> tuple[str, ...]:
        """Columns inside the condition."""
        return _columns(self.where) if self.where is not None else ()

    @property
    def null_tested_columns(self) -> tuple[str, ...]:
        """Columns that the condition tests for being blank, so that a blank there has a meaning of its own."""
        tests = [] if self.where is None else list(self.where.find_all(exp.Is))
        return tuple(name for test in tests for name in _columns(test))

    def pinned(self, column: str) -> str | None:
        """Return the text that the condition demands of the column (`column = 'text'`, not below OR or
        NOT).
        """
        parts = (
            []
            if self.where is None
            else list(self.where.flatten())
            if isinstance(self.where, exp.And)
            else [self.where]
        )
        for part in parts:
            if isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and part.this.name == column:
                return part.expression.name if isinstance(part.expression, exp.Literal) else None
        return None


def _columns(tree: exp.Expr) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))


def _parse(text: str) -> exp.Expr:
    try:
        tree = sqlglot.parse_one(text, dialect=DIALECT)
    except SqlglotError as error:
        raise FragmentError(f"{text!r} is not SQL: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Condition | exp.WithinGroup) or tree.find(exp.Query) is not None:
        raise FragmentError(f"{text!r} must be one expression, not a statement")
    if any(column.table for column in tree.find_all(exp.Column)):
        raise FragmentError(f"{text!r} must name columns without their table")
    return tree


def parse_component(component: Component) -> Fragment:
    """Parse a component; FragmentError when it is no SQL, no single aggregate, or its condition aggregates."""
    aggregate = _parse(component.value)
    fragment = Fragment(
        component.from_, aggregate, None if component.where is None else _parse(component.where)
    )
    if not isinstance(fragment.function, exp.AggFunc):
        raise FragmentError(f"{component.value!r} is not an aggregate; write SUM(...), COUNT(...), MIN(...)")
    if len(list(aggregate.find_all(exp.AggFunc))) > 1:
        raise FragmentError(
            f"{component.value!r} holds more than one aggregate; use numerator and denominator"
        )
    if fragment.where is not None and fragment.where.find(exp.AggFunc):
        raise FragmentError(f"{component.where!r} holds an aggregate; a condition is about one row")
    return fragment
