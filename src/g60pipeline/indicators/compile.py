"""An indicator on a time basis → one statement whose rows are those of `mart.indicator_value`.

A run has three steps on one connection: the world (world.py: the rows in force, who owes what and whether it is in, the
periods asked for), a theme's `tables` (units expected, one per kind of window), then its statements in any order. A
single `CompiledIndicator.for_dialect` needs the first step only.

Belongs here: value, coverage and status. Not here: units (units.py), aggregates (measures.py), running (warehouse).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from g60pipeline.contracts.indicators import Indicator, TimeBasis
from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.measures import build_measures
from g60pipeline.indicators.plan import AREA_COLUMNS, Plan, Side, build_plan
from g60pipeline.indicators.relations import relations_of
from g60pipeline.indicators.templates import fill
from g60pipeline.indicators.units import (
    WEIGHT_MONTHS,
    build_unit_query,
    build_unit_table,
    build_units,
    unit_table_name,
)

Dialect = Literal["duckdb", "postgres"]

_VALUED = """
SELECT c.period, c.level, c.subject_code, c.dimension, c.dimension_code,
       s.month_index, s.is_requested, s.expected_count, s.reporting_count, s.present_count,
       CASE WHEN s.reporting_count > 0 THEN CASE WHEN c.has_numerator = 1 THEN c.numerator ELSE :numerator END END
         AS numerator,
       CASE WHEN s.reporting_count > 0 THEN CASE WHEN c.has_denominator = 1 THEN c.denominator ELSE :denominator END END
         AS denominator
FROM cell AS c
JOIN subject AS s ON s.period = c.period AND s.level = c.level AND s.subject_code = c.subject_code
"""
_WEIGHT = """
SELECT g.period, g.reporting_unit_code, g.is_matched, :weight AS weight,
       ROW_NUMBER() OVER (PARTITION BY g.period, g.reporting_unit_code ORDER BY v.month_index DESC) AS recency
FROM expected AS g
JOIN valued AS v ON v.level = 'unit' AND v.subject_code = g.reporting_unit_code AND v.dimension = ''
  AND v.month_index BETWEEN g.month_index - :weight_months AND g.month_index AND NOT :weight IS NULL
WHERE g.is_requested
"""
_COVERAGE = """
SELECT e.period, :level AS level, :code AS subject_code,
       CASE WHEN COUNT(w.weight) = COUNT(*) AND MIN(w.weight) >= 0 AND SUM(w.weight) > 0
            THEN SUM(w.weight * e.is_matched) / SUM(w.weight) END AS coverage_ratio
FROM expected AS e
LEFT JOIN weight AS w ON w.period = e.period AND w.reporting_unit_code = e.reporting_unit_code AND w.recency = 1
WHERE e.is_requested
GROUP BY e.period, :code
"""
_NO_COVERAGE = """
SELECT CAST(NULL AS TEXT) AS period, CAST(NULL AS TEXT) AS level, CAST(NULL AS TEXT) AS subject_code,
       CAST(NULL AS DOUBLE PRECISION) AS coverage_ratio
"""
_RATED = """
SELECT v.*, :value AS value,
       CASE WHEN v.reporting_count = v.expected_count THEN 1 WHEN v.reporting_count = 0 THEN 0 ELSE k.coverage_ratio END
         AS coverage_ratio
FROM valued AS v
LEFT JOIN coverage AS k ON k.period = v.period AND k.level = v.level AND k.subject_code = v.subject_code
"""
_JUDGED = """
SELECT r.*,
       CASE WHEN r.present_count = 0 THEN 'missing'
            WHEN r.reporting_count = 0 THEN 'no_value'
            WHEN r.reporting_count < :threshold * r.expected_count OR r.coverage_ratio < :threshold THEN 'withheld'
            WHEN r.value IS NULL THEN 'no_value'
            ELSE 'published' END AS status
