"""What happened in a month: activities, service cases, cooperations along the chain, recognitions.

Belongs here: the events that published figures name and the others around them. Not here: states
(clusters, projects).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from g60pipeline.sample.calibration import CLUSTERS, ENTERPRISE_ZONE, ClusterPlan
from g60pipeline.sample.clusters import present
from g60pipeline.sample.enterprises import Enterprise
from g60pipeline.sample.model import MONTHS, Row, dice, spread
from g60pipeline.sample.registers import Registers

_OTHER_ACTIVITIES = ("lecture", "discussion", "volunteering", "other")
_STUDY_STARTS = 2  # study of Party history began in February 2021
_ENTREPRENEURSHIP = {6: ("carnival", 3, 2600), 9: ("maker_contest", 2, 480), 11: ("expo", 4, 5200)}
_STUDIO = "佘山智造书记工作室"
_COURSE_SYSTEMS = ("书记领航课程体系", "智造工匠课程体系")


def _day(step: int, chance: Random) -> date:
    return date(MONTHS[step].year, MONTHS[step].month, chance.randrange(2, 28))


def _number(prefix: str, plan: ClusterPlan, step: int, serial: int) -> str:
    return f"{prefix}-{MONTHS[step].key}-{plan.code}-{serial:02d}"


# --- activities


def activity_rows(plan: ClusterPlan, step: int, seed: int) -> list[Row]:
    """Return the cluster's rows of `activity` in the month."""
    chance = dice(seed, "activity", plan.code, step)
    held: list[tuple[str, int, int, str | None, str | None]] = []
    for sessions in _study_series(plan, step):
        held.append(("party_history_study", sessions, sessions * chance.randint(11, 15), None, None))
    for category in chance.sample(_OTHER_ACTIVITIES, 2):
        held.append((category, 1, chance.randint(18, 60), None, None))
    if plan.code == "C03" and step:
        held.append(("course", 2, chance.randint(50, 90), _COURSE_SYSTEMS[step % 2], _STUDIO))
    if plan.code == "C09" and step in _ENTREPRENEURSHIP:
        category, sessions, participations = _ENTREPRENEURSHIP[step]
        held.append((category, sessions, participations, None, None))
    return [
        {
            "activity_no": _number("HD", plan, step, i),
            "held_on": _day(step, chance),
            "cluster_code": plan.code,
            "category": category,
            "course_system": course_system,
            "studio": studio,
            "session_count": sessions,
            "participation_count": participations,
        }
        for i, (category, sessions, participations, course_system, studio) in enumerate(held, start=1)
    ]


def _study_series(plan: ClusterPlan, step: int) -> list[int]:
    if step < _STUDY_STARTS:
        return []
    month = spread(plan.study_sessions, [1.0] * (13 - _STUDY_STARTS))[step - _STUDY_STARTS]
    return spread(month, (3, 2))


# --- service cases

# Kind, shortest and longest duration in hours by chance. The shortest ones stay above the named fast cases.
_SERVICES = (
    ("business_registration", 6, 70),
    ("environmental_assessment", 160, 520),
    ("policy_application", 48, 230),
    ("land_to_listing", 340, 760),
    ("construction_permit", 60, 130),
    ("land_certificate", 7, 23),
    ("other", 24, 400),
)
_FAST_CASES = {
    ("C10", 4): ("land_to_listing", "昊海生物", 12 * 24),
    ("C05", 6): ("construction_permit", "超硅半导体", 2 * 24),
    ("C04", 9): ("land_certificate", "恒大新能源汽车", 4),
}


def service_rows(plan: ClusterPlan, register: list[Enterprise], step: int, seed: int) -> list[Row]:
    """Return the cluster's rows of `service_case` in the month."""
    chance = dice(seed, "service", plan.code, step)
    here = present(register, step)
    cases: list[tuple[str, Enterprise, timedelta]] = []
    for _ in range(chance.randint(3, 5)):
        kind, shortest, longest = chance.choice(_SERVICES)
        cases.append(
            (kind, chance.choice(here), timedelta(minutes=chance.randrange(shortest * 60, longest * 60)))
        )
    if (plan.code, step) in _FAST_CASES:
        kind, name, hours = _FAST_CASES[plan.code, step]
        cases.append((kind, _find(here, name), timedelta(hours=hours)))
    return [_service_row(plan, step, i, case, chance) for i, case in enumerate(cases, start=1)]


