"""The district's economy as its two bureaus report it, 2015 to 2021.

Belongs here: series of stocks and flows from yearly anchors, and their rows. Not here: the anchors
(calibration).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.sample.calibration import (
    FIRST_YEAR,
    FLOWS,
    RANK_IN_CITY,
    RANK_IN_CITY_BEFORE_2017,
    RANKED,
    STOCKS,
    FlowPlan,
    StockPlan,
)
from g60pipeline.sample.model import NOT_APPLICABLE, Row, dice, interpolate, spread

# The one month that is below its base, so that growth has gone on for 72 months in 2021-12 and not longer.
_LAST_DECLINE = ("fiscal_revenue", Period(2015, 12))
_DECLINE = 1.018
# Comparable scope moves a base by up to this share; growth is always larger where the figures ask for growth.
_SCOPE_CHANGE = 0.008


@dataclass(frozen=True)
class Figure:
    """A measure of a month in steps of its plan; a stock has no figures since January."""

    value: int
    value_ytd: int | None
    base: int
    base_ytd: int | None


Economy = dict[tuple[Period, str], Figure]


@cache
def build_economy(seed: int) -> Economy:
    """Return all figures by month and measure; months in which a measure is not published are left out."""
    economy: Economy = {}
    for stock in STOCKS:
        economy.update(_stock_figures(stock))
    for flow in FLOWS:
        economy.update(_flow_figures(flow, seed))
    return economy


def _stock_figures(plan: StockPlan) -> Economy:
    """Return the measure on straight lines between Decembers; its base is the figure of the year before."""
    values = {
        Period(FIRST_YEAR + i, month): interpolate(plan.values[i - 1], end, month) if i else end
        for i, end in enumerate(plan.values)
        for month in range(1, 13)
    }
    return {
        (period, plan.code): Figure(value, None, values[period.plus(-12)], None)
        for period, value in values.items()
        if period.year > FIRST_YEAR
    }


def _flow_figures(plan: FlowPlan, seed: int) -> Economy:
    values = _flow_values(plan, seed)
    bases = _bases(plan, values, seed)
    return {
        (period, plan.code): Figure(
            value, _since_january(values, period), bases[period], _since_january(bases, period)
        )
        for period, value in values.items()
        if period.year > FIRST_YEAR
    }


def _flow_values(plan: FlowPlan, seed: int) -> dict[Period, int]:
    chance = dice(seed, "economy", plan.code)
    every = 12 // len(plan.season)
    values: dict[Period, int] = {}
    for i, total in enumerate(plan.totals):
        season = [share * chance.uniform(1 - plan.noise, 1 + plan.noise) for share in plan.season]
        for part, value in enumerate(spread(total, season), start=1):
            values[Period(FIRST_YEAR + i, part * every)] = value
    return values


def _bases(plan: FlowPlan, values: dict[Period, int], seed: int) -> dict[Period, int]:
    chance = dice(seed, "comparable scope", plan.code)
    bases: dict[Period, int] = {}
    for period, value in values.items():
        if period.year == FIRST_YEAR:
            continue
        scope = chance.uniform(1 - _SCOPE_CHANGE, 1 + _SCOPE_CHANGE)
        is_decline = (plan.code, period) == _LAST_DECLINE
        bases[period] = round(value * _DECLINE if is_decline else values[period.plus(-12)] * scope)
    return bases


def _since_january(values: dict[Period, int], period: Period) -> int:
    return sum(value for other, value in values.items() if other.year == period.year and other <= period)


def economy_rows(project: Project, unit_code: str, period: Period, seed: int) -> list[Row]:
    """Return the bureau's rows of `district_economy`: every measure that it answers for."""
    measures = project.code_lists["economy_measures"].codes_where("reported_by", unit_code)
    return [_row(measure, period, seed) for measure in measures]


def _row(measure: str, period: Period, seed: int) -> Row:
    figure = build_economy(seed).get((period, measure))
    flow = next((plan for plan in FLOWS if plan.code == measure), None)
    steps = flow.steps_per_unit if flow else 1
    return {
        "measure_code": measure,
        "value": _number(figure.value if figure else None, steps),
        "value_ytd": _number(figure.value_ytd if figure else None, steps),
        "base_value": _number(figure.base if figure else None, steps),
        "base_value_ytd": _number(figure.base_ytd if figure else None, steps),
        "unit_of_measure": flow.unit if flow else "enterprise",
        "rank_in_city": _rank(measure, period),
    }


def _number(value: int | None, steps: int) -> int | float | str:
    if value is None:
        return NOT_APPLICABLE
    return value if steps == 1 else value / steps


def _rank(measure: str, period: Period) -> int | str:
    if measure not in RANKED:
        return NOT_APPLICABLE
    return RANK_IN_CITY if period.year >= 2017 else RANK_IN_CITY_BEFORE_2017
