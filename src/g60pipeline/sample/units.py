"""Monthly rows of `unit_summary`: a unit's totals, clusters and all others together.

Not here: the clusters' own rows (clusters), the district's economy that units' sums reconcile with (economy).
"""

from __future__ import annotations

from functools import cache

from g60pipeline.sample.calibration import (
    CLUSTERS,
    UNITS,
    UNITS_SHARE_OF_ENTERPRISES,
    UNITS_SHARE_OF_OUTPUT,
    UnitPlan,
)
from g60pipeline.sample.clusters import new_members_by_month
from g60pipeline.sample.economy import build_economy
from g60pipeline.sample.model import MONTHS, NOT_APPLICABLE, Cell, Forms, Row, dice, spread

# The unit whose clerk writes output in 亿元.
_WRITES_IN_YI = "310117105"
_WAN_PER_YI = 10_000
_CENTS_PER_WAN = 100


def summary_row(unit: UnitPlan, forms: Forms, step: int, seed: int) -> Row:
    """Return the unit's row at the step; `forms` are its clusters' forms, whose members it includes."""
    new = _new_members(unit, seed)
    key_in_clusters = sum(row["is_key"] is True for row in forms.get("cluster_enterprise", ()))
    return {
        "unit_code": unit.code,
        "member_count": unit.members + sum(new[1 : step + 1]) + sum(_transfers(unit, seed)[:step]),
        "organisation_count": unit.organisations + step // 2,
        "new_member_count": new[step],
        "new_member_count_ytd": sum(new[1 : step + 1]) if step else sum(new[1:]) - 1,
        "key_enterprise_count": unit.other_key_enterprises + key_in_clusters,
        "above_scale_enterprise_count": _above_scale_enterprises(unit, step, seed),
        **_output(unit, step, seed),
    }


def _new_members(unit: UnitPlan, seed: int) -> tuple[int, ...]:
    months = [new_members_by_month(seed, unit.code, unit.other_new_members)]
    months += [
        new_members_by_month(seed, plan.code, plan.new_members) for plan in CLUSTERS if plan.host == unit.code
    ]
    return tuple(sum(month) for month in zip(*months, strict=True))


def _transfers(unit: UnitPlan, seed: int) -> list[int]:
    """Return net transfers in each month of 2021; never none, so that no month repeats the last."""
    chance = dice(seed, "transfers", unit.code)
    return [chance.randint(1, 5) for _ in range(12)]


def _above_scale_enterprises(unit: UnitPlan, step: int, seed: int) -> Cell:
    if unit.enterprise_weight is None:
        return NOT_APPLICABLE
    return _shares_of_enterprises(step, seed)[unit.code]


def _output(unit: UnitPlan, step: int, seed: int) -> Row:
    if unit.output_weight is None:
        return {"above_scale_output_wan_yuan": NOT_APPLICABLE, "output_unit": None}
    cents = _shares_of_output(step, seed)[unit.code]
    if unit.code == _WRITES_IN_YI:
        return {
            "above_scale_output_wan_yuan": cents / (_CENTS_PER_WAN * _WAN_PER_YI),
            "output_unit": "yi_yuan",
        }
    return {"above_scale_output_wan_yuan": cents / _CENTS_PER_WAN, "output_unit": None}


@cache
def _shares_of_enterprises(step: int, seed: int) -> dict[str, int]:
    district = build_economy(seed)[MONTHS[step], "above_scale_enterprise_count"].value
    weights = {unit.code: unit.enterprise_weight for unit in UNITS if unit.enterprise_weight is not None}
    return dict(
        zip(
            weights, spread(round(district * UNITS_SHARE_OF_ENTERPRISES), list(weights.values())), strict=True
        )
    )


@cache
def _shares_of_output(step: int, seed: int) -> dict[str, int]:
    """Return each unit's output of the month in 0.01 万元; together they are a little below the bureau's."""
    chance = dice(seed, "output of units", step)
    district = build_economy(seed)[MONTHS[step], "above_scale_output_value"].value  # in 0.01 亿元
    total = round(district * _WAN_PER_YI * UNITS_SHARE_OF_OUTPUT)
    weights = {unit.code: unit.output_weight for unit in UNITS if unit.output_weight is not None}
    noisy = [weight * chance.uniform(0.98, 1.02) for weight in weights.values()]
    return dict(zip(weights, spread(total, noisy), strict=True))
