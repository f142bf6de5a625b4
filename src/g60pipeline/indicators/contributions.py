"""What a magnitude rests on: the amount of every contributor, at every level and dimension that it is published by.

Belongs here: statements for disclosure control. Not here: its rules (disclosure).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from g60pipeline.contracts.indicators import Indicator, TimeBasis
from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.compile import Dialect
from g60pipeline.indicators.measures import build_contributions
from g60pipeline.indicators.plan import build_plan
from g60pipeline.indicators.templates import fill
from g60pipeline.indicators.units import build_unit_query, build_units, unit_table_name

_ASKED_FOR = "c.period IN (SELECT r.period FROM run_period AS r) AND c.level IN :levels"


@dataclass(frozen=True)
class ContributionStatement:
    """One statement: period, level, subject_code, dimension, dimension_code, measure, and contributor_code unless a
    column with a number of contributors is summed.
    """

    indicator_id: str
    time: TimeBasis
    side: str
    contributor: str
    is_count: bool
    sql: str


def contribution_statement(
    project: Project,
    indicator: Indicator,
    time: TimeBasis,
    side: str,
    contributor: str,
    is_count: bool,
    dialect: Dialect,
    boundaries: Boundaries = "as_was",
) -> ContributionStatement:
    """Compile what each code of the column `contributor` adds to a side; reads the world of the run (world.py).

    `is_count`: the column holds a number of contributors, which is summed.
    """
    plan = build_plan(project, indicator, time, boundaries)
    chosen = next(candidate for candidate in plan.sides if candidate.name == side)
    parts = build_units(plan) | build_contributions(plan, chosen, contributor, is_count)
    select = exp.select("c.*").from_("contribution AS c").where(fill(_ASKED_FOR, levels=plan.levels))
    if indicator.parts_only:
        select = select.where("c.dimension <> ''")
    first = {unit_table_name(plan): build_unit_query(plan)}
    for name, part in (first | parts).items():
        select = select.with_(name, as_=part, copy=False)
    return ContributionStatement(indicator.id, time, side, contributor, is_count, select.sql(dialect=dialect))
