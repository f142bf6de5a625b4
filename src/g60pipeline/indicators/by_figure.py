"""A query over cited rows, rewritten so that each figure is made of its own rows and of nobody else's.

Cited tables hold a row once for every figure that cites it, marked `figure_id`. The mark goes through CTEs, joins, groups
and windows, so one statement does for every figure what it would do for each apart.

Belongs here: the rewriting. Not here: which rows a figure cites (explain.py), what is counted (recount.py).
"""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from g60pipeline.contracts.base import ContractError
from g60pipeline.indicators.provenance import table_name, tables_of

FIGURE = "figure_id"
_WHOLE = ("limit", "offset", "qualify")
_GROUPINGS = ("grouping_sets", "rollup", "cube")


def mark_figures(query: exp.Expr, marked: Collection[str]) -> bool:
    """Carry the mark through the query, in place, and say whether it has it now; it has not when no table has.

    `marked`: tables that hold marked rows. ContractError where the query's shape cannot be divided by figure.
    """
    if isinstance(query, exp.Union):
        return _mark_union(query, marked)
    assert isinstance(query, exp.Select)
    marked = set(marked)
    for cte in query.ctes:
        (marked.add if mark_figures(cte.this, marked) else marked.discard)(cte.alias)
    carriers = [table.alias_or_name for table in tables_of(query) if _is_marked(table, marked)]
    if not carriers:
        return False
    _refuse_whole(query)
    figure = exp.column(FIGURE, carriers[0])
    _match_joins(query, carriers, figure)
    for window in query.find_all(exp.Window):
        if window.find_ancestor(exp.Select) is query:
            window.append("partition_by", figure.copy())
    if query.args.get("group") is not None or _is_aggregate(query):
        query.group_by(figure.copy(), copy=False)
    if not any(_is_star_of(part, carriers) for part in query.expressions):
        query.select(figure.copy(), copy=False)
    return True


def _mark_union(query: exp.Union, marked: Collection[str]) -> bool:
    found = [mark_figures(branch, marked) for branch in (query.this, query.expression)]
    if any(found) and not all(found):
        raise ContractError("a UNION of cited rows with others cannot be divided by figure")
    return all(found)


def _is_marked(table: exp.Expr, marked: Collection[str]) -> bool:
    if isinstance(table, exp.Subquery):
        return mark_figures(table.this, marked)
    return isinstance(table, exp.Table) and table_name(table) in marked


def _refuse_whole(query: exp.Select) -> None:
    group, distinct = query.args.get("group"), query.args.get("distinct")
    is_whole = any(query.args.get(name) is not None for name in _WHOLE)
    is_grouped = group is not None and any(group.args.get(name) for name in _GROUPINGS)
    if is_whole or is_grouped or (distinct is not None and distinct.args.get("on") is not None):
        raise ContractError("LIMIT, QUALIFY, DISTINCT ON and grouping sets cannot be divided by figure")


def _match_joins(query: exp.Select, carriers: list[str], figure: exp.Column) -> None:
    """Join marked rows to those of the same figure only."""
    for join in query.args.get("joins") or ():
        alias = join.this.alias_or_name
        if alias not in carriers:
            continue
        if join.args.get("using") or join.side in ("RIGHT", "FULL") or (alias == carriers[0] and join.side):
            raise ContractError(
                f"the join of {alias} cannot be divided by figure; use JOIN or LEFT JOIN … ON"
            )
        if alias != carriers[0]:
            join.on(exp.column(FIGURE, alias).eq(figure.copy()), copy=False)
            join.set("kind", None if join.kind == "CROSS" else join.args.get("kind"))


def _is_aggregate(query: exp.Select) -> bool:
    found = (call for part in query.expressions for call in part.find_all(exp.AggFunc))
    return any(call.find_ancestor(exp.Window) is None for call in found)


def _is_star_of(part: exp.Expr, carriers: list[str]) -> bool:
    if isinstance(part, exp.Star):
        return True
    return isinstance(part, exp.Column) and isinstance(part.this, exp.Star) and part.table in carriers
