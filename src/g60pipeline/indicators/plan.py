"""What one statement has to compute, decided before any SQL is built.

Belongs here: sides (numerator, denominator or base), units that can answer, how far back to look. Not here:
SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from g60pipeline.contracts.indicators import Component, Indicator, Level, TimeBasis
from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.fragments import Fragment, parse_component
from g60pipeline.indicators.relations import Relation, find_relation

ECONOMY_MEASURES = "economy_measures"
MEASURE_COLUMN = "measure_code"
NO_DIMENSION = ""
# Levels above the unit, and the column that says to which a unit belongs.
AREA_COLUMNS = {"district": "district_code", "city": "city_code", "corridor": "corridor_code"}
_SHIFTED_KINDS = ("growth", "average_annual_growth", "multiple")


@dataclass(frozen=True)
class Side:
    """Numerator or denominator. `is_base`: the numerator itself, in the base window."""

    name: Literal["numerator", "denominator"]
    fragment: Fragment
    relation: Relation
    is_base: bool = False

    @property
    def empty_value(self) -> int | None:
        """What the aggregate is over no rows at all: nothing counted is 0, no event sums to 0, no stock is
        unknown.
        """
        is_nothing = self.fragment.is_count or (self.fragment.is_sum and self.relation.rows == "events")
        return 0 if is_nothing else None


@dataclass(frozen=True)
class Plan:
    """One indicator on one time basis.

    `reporters`: the units that answer for a measure reported by row; empty means all that owe the forms.
    `base_shift`: months between the window and its base. `base_period`: a fixed base instead.
    `matched_columns`: cells that must be filled for a row to count on either side. `levels`: those of the definition, and
    those above the district where there are several. `boundaries`: as now, what a unit was may be divided among several.
    """

    indicator: Indicator
    time: TimeBasis
    sides: tuple[Side, ...]
    forms: tuple[str, ...]
    reporters: tuple[str, ...]
    matched_columns: tuple[str, ...]
    levels: tuple[Level, ...]
    boundaries: Boundaries
    base_shift: int | None = None
    base_period: Period | None = None

    @property
    def has_base(self) -> bool:
        """Say whether the denominator is the numerator's own past."""
        return self.base_shift is not None or self.base_period is not None

    @property
    def threshold(self) -> float:
        """Share of units below which the value is withheld; `withhold` suffers no gap at all."""
        return 1.0 if self.indicator.missing == "withhold" else self.indicator.threshold

    @property
    def is_weighted(self) -> bool:
        """Say whether coverage can be weighted: the weight must add up over units."""
        weight = self.sides[-1].fragment
        adds_up = (weight.is_sum or weight.is_count) and not self.indicator.parts_only
        return adds_up and "district" in self.indicator.levels

    @property
    def grouping(self) -> tuple[tuple[Level, str], ...]:
        """Pairs of level and dimension to aggregate by; units also where only their weights are wanted."""
        whole = () if self.indicator.parts_only else (NO_DIMENSION,)
        parts = (*whole, *self.indicator.dimensions)
        pairs: list[tuple[Level, str]] = [(level, part) for level in self.levels for part in parts]
        if self.is_weighted:
            pairs.append(("unit", NO_DIMENSION))
        return tuple(dict.fromkeys(pairs))


def reporters_of(project: Project, fragment: Fragment) -> tuple[str, ...]:
    """Units that report the measure which the condition pins; empty where the relation has no measures by
    row.
    """
    code = fragment.pinned(MEASURE_COLUMN)
    if code is None:
        return ()
    return (project.code_lists[ECONOMY_MEASURES].by_code[code].attributes["reported_by"],)


def matched_columns(indicator: Indicator, sides: tuple[Side, ...], project: Project) -> tuple[str, ...]:
    """Columns that must be filled for a row to count in a ratio of one relation.

    They are the measured columns of both sides and the yes/no columns of their conditions: a blank flag is
    neither yes nor no. A column that a condition tests for being blank is left to that test.
    """
    if indicator.denominator is None or len({side.relation.name for side in sides}) > 1:
        return ()
    columns = sides[0].relation.columns
    measured = [name for side in sides for name in side.fragment.measured_columns]
    flags = [
        name for side in sides for name in side.fragment.condition_columns if columns[name].type == "boolean"
    ]
    tested = {name for side in sides for name in side.fragment.null_tested_columns}
    return tuple(name for name in dict.fromkeys([*measured, *flags]) if name not in tested)


def _side(
    project: Project, name: Literal["numerator", "denominator"], component: Component, is_base: bool = False
) -> Side:
    return Side(name, parse_component(component), find_relation(project, component.from_), is_base)


def _base(indicator: Indicator) -> tuple[int | None, Period | None]:
    if indicator.base_period is not None:
        return None, Period.parse(indicator.base_period)
    if indicator.years is not None:
        return 12 * indicator.years, None
    return indicator.over_months or 12, None


def levels_of(project: Project, indicator: Indicator) -> tuple[Level, ...]:
    """Levels that an indicator is computed by: with several districts also those above the district."""
    above: tuple[Level, ...] = ("city", "corridor")
    is_rolled_up = project.has_several_districts and "district" in indicator.levels
    return (*indicator.levels, *(above if is_rolled_up else ()))


def build_plan(
    project: Project, indicator: Indicator, time: TimeBasis, boundaries: Boundaries = "as_was"
) -> Plan:
    """Decide what the statement computes; the definition must have passed `check`."""
    sides = [_side(project, "numerator", indicator.numerator)]
    has_base = indicator.kind in _SHIFTED_KINDS or (
        indicator.kind == "streak" and indicator.denominator is None
    )
    if has_base:
        sides.append(_side(project, "denominator", indicator.numerator, is_base=True))
    elif indicator.denominator is not None:
        sides.append(_side(project, "denominator", indicator.denominator))
    shift, period = _base(indicator) if has_base else (None, None)
    return Plan(
        indicator=indicator,
        time=time,
        sides=tuple(sides),
        forms=tuple(sorted({form for side in sides for form in side.relation.forms})),
        reporters=tuple(sorted({unit for side in sides for unit in reporters_of(project, side.fragment)})),
        matched_columns=matched_columns(indicator, tuple(sides), project),
        levels=levels_of(project, indicator),
        boundaries=boundaries,
        base_shift=shift,
        base_period=period,
    )