def _service_row(
    plan: ClusterPlan, step: int, serial: int, case: tuple[str, Enterprise, timedelta], chance: Random
) -> Row:
    kind, enterprise, duration = case
    day = _day(step, chance)
    completed_at = datetime(day.year, day.month, day.day, chance.randrange(13, 17), chance.randrange(60))
    return {
        "case_no": _number("SX", plan, step, serial),
        "cluster_code": plan.code,
        "enterprise_uscc": enterprise.uscc,
        "service_kind": kind,
        "accepted_at": completed_at - duration,
        "completed_at": completed_at,
        "team": f"{plan.place}店小二服务{chance.choice('一二三')}队",
    }


def _find(enterprises: list[Enterprise], name: str) -> Enterprise:
    return next(enterprise for enterprise in enterprises if enterprise.name == name)


# --- cooperations


@dataclass(frozen=True)
class Deal:
    """A cooperation's terms. A unit of None is left blank, as clerks do for 万元."""

    kind: str
    goods: str
    quantity: float | None = None
    quantity_unit: str | None = None
    amount: float | None = None
    amount_unit: str | None = None


_SUPPLIES = (
    ("防护口罩", "piece", 5000),
    ("消毒酒精", "litre", 800),
    ("原辅材料", "kilogram", 1500),
    ("周转托盘", "piece", 300),
)
# What the published figures name: supplier, receiver and terms, written as clerks would, in their own units.
_NAMED_DEALS = {
    ("C05", 3): ("新阳半导体", "尼西半导体", Deal("emergency_supply", "去毛刺液", 750, "kilogram")),
    ("C05", 4): ("新阳半导体", "尼西半导体", Deal("emergency_supply", "去毛刺液", 0.5, "tonne")),
    ("C06", 3): (
        "丰丽集团",
        "天臣集团",
        Deal("purchase_order", "幕墙", 3200, "square_metre", 236.5, "wan_yuan"),
    ),
    ("C06", 5): (
        "北玻集团",
        "天臣集团",
        Deal("purchase_order", "玻璃", 5400, "square_metre", 1_856_000, "yuan"),
    ),
    ("C06", 9): ("飞雕电器", "天臣集团", Deal("purchase_order", "开关面板", 21_000, "piece", 128.4)),
}


def cooperation_rows(plan: ClusterPlan, registers: Registers, step: int, seed: int) -> list[Row]:
    """Return the cluster's rows of `chain_cooperation` in the month; the receiver is in its register."""
    chance = dice(seed, "cooperation", plan.code, step)
    here = present(registers[plan.code], step)
    partners = _partners(plan, registers, step)
    deals = [
        _technical_deal(plan, chance),
        *(_chance_deal(plan, chance) for _ in range(chance.randint(1, 3))),
    ]
    agreed = [(*_parties(here, partners, chance), deal) for deal in deals]
    if (plan.code, step) in _NAMED_DEALS:
        supplier, receiver, deal = _NAMED_DEALS[plan.code, step]
        agreed.append((_find(here, supplier), _find(here, receiver), deal))
    return [
        _cooperation_row(plan, step, serial, supplier, receiver, deal, chance)
        for serial, (supplier, receiver, deal) in enumerate(agreed, start=1)
    ]


def _partners(plan: ClusterPlan, registers: Registers, step: int) -> list[Enterprise]:
    others = [other.code for other in CLUSTERS if other.code != plan.code]
    return [enterprise for code in others for enterprise in present(registers[code], step)]


def _parties(
    here: list[Enterprise], partners: list[Enterprise], chance: Random
) -> tuple[Enterprise, Enterprise]:
    receiver = chance.choice(here)
    pool = here if chance.random() < 0.6 else partners
    supplier = chance.choice([enterprise for enterprise in pool if enterprise.uscc != receiver.uscc])
    return supplier, receiver


