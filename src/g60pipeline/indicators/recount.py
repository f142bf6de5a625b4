"""A side of an indicator aggregated again where only cited rows are, figure by figure: plain groups, one after another.

Belongs here: that query and what it reads. Not here: the rows (explain.py), arithmetic (arithmetic.py), running it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlglot import exp

from g60pipeline.contracts.project import Project
from g60pipeline.indicators.by_figure import mark_figures
from g60pipeline.indicators.explain import projected, relation_of, row_select
from g60pipeline.indicators.measures import build_measures
from g60pipeline.indicators.plan import NO_DIMENSION, Plan, Side
from g60pipeline.indicators.provenance import find_source, table_name
from g60pipeline.indicators.templates import fill
from g60pipeline.indicators.world_views import Views, views_behind

# The rows that a figure cites give other figures too, but those are counted from the rows that they cite themselves.
_OWN = """
f.figure_id = r.figure_id AND f.level = :level AND f.dimension = :dimension
AND f.period = for_period AND f.subject_code = :subject AND f.dimension_code = :code
"""


@dataclass(frozen=True)
class Recount:
    """A side's figures from cited rows: `query` over the cited tables, `used`, `figure`, the tables `references` as they
    are, and the `views` over them, in order. It yields figure_id, measure, row_count.

    Cited tables have a row for each figure that cites it (`figure_id`); `figure` says what each of them is.
    """

    query: exp.Expr
    references: tuple[str, ...]
    views: Views


def build_recount(
    project: Project, views: Views, plan: Plan, side: Side, parts: Collection[tuple[str, str]]
) -> Recount:
    """Return the query of figures of a side over cited rows only. `parts`: their levels and dimensions."""
    rows = row_select(plan, side)
    relation = relation_of(rows)
    aggregate = _measure(build_measures(plan)[side.name])
    is_form = find_source(relation, project.forms) is not None
    behind = {} if is_form else views_behind(views, table_name(relation))
    references = _references(project, [rows, *behind.values()], behind)
    behind = _mark(project, rows, behind)
    counts = [_part(f"{side.name}_row", level, dimension, aggregate) for level, dimension in sorted(parts)]
    query = exp.union(*counts, distinct=False) if len(counts) > 1 else counts[0]
    query = query.with_(f"{side.name}_row", as_=rows, copy=False)
    return Recount(query, references, behind)


def _mark(project: Project, rows: exp.Select, behind: Views) -> Views:
    """Carry figures through the views and the side's rows; the rows are changed in place."""
    trees = [rows, *behind.values()]
    tables = [table for tree in trees for table in tree.find_all(exp.Table)]
    marked = {table_name(table) for table in tables if find_source(table, project.forms) is not None}
    found: Views = {}
    for name, select in behind.items():
        found[name] = select.copy()
        if mark_figures(found[name], marked):
            marked.add(name)
    mark_figures(rows, marked)
    return found


def _measure(aggregated: exp.Expr) -> exp.Expr:
    """The aggregate of a side, without the cast to a float that the statement ends with."""
    assert isinstance(aggregated, exp.Select)
    measure = projected(aggregated)["measure"]
    return measure.this if isinstance(measure, exp.Cast) else measure


def _part(rows: str, level: str, dimension: str, aggregate: exp.Expr) -> exp.Select:
    subject = exp.column(f"for_{level}")
    code = exp.convert("") if dimension == NO_DIMENSION else exp.column(f"by_{dimension}")
    own = fill(_OWN, level=level, dimension=dimension, subject=subject.copy(), code=code.copy())
    groups = [part for part in (exp.column("for_period"), subject, code) if isinstance(part, exp.Column)]
    measure = _settle_grouping(aggregate, {group.name for group in groups})
    return (
        exp.select("f.figure_id", measure.as_("measure"), fill("COUNT(*)").as_("row_count"))
        .from_(f"{rows} AS r")
        .join("figure AS f", on=own)
        .group_by("f.figure_id", *groups)
    )


def _settle_grouping(aggregate: exp.Expr, grouped: set[str]) -> exp.Expr:
    """Answer `GROUPING(column)`, which only a statement with several groupings can ask."""

    def settle(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Grouping):
            return node
        return exp.convert(int(not {column.name for column in node.find_all(exp.Column)} <= grouped))

    return aggregate.transform(settle)


def _references(project: Project, trees: Sequence[exp.Select], views: Views) -> tuple[str, ...]:
    """Tables that are read and never cited: months, code lists, where units are today."""
    names = {cte.alias for tree in trees for cte in tree.find_all(exp.CTE)} | {"used", *views}
    tables = [
        table for tree in trees for table in tree.find_all(exp.Table) if table.db or table.name not in names
    ]
    return tuple(sorted({table_name(table) for table in tables if find_source(table, project.forms) is None}))
