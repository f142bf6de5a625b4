"""What a figure rests on: queries of the contributing rows, and of the same figure recomputed from nothing but them.

The rows are those of the compiled statement itself: its CTE `<side>_row`, with the row's key in place of the aggregate.
For a mart they are followed through its SQL (provenance.py). They are counted again by recount.py.

Belongs here: queries. Not here: arithmetic of the kinds (formulas.py), running anything (warehouse, operations).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from g60pipeline.contracts.project import Project
from g60pipeline.indicators.compile import compile_indicator
from g60pipeline.indicators.measures import build_measures
from g60pipeline.indicators.plan import NO_DIMENSION, Plan, Side
from g60pipeline.indicators.provenance import (
    FORM_KEYS,
    Source,
    Trace,
    find_source,
    source_columns,
    table_name,
    trace_mart,
)
from g60pipeline.indicators.relations import CLUSTER_COLUMN
from g60pipeline.indicators.templates import conjunction, fill
from g60pipeline.indicators.units import build_units
from g60pipeline.indicators.world_views import Views, inline_view

Role = Literal["measured", "condition", "group", "match"]
_PLACED = ("reporting_unit_code", "period", "month_index")
_REQUESTED = "u.period IN (SELECT r.period FROM run_period AS r)"
_JUDGED = ("period", "level", "subject_code", "dimension", "dimension_code", "status")
_STANDING = """
SELECT e.*
FROM expected AS e WHERE e.period IN (SELECT r.period FROM run_period AS r)
"""


@dataclass(frozen=True)
class Subject:
    """Whose figure, and which part of it. `months`: of a streak, the months that decide it; all when None."""

    level: str
    code: str
    dimension: str = NO_DIMENSION
    dimension_code: str = ""
    months: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Citation:
    """Rows of one source that a side rests on. `roles`: what its columns are needed for, beside the key. `groups`: columns
    that say for which figures the row is cited (`for_<level>`, `by_<dimension>`); it comes once for each of their values.
    """

    source: Source
    roles: Mapping[str, Role]
    groups: tuple[str, ...]
    query: exp.Select

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the source that the query yields."""
        return tuple(dict.fromkeys([*self.source.keys, *self.roles]))


def row_select(plan: Plan, side: Side) -> exp.Select:
    """Return the query of a side's rows, as the statement has it."""
    rows = build_measures(plan)[f"{side.name}_row"]
    assert isinstance(rows, exp.Select)
    return rows


def relation_of(rows: exp.Select) -> exp.Table:
    """Return the form or mart that the rows come from: what is joined to the units that count."""
    table = rows.args["joins"][0].this
    assert isinstance(table, exp.Table)
    return table


def projected(rows: exp.Select) -> dict[str, exp.Expr]:
    """Return the expressions of a SELECT by name."""
    return {part.alias_or_name: part.unalias() for part in rows.expressions}


def group_columns(rows: exp.Select) -> dict[str, exp.Expr]:
    """Return the projections of a side's rows by which figures are told apart."""
    return {part.alias: part for part in rows.expressions if part.alias.startswith(("for_", "by_"))}


def _is_wanted(plan: Plan, rows: exp.Select, subject: Subject | None) -> list[exp.Expr]:
    """Conditions that leave the figure's own rows; a streak looks at every month."""
    conditions = [] if plan.indicator.kind == "streak" else [fill(_REQUESTED)]
    if subject is None:
        return conditions
    if subject.months is not None:
        conditions.append(fill("u.period IN :months", months=subject.months))
    columns = projected(rows)
    conditions.append(columns[f"for_{subject.level}"].eq(exp.convert(subject.code)))
    if subject.dimension != NO_DIMENSION:
        conditions.append(columns[f"by_{subject.dimension}"].eq(exp.convert(subject.dimension_code)))
    return conditions


def _relation_roles(plan: Plan, side: Side, subject: Subject | None) -> dict[str, Role]:
    roles: dict[str, Role] = dict.fromkeys(side.fragment.measured_columns, "measured")
    condition = dict.fromkeys([*side.fragment.condition_columns, *plan.matched_columns])
    dimensions: Collection[str] = plan.indicator.dimensions
    has_cluster = side.relation.has_clusters
    if subject is not None:
        dimensions = [subject.dimension] if subject.dimension != NO_DIMENSION else []
        has_cluster = has_cluster and subject.level == "cluster"
    group = [CLUSTER_COLUMN] if has_cluster else []
    for name in condition:
        roles.setdefault(name, "condition")
    for name in (*group, *dimensions):
        roles.setdefault(name, "group")
    for name in (*_PLACED, *(["unit_weight"] if plan.boundaries == "as_now" else [])):
        roles.setdefault(name, "match")
    return roles


def _with_units(plan: Plan, query: exp.Select) -> exp.Select:
    """Begin the query with the units that count; whatever reads them is added after."""
    units = build_units(plan)
    for name in ("expected", "used"):
        query = query.with_(name, as_=units[name], copy=False)
    return query


