"""Published tables as SQL: the SELECT of a file or of a scorecard, cast to what the contract promises.

A SELECT may read `indicator_definition`, `dimension_definition` and `column_definition`: the dictionary's rows, which go
into the statement as values, so that a view never lags behind the definitions it was made with.

Belongs here: transpiling. Not here: contracts (contracts.tables), creating the views (warehouse.published).
"""

from __future__ import annotations

from collections.abc import Callable
from graphlib import TopologicalSorter

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.definition_rows import Cell, Rows, dimension_rows, indicator_rows, table_rows
from g60pipeline.contracts.indicators import Scorecard
from g60pipeline.contracts.project import Project
from g60pipeline.contracts.tables import SCHEMA, SCORECARD_KEYS, PublishedTable
from g60pipeline.indicators.compile import Dialect
from g60pipeline.indicators.fragments import DIALECT
from g60pipeline.indicators.templates import fill

_DICTIONARY: dict[str, Callable[[Project], Rows]] = {
    "indicator_definition": indicator_rows,
    "dimension_definition": dimension_rows,
    "column_definition": table_rows,
}
_CELL = "MAX(CASE WHEN v.indicator_id = :indicator AND v.time_basis = :time THEN v.value END)"
_ROWS = """
v.level = :level AND v.dimension = '' AND v.boundaries = 'as_was' AND v.indicator_id IN :indicators
"""


def _scorecard(scorecard: Scorecard) -> exp.Query:
    cells = [
        fill(_CELL, indicator=indicator, time=time).as_(indicator)
        for indicator, time in scorecard.time.items()
    ]
    keys = [f"v.{name}" for name in SCORECARD_KEYS]
    rows = fill(_ROWS, level=scorecard.level, indicators=list(scorecard.time))
    return exp.select(*keys, *cells).from_(f"{SCHEMA}.indicator_value AS v").where(rows).group_by(*keys)


def _parse(table: PublishedTable, project: Project) -> exp.Query:
    if not table.sql:
        scorecards = {scorecard.name: scorecard for scorecard in project.scorecards}
        if table.name not in scorecards:
            raise ContractError(f"published/{table.name}.sql: missing, and no scorecard has this name")
        return _scorecard(scorecards[table.name])
    try:
        tree = sqlglot.parse_one(table.sql, dialect=DIALECT)
    except SqlglotError as error:
        raise ContractError(f"published/{table.name}.sql: not SQL: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Query):
        raise ContractError(f"published/{table.name}.sql: must be one SELECT")
    return tree


def _relations(tree: exp.Query) -> set[tuple[str, str]]:
    return {(table.db, table.name) for table in tree.find_all(exp.Table)}


def _values(rows: Rows) -> exp.Expr:
    names = list(rows[0])
    values: list[tuple[Cell, ...]] = [tuple(row[name] for name in names) for row in rows]
    return exp.select("*").from_(exp.values(values, alias="t", columns=names))


def _with_dictionary(tree: exp.Query, project: Project) -> exp.Query:
    used = [name for name in _DICTIONARY if ("", name) in _relations(tree)]
    for name in reversed(used):
        part = exp.CTE(
            this=_values(_DICTIONARY[name](project)), alias=exp.TableAlias(this=exp.to_identifier(name))
        )
        others = tree.args["with_"].expressions if tree.args.get("with_") else []
        tree.set("with_", exp.With(expressions=[part, *others]))
    return tree


def _cast(table: PublishedTable, tree: exp.Query) -> exp.Query:
    missing = set(table.column_names) - set(tree.named_selects)
    if missing and not tree.is_star:
        raise ContractError(f"published/{table.name}.sql: yields no {', '.join(sorted(missing))}")
    columns = [
        exp.cast(exp.column(column.name, "t"), exp.DataType.build(column.type, dialect=DIALECT)).as_(
            column.name
        )
        for column in table.columns
    ]
    return exp.select(*columns).from_(tree.subquery("t"))


def published_sql(project: Project, dialect: Dialect) -> dict[str, str]:
    """Return the SELECT of each published table by its name, a table after those that it reads.

    ContractError when a file holds no SELECT, or not the columns that are promised.
    """
    trees = {name: _parse(table, project) for name, table in project.tables.items()}
    reads = {
        # In order, so that every process says the same.
        name: sorted(other for schema, other in _relations(tree) if schema == SCHEMA)
        for name, tree in trees.items()
    }
    return {
        name: _cast(project.tables[name], _with_dictionary(trees[name], project)).sql(
            dialect=dialect, pretty=True
        )
        for name in TopologicalSorter(reads).static_order()
    }
