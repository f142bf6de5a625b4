"""Marts and scorecards as SQL, and what a mart's SQL reads.

Belongs here: transpiling and pivoting. Not here: indicators (compile.py), tables
(warehouse).
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.indicators import Mart, Scorecard, TimeBasis
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.compile import Dialect
from g60pipeline.indicators.fragments import DIALECT
from g60pipeline.indicators.templates import fill

_LATEST = "_latest"
_CELL = "MAX(CASE WHEN v.indicator_id = :indicator AND v.time_basis = :time THEN v.value END)"
_ROWS = "v.level = :level AND v.dimension = '' AND v.indicator_id IN :indicators"
_CUT = "cut_submission_id, cut_verdict_id, cut_event_id"
# What a mart reads of the ledger, up to a cut. Dimensions are always those of today.
_LEDGER_AT_CUT = {
    "core.latest_submission": f"core.submission_at({_CUT})",
    "ops.verdict": "(SELECT * FROM ops.verdict WHERE verdict_id <= cut_verdict_id)",
    "ops.submission": "(SELECT * FROM ops.submission WHERE submission_id <= cut_submission_id)",
}
_VALUES = {
    "": "mart.indicator_value",
    "as_of": "mart.indicator_value_as_of(as_of_instant)",
    "in_release": "mart.indicator_value_in_release(in_release_id)",
}


def parse_mart(mart: Mart) -> exp.Query:
    """Parse the mart's SELECT; ContractError when it is none."""
    try:
        tree = sqlglot.parse_one(mart.sql, dialect=DIALECT)
    except SqlglotError as error:
        raise ContractError(f"marts/{mart.name}.sql: not SQL: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Query):
        raise ContractError(f"marts/{mart.name}.sql: must be one SELECT")
    return tree


def mart_relations(mart: Mart) -> tuple[str, ...]:
    """Tables and views that the mart's SQL reads, as `schema.name`, sorted; ContractError when it is no SELECT."""
    tables = [table for table in parse_mart(mart).find_all(exp.Table) if table.db]
    return tuple(sorted({f"{table.db}.{table.name}" for table in tables}))


def mart_forms(mart: Mart) -> tuple[str, ...]:
    """Forms whose rows in force the mart's SQL reads, sorted; the header's `forms` must be these."""
    names = [name.removeprefix("core.") for name in mart_relations(mart)]
    return tuple(name.removesuffix(_LATEST) for name in names if name.endswith(_LATEST))


def mart_columns(mart: Mart) -> tuple[str, ...]:
    """Columns that the mart's SQL yields, in order."""
    return tuple(parse_mart(mart).named_selects)


def mart_view_sql(mart: Mart, dialect: Dialect) -> str:
    """Return the mart's SELECT, over all periods: the body of the view `mart.<name>`."""
    return parse_mart(mart).sql(dialect=dialect, pretty=True)


def marts_in_order(project: Project) -> Iterator[Mart]:
    """Yield the marts, each after those that it reads."""
    waiting, done = dict(project.marts), set[str]()
    while waiting:
        for name, mart in list(waiting.items()):
            reads = {table.name for table in parse_mart(mart).find_all(exp.Table) if table.db == "mart"}
            if reads <= done | {name}:
                done.add(name)
                yield waiting.pop(name)


def _source(sql: str, alias: str) -> exp.Expr:
    """A table, a call of a table function or a subquery, as it stands in FROM."""
    select = sqlglot.parse_one(f"SELECT 1 FROM {sql} AS {alias}", dialect=DIALECT)
    return select.args["from_"].this


def _at_cut(table: exp.Table) -> str | None:
    name = f"{table.db}.{table.name}"
    if name in _LEDGER_AT_CUT:
        return _LEDGER_AT_CUT[name]
    if table.name.endswith(_LATEST) and table.db == "core":
        return f"{name.removesuffix(_LATEST)}_at({_CUT})"
    return f"{name}_at({_CUT})" if table.db == "mart" else None


def mart_at_cut_sql(mart: Mart, dialect: Dialect) -> str:
    """Return the mart's SELECT over what was known at a cut, whose coordinates it names as `cut_…`."""
    tree = parse_mart(mart)
    for table in list(tree.find_all(exp.Table)):
        source = _at_cut(table)
        if source is not None:
            table.replace(_source(source, table.alias_or_name))
    return tree.sql(dialect=dialect)


def _cell(indicator: str, time: TimeBasis) -> exp.Expr:
    return fill(_CELL, indicator=indicator, time=time).as_(indicator)


def scorecard_sql(scorecard: Scorecard, dialect: Dialect) -> dict[str, str]:
    """Return the SELECTs of a wide table, a row per month and subject and a column per indicator.

    Of the present values under `""`, of those `as_of` an instant (`as_of_instant`), `in_release` (`in_release_id`).
    """
    names, code = ("cluster", "cluster_code") if scorecard.level == "cluster" else ("unit", "unit_code")
    cells = [_cell(indicator, time) for indicator, time in scorecard.time.items()]
    name_table = exp.alias_(exp.table_(names, db="core"), "n", table=True)
    has_name = fill(":code = v.subject_code", code=exp.column(code, "n"))
    select = (
        exp.select("v.period", "v.subject_code", "MAX(n.label_zh) AS label_zh", *cells)
        .where(fill(_ROWS, level=scorecard.level, indicators=list(scorecard.time)))
        .group_by("v.period", "v.subject_code")
    )
    return {
        version: select.from_(_source(values, "v"))
        .join(name_table, on=has_name, join_type="left")
        .sql(dialect=dialect)
        for version, values in _VALUES.items()
    }