def _technical_deal(plan: ClusterPlan, chance: Random) -> Deal:
    goods = f"{chance.choice(plan.trades)}技术服务"
    return Deal("technical_cooperation", goods, amount=chance.randrange(50, 900) / 10)


def _chance_deal(plan: ClusterPlan, chance: Random) -> Deal:
    if chance.random() < 0.3:
        goods, unit, most = chance.choice(_SUPPLIES)
        return Deal("emergency_supply", goods, chance.randrange(most // 10, most), unit)
    goods = f"{chance.choice(plan.trades)}配件"
    amount = chance.randrange(80, 3000)
    if chance.random() < 0.2:
        return Deal("purchase_order", goods, amount=amount * 1000, amount_unit="yuan")
    return Deal("purchase_order", goods, chance.randrange(10, 900), "piece", amount / 10)


def _cooperation_row(
    plan: ClusterPlan,
    step: int,
    serial: int,
    supplier: Enterprise,
    receiver: Enterprise,
    deal: Deal,
    chance: Random,
) -> Row:
    agreed_on = _day(step, chance)
    delivered_on = min(agreed_on + timedelta(days=chance.randrange(1, 20)), MONTHS[step].end)
    is_delivered = deal.kind == "emergency_supply" or chance.random() < 0.5
    return {
        "cooperation_no": _number("XZ", plan, step, serial),
        "cluster_code": plan.code,
        "supplier_uscc": supplier.uscc,
        "receiver_uscc": receiver.uscc,
        "kind": deal.kind,
        "goods": deal.goods,
        "quantity": deal.quantity,
        "quantity_unit": deal.quantity_unit,
        "amount_wan_yuan": deal.amount,
        "amount_unit": deal.amount_unit,
        "agreed_on": agreed_on,
        "delivered_on": delivered_on if is_delivered else None,
    }


# --- recognitions

_SELECTION = ("全国基层党建创新案例百优评选", "national", None, "全国基层党建创新案例评选组委会", 11, 1, 100)
_BRAND = "长三角G60科创走廊产业集群党建共同品牌"
_CITIES = ("songjiang", "jiaxing", "hangzhou", "jinhua", "suzhou", "huzhou", "xuancheng", "wuhu", "hefei")
_CITY_NAMES = ("上海松江", "嘉兴", "杭州", "金华", "苏州", "湖州", "宣城", "芜湖", "合肥")
_OTHER_AWARDS = {
    ("310117103", 6): ("先进基层党组织", "district", "松江区"),
    (ENTERPRISE_ZONE, 6): ("先进基层党组织", "district", "松江区"),
    ("310117105", 10): ("产业集群党建示范点", "municipal", "上海市"),
}


@cache
def _recognitions() -> dict[tuple[str, int], list[Row]]:
    title, level, city, body, month, rank, out_of = _SELECTION
    rows = {("310117U02", month): [_recognition(title, level, city, body, month, rank, out_of)]}
    rows["310117U02", 6] = [
        _recognition(_BRAND, "corridor_city", code, f"G60科创走廊{name}联席办公室", 6)
        for code, name in zip(_CITIES, _CITY_NAMES, strict=True)
    ]
    for (unit, month), (title, level, body) in _OTHER_AWARDS.items():
        rows[unit, month] = [_recognition(title, level, None, body, month)]
    return rows


def _recognition(
    title: str,
    level: str,
    city: str | None,
    body: str,
    month: int,
    rank: int | None = None,
    out_of: int | None = None,
) -> Row:
    return {
        "title": title,
        "awarding_level": level,
        "awarding_city": city,
        "awarding_body": body,
        "awarded_on": date(2021, month, 18),
        "rank": rank,
        "out_of": out_of,
    }


def recognition_rows(unit_code: str, step: int) -> list[Row]:
    """Return the unit's rows of `recognition` in the month."""
    return [dict(row) for row in _recognitions().get((unit_code, step), [])]
