"""Numerator and denominator: rows of the units that count, aggregated apart at every level and dimension.

Belongs here: the CTEs `<side>_row`, `<side>` and `cell`. Not here: what is made of them (compile.py).
"""

from __future__ import annotations

from sqlglot import exp

from g60pipeline.indicators.fragments import Fragment
from g60pipeline.indicators.plan import AREA_COLUMNS, NO_DIMENSION, Plan, Side
from g60pipeline.indicators.relations import CLUSTER_COLUMN
from g60pipeline.indicators.templates import conjunction, fill

# A row without a code in a dimension counts in the whole, and in the part of this name.
NOT_REPORTED = "not_reported"
_SUBJECT_COLUMN = {
    "cluster": "for_cluster",
    "unit": "for_unit",
    "district": "for_district",
    "city": "for_city",
    "corridor": "for_corridor",
}
_WEIGHT = "unit_weight"
# A unit that was divided: sums are shared out by weight, what is no sum cannot be.
_UNDIVIDED = "CASE WHEN MIN(unit_weight) = 1 THEN :aggregate END"

_KEYS = "period, level, subject_code, dimension, dimension_code"
_NUMERATOR_CELLS = f"""
SELECT {_KEYS}, measure AS numerator, 1 AS has_numerator,
       CAST(NULL AS DOUBLE PRECISION) AS denominator, 0 AS has_denominator
FROM numerator
UNION ALL
SELECT period, level, subject_code, '', '', NULL, 0, NULL, 0 FROM subject
"""
_BOTH_CELLS = f"{_NUMERATOR_CELLS} UNION ALL SELECT {_KEYS}, NULL, 0, measure, 1 FROM denominator"
_CELL = f"""
SELECT {_KEYS}, MAX(numerator) AS numerator, MAX(has_numerator) AS has_numerator,
       MAX(denominator) AS denominator, MAX(has_denominator) AS has_denominator
FROM part GROUP BY {_KEYS}
"""


def _by(dimension: str) -> str:
    return f"by_{dimension}"


def _qualify(tree: exp.Expr) -> exp.Expr:
    copy = tree.copy()
    for column in copy.find_all(exp.Column):
        column.set("table", exp.to_identifier("s"))
    return copy


def _join_condition(plan: Plan, side: Side) -> exp.Expr:
    first, last = ("base_first_index", "base_last_index") if side.is_base else ("first_index", "month_index")
    holes = {"first": exp.column(first, "u"), "last": exp.column(last, "u")}
    unit = fill("s.reporting_unit_code = u.reporting_unit_code")
    if plan.time == "year_to_date":
        return exp.and_(unit, fill("s.month_index BETWEEN :first AND :last", **holes))
    return exp.and_(unit, fill("s.month_index = :last", last=holes["last"]))


def _rows(plan: Plan, side: Side, *also: str) -> exp.Select:
    fragment = side.fragment
    filled = [exp.column(name, "s").is_(exp.null()).not_() for name in plan.matched_columns]
    conditions = filled if fragment.where is None else [_qualify(fragment.where), *filled]
    keys = [
        exp.column("period", "u").as_("for_period"),
        exp.column("reporting_unit_code", "u").as_("for_unit"),
    ]
    keys += [
        exp.column(column, "u").as_(_SUBJECT_COLUMN[level])
        for level, column in AREA_COLUMNS.items()
        if level in plan.levels
    ]
    if plan.boundaries == "as_now":
        keys.append(exp.column(_WEIGHT, "s"))
    if side.relation.has_clusters:
        keys.append(exp.column(CLUSTER_COLUMN, "s").as_("for_cluster"))
    dimensions = [
        fill("COALESCE(CAST(:code AS TEXT), :blank)", code=exp.column(name, "s"), blank=NOT_REPORTED).as_(
            _by(name)
        )
        for name in plan.indicator.dimensions
    ]
    return (
        exp.select(
            *keys,
            *dimensions,
            *(exp.column(name, "s") for name in dict.fromkeys([*fragment.measured_columns, *also])),
        )
        .from_(exp.alias_(exp.table_("used"), "u", table=True))
        .join(
            exp.alias_(exp.table_(side.relation.table), "s", table=True),
            on=_join_condition(plan, side),
        )
        .where(conjunction(conditions))
    )


def _grouping_set(level: str, dimension: str) -> exp.Tuple:
    names = ["for_period", _SUBJECT_COLUMN[level]]
    if dimension != NO_DIMENSION:
        names.append(_by(dimension))
    return exp.Tuple(expressions=[exp.column(name) for name in names])


