"""Monthly rows of the clusters: the register, the organisation form and the innovation carriers.

Not here: which enterprises there are (registers), projects (projects), what happened in a month (events).
"""

from __future__ import annotations

from datetime import date

from g60pipeline.sample.calibration import ENTERPRISE_ZONE, ClusterPlan
from g60pipeline.sample.enterprises import Enterprise
from g60pipeline.sample.model import MONTHS, NOT_APPLICABLE, Row, dice, interpolate, spread

_ALSO_COUNTED_IN = {"C04": "C05", "C05": "C04;C10", "C10": "C05"}
_CENTS_PER_WAN, _CENTS_PER_YI = 100, 1_000_000
_CARRIER_NAMES = (
    "企业技术中心",
    "工程技术研究中心",
    "众创空间",
    "科技企业孵化器",
    "院士专家工作站",
    "公共技术服务平台",
    "联合实验室",
)
_CARRIER_BRANDS = ("启智", "汇创", "云间", "华亭", "九峰", "三泖", "谷水")
_CARRIER_LEVELS = ("national", "municipal", "district")


def present(register: list[Enterprise], step: int) -> list[Enterprise]:
    """Return the enterprises that are in the cluster at the step."""
    return [enterprise for enterprise in register if enterprise.joined_step <= step]


def register_rows(plan: ClusterPlan, register: list[Enterprise], step: int) -> list[Row]:
    """Return the rows of `cluster_enterprise` at the step."""
    return [_enterprise_row(plan, enterprise, step) for enterprise in present(register, step)]


def _enterprise_row(plan: ClusterPlan, enterprise: Enterprise, step: int) -> Row:
    is_organised = enterprise.organised_step <= step
    base, growth = enterprise.members
    return {
        "cluster_code": plan.code,
        "enterprise_uscc": enterprise.uscc,
        "enterprise_name": enterprise.name,
        "chain_role": enterprise.chain_role,
        "strategic_industry": enterprise.strategic_industry,
        "key_field": enterprise.key_field,
        "is_key": enterprise.is_key,
        "is_above_scale": enterprise.output_cents is not None,
        "is_high_tech": enterprise.is_high_tech,
        "is_specialised": enterprise.is_specialised,
        "is_little_giant": enterprise.is_little_giant,
        "is_listed": enterprise.is_listed,
        "has_organisation": is_organised,
        "organisation_route": enterprise.organisation_route if is_organised else None,
        "member_count": base + growth * step // 12 if is_organised else 0,
        "joined_on": enterprise.joined_on,
        "attracted_by_service": enterprise.attracted_by_service,
        **_output(plan, enterprise, step),
    }


def _output(plan: ClusterPlan, enterprise: Enterprise, step: int) -> Row:
    """Return month, since January and unit; since January means since it joined, if that was later."""
    output = enterprise.output_cents
    if output is None:
        return {"output_wan_yuan": NOT_APPLICABLE, "output_wan_yuan_ytd": NOT_APPLICABLE, "output_unit": None}
    month = output[step]
    since_january = sum(output[max(1, enterprise.joined_step) : step + 1]) if step else round(month * 11.2)
    is_written_in_yi = plan.host == ENTERPRISE_ZONE and enterprise.chain_role == "lead"
    divisor = _CENTS_PER_YI if is_written_in_yi else _CENTS_PER_WAN
    return {
        "output_wan_yuan": month / divisor,
        "output_wan_yuan_ytd": since_january / divisor,
        "output_unit": "yi_yuan" if is_written_in_yi else None,
    }


def new_members_by_month(seed: int, purpose: str, total: int) -> tuple[int, ...]:
    """Return new members at each step; the year's add up to `total`, the opening month is a twelfth of it."""
    chance = dice(seed, "new members", purpose)
    return (total // 12, *spread(total, [chance.uniform(0.7, 1.3) for _ in range(12)]))


def organisation_row(plan: ClusterPlan, register: list[Enterprise], step: int, seed: int) -> Row:
    """Return the cluster's row of `cluster_organisation` at the step."""
    key = [enterprise for enterprise in present(register, step) if enterprise.is_key]
    organisations = interpolate(*plan.organisations, step)
    new = new_members_by_month(seed, plan.code, plan.new_members)
    return {
        "cluster_code": plan.code,
        "organisation_form": "committee" if plan.members[0] >= 100 else "general_branch",
        "founded_on": plan.founded_on,
        "lead_enterprise_uscc": register[0].uscc,
        "organisation_count": organisations,
        "branch_count": organisations - 1 - organisations // 15,
        "member_count": interpolate(*plan.members, step),
        "probationary_member_count": round(plan.new_members * 0.9) + step % 3,
        "new_member_count": new[step],
        "new_member_count_ytd": sum(new[1 : step + 1]) if step else plan.new_members - 2,
        "key_enterprise_count": len(key),
        "covered_key_enterprise_count": sum(enterprise.organised_step <= step for enterprise in key),
        "also_counted_in": _ALSO_COUNTED_IN.get(plan.code),
    }


def carrier_rows(plan: ClusterPlan, step: int, seed: int) -> list[Row]:
    """Return the rows of `innovation_carrier` at the step."""
    return [row for since, row in _carriers(plan, seed) if since <= step]


def _carriers(plan: ClusterPlan, seed: int) -> list[tuple[int, Row]]:
    chance = dice(seed, "carriers", plan.code)
    start, end = plan.carriers
    names = [f"{plan.place}{brand}{kind}" for brand in _CARRIER_BRANDS for kind in _CARRIER_NAMES]
    carriers: list[tuple[int, Row]] = []
    for i, name in enumerate(chance.sample(names, end)):
        since = 0 if i < start else 1 + (i - start) * 11 // (end - start)
        year = MONTHS[since].year if since else chance.choice((2019, 2020))
        month = MONTHS[since].month if since else chance.randrange(1, 12)
        level = _CARRIER_LEVELS[i % 7 // 3]
        recognised_on = date(year, month, chance.randrange(1, 29))
        carriers.append(
            (since, {"cluster_code": plan.code, "name": name, "level": level, "recognised_on": recognised_on})
        )
    return carriers