FROM rated AS r
"""
_FINAL = """
SELECT CAST(:indicator AS TEXT) AS indicator_id, j.period, CAST(:time AS TEXT) AS time_basis, j.level, j.subject_code,
       j.dimension, j.dimension_code, CAST(:boundaries AS TEXT) AS boundaries,
       CASE WHEN j.status <> 'withheld' THEN :value END AS value,
       CASE WHEN j.status <> 'withheld' THEN j.numerator END AS numerator,
       CASE WHEN j.status <> 'withheld' THEN j.denominator END AS denominator,
       CAST(:unit AS TEXT) AS unit, j.expected_count AS expected_unit_count,
       CAST(j.reporting_count AS BIGINT) AS reporting_unit_count, j.coverage_ratio, :status AS status,
       CAST(:note AS TEXT) AS note
FROM judged AS j
WHERE j.is_requested AND j.level IN :levels AND (j.dimension = '' OR j.present_count > 0)
"""

_RATIO = "CASE WHEN v.denominator <> 0 THEN v.numerator / v.denominator END"
_VALUES = {
    "value": "v.numerator",
    "ratio": _RATIO,
    "multiple": _RATIO,
    "growth": "CASE WHEN v.denominator > 0 THEN v.numerator / v.denominator - 1 END",
    "comparable_growth": "CASE WHEN v.denominator > 0 THEN v.numerator / v.denominator - 1 END",
    "average_annual_growth": """
        CASE WHEN v.denominator > 0 AND v.numerator >= 0
             THEN POWER(v.numerator / v.denominator, CAST(1 AS DOUBLE PRECISION) / :years) - 1 END""",
    "streak": "CASE WHEN v.numerator > v.denominator THEN 1 WHEN v.numerator <= v.denominator THEN 0 END",
}

# Consecutive months above have the same difference between month and row number.
_ABOVE = """
SELECT j.level, j.subject_code, j.dimension, j.dimension_code, j.month_index,
       j.month_index - ROW_NUMBER() OVER (
         PARTITION BY j.level, j.subject_code, j.dimension, j.dimension_code ORDER BY j.month_index) AS island
FROM judged AS j WHERE j.status = 'published' AND j.value = 1
"""
_RUN = """
SELECT a.*, MIN(a.month_index) OVER (
         PARTITION BY a.level, a.subject_code, a.dimension, a.dimension_code, a.island) AS first_index
FROM above AS a
"""
_ENDED = """
SELECT r.level, r.subject_code, r.dimension, r.dimension_code, r.month_index,
       r.month_index - r.first_index + 1 AS month_count, NOT b.month_index IS NULL AS is_ended_by_a_month
FROM run AS r
LEFT JOIN judged AS b
  ON b.level = r.level AND b.subject_code = r.subject_code AND b.dimension = r.dimension
  AND b.dimension_code = r.dimension_code AND b.month_index = r.first_index - 1 AND b.status = 'published'
"""
_JOIN_ENDED = """
e.level = j.level AND e.subject_code = j.subject_code AND e.dimension = j.dimension
AND e.dimension_code = j.dimension_code AND e.month_index = j.month_index
"""
_STREAK_VALUE = "CASE WHEN j.status = 'published' THEN COALESCE(e.month_count, 0) END"
_STREAK_STATUS = """
CASE WHEN j.status = 'published' AND j.value = 1 AND NOT e.is_ended_by_a_month THEN 'at_least' ELSE j.status END
"""


@dataclass(frozen=True)
class CompiledIndicator:
    """One statement. `relations`: the forms and marts that it reads; `units`: the query of the units expected.

    `tree` reads that query under the name `unit_table`.
    """

    indicator_id: str
    time: TimeBasis
    tree: exp.Select
    relations: tuple[str, ...]
    unit_table: str
    units: exp.Select

    def for_dialect(self, dialect: Dialect) -> str:
        """Return the SQL text of a statement that stands alone but for the world of the run."""
        alone = self.tree.copy()
        first = exp.CTE(this=self.units.copy(), alias=exp.TableAlias(this=exp.to_identifier(self.unit_table)))
        alone.args["with_"].expressions.insert(0, first)
        return alone.sql(dialect=dialect, pretty=True, copy=False)


@dataclass(frozen=True)
class Statement:
    """The rows of one indicator on one time basis."""

    indicator_id: str
    time: TimeBasis
    sql: str


@dataclass(frozen=True)
class CompiledTheme:
    """A theme's SQL: `tables` are run first, in order; then the statements."""

    tables: tuple[str, ...]
    statements: tuple[Statement, ...]