def _subject_columns(plan: Plan) -> dict[str, str]:
    """Levels that are grouped by, and their column; only these may be named in GROUPING."""
    levels = {level for level, _ in plan.grouping}
    return {level: column for level, column in _SUBJECT_COLUMN.items() if level in levels}


def _case_grouped(columns: dict[str, str], otherwise: str = "") -> exp.Expr:
    """Name of the first column that the row is grouped by."""
    case = exp.Case()
    for name, column in columns.items():
        case = case.when(fill("GROUPING(:column) = 0", column=exp.column(column)), exp.convert(name))
    return case.else_(exp.convert(otherwise)) if columns else exp.convert(otherwise)


def _first_grouped(columns: dict[str, str], otherwise: str = "") -> exp.Expr:
    """Code in the first column that the row is grouped by."""
    return exp.func("COALESCE", *(exp.column(column) for column in columns.values()), exp.convert(otherwise))


def _shared(plan: Plan, fragment: Fragment) -> exp.Expr:
    """Return the aggregate, and on today's boundaries what of it belongs to a unit that took a share of another."""
    if plan.boundaries == "as_was":
        return fragment.aggregate
    if fragment.is_sum:
        return fill("SUM((:measure) * unit_weight)", measure=fragment.aggregate.this)
    if fragment.is_count and isinstance(fragment.aggregate.this, exp.Star):
        return fill("SUM(unit_weight)")
    if fragment.is_count and not fragment.is_distinct_count:
        return fill(
            "SUM(CASE WHEN NOT :counted IS NULL THEN unit_weight END)", counted=fragment.aggregate.this
        )
    at_unit = fill("GROUPING(for_unit) = 0") if "unit" in _subject_columns(plan) else exp.false()
    undivided = fill(_UNDIVIDED, aggregate=fragment.aggregate)
    return exp.Case().when(at_unit, undivided).else_(fragment.aggregate.copy())


def _aggregate(plan: Plan, side: Side) -> exp.Select:
    subjects = _subject_columns(plan)
    dimensions = {name: _by(name) for name in plan.indicator.dimensions}
    select = exp.select(
        exp.column("for_period").as_("period"),
        _case_grouped(subjects).as_("level"),
        _first_grouped(subjects).as_("subject_code"),
        _case_grouped(dimensions, NO_DIMENSION).as_("dimension"),
        _first_grouped(dimensions, NO_DIMENSION).as_("dimension_code"),
        fill("CAST(:aggregate AS DOUBLE PRECISION)", aggregate=_shared(plan, side.fragment)).as_("measure"),
    ).from_(f"{side.name}_row")
    sets = [_grouping_set(level, dimension) for level, dimension in plan.grouping]
    select.set("group", exp.Group(grouping_sets=[exp.GroupingSets(expressions=sets)]))
    return select


def build_contributions(plan: Plan, side: Side, column: str, is_count: bool) -> dict[str, exp.Expr]:
    """Return the CTEs that end in `contribution`: the side's aggregate by each code of `column`, at every level and part.

    `is_count`: the column itself holds a number of contributors; it is summed instead.
    """
    rows = _rows(plan, side, column)
    aggregate = _aggregate(plan, side)
    if is_count:
        amount = fill("CAST(SUM(:column) AS DOUBLE PRECISION)", column=exp.column(column)).as_("measure")
        aggregate.set("expressions", [*aggregate.expressions[:-1], amount])
        return {f"{side.name}_row": rows, "contribution": aggregate}
    for grouping_set in aggregate.args["group"].find_all(exp.GroupingSets):
        for group in grouping_set.expressions:
            group.append("expressions", exp.column(column))
    aggregate.select(exp.column(column).as_("contributor_code"), copy=False)
    return {f"{side.name}_row": rows, "contribution": aggregate}


def build_measures(plan: Plan) -> dict[str, exp.Expr]:
    """Return the CTEs that aggregate, in order; `cell` has a row per subject, and one per part that has rows."""
    parts: dict[str, exp.Expr] = {}
    for side in plan.sides:
        parts[f"{side.name}_row"] = _rows(plan, side)
        parts[side.name] = _aggregate(plan, side)
    parts["part"] = fill(_BOTH_CELLS if len(plan.sides) > 1 else _NUMERATOR_CELLS)
    parts["cell"] = fill(_CELL)
    return parts
