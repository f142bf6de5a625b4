"""The 44 published figures, computed from the correct returns in plain pandas, without the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property

import pandas as pd
import pytest

from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.sample.generate import build_sample
from g60pipeline.sample.model import MONTHS, NOT_APPLICABLE

FACTORS = {
    "yuan": Decimal("0.0001"),
    "wan_yuan": 1,
    "yi_yuan": 10_000,
    "kilogram": Decimal("0.001"),
    "tonne": 1,
}
START, END = "2020-12", "2021-12"


class World:
    """All rows of all correct returns, a frame per form."""

    def __init__(self, project: Project, seed: int) -> None:
        sample = build_sample(project, seed)
        periods = [*period_range(Period(2015, 1), Period(2020, 11)), *MONTHS]
        rows: dict[str, list[dict[str, object]]] = {}
        for period in periods:
            for unit in project.reporting_units(period):
                for form, lines in sample.correct_return(unit, period).forms.items():
                    rows.setdefault(form, []).extend(
                        {"unit": unit, "period": period.key, **line} for line in lines
                    )
        self._frames = {form: pd.DataFrame(lines, dtype=object) for form, lines in rows.items()}

    def form(self, name: str, cluster: str | None = None, period: str | None = None) -> pd.DataFrame:
        frame = self._frames[name]
        if cluster is not None:
            frame = frame[frame["cluster_code"] == cluster]
        return frame[frame["period"] == period] if period is not None else frame

    def year(self, name: str, cluster: str | None = None) -> pd.DataFrame:
        frame = self.form(name, cluster)
        return frame[frame["period"].str.startswith("2021")]

    @cached_property
    def economy(self) -> pd.DataFrame:
        return self.form("district_economy").set_index(["measure_code", "period"])

    def measure(self, code: str, period: str, field: str = "value") -> Decimal:
        """Money in 万元, all else as it is."""
        row = self.economy.loc[(code, period)]
        assert row[field] != NOT_APPLICABLE
        factor = 1 if field == "rank_in_city" else FACTORS.get(row["unit_of_measure"], 1)
        return Decimal(str(row[field])) * factor


@pytest.fixture(scope="module", params=[2021, 7])
def world(request: pytest.FixtureRequest, project: Project) -> World:
    return World(project, request.param)


def growth(world: World, cluster: str, field: str) -> float:
    before, after = (
        world.form("cluster_organisation", cluster, period)[field].sum() for period in (START, END)
    )
    return round((after / before - 1) * 100)


def chain_amounts(world: World) -> Decimal:
    register = world.year("cluster_enterprise", "C06")
    members = set(zip(register["period"], register["enterprise_uscc"], strict=True))
    orders = world.year("chain_cooperation", "C06")
    inside = [
        Decimal(str(order.amount_wan_yuan)) * FACTORS[order.amount_unit or "wan_yuan"]
        for order in orders[orders["kind"] == "purchase_order"].itertuples()
        if {(order.period, order.supplier_uscc), (order.period, order.receiver_uscc)} <= members
    ]
    return sum(inside, Decimal(0))


def emergency_supply(world: World) -> Decimal:
    names = world.form("cluster_enterprise", "C05", END).set_index("enterprise_name")["enterprise_uscc"]
    deals = world.year("chain_cooperation", "C05")
    deals = deals[
        (deals["kind"] == "emergency_supply")
        & (deals["goods"] == "去毛刺液")
        & (deals["supplier_uscc"] == names["新阳半导体"])
        & (deals["receiver_uscc"] == names["尼西半导体"])
    ]
    assert set(deals["quantity_unit"]) == {"kilogram", "tonne"}
    return sum((Decimal(str(d.quantity)) * FACTORS[d.quantity_unit] for d in deals.itertuples()), Decimal(0))


def fastest_hours(world: World, kind: str) -> float:
    cases = world.year("service_case")
    cases = cases[(cases["unit"] == "310117501") & (cases["service_kind"] == kind)]
    return (
        pd.to_datetime(cases["completed_at"]) - pd.to_datetime(cases["accepted_at"])
    ).min() / pd.Timedelta("1h")


def outcome(world: World, metric: str) -> pd.Series:
    projects = world.form("integration_project", "C07", END)
    return projects[projects["outcome_metric"] == metric].iloc[0]


def relative_change(project: pd.Series) -> float:
    return project["achieved_value"] * 100 / project["baseline_value"] - 100


def projects(world: World, field: str) -> int:
    return world.form("integration_project", period=END)[field].sum()


def study(world: World, field: str) -> int:
    activities = world.year("activity")
    return activities[activities["category"] == "party_history_study"][field].sum()


def shares_of_new_members(world: World) -> pd.Series:
    clusters = world.year("cluster_organisation").groupby("unit")["new_member_count"].sum()
    return clusters / world.year("unit_summary").groupby("unit")["new_member_count"].sum()[clusters.index]


def average_growth(world: World, measure: str) -> float:
    start, end = (world.measure(measure, period, "value_ytd") for period in ("2015-12", "2020-12"))
    return round((float(end / start) ** 0.2 - 1) * 100, 1)


def fiscal_streak(world: World) -> int:
    """Months up to 2021-12 above their comparable base and, where it was reported, above the year before."""
    streak, month = 0, Period(2021, 12)
    while month.year >= 2015:
        value = world.measure("fiscal_revenue", month.key)
        if value <= world.measure("fiscal_revenue", month.key, "base_value"):
            break
        if month.year > 2015 and value <= world.measure("fiscal_revenue", month.plus(-12).key):
            break
        streak, month = streak + 1, month.plus(-1)
    return streak


def key_enterprises(world: World) -> pd.DataFrame:
    register = world.form("cluster_enterprise", period=END)
    return register[register["is_key"].astype(bool)]


def newly_covered(world: World) -> int:
    key = key_enterprises(world)
    new = key[(key["cluster_code"] == "C01") & key["has_organisation"].astype(bool)]
    return new[[day.year == 2021 for day in new["joined_on"]]]["enterprise_uscc"].nunique()


def uncovered(world: World) -> int:
    key = key_enterprises(world)
    return int((~key[key["cluster_code"] == "C01"]["has_organisation"].astype(bool)).sum())


def coverage_of_key_fields(world: World) -> float:
    key = key_enterprises(world)
    assert set(key["key_field"]) == {"ai", "integrated_circuits", "biomedicine", "none"}
    return key[key["key_field"] != "none"]["has_organisation"].mean() * 100


def partners(world: World) -> int:
    register = world.form("cluster_enterprise", "C04", END)
    is_partner = register["chain_role"].isin(["upstream", "downstream"])
    return register[is_partner & register["attracted_by_service"].astype(bool)]["enterprise_uscc"].nunique()


def courses(world: World) -> int:
    activities = world.year("activity", "C03")
    return activities[activities["studio"].notna()]["course_system"].nunique()


def carriers(world: World) -> int:
    levels = world.form("innovation_carrier", "C02", END)["level"]
    assert set(levels) == {"national", "municipal", "district"}
    return len(levels)


def crystal_projects(world: World) -> int:
    of_cluster = world.form("integration_project", "C05", END)
    names = of_cluster[of_cluster["subject"] == "core_technology"]["project_name"]
    return sum("300毫米" in name and "450毫米" in name for name in names)


def national_tasks(world: World) -> int:
    of_cluster = world.form("integration_project", "C08", END)
    return sum(
        "创远仪器" in n for n in of_cluster[of_cluster["is_national_task"].astype(bool)]["project_name"]
    )


def events(world: World) -> int:
    categories = world.year("activity", "C09")["category"]
    return categories[categories.isin(["expo", "carnival", "maker_contest"])].nunique()


def selection_rank(world: World) -> int:
    won = world.year("recognition")
    return won[won["out_of"] == 100]["rank"].min()


def brand_cities(world: World) -> int:
    won = world.form("recognition", period="2021-06")
    return won[won["awarding_level"] == "corridor_city"]["awarding_city"].nunique()


def is_(expected: float) -> Callable[[float], bool]:
    return lambda value: value == expected


def percent_of_base(world: World, measure: str) -> float:
    return round(float(world.measure(measure, END) / world.measure(measure, START) - 1) * 100, 1)


def strategic_share(world: World) -> Decimal:
    strategic = world.measure("strategic_output_value", END, "value_ytd")
    return strategic / world.measure("above_scale_output_value", END, "value_ytd") * 100


FIGURES: dict[str, tuple[Callable[[World], float], Callable[[float], bool]]] = {
    "F01": (newly_covered, lambda v: v >= 20),
    "F02": (uncovered, is_(0)),
    "F03": (lambda w: growth(w, "C02", "organisation_count"), is_(20)),
    "F04": (lambda w: growth(w, "C02", "member_count"), is_(27)),
    "F05": (carriers, is_(29)),
    "F06": (courses, is_(2)),
    "F07": (partners, is_(72)),
    "F08": (emergency_supply, is_(1.25)),
    "F09": (chain_amounts, lambda v: v > 500),
    "F10": (lambda w: len(w.form("integration_project", period=END)), lambda v: 900 <= v <= 1000),
    "F11": (lambda w: projects(w, "participating_member_count"), lambda v: v > 5000),
    "F12": (lambda w: projects(w, "patent_count"), lambda v: 2700 <= v <= 3000),
    "F13": (lambda w: relative_change(outcome(w, "每班产量")), is_(70)),
    "F14": (lambda w: outcome(w, "产线用工人数")["baseline_value"], is_(4)),
    "F15": (lambda w: outcome(w, "产线用工人数")["achieved_value"], is_(1)),
    "F16": (lambda w: w.form("integration_project", "C07", END)["replication_site_count"].sum(), is_(8)),
    "F17": (crystal_projects, lambda v: v >= 1),
    "F18": (national_tasks, lambda v: v >= 1),
    "F19": (events, lambda v: v >= 3),
    "F20": (lambda w: fastest_hours(w, "land_to_listing"), is_(12 * 24)),
    "F21": (lambda w: fastest_hours(w, "construction_permit"), is_(2 * 24)),
    "F22": (lambda w: fastest_hours(w, "land_certificate"), is_(4)),
    "F23": (lambda w: study(w, "session_count"), lambda v: v > 2000),
    "F24": (lambda w: study(w, "participation_count"), lambda v: v > 20_000),
    "F25": (lambda w: shares_of_new_members(w).min(), lambda v: v >= 0.3),
    "F26": (lambda w: round(shares_of_new_members(w)["310117501"] * 100), is_(90)),
    "F27": (coverage_of_key_fields, is_(100)),
    "F28": (lambda w: w.measure("above_scale_enterprise_count", END), is_(1526)),
    "F29": (lambda w: round(w.measure("above_scale_output_value", END, "value_ytd") / 10_000), is_(4355)),
    "F30": (lambda w: w.measure("above_scale_output_value", END, "rank_in_city"), is_(2)),
    "F31": (strategic_share, lambda v: 63 < v < 64),
    "F32": (lambda w: w.measure("high_tech_enterprise_count", END), is_(2306)),
    "F33": (lambda w: percent_of_base(w, "high_tech_enterprise_count"), is_(31.4)),
    "F34": (lambda w: 2306 / w.measure("high_tech_enterprise_count", "2015-12"), lambda v: v >= 4),
    "F35": (lambda w: w.measure("specialised_enterprise_count", END), is_(735)),
    "F36": (lambda w: w.measure("little_giant_count", END), is_(39)),
    "F37": (lambda w: average_growth(w, "fiscal_revenue"), is_(12.4)),
    "F38": (lambda w: average_growth(w, "gdp"), is_(10.5)),
    "F39": (lambda w: round(float(w.measure("fiscal_revenue", END, "value_ytd")) / 10_000, 1), is_(250.1)),
    "F40": (fiscal_streak, is_(72)),
    "F41": (lambda w: w.measure("listed_company_count", START, "rank_in_city"), is_(2)),
    "F42": (lambda w: w.measure("export_value", START, "rank_in_city"), is_(2)),
    "F43": (selection_rank, is_(1)),
    "F44": (brand_cities, is_(9)),
}  # fmt: skip


def test_all_published_figures_are_here(project: Project) -> None:
    assert project.figures is not None
    assert sorted(FIGURES) == sorted(figure.id for figure in project.figures.figures)


@pytest.mark.parametrize("figure", FIGURES)
def test_the_correct_returns_give_the_published_figure(figure: str, world: World) -> None:
    compute, holds = FIGURES[figure]
    value = compute(world)

    assert holds(value), value


def test_named_enterprises_are_the_fast_cases(world: World) -> None:
    register = world.form("cluster_enterprise", period=END).drop_duplicates("enterprise_uscc")
    names = register.set_index("enterprise_uscc")["enterprise_name"]
    cases = world.year("service_case")
    hours = (pd.to_datetime(cases["completed_at"]) - pd.to_datetime(cases["accepted_at"])) / pd.Timedelta(
        "1h"
    )
    fast = cases[hours.isin([4, 48, 288]) & cases["service_kind"].str.contains("land|permit")]

    found = dict(zip(fast["service_kind"], fast["enterprise_uscc"].map(names), strict=True))

    assert found == {
        "land_to_listing": "昊海生物",
        "construction_permit": "超硅半导体",
        "land_certificate": "恒大新能源汽车",
    }