def build_citations(
    project: Project, views: Views, plan: Plan, side: Side, subject: Subject | None = None
) -> tuple[Citation, ...]:
    """Return the queries of the rows that a side of the figure rests on, one per source; of all figures when None.

    They read the world's relations (`views`: those that `read_views` returns) and the plan's table of units.
    """
    rows = row_select(plan, side)
    rows = rows.where(conjunction(_is_wanted(plan, rows, subject)), copy=True)
    roles = _relation_roles(plan, side, subject)
    source = find_source(relation_of(rows), project.forms)
    if source is not None:
        return (_cite_form(plan, rows, source, roles),)
    return tuple(_cite_through_mart(project, views, plan, rows, roles))


def _cite_form(plan: Plan, rows: exp.Select, source: Source, roles: Mapping[str, Role]) -> Citation:
    alias = relation_of(rows).alias_or_name
    groups = group_columns(rows)
    columns = [exp.column(name, alias) for name in dict.fromkeys([*FORM_KEYS, *roles])]
    query = rows.select(*groups.values(), *columns, append=False, copy=True)
    return Citation(source, roles, tuple(groups), _with_units(plan, query))


def _cite_through_mart(
    project: Project, views: Views, plan: Plan, rows: exp.Select, wanted: Mapping[str, Role]
) -> list[Citation]:
    tree = inline_view(views, table_name(relation_of(rows)))
    trace = trace_mart(tree, project.forms)
    roles = _mart_roles(tree, wanted)
    alias = relation_of(rows).alias_or_name
    groups = group_columns(rows)
    kept = (exp.column(name, alias) for name in trace.kept)
    marked = rows.select(*groups.values(), *kept, append=False, copy=True).distinct()
    return [
        Citation(
            source, source_roles, tuple(groups), _follow(plan, marked, trace, source, source_roles, groups)
        )
        for source in trace.sources
        if (source_roles := roles.get(source.table, {}))
    ]


def _mart_roles(tree: exp.Select, wanted: Mapping[str, Role]) -> dict[str, dict[str, Role]]:
    """What each source's columns are needed for; a column of several uses has the first of them."""
    order: tuple[Role, ...] = ("measured", "condition", "group", "match")
    found: dict[str, dict[str, Role]] = {}
    deciding = source_columns(tree, ())
    for role in order:
        names = [name for name, its_role in wanted.items() if its_role == role]
        for table, columns in source_columns(tree, names).items():
            for column in sorted(columns - deciding.get(table, set())):
                found.setdefault(table, {}).setdefault(column, role)
    for table, columns in deciding.items():
        for column in sorted(columns):
            found.setdefault(table, {}).setdefault(column, "match")
    return found


def _same(left: exp.Expr, right: exp.Expr, is_never_blank: bool) -> exp.Expr:
    return left.eq(right) if is_never_blank else exp.NullSafeEQ(this=left, expression=right)


def _follow(
    plan: Plan,
    marked: exp.Select,
    trace: Trace,
    source: Source,
    roles: Mapping[str, Role],
    groups: Collection[str],
) -> exp.Select:
    """From the mart's rows that count back to the source's, which are looked up by their keys."""
    same = [_same(exp.column(name, "m"), exp.column(name, "t"), name in _PLACED) for name in trace.kept]
    own = [*groups, *(["unit_weight"] if plan.boundaries == "as_now" else [])]
    keys = [exp.column(source.carried(key), "t").as_(source.carried(key)) for key in source.keys]
    cited = (
        exp.select(*(exp.column(name, "m") for name in own), *keys)
        .distinct()
        .from_("marked AS m")
        .join("traced AS t", on=conjunction(same))
    )
    keyed = [
        _same(exp.column(key, "c"), exp.column(source.carried(key), "k"), is_never_blank=True)
        for key in source.keys
    ]
    columns = [exp.column(name, "c") for name in dict.fromkeys([*source.keys, *roles])]
    query = (
        exp.select(*(exp.column(name, "k") for name in own), *columns)
        .from_("cited AS k")
        .join(exp.alias_(exp.to_table(source.table), "c", table=True), on=conjunction(keyed))
    )
    query = _with_units(plan, query)
    for name, part in (("marked", marked), ("traced", trace.tree), ("cited", cited)):
        query = query.with_(name, as_=part, copy=name != "cited")
    return query


def build_used(plan: Plan, subject: Subject | None = None) -> exp.Select:
    """Return the query of the units and windows that count, of the months asked for; of a streak all months."""
    query = exp.select("u.*").from_("used AS u")
    if plan.indicator.kind != "streak":
        query = query.where(fill(_REQUESTED))
    elif subject is not None and subject.months is not None:
        query = query.where(fill("u.period IN :months", months=subject.months))
    return _with_units(plan, query)


def build_judged(project: Project, plan: Plan) -> exp.Select:
    """Return the query of every month's status, before months are put together to a streak."""
    tree = compile_indicator(project, plan.indicator, plan.time, plan.boundaries).tree.copy()
    judged = next(cte for cte in tree.ctes if cte.alias == "judged")
    ctes = tree.ctes[: tree.ctes.index(judged) + 1]
    query = exp.select(*("j." + name for name in _JUDGED)).from_("judged AS j")
    for cte in ctes:
        query = query.with_(cte.alias, as_=cte.this, copy=False)
    return query


def build_standing(plan: Plan) -> exp.Select:
    """Return the query of the units expected in the months asked for, and whether each counts."""
    query = fill(_STANDING)
    assert isinstance(query, exp.Select)
    return _with_units(plan, query)