def _empty(side: Side) -> exp.Expr:
    return fill("CAST(:empty AS DOUBLE PRECISION)", empty=exp.convert(side.empty_value))


def _valued(plan: Plan) -> exp.Expr:
    empties = {side.name: _empty(side) for side in plan.sides}
    return fill(_VALUED, numerator=empties["numerator"], denominator=empties.get("denominator", exp.null()))


def _coverage(plan: Plan) -> dict[str, exp.Expr]:
    if not plan.is_weighted:
        return {"coverage": fill(_NO_COVERAGE)}
    weight = fill(_WEIGHT, weight=exp.column(plan.sides[-1].name, "v"), weight_months=WEIGHT_MONTHS)
    areas = [
        fill(_COVERAGE, level=level, code=exp.column(column, "e"))
        for level, column in AREA_COLUMNS.items()
        if level in plan.levels
    ]
    return {"weight": weight, "coverage": exp.union(*areas, distinct=False) if len(areas) > 1 else areas[0]}


def _value(plan: Plan) -> exp.Expr:
    sql = _VALUES[plan.indicator.kind]
    years = plan.indicator.years
    return fill(sql) if years is None else fill(sql, years=years)


def _final(plan: Plan) -> exp.Select:
    indicator = plan.indicator
    is_streak = indicator.kind == "streak"
    final = fill(
        _FINAL,
        indicator=indicator.id,
        time=plan.time,
        unit=indicator.unit,
        levels=plan.levels,
        boundaries=plan.boundaries,
        value=fill(_STREAK_VALUE if is_streak else "j.value"),
        status=fill(_STREAK_STATUS if is_streak else "j.status"),
        note=exp.convert("may_count_twice" if indicator.may_count_twice else None),
    )
    assert isinstance(final, exp.Select)
    if indicator.parts_only:
        final = final.where("j.dimension <> ''")
    return final.join("ended AS e", on=fill(_JOIN_ENDED), join_type="left") if is_streak else final


def compile_indicator(
    project: Project, indicator: Indicator, time: TimeBasis, boundaries: Boundaries = "as_was"
) -> CompiledIndicator:
    """Compile a checked definition; the statement reads the world of the run (world.py)."""
    plan = build_plan(project, indicator, time, boundaries)
    parts = build_units(plan) | build_measures(plan) | {"valued": _valued(plan)} | _coverage(plan)
    parts |= {"rated": fill(_RATED, value=_value(plan)), "judged": fill(_JUDGED, threshold=plan.threshold)}
    if indicator.kind == "streak":
        parts |= {"above": fill(_ABOVE), "run": fill(_RUN), "ended": fill(_ENDED)}
    statement = _final(plan)
    for name, part in parts.items():
        statement = statement.with_(name, as_=part, copy=False)
    return CompiledIndicator(
        indicator_id=indicator.id,
        time=time,
        tree=statement,
        relations=relations_of(indicator),
        unit_table=unit_table_name(plan),
        units=build_unit_query(plan),
    )


def compile_indicators(
    project: Project, indicators: Iterable[Indicator], dialect: Dialect, boundaries: Boundaries = "as_was"
) -> CompiledTheme:
    """Compile checked definitions, such as those of a theme, on every time basis that they have."""
    compiled = [
        compile_indicator(project, indicator, time, boundaries)
        for indicator in indicators
        for time in indicator.time
    ]
    units = {item.unit_table: item.units for item in compiled}
    drops = [f"DROP TABLE IF EXISTS {name}" for name in units]
    tables = [
        build_unit_table(name, query).sql(dialect=dialect, pretty=True) for name, query in units.items()
    ]
    statements = [
        Statement(item.indicator_id, item.time, item.tree.sql(dialect=dialect, copy=False))
        for item in compiled
    ]
    return CompiledTheme((*drops, *tables), tuple(statements))
