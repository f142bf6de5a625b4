"""Marts and scorecards as SQL, and what a mart's SQL reads.

Belongs here: transpiling and pivoting. Not here: indicators (compile.py), tables
(warehouse).
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.indicators import Mart, Scorecard, TimeBasis
from g60pipeline.indicators.compile import Dialect
from g60pipeline.indicators.fragments import DIALECT
from g60pipeline.indicators.templates import fill

_LATEST = "_latest"
_CELL = "MAX(CASE WHEN v.indicator_id = :indicator AND v.time_basis = :time THEN v.value END)"
_ROWS = """
v.level = :level AND v.dimension = '' AND v.indicator_id IN :indicators
AND v.period IN (SELECT r.period FROM run_period AS r)
"""


def _parse(mart: Mart) -> exp.Query:
    try:
        tree = sqlglot.parse_one(mart.sql, dialect=DIALECT)
    except SqlglotError as error:
        raise ContractError(f"marts/{mart.name}.sql: not SQL: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Query):
        raise ContractError(f"marts/{mart.name}.sql: must be one SELECT")
    return tree


def mart_relations(mart: Mart) -> tuple[str, ...]:
    """Tables and views that the mart's SQL reads, as `schema.name`, sorted; ContractError when it is no SELECT."""
    tables = [table for table in _parse(mart).find_all(exp.Table) if table.db]
    return tuple(sorted({f"{table.db}.{table.name}" for table in tables}))


def mart_forms(mart: Mart) -> tuple[str, ...]:
    """Forms whose rows in force the mart's SQL reads, sorted; the header's `forms` must be these."""
    names = [name.removeprefix("core.") for name in mart_relations(mart)]
    return tuple(name.removesuffix(_LATEST) for name in names if name.endswith(_LATEST))


def mart_columns(mart: Mart) -> tuple[str, ...]:
    """Columns that the mart's SQL yields, in order."""
    return tuple(_parse(mart).named_selects)


def mart_view_sql(mart: Mart, dialect: Dialect) -> str:
    """Return the mart's SELECT, over all periods: the body of the view `mart.<name>`."""
    return _parse(mart).sql(dialect=dialect, pretty=True)


def _cell(indicator: str, time: TimeBasis) -> exp.Expr:
    return fill(_CELL, indicator=indicator, time=time).as_(indicator)


def scorecard_sql(scorecard: Scorecard, dialect: Dialect) -> str:
    """Return the SELECT of a wide table: a row per period in `run_period` and subject, a column per indicator."""
    names, code = ("cluster", "cluster_code") if scorecard.level == "cluster" else ("unit", "unit_code")
    cells = [_cell(indicator, time) for indicator, time in scorecard.time.items()]
    select = (
        exp.select("v.period", "v.subject_code", "MAX(n.label_zh) AS label_zh", *cells)
        .from_("mart.indicator_value AS v")
        .join(
            exp.alias_(exp.table_(names, db="core"), "n", table=True),
            on=fill(":code = v.subject_code", code=exp.column(code, "n")),
            join_type="left",
        )
        .where(fill(_ROWS, level=scorecard.level, indicators=list(scorecard.time)))
        .group_by("v.period", "v.subject_code")
    )
    return select.sql(dialect=dialect, pretty=True)
