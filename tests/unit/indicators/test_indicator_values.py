"""Figures computed by hand against figures that the statements compute on a real warehouse."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from indicator_world import World, define

from g60pipeline.contracts.periods import Period, period_range

JIUTING, SIJING, XINQIAO = "310117107", "310117102", "310117105"
HOSTS = (JIUTING, SIJING, XINQIAO)
CLUSTER_OF = {JIUTING: "C01", SIJING: "C08", XINQIAO: "C07"}
DISTRICT = "310117"
STATISTICS, FINANCE = "310117U03", "310117U04"

SHARE = define(
    kind="ratio", unit="ratio", time=["month", "year_to_date"], levels=["unit", "district"],
    numerator={"from": "cluster_organisation", "value": "SUM(new_member_count)"},
    denominator={"from": "unit_summary", "value": "SUM(new_member_count)"},
)  # fmt: skip
MEMBERS = define(
    numerator={"from": "cluster_organisation", "value": "SUM(member_count)"}, may_count_twice=True
)
ENTERPRISES = define(
    unit="enterprise", numerator={"from": "cluster_enterprise", "value": "COUNT(DISTINCT enterprise_uscc)"},
    dimensions=["chain_role"],
)  # fmt: skip
SESSIONS = define(
    unit="session", time=["month", "year_to_date"], threshold=0.3,
    numerator={"from": "activity", "value": "SUM(session_count)"},
)  # fmt: skip


def organisation(unit: str, new: int | None = 1, members: int | None = 100) -> list[dict[str, Any]]:
    return [{"cluster_code": CLUSTER_OF[unit], "new_member_count": new, "member_count": members}]


def share_world(world: World, last: str = "2021-12") -> None:
    for form in ("cluster_organisation", "unit_summary"):
        world.owe(form, HOSTS, "2021-01", last)


def submit_share(world: World, unit: str, period: str, new: int | None, total: int) -> None:
    world.submit(
        unit, period, cluster_organisation=organisation(unit, new), unit_summary=[{"new_member_count": total}]
    )


def test_a_ratio_is_sum_over_sum_and_not_a_mean_of_ratios(world: World) -> None:
    share_world(world)
    for unit, new, total in ((JIUTING, 9, 10), (SIJING, 10, 90), (XINQIAO, 1, 100)):
        submit_share(world, unit, "2021-01", new, total)
    world.request("2021-01")
    found = world.read(SHARE, "month")
    district = found["2021-01", "district", DISTRICT]
    assert district["value"] == pytest.approx(20 / 200)
    assert (district["numerator"], district["denominator"]) == (20, 200)
    assert (
        district["expected_unit_count"],
        district["reporting_unit_count"],
        district["coverage_ratio"],
    ) == (3, 3, 1)
    assert (district["status"], district["note"], district["time_basis"]) == ("published", None, "month")
    assert found["2021-01", "unit", JIUTING]["value"] == pytest.approx(0.9)


def test_a_missing_unit_is_left_out_of_both_sides_and_weighs_as_it_last_did(world: World) -> None:
    share_world(world)
    for unit, total in ((JIUTING, 60), (SIJING, 30), (XINQIAO, 10)):
        submit_share(world, unit, "2021-01", 5, total)
    submit_share(world, JIUTING, "2021-02", 6, 60)
    submit_share(world, SIJING, "2021-02", 3, 30)
    # one of the two forms does not do: Xinqiao's denominator without its numerator stays out
    world.submit(XINQIAO, "2021-02", unit_summary=[{"new_member_count": 1000}])
    world.request("2021-02")
    found = world.read(SHARE, "month")
    district = found["2021-02", "district", DISTRICT]
    assert (district["numerator"], district["denominator"]) == (9, 90)
    assert (district["expected_unit_count"], district["reporting_unit_count"]) == (3, 2)
    assert district["coverage_ratio"] == pytest.approx(90 / 100)
    missing = found["2021-02", "unit", XINQIAO]
    assert (missing["status"], missing["value"], missing["numerator"], missing["coverage_ratio"]) == (
        "missing",
        None,
        None,
        0,
    )


def test_below_its_threshold_by_count_or_by_weight_a_value_is_withheld(world: World) -> None:
    share_world(world)
    for unit, total in ((JIUTING, 90), (SIJING, 5), (XINQIAO, 5)):
        submit_share(world, unit, "2021-01", 1, total)
    submit_share(world, SIJING, "2021-02", 1, 5)
    submit_share(world, XINQIAO, "2021-02", 1, 5)
    submit_share(world, JIUTING, "2021-03", 1, 90)
    world.request("2021-02", "2021-03")
    found = world.read(SHARE, "month")
    by_weight = found["2021-02", "district", DISTRICT]
    assert (by_weight["reporting_unit_count"], by_weight["status"]) == (2, "withheld")
    assert by_weight["coverage_ratio"] == pytest.approx(0.1)
    by_count = found["2021-03", "district", DISTRICT]
    assert (by_count["coverage_ratio"], by_count["status"]) == (pytest.approx(0.9), "withheld")
    assert by_count["value"] is by_count["numerator"] is by_count["denominator"] is None
    assert found["2021-03", "unit", JIUTING]["status"] == "published"
    strict = define(**SHARE.model_dump(by_alias=True) | {"missing": "withhold", "threshold": 0})
    assert world.read(strict, "month")["2021-03", "district", DISTRICT]["status"] == "withheld"


def test_coverage_is_unknown_when_a_missing_unit_never_reported(world: World) -> None:
    share_world(world)
    submit_share(world, JIUTING, "2021-01", 1, 10)
    submit_share(world, SIJING, "2021-01", 1, 10)
    world.request("2021-01")
    district = world.read(SHARE, "month")["2021-01", "district", DISTRICT]
    assert (district["coverage_ratio"], district["status"]) == (None, "published")


def test_a_zero_denominator_gives_no_value(world: World) -> None:
    share_world(world)
    for unit in HOSTS:
        submit_share(world, unit, "2021-01", 0, 0)
    world.request("2021-01")
    district = world.read(SHARE, "month")["2021-01", "district", DISTRICT]
    assert (district["value"], district["status"], district["numerator"]) == (None, "no_value", 0)


def test_a_distinct_count_counts_an_enterprise_of_two_clusters_once(world: World) -> None:
    world.owe("cluster_enterprise", HOSTS[:2], "2021-01", "2021-01")
    row = {"cluster_code": "C01", "chain_role": "lead", "enterprise_uscc": "both"}
    world.submit(
        JIUTING, "2021-01", cluster_enterprise=[row, row | {"enterprise_uscc": "a", "chain_role": "upstream"}]
    )
    world.submit(SIJING, "2021-01", cluster_enterprise=[row | {"cluster_code": "C08", "chain_role": None}])
    world.request("2021-01")
    found = world.read(ENTERPRISES, "end")
    counts = {key[1:]: row["value"] for key, row in found.items()}
    assert counts["cluster", "C01"] == 2
    assert counts["cluster", "C08"] == 1
    assert counts["unit", SIJING] == 1
    assert counts["district", DISTRICT] == 2
    assert counts["district", DISTRICT, "chain_role", "lead"] == 1
    assert counts["district", DISTRICT, "chain_role", "not_reported"] == 1


def test_levels_agree_where_a_measure_adds_up(world: World) -> None:
    world.owe("cluster_organisation", HOSTS, "2021-01", "2021-01")
    for unit, members in zip(HOSTS, (100, 50, 7), strict=True):
        world.submit(unit, "2021-01", cluster_organisation=organisation(unit, members=members))
    world.request("2021-01")
    found = world.read(MEMBERS, "end")
    total = {
        level: sum(r["value"] for k, r in found.items() if k[1] == level)
        for level in ("cluster", "unit", "district")
    }
    assert total == {"cluster": 157, "unit": 157, "district": 157}
    assert {row["note"] for row in found.values()} == {"may_count_twice"}


def test_blank_and_zero_and_no_rows_are_three_things(world: World) -> None:
    for form in ("cluster_organisation", "activity", "cluster_enterprise"):
        world.owe(form, HOSTS, "2021-01", "2021-01")
    event = {"cluster_code": "C01", "session_count": None}
    world.submit(JIUTING, "2021-01", cluster_organisation=organisation(JIUTING, members=None), activity=[event],
                 cluster_enterprise=[])  # fmt: skip
    world.submit(
        SIJING,
        "2021-01",
        cluster_organisation=organisation(SIJING, members=0),
        activity=[],
        cluster_enterprise=[],
    )
    world.submit(XINQIAO, "2021-01", cluster_organisation=[], activity=[{"cluster_code": "C07", "session_count": 0}],
                 cluster_enterprise=[])  # fmt: skip
    world.request("2021-01")
    stock = {key[2]: (row["value"], row["status"]) for key, row in world.read(MEMBERS, "end").items()}
    assert stock["C01"] == (None, "no_value")  # blank
    assert stock["C08"] == (0, "published")  # zero
    assert stock["C07"] == (None, "no_value")  # the state of a cluster without a row is unknown
    events = {key[2]: (row["value"], row["status"]) for key, row in world.read(SESSIONS, "month").items()}
    assert events["C01"] == (None, "no_value")  # blank
    assert events["C08"] == (0, "published")  # nothing was reported, so nothing was held
    assert events["C07"] == (0, "published")
    assert world.read(ENTERPRISES, "end")["2021-01", "cluster", "C01"]["value"] == 0


def test_a_ratio_of_one_form_uses_rows_that_have_both_cells(world: World) -> None:
    world.owe("integration_project", [JIUTING], "2021-01", "2021-01")
    rows = [{"cluster_code": "C01", "project_code": str(n), "patent_count": n} for n in (4, 2, None)]
    world.submit(JIUTING, "2021-01", integration_project=rows)
    world.request("2021-01")
    both = world.read(world.project.indicators["patents_per_project"], "end")["2021-01", "district", DISTRICT]
    assert (both["numerator"], both["denominator"], both["value"]) == (6, 2, 3)


def test_a_blank_flag_is_neither_yes_nor_no(world: World) -> None:
    world.owe("cluster_enterprise", [JIUTING], "2021-01", "2021-01")
    rows = [{"cluster_code": "C01", "enterprise_uscc": n, "has_organisation": flag}
            for n, flag in (("a", True), ("b", False), ("c", None))]  # fmt: skip
    world.submit(JIUTING, "2021-01", cluster_enterprise=rows)
    world.request("2021-01")
    coverage = world.read(world.project.indicators["enterprise_organisation_coverage"], "end")[
        "2021-01", "district", DISTRICT
    ]
    assert (coverage["numerator"], coverage["denominator"]) == (1, 2)


def test_year_to_date_takes_only_units_with_every_month_since_january(world: World) -> None:
    world.owe("activity", HOSTS[:2], "2020-11", "2021-12")
    for period in ("2020-12", "2021-01", "2021-02", "2021-03"):
        world.submit(JIUTING, period, activity=[{"cluster_code": "C01", "session_count": 2}])
        if period != "2021-02":
            world.submit(SIJING, period, activity=[{"cluster_code": "C08", "session_count": 10}])
    world.request("2021-01", "2021-03")
    found = world.read(SESSIONS, "year_to_date")
    assert found["2021-01", "district", DISTRICT]["value"] == 12  # December is last year's
    march = found["2021-03", "district", DISTRICT]
    assert (march["value"], march["reporting_unit_count"]) == (6, 1)
    assert march["coverage_ratio"] == pytest.approx(6 / 16)  # Sijing last stood at 10, in January
    assert found["2021-03", "unit", SIJING]["status"] == "missing"
    assert world.read(SESSIONS, "month")["2021-03", "unit", SIJING]["value"] == 10


def test_growth_compares_the_same_units_and_needs_a_base(world: World) -> None:
    growth = define(
        **MEMBERS.model_dump(by_alias=True) | {"kind": "growth", "over_months": 12, "unit": "ratio"}
    )
    world.owe("cluster_organisation", HOSTS[:2], "2020-01", "2021-12")
    world.submit(JIUTING, "2020-06", cluster_organisation=organisation(JIUTING, members=100))
    world.submit(JIUTING, "2021-06", cluster_organisation=organisation(JIUTING, members=127))
    world.submit(SIJING, "2021-06", cluster_organisation=organisation(SIJING, members=1000))
    world.submit(JIUTING, "2020-07", cluster_organisation=organisation(JIUTING, members=0))
    world.submit(JIUTING, "2021-07", cluster_organisation=organisation(JIUTING, members=5))
    world.request("2021-06", "2021-07", "2020-06")
    found = world.read(growth, "end")
    district = found["2021-06", "district", DISTRICT]
    assert district["value"] == pytest.approx(0.27)
    assert (district["numerator"], district["denominator"], district["reporting_unit_count"]) == (127, 100, 1)
    assert found["2021-06", "cluster", "C08"]["status"] == "no_value"
    assert found["2021-07", "cluster", "C01"]["status"] == "no_value"  # a base of nothing
    assert found["2020-06", "district", DISTRICT]["status"] == "no_value"  # nothing was owed a year before


def economy(world: World, values: dict[str, tuple[float, float]], first: str = "2015-01") -> None:
    world.owe("district_economy", (STATISTICS, FINANCE), first, "2021-12")
    for period, (value, base) in values.items():
        row = {"measure_code": "fiscal_revenue", "value": value, "base_value": base, "value_ytd": value}
        world.submit(FINANCE, period, district_economy=[row])


def test_average_annual_growth_is_the_nth_root(world: World) -> None:
    economy(world, {"2015-12": (100, 90), "2020-12": (200, 180)})
    world.request("2020-12")
    row = world.read(world.project.indicators["fiscal_revenue_five_year_growth"], "end")[
        "2020-12", "district", DISTRICT
    ]
    assert row["value"] == pytest.approx(2 ** (1 / 5) - 1)
    # the Statistics Bureau is late; the Finance Bureau's figure stands all the same
    assert (row["expected_unit_count"], row["reporting_unit_count"], row["status"]) == (1, 1, "published")


def test_a_multiple_is_of_its_base_period(world: World) -> None:
    world.owe("district_economy", [STATISTICS], "2015-01", "2021-12")
    for period, value in (("2015-12", 50), ("2021-12", 200)):
        world.submit(
            STATISTICS,
            period,
            district_economy=[{"measure_code": "high_tech_enterprise_count", "value": value}],
        )
    world.request("2021-12")
    found = world.read(world.project.indicators["high_tech_enterprise_multiple"], "end")
    assert found["2021-12", "district", DISTRICT]["value"] == 4


def months(first: str, last: str, skip: str = "") -> dict[str, tuple[float, float]]:
    keys = [period.key for period in period_range(Period.parse(first), Period.parse(last))]
    return {key: (110, 100) for key in keys if key != skip}


def test_a_streak_ends_at_a_month_that_is_not_above(world: World) -> None:
    economy(world, months("2020-01", "2021-06") | {"2020-09": (100, 100), "2021-06": (90, 100)})
    world.request("2020-09", "2021-05", "2021-06")
    found = world.read(world.project.indicators["fiscal_revenue_growth_months"], "month")
    assert [(key[0], row["value"], row["status"]) for key, row in sorted(found.items())] == [
        ("2020-09", 0, "published"), ("2021-05", 8, "published"), ("2021-06", 0, "published"),
    ]  # fmt: skip


def test_a_missing_month_cuts_a_streak_to_at_least(world: World) -> None:
    economy(world, months("2020-01", "2021-06", skip="2020-12"))
    world.request("2020-12", "2021-06", "2020-06")
    found = world.read(world.project.indicators["fiscal_revenue_growth_months"], "month")
    assert found["2021-06", "district", DISTRICT]["value"] == 6
    assert found["2021-06", "district", DISTRICT]["status"] == "at_least"
    assert found["2020-12", "district", DISTRICT]["status"] == "missing"
    assert found["2020-06", "district", DISTRICT]["status"] == "at_least"  # nothing is known before


def test_a_nominal_streak_compares_with_itself_a_year_before(world: World) -> None:
    above = dict.fromkeys(months("2021-02", "2021-03"), (101, 999))
    economy(world, dict.fromkeys(months("2020-01", "2021-01"), (100, 999)) | above)
    world.request("2021-03")
    found = world.read(world.project.indicators["fiscal_revenue_nominal_growth_months"], "month")
    assert found["2021-03", "district", DISTRICT]["value"] == 2
    assert found["2021-03", "district", DISTRICT]["status"] == "published"


def test_parts_of_different_metrics_are_never_added(world: World) -> None:
    world.owe("integration_project", [XINQIAO], "2021-12", "2021-12")
    plain = {"cluster_code": "C07", "outcome_metric": "每班产量"}
    world.submit(XINQIAO, "2021-12", integration_project=[
        plain | {"project_code": "1", "baseline_value": 100, "achieved_value": 170},
        plain | {"project_code": "2", "baseline_value": 4, "achieved_value": 1, "outcome_metric": "产线用工人数"},
        plain | {"project_code": "3", "baseline_value": 50, "achieved_value": None},
    ])  # fmt: skip
    world.request("2021-12")
    found = world.read(world.project.indicators["outcome_relative_change"], "end")
    assert found["2021-12", "cluster", "C07", "outcome_metric", "每班产量"]["value"] == pytest.approx(0.7)
    assert all(len(key) == 5 for key in found)


def test_services_take_the_cases_own_hours(world: World) -> None:
    world.owe("service_case", [JIUTING], "2021-01", "2021-12")
    cases = [
        {"cluster_code": "C01", "case_no": str(days), "service_kind": "construction_permit",
         "accepted_at": datetime(2021, 1, 1), "completed_at": datetime(2021, 1, 1 + days)}
        for days in (2, 4, 9)
    ]  # fmt: skip
    world.submit(JIUTING, "2021-01", service_case=cases)
    world.request("2021-01")
    key = ("2021-01", "unit", JIUTING, "service_kind", "construction_permit")
    of = world.project.indicators
    assert world.read(of["service_duration_fastest"], "year_to_date")[key]["value"] == 48
    assert world.read(of["service_duration_median"], "month")[key]["value"] == 96
    assert world.read(of["service_duration_p90"], "year_to_date")[key]["value"] == pytest.approx(
        96 + 0.8 * 120
    )
    # 120 hours are promised for a permit
    assert world.read(of["service_within_promise_share"], "month")[key]["value"] == pytest.approx(2 / 3)


def test_supply_is_inside_only_from_the_same_clusters_register_of_the_month(world: World) -> None:
    for form in ("chain_cooperation", "cluster_enterprise"):
        world.owe(form, HOSTS[:2], "2021-01", "2021-12")
    order = {"cluster_code": "C01", "kind": "purchase_order", "amount_wan_yuan": 100, "receiver_uscc": "in"}
    world.submit(JIUTING, "2021-01", cluster_enterprise=[{"cluster_code": "C01", "enterprise_uscc": "in"}],
                 chain_cooperation=[order | {"supplier_uscc": "in"}, order | {"supplier_uscc": "neighbour"},
                                    order | {"supplier_uscc": "in", "amount_wan_yuan": None}])  # fmt: skip
    world.submit(SIJING, "2021-01", cluster_enterprise=[{"cluster_code": "C08", "enterprise_uscc": "neighbour"}],
                 chain_cooperation=[order | {"cluster_code": "C08", "supplier_uscc": "neighbour"}])  # fmt: skip
    world.request("2021-01")
    inside = world.read(world.project.indicators["order_value_inside_clusters"], "year_to_date")
    assert inside["2021-01", "cluster", "C01"]["value"] == 100
    share = world.read(world.project.indicators["inside_cluster_order_share"], "year_to_date")
    assert share["2021-01", "cluster", "C01"]["value"] == pytest.approx(0.5)
    # The supplier's unit reports what it supplied too; it is the receiver's report that counts.
    count = world.read(world.project.indicators["cooperation_count"], "month")
    assert count["2021-01", "district", DISTRICT]["value"] == 3


def test_newly_covered_means_joined_in_the_periods_year(world: World) -> None:
    world.owe("cluster_enterprise", [JIUTING], "2021-01", "2021-12")
    plain = {"cluster_code": "C01", "is_key": True, "has_organisation": True}
    world.submit(JIUTING, "2021-12", cluster_enterprise=[
        plain | {"enterprise_uscc": "new", "joined_on": date(2021, 3, 1)},
        plain | {"enterprise_uscc": "old", "joined_on": date(2020, 12, 31)},
        plain | {"enterprise_uscc": "bare", "joined_on": date(2021, 3, 1), "has_organisation": False},
    ])  # fmt: skip
    world.request("2021-12")
    found = world.read(world.project.indicators["newly_covered_key_enterprise_count"], "end")
    assert found["2021-12", "cluster", "C01"]["value"] == 1


def test_returns_are_judged_by_beijings_date_and_by_content(world: World) -> None:
    for form in ("cluster_organisation", "unit_summary"):
        world.owe(form, HOSTS, "2021-01", "2021-01")
    both: dict[str, Any] = {"cluster_organisation": [], "unit_summary": []}
    # due on 5 February; 16:30 UTC on the 5th is already the 6th in Beijing
    world.submit(JIUTING, "2021-01", datetime(2021, 2, 5, 15, 59), **both)
    world.submit(SIJING, "2021-01", datetime(2021, 2, 5, 16, 30), unit_summary=[])
    world.submit(XINQIAO, "2021-01", datetime(2021, 2, 1), status="returned", **both)
    world.request("2021-01")
    of = world.project.indicators
    values = {
        name: world.read(of[f"return_{name}_count"], "month")["2021-01", "district", DISTRICT]["value"]
        for name in ("expected", "received", "accepted", "returned", "on_time", "complete")
    }
    assert values == {"expected": 3, "received": 3, "accepted": 2, "returned": 1, "on_time": 1, "complete": 1}
    assert world.read(of["return_on_time_share"], "month")["2021-01", "unit", XINQIAO]["value"] == 0


def test_a_resubmission_replaces_the_whole_form(world: World) -> None:
    world.owe("cluster_enterprise", [JIUTING], "2021-01", "2021-01")
    rows = [{"cluster_code": "C01", "enterprise_uscc": name} for name in "ab"]
    world.submit(JIUTING, "2021-01", cluster_enterprise=rows)
    world.submit(JIUTING, "2021-01", cluster_enterprise=rows[:1])
    world.request("2021-01")
    assert world.read(ENTERPRISES, "end")["2021-01", "cluster", "C01"]["value"] == 1
