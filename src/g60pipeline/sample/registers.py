"""The enterprises of each cluster, made to meet the cluster's plan.

Belongs here: who is in which cluster from when, with what flags. Not here: monthly rows (clusters).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

from g60pipeline.sample.calibration import CLUSTERS, ClusterPlan
from g60pipeline.sample.enterprises import NEVER, Enterprise, Registry
from g60pipeline.sample.model import MONTHS, OPENING, dice, spread

_ROUTES = ("lead_enterprise", "industry", "area", "own")
_PARTNER_ROLES = ("upstream", "downstream")
_SEASON = (1.1, 0.93, 0.79, 1.0, 0.98, 1.0, 1.03, 0.99, 1.01, 1.04, 1.02, 1.06, 1.12)
_CENTS_PER_YI = 1_000_000
_SHARE_OF_MEMBERS_IN_ENTERPRISES = 0.8
_WEIGHT_OF_THE_LEAD = 3  # in output; more would let one enterprise dominate its cluster
# Enterprises of one cluster that belong to another one of the same host too: (from, to, positions).
_SHARED = (("C04", "C05", (6, 7, 8)), ("C05", "C10", (9, 10)))

Registers = dict[str, list[Enterprise]]


def build_registers(seed: int) -> Registers:
    """Return the enterprises of each cluster by cluster code."""
    registry = Registry(dice(seed, "registry"))
    registers = {
        plan.code: _build_register(plan, dice(seed, "register", plan.code), registry) for plan in CLUSTERS
    }
    for source, target, positions in _SHARED:
        shared = [registers[source][position] for position in positions]
        registers[target] += [replace(enterprise, chain_role="supporting") for enterprise in shared]
    return registers


def _build_register(plan: ClusterPlan, chance: Random, registry: Registry) -> list[Enterprise]:
    joined = _joining_steps(plan)
    organised = [_organised_step(plan, i, step, chance) for i, step in enumerate(joined)]
    outputs = _outputs(plan, joined, chance)
    members = _members(plan, organised, chance)
    attracted = _attracted(plan, joined)
    enterprises: list[Enterprise] = []
    for i, step in enumerate(joined):
        specialised = chance.random() < 0.14
        is_named = i < len(plan.named)
        is_attracted = i in attracted if attracted is not None else chance.random() < 0.15
        enterprises.append(
            Enterprise(
                uscc=registry.uscc(),
                name=plan.named[i] if is_named else registry.name(plan.place, chance.choice(plan.trades)),
                chain_role=_chain_role(i, is_attracted, chance),
                strategic_industry=plan.industry if is_named or chance.random() < 0.85 else "other",
                key_field=_key_field(plan, i, chance),
                is_key=_is_key(plan, i),
                is_high_tech=is_named or chance.random() < 0.36,
                is_specialised=specialised,
                is_little_giant=specialised and chance.random() < 0.2,
                is_listed=is_named and chance.random() < 0.5,
                joined_step=step,
                joined_on=_joined_on(plan, step, chance),
                organised_step=organised[i],
                organisation_route=chance.choices(_ROUTES, weights=(4, 3, 2, 1))[0],
                attracted_by_service=is_attracted,
                output_cents=outputs[i],
                members=members[i],
            )
        )
    return enterprises


def _joining_steps(plan: ClusterPlan) -> list[int]:
    start, end = plan.enterprises
    return [0] * start + [1 + i * 12 // (end - start) for i in range(end - start)]


def _is_key(plan: ClusterPlan, position: int) -> bool:
    start = plan.enterprises[0]
    before, joining = plan.key
    return position < before or start <= position < start + joining


def _key_field(plan: ClusterPlan, position: int, chance: Random) -> str:
    is_in_the_field = chance.random() < plan.key_field_share
    return plan.key_field if is_in_the_field or (plan.named and position == 0) else "none"


def _organised_step(plan: ClusterPlan, position: int, joined_step: int, chance: Random) -> int:
    """Return when an organisation covers it; in C01 and in a key field's cluster all key enterprises are."""
    if not _is_key(plan, position):
        return joined_step if chance.random() < 0.4 else NEVER
    if joined_step > 0:
        return min(12, joined_step + chance.randrange(3))
    is_left_out = plan.key_field == "none" and plan.code != "C01" and position == plan.key[0] - 1
    if is_left_out:
        return NEVER
    return 0 if position == 0 or chance.random() < 0.8 else chance.randrange(1, 12)


def _joined_on(plan: ClusterPlan, step: int, chance: Random) -> date:
    if step > 0:
        return date(2021, step, chance.randrange(1, 29))
    months = OPENING.month_index - plan.founded_on.year * 12 - plan.founded_on.month
    month = OPENING.plus(-chance.randrange(months))
    return date(month.year, month.month, chance.randrange(1, 29))


def _chain_role(position: int, is_attracted: bool, chance: Random) -> str:
    if position == 0:
        return "lead"
    if is_attracted:
        return chance.choice(_PARTNER_ROLES)
    return chance.choices((*_PARTNER_ROLES, "supporting"), weights=(3, 3, 4))[0]


def _attracted(plan: ClusterPlan, joined: list[int]) -> set[int] | None:
    """Return the last enterprises to join, as many as the plan wants; None where it is left to chance."""
    if plan.attracted_partners is None:
        return None
    return set(range(len(joined) - plan.attracted_partners, len(joined)))


def _outputs(plan: ClusterPlan, joined: list[int], chance: Random) -> list[tuple[int, ...] | None]:
    """Return each enterprise's output by step; those below the scale threshold have none."""
    weights = [chance.lognormvariate(0, 0.7) for _ in joined]
    weights[0] *= _WEIGHT_OF_THE_LEAD
    is_above_scale = [chance.random() < plan.above_scale_share or i == 0 for i in range(len(joined))]
    if plan.above_scale_share == 0:
        return [None] * len(joined)
    above = [weight for weight, is_above in zip(weights, is_above_scale, strict=True) if is_above]
    monthly = plan.output_yi * _CENTS_PER_YI / 12 / sum(above)
    return [
        tuple(round(monthly * weight * season * chance.uniform(0.93, 1.07)) for season in _SEASON)
        if is_above
        else None
        for weight, is_above in zip(weights, is_above_scale, strict=True)
    ]


def _members(plan: ClusterPlan, organised: list[int], chance: Random) -> list[tuple[int, int]]:
    """Return members at the opening and growth over the year, for those that an organisation covers."""
    start, end = (round(members * _SHARE_OF_MEMBERS_IN_ENTERPRISES) for members in plan.members)
    weights = [chance.lognormvariate(0, 0.5) if step < len(MONTHS) else 0.0 for step in organised]
    covered = [weight for weight in weights if weight]
    at_start = iter(spread(start, covered, minimum=1))
    growth = iter(spread(end - start, covered))
    return [(next(at_start), next(growth)) if weight else (0, 0) for weight in weights]
