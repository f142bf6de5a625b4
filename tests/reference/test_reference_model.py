"""The reference model against figures computed by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from figures import Figure, Key
from known import Overlays, State, Submission, Verdict, in_force, state_of
from model import figures_of
from plain_sql import aggregate_of, columns_of, evaluate, holds, parse, percentile, total
from steps import changed
from today import as_now

from g60pipeline.contracts.boundaries import ClusterHost, UnitLink
from g60pipeline.contracts.codelists import Obligation
from g60pipeline.contracts.corrections import Correction
from g60pipeline.contracts.indicators import Component, Indicator
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

JIUTING, SIJING, XINQIAO = "310117107", "310117102", "310117105"
CLUSTER = {JIUTING: "C01", SIJING: "C08", XINQIAO: "C07"}
DISTRICT = "310117"
FINANCE = "310117U04"
CAME = datetime(2021, 2, 1)
Rows = list[dict[str, Any]]


class World:
    """Accepted returns by hand."""

    def __init__(self, project: Project) -> None:
        self.project = changed(project, obligations=(), unit_links=(), cluster_hosts=())
        self.submissions: list[Submission] = []
        self.verdicts: list[Verdict] = []
        self.overlays = Overlays()

    def owe(self, forms: list[str], units: list[str], first: str = "2021-01", last: str = "") -> None:
        duties = [
            Obligation(
                unit_code=unit,
                form=form,
                valid_from=first,
                valid_to=last,
                due_day=5,
                grace_days=3,
                lock_day=20,
            )
            for unit in units
            for form in forms
        ]
        self.project = changed(self.project, obligations=(*self.project.obligations, *duties))

    def submit(
        self, unit: str, period: str, status: str = "accepted", came: datetime = CAME, **forms: Rows
    ) -> int:
        number = len(self.submissions) + 1
        filled = {form: tuple(self._filled(form, row) for row in rows) for form, rows in forms.items()}
        self.submissions.append(Submission(number, unit, period, came, "received", filled))
        self.judge(number, status)
        return number

    def _filled(self, form: str, row: dict[str, Any]) -> dict[str, Any]:
        return dict.fromkeys(self.project.forms[form].field_by_name) | row

    def judge(self, number: int, status: str) -> None:
        self.verdicts.append(Verdict(len(self.verdicts) + 1, number, status))
        self.overlays.sync(self.project.corrections, in_force(self.submissions, self.verdicts))

    def state(self) -> State:
        return state_of(self.project, self.submissions, self.verdicts, self.overlays)

    def figures(self, names: str | Indicator, *periods: str, now: bool = False) -> dict[Key, Figure]:
        indicator = self.project.indicators[names] if isinstance(names, str) else names
        state = as_now(self.state()) if now else self.state()
        return figures_of(state, [indicator], [Period.parse(period) for period in periods])

    def one(
        self, name: str, period: str, subject: str = DISTRICT, time: str = "end", now: bool = False
    ) -> Figure:
        found = {
            key: figure
            for key, figure in self.figures(name, period, now=now).items()
            if (key.subject_code, key.time_basis, key.dimension_code) == (subject, time, "")
        }
        assert len(found) == 1, found
        return next(iter(found.values()))


@pytest.fixture
def world(project: Project) -> World:
    return World(project)


def organisation(unit: str, members: int | None, new: int | None = 1) -> Rows:
    return [{"cluster_code": CLUSTER[unit], "member_count": members, "new_member_count": new}]


# -- fragments ---------------------------------------------------------------------------------------------------------


def _components(project: Project) -> list[Component]:
    both = [(i.numerator, i.denominator) for i in project.indicators.values()]
    return [component for pair in both for component in pair if component is not None]


def test_every_fragment_of_the_definitions_has_a_meaning_here(project: Project) -> None:
    for component in _components(project):
        blank = dict.fromkeys(columns_of(component.value) | columns_of(component.where))
        aggregate = aggregate_of(component.value)
        if aggregate.of is not None:
            assert evaluate(aggregate.of, blank) is None
        assert holds(component.where, blank) in (True, None, False)


def test_unknown_is_neither_true_nor_false() -> None:
    row = {"a": True, "b": None, "n": Fraction(3)}
    assert holds("a AND b", row) is None
    assert holds("NOT a AND b", row) is False
    assert holds("b IS NULL AND n >= 3", row) is True
    assert holds("b IN ('x')", row) is None
    assert evaluate(parse("n - 1"), row) == 2
    assert evaluate(parse("n - b"), row) is None


def test_a_percentile_lies_between_two_values() -> None:
    assert percentile([Fraction(48), Fraction(216), Fraction(96)], Fraction(9, 10)) == 192


def test_blank_zero_and_nothing_are_three_things() -> None:
    def row(n: int, value: int | None) -> dict[str, Any]:
        return {"x": None if value is None else Fraction(value), "unit_weight": Fraction(1), "row_id": n}

    sums = aggregate_of("SUM(x)")
    assert total(sums, [], of_events=True) == 0
    assert total(sums, [], of_events=False) is None
    assert total(sums, [row(1, None)], of_events=True) is None
    assert total(sums, [row(1, None), row(2, 0)], of_events=False) == 0
    assert (
        total(aggregate_of("COUNT(DISTINCT x)"), [row(1, 5), row(2, 5), row(3, None)], of_events=False) == 1
    )


# -- figures -----------------------------------------------------------------------------------------------------------


def test_a_ratio_is_sum_over_sum_with_coverage_by_the_last_denominator(world: World) -> None:
    world.owe(["cluster_organisation", "unit_summary"], [JIUTING, SIJING, XINQIAO])
    for unit, new, members in ((JIUTING, 9, 60), (SIJING, 10, 30), (XINQIAO, 1, 10)):
        rows = organisation(unit, 5, new)
        world.submit(unit, "2021-01", cluster_organisation=rows, unit_summary=[{"new_member_count": members}])
    for unit, new, members in ((JIUTING, 6, 60), (SIJING, 3, 30)):
        rows = organisation(unit, 5, new)
        world.submit(unit, "2021-02", cluster_organisation=rows, unit_summary=[{"new_member_count": members}])
    january = world.one("cluster_share_of_new_members", "2021-01", time="month")
    assert (january.value, january.coverage_ratio, january.status) == (0.2, 1.0, "published")
    february = world.one("cluster_share_of_new_members", "2021-02", time="month")
    # two of three is less than the 0.8 that it needs, though they weigh 0.9
    assert (february.value, february.coverage_ratio, february.status) == (None, 0.9, "withheld")
    assert (february.expected_unit_count, february.reporting_unit_count) == (3, 2)
    assert world.one("cluster_share_of_new_members", "2021-02", XINQIAO, "month").status == "missing"


def test_year_to_date_needs_every_month_that_is_owed(world: World) -> None:
    world.owe(["activity"], [JIUTING])
    world.owe(["activity"], [SIJING], first="2021-02")
    for unit, month, sessions in ((JIUTING, 1, 3), (JIUTING, 2, 4), (SIJING, 2, 5)):
        row = {"cluster_code": CLUSTER[unit], "category": "lecture", "session_count": sessions}
        world.submit(unit, f"2021-0{month}", activity=[row])
    assert world.one("activity_session_count", "2021-02", time="year_to_date").value == 12
    world.judge(1, "returned")
    assert world.one("activity_session_count", "2021-02", JIUTING, "year_to_date").status == "missing"
    assert world.one("activity_session_count", "2021-02", JIUTING, "month").value == 4


def test_growth_needs_its_base(world: World) -> None:
    world.owe(["cluster_organisation"], [JIUTING, SIJING], first="2020-01")
    world.submit(JIUTING, "2020-06", cluster_organisation=organisation(JIUTING, 100))
    world.submit(JIUTING, "2021-06", cluster_organisation=organisation(JIUTING, 127))
    world.submit(SIJING, "2021-06", cluster_organisation=organisation(SIJING, 50))
    grown = world.one("member_growth", "2021-06", JIUTING)
    assert (grown.value, grown.numerator, grown.denominator) == (pytest.approx(0.27), 127, 100)
    assert world.one("member_growth", "2021-06", "C08").status == "no_value"
    assert world.one("member_growth", "2021-06").status == "withheld"


def fiscal(world: World, period: str, value: int | None, base: int) -> None:
    row = {"measure_code": "fiscal_revenue", "value": value, "base_value": base, "value_ytd": value}
    world.submit(FINANCE, period, district_economy=[row])


def test_a_streak_is_cut_by_a_missing_month_and_ended_by_a_month_that_is_not_above(world: World) -> None:
    world.owe(["district_economy"], [FINANCE])
    for month, value in ((1, 9), (2, 11), (3, 12), (5, 11), (6, 11)):
        fiscal(world, f"2021-{month:02d}", value, 10)
    march = world.one("fiscal_revenue_growth_months", "2021-03", time="month")
    assert (march.value, march.status) == (2, "published")
    june = world.one("fiscal_revenue_growth_months", "2021-06", time="month")
    assert (june.value, june.status) == (2, "at_least")
    assert world.one("fiscal_revenue_growth_months", "2021-01", time="month").value == 0
    assert world.one("fiscal_revenue_growth_months", "2021-04", time="month").status == "missing"


def test_average_annual_growth_is_a_root_and_only_the_named_bureau_is_expected(world: World) -> None:
    world.owe(["district_economy"], [FINANCE, "310117U03"], first="2015-01")
    fiscal(world, "2015-12", 100, 90)
    fiscal(world, "2020-12", 200, 180)
    row = world.one("fiscal_revenue_five_year_growth", "2020-12")
    assert row.value == pytest.approx(2 ** (1 / 5) - 1)
    assert (row.expected_unit_count, row.reporting_unit_count) == (1, 1)


def test_an_enterprise_of_two_clusters_counts_once_and_a_blank_code_is_a_part(world: World) -> None:
    world.owe(["cluster_enterprise"], [JIUTING, SIJING])
    row = {"enterprise_uscc": "both", "chain_role": "lead", "has_organisation": True}
    alone = {"enterprise_uscc": "one", "has_organisation": None}
    world.submit(
        JIUTING,
        "2021-01",
        cluster_enterprise=[row | {"cluster_code": "C01"}, alone | {"cluster_code": "C01"}],
    )
    world.submit(SIJING, "2021-01", cluster_enterprise=[row | {"cluster_code": "C08"}])
    assert world.one("enterprise_count", "2021-01").value == 2
    parts = {k.dimension_code: f.value for k, f in world.figures("enterprise_count", "2021-01").items()
             if k.level == "district" and k.dimension == "chain_role"}  # fmt: skip
    assert parts == {"lead": 1, "not_reported": 1}
    # a blank flag is neither yes nor no: that row is on neither side
    share = world.one("enterprise_organisation_coverage", "2021-01")
    assert (share.numerator, share.denominator) == (1, 1)


def test_metrics_are_never_added(world: World) -> None:
    world.owe(["integration_project"], [XINQIAO])
    plain = {"cluster_code": "C07", "project_code": "1", "outcome_metric": "每班产量"}
    world.submit(XINQIAO, "2021-01", integration_project=[
        plain | {"baseline_value": Decimal(100), "achieved_value": Decimal(170)},
        plain | {"baseline_value": Decimal(50)},
        plain | {"outcome_metric": None, "baseline_value": Decimal(1), "achieved_value": Decimal(9)},
    ])  # fmt: skip
    found = world.figures("outcome_relative_change", "2021-01")
    assert {key.dimension_code for key in found} == {"每班产量"}
    assert all(figure.value == pytest.approx(0.7) for figure in found.values())


def test_marts(world: World) -> None:
    world.owe(["service_case", "chain_cooperation", "cluster_enterprise"], [JIUTING])
    case = {"cluster_code": "C01", "service_kind": "construction_permit", "enterprise_uscc": "in",
            "accepted_at": datetime(2021, 1, 1), "completed_at": datetime(2021, 1, 6, 0, 30)}  # fmt: skip
    order = {
        "cluster_code": "C01",
        "kind": "purchase_order",
        "amount_wan_yuan": Decimal(100),
        "receiver_uscc": "in",
    }
    enterprise = {
        "cluster_code": "C01",
        "enterprise_uscc": "in",
        "has_organisation": True,
        "joined_on": date(2021, 1, 9),
    }
    world.submit(
        JIUTING, "2021-01", "accepted", datetime(2021, 2, 5, 16, 30),
        service_case=[case, case | {"completed_at": datetime(2021, 1, 3)}],
        chain_cooperation=[order | {"supplier_uscc": "in"}, order | {"supplier_uscc": "out"}, order | {"receiver_uscc": "out"}],
        cluster_enterprise=[enterprise, enterprise | {"enterprise_uscc": "old", "joined_on": date(2020, 12, 31)}],
    )  # fmt: skip
    assert world.one("service_duration_median", "2021-01", time="month").value == pytest.approx(
        (48 + 120.5) / 2
    )
    assert world.one("service_within_promise_share", "2021-01", time="month").value == 0.5
    assert world.one("cooperation_count", "2021-01", time="month").value == 2
    assert world.one("inside_cluster_order_share", "2021-01", time="year_to_date").value == 0.5
    assert world.one("newly_covered_enterprise_count", "2021-01").value == 1
    # 16:30 UTC of the due day is past midnight in Beijing
    assert world.one("return_on_time_count", "2021-01", time="month").value == 0
    assert world.one("return_complete_count", "2021-01", time="month").value == 1


# -- what is in force --------------------------------------------------------------------------------------------------


def test_the_latest_accepted_return_replaces_the_whole_form(world: World) -> None:
    world.owe(["activity"], [JIUTING])
    row = {"cluster_code": "C01", "category": "lecture", "session_count": 1}
    world.submit(JIUTING, "2021-01", activity=[row, row, row])
    again = world.submit(JIUTING, "2021-01", activity=[row])
    world.submit(JIUTING, "2021-01", "awaiting_explanation", activity=[])
    assert world.one("activity_session_count", "2021-01", time="month").value == 1
    world.judge(again, "returned")
    assert world.one("activity_session_count", "2021-01", time="month").value == 3


def correction(name: str, expected: int | None, value: int) -> Correction:
    return Correction.model_validate(
        {
            "id": name, "unit": JIUTING, "period": "2021-01", "form": "cluster_organisation",
            "match": {"cluster_code": "C01"}, "decided_by": "office", "decided_on": date(2021, 3, 1),
            "action": {"kind": "set", "field": "member_count", "expected": expected, "value": value},
            "reason": {"zh": "核实", "en": "checked"}, "status": "active",
        }
    )  # fmt: skip


def test_a_correction_applies_where_the_old_value_is_the_expected_one(world: World) -> None:
    world.owe(["cluster_organisation"], [JIUTING])
    world.project = changed(world.project, corrections=(correction("a", 10, 12), correction("b", 10, 99)))
    world.submit(JIUTING, "2021-01", cluster_organisation=organisation(JIUTING, 10))
    assert world.one("cluster_member_count", "2021-01").value == 12  # the second finds the cell taken
    world.submit(JIUTING, "2021-01", cluster_organisation=organisation(JIUTING, 11))
    assert world.one("cluster_member_count", "2021-01").value == 11  # mended by the unit
    world.project = changed(world.project, corrections=())
    world.judge(2, "returned")
    assert world.one("cluster_member_count", "2021-01").value == 10  # retired


# -- today's boundaries ------------------------------------------------------------------------------------------------


def test_a_split_divides_what_adds_up_and_nothing_else(world: World) -> None:
    world.owe(["recognition"], [JIUTING], last="2021-01")
    links = [UnitLink(from_unit=JIUTING, to_unit=to, kind="split", valid_from="2021-02-01", weight=weight)
             for to, weight in ((SIJING, 0.25), (XINQIAO, 0.75))]  # fmt: skip
    world.project = changed(world.project, unit_links=tuple(links))
    rows = [{"awarding_level": "national", "rank": rank} for rank in (3, 5)]
    world.submit(JIUTING, "2021-01", recognition=rows)
    assert world.one("recognition_count", "2021-01", SIJING, "month", now=True).value == 0.5
    assert world.one("recognition_count", "2021-01", XINQIAO, "month", now=True).value == 1.5
    assert world.one("recognition_count", "2021-01", time="month", now=True).value == 2
    assert world.one("best_national_rank", "2021-01", SIJING, "year_to_date", now=True).status == "no_value"
    assert world.one("best_national_rank", "2021-01", time="year_to_date", now=True).value == 3
    assert world.one("recognition_count", "2021-01", JIUTING, "month").value == 2


def test_rows_of_a_cluster_follow_its_present_host_once_all_before_it_have_reported(world: World) -> None:
    world.owe(["cluster_organisation"], [JIUTING, SIJING])
    former = ClusterHost(cluster_code="C08", host_unit=JIUTING, valid_to="2021-01-31")
    world.project = changed(world.project, cluster_hosts=(former,))
    world.submit(SIJING, "2021-01", cluster_organisation=[])
    assert world.one("cluster_member_count", "2021-01", SIJING, now=True).status == "missing"
    rows = [*organisation(JIUTING, 100), {"cluster_code": "C08", "member_count": 7}]
    world.submit(JIUTING, "2021-01", cluster_organisation=rows)
    assert world.one("cluster_member_count", "2021-01", JIUTING).value == 107
    assert world.one("cluster_member_count", "2021-01", JIUTING, now=True).value == 100
    assert world.one("cluster_member_count", "2021-01", SIJING, now=True).value == 7
    assert world.one("cluster_member_count", "2021-01", "C08", now=True).value == 7
