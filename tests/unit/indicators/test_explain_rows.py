"""Figures of a small real warehouse computed again from the cells that they cite: every kind, every mart, and a wrong cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from indicator_world import World as SmallWorld

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.arithmetic import compare, count_streak
from g60pipeline.indicators.explain import Subject
from g60pipeline.indicators.plan import Plan, build_plan
from g60pipeline.indicators.provenance import source_columns, trace_mart
from g60pipeline.indicators.world_views import inline_view
from g60pipeline.operations.prove import SHOWN, key_of, prove_values
from g60pipeline.operations.recompute import (
    Cited,
    FigureKey,
    World,
    compute_figure,
    prepare_units,
    read_cited,
    read_used,
    recount,
)

JIUTING, SIJING = "310117107", "310117102"
STATISTICS, FINANCE = "310117U03", "310117U04"
MONTH = "2021-02"
KINDS = {
    "cluster_member_count", "covered_enterprise_count", "key_enterprise_organisation_coverage", "member_growth",
    "outcome_relative_change", "fiscal_revenue_five_year_growth", "high_tech_enterprise_multiple",
    "fiscal_revenue_growth_months", "fiscal_revenue_nominal_growth_months", "service_duration_p90",
    "service_duration_fastest", "cluster_share_of_new_members", "patents_per_project",
}  # fmt: skip
MARTS = {
    "newly_covered_enterprise_count": "cluster_register",
    "ten_billion_cluster_count": "cluster_output",
    "inside_cluster_order_share": "chain_supply",
    "service_duration_median": "service_duration",
    "return_on_time_share": "return_status",
}


def enterprises(cluster: str, names: str) -> list[dict[str, Any]]:
    return [
        {"cluster_code": cluster, "enterprise_uscc": f"{cluster}{name}", "chain_role": "lead" if name == "a" else None,
         "is_key": True, "has_organisation": name != "b", "organisation_route": "lead_enterprise",
         "joined_on": date(2021, 1, 5), "output_wan_yuan_ytd": Decimal("600000.5")}
        for name in names
    ]  # fmt: skip


def forms_of(cluster: str, month: str, names: str) -> dict[str, list[dict[str, Any]]]:
    year, number = int(month[:4]), int(month[5:])
    order = {"cluster_code": cluster, "kind": "purchase_order", "receiver_uscc": f"{cluster}a"}
    return {
        "cluster_enterprise": enterprises(cluster, names),
        "cluster_organisation": [{
            "cluster_code": cluster, "member_count": 10 * year + number, "new_member_count": 3, "organisation_count": 4,
        }],
        "unit_summary": [{"new_member_count": 7, "member_count": 900}],
        "activity": [{"cluster_code": cluster, "category": "lecture", "session_count": 2, "participation_count": 31}],
        "service_case": [
            {"cluster_code": cluster, "case_no": str(days), "service_kind": "construction_permit",
             "enterprise_uscc": f"{cluster}a", "accepted_at": datetime(year, number, 1),
             "completed_at": datetime(year, number, 1 + days, 5, 20)}
            for days in (2, 4, 9)
        ],
        "chain_cooperation": [
            order | {"cooperation_no": "1", "supplier_uscc": f"{cluster}c", "amount_wan_yuan": Decimal("12.5")},
            order | {"cooperation_no": "2", "supplier_uscc": "stranger", "amount_wan_yuan": Decimal("7.25")},
        ],
        "integration_project": [
            {"cluster_code": cluster, "project_code": str(n), "patent_count": n, "outcome_metric": "每班产量",
             "baseline_value": Decimal(100), "achieved_value": Decimal(100 + n), "subject": None}
            for n in (3, 8)
        ],
    }  # fmt: skip


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def small(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, project: Project
) -> Iterator[SmallWorld]:
    """Two towns with every form, twice a year apart, and the bureaus' years. Read only."""
    if request.param == "duckdb":
        url = f"duckdb:///{tmp_path_factory.mktemp('small') / 'warehouse.duckdb'}"
    else:
        url = request.getfixturevalue("postgres_cluster").create_database()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        yield fill(SmallWorld(connection, project, request.param))
    engine.dispose()


def fill(world: SmallWorld) -> SmallWorld:
    for form in forms_of("C01", MONTH, "a"):
        world.owe(form, (JIUTING, SIJING), "2020-01", MONTH)
    world.owe("district_economy", (STATISTICS, FINANCE), "2015-01", MONTH)
    for month in ("2020-02", "2021-01", MONTH):
        world.submit(JIUTING, month, datetime(2021, 3, 2), **forms_of("C01", month, "abc"))
        world.submit(SIJING, month, datetime(2021, 3, 9), **forms_of("C08", month, "ac"))
    for at, month in enumerate(period_range(Period(2015, 1), Period(2021, 2))):
        row = {"measure_code": "fiscal_revenue", "value": 100 + at, "base_value": 90 + at, "value_ytd": 100 + at,
               "base_value_ytd": 90}  # fmt: skip
        if month.key == "2020-09":
            row["base_value"] = 10_000
        world.submit(FINANCE, month.key, district_economy=[row])
        high_tech = {"measure_code": "high_tech_enterprise_count", "value": 50 + at}
        world.submit(STATISTICS, month.key, district_economy=[high_tech])
    world.request(MONTH)
    return world


def explained(small: SmallWorld) -> World:
    return World(small.connection, small.project, small.dialect, small.boundaries)


def test_every_kind_and_mart_is_computed_again_from_its_cells(small: SmallWorld) -> None:
    indicators = [small.project.indicators[name] for name in sorted(KINDS | set(MARTS))]
    values = [row for indicator in indicators for row in small.rows(indicator, indicator.time[-1])]
    proofs = prove_values(explained(small), values)
    assert [proof for proof in proofs if not proof.is_equal] == []
    assert len(proofs) == sum(row["value"] is not None and row["status"] in SHOWN for row in values)
    with_rows = {proof.indicator_id for proof in proofs if proof.row_count and proof.stored}
    assert with_rows == KINDS | set(MARTS)
    assert {indicator.kind for indicator in indicators} == {i.kind for i in small.project.indicators.values()}
    read = {
        component.from_
        for i in small.project.indicators.values()
        for component in (i.numerator, i.denominator)
        if component
    }
    assert set(MARTS.values()) == read & set(small.project.marts)


def test_every_mart_can_be_followed(small: SmallWorld) -> None:
    views = explained(small).views
    for mart in small.project.marts.values():
        trace = trace_mart(inline_view(views, f"run_{mart.name}"), small.project.forms)
        assert {"reporting_unit_code", "period", "month_index"} <= set(trace.kept)
        assert set(mart.forms) == {source.name for source in trace.sources if source.is_form}
        count = small.connection.exec_driver_sql(
            f"SELECT COUNT(*) FROM ({trace.tree.sql(dialect=small.dialect)}) AS t"
        )
        rows = small.connection.exec_driver_sql(f"SELECT COUNT(*) FROM run_{mart.name}")
        assert count.scalar_one() >= rows.scalar_one()


def test_a_streak_counts_up_to_the_month_that_ended_it(small: SmallWorld) -> None:
    indicator = small.project.indicators["fiscal_revenue_growth_months"]
    (proof,) = prove_values(explained(small), small.rows(indicator, "month"))
    assert (proof.stored, proof.recomputed) == (5, 5)  # October to February


def cite(
    small: SmallWorld, name: str, key: FigureKey
) -> tuple[World, Plan, dict[str, tuple[Cited, ...]], float]:
    world, indicator = explained(small), small.project.indicators[name]
    time = indicator.time[-1]
    plan = build_plan(world.project, indicator, time)
    prepare_units(world, plan)
    subject = Subject(*key[1:])
    cited = {side.name: read_cited(world, plan, side, [key], subject) for side in plan.sides}
    stored = next(row for row in small.rows(indicator, time) if key_of(row) == key)
    return world, plan, cited, stored["value"]


def recomputed(
    world: World, plan: Plan, key: FigureKey, cited: dict[str, tuple[Cited, ...]]
) -> Decimal | None:
    used = read_used(world, plan, Subject(*key[1:]))
    counts = {side.name: recount(world, plan, side, [key], used, cited[side.name]) for side in plan.sides}
    return compute_figure(plan, key, counts)[0]


def spoil(cited: tuple[Cited, ...]) -> tuple[Cited, ...]:
    """Make the first cell that is measured, or decides, a wrong one."""
    wrong = next(
        part
        for part in cited
        if part.citation.source.name not in ("obligation", "in_force") and len(part.frame)
    )
    roles = wrong.citation.roles
    keys = wrong.citation.source.keys
    name = min(
        (name for name in roles if name not in keys),
        key=lambda name: ("measured", "condition", "group", "match").index(roles[name]),
    )
    # A percentile stands firm against most cells; the case that took longest moves it.
    last = wrong.frame.sort_values([name for name in ("sheet_row", "submission_id") if name in wrong.frame])
    frame = last[::-1].reset_index(drop=True).astype(object)
    value = frame[name].iloc[0]
    frame.loc[frame.index[0], name] = (
        value.replace(year=2031)
        if isinstance(value, datetime)
        else None
        if isinstance(value, str)
        else -value - 5_000
    )
    return tuple(replace(part, frame=frame) if part is wrong else part for part in cited)


@pytest.mark.parametrize("name", sorted((KINDS | set(MARTS)) - {
    "fiscal_revenue_growth_months", "fiscal_revenue_nominal_growth_months"}))  # fmt: skip
def test_a_wrong_cell_is_found_out(small: SmallWorld, name: str) -> None:
    indicator = small.project.indicators[name]
    parts = ("outcome_metric", "每班产量") if indicator.parts_only else ("", "")
    unit = ("unit", JIUTING) if "unit" in indicator.levels else ("district", "310117")
    key = FigureKey(MONTH, *unit, *parts)
    world, plan, cited, stored = cite(small, name, key)
    assert compare(stored, recomputed(world, plan, key, cited)) != "differs"
    cited["numerator"] = spoil(cited["numerator"])
    assert compare(stored, recomputed(world, plan, key, cited)) == "differs"


@pytest.mark.parametrize(
    "name", ["enterprise_count", "inside_cluster_order_share", "newly_covered_enterprise_count"]
)
def test_a_citation_that_one_figure_lacks_is_not_made_up_by_another(small: SmallWorld, name: str) -> None:
    """Of all figures at once exactly that one fails whose citation is taken away, though others cite the same row."""
    world, indicator = explained(small), small.project.indicators[name]
    stored = {key_of(row): row["value"] for row in small.rows(indicator, indicator.time[-1])}
    keys = [key for key, value in stored.items() if value is not None]
    plan = build_plan(world.project, indicator, indicator.time[-1])
    prepare_units(world, plan)
    used = read_used(world, plan)
    cited = {side.name: read_cited(world, plan, side, keys) for side in plan.sides}

    def failing() -> set[FigureKey]:
        counts = {side.name: recount(world, plan, side, keys, used, cited[side.name]) for side in plan.sides}
        return {
            key for key in keys if compare(stored[key], compute_figure(plan, key, counts)[0]) == "differs"
        }

    assert failing() == set()
    for key in keys:
        whole = cited["numerator"]
        of_key = [part for part in whole if (part.links["figure_id"] == keys.index(key)).any()]
        if not stored[key] or not of_key:
            continue
        (links, part) = (of_key[0].links, of_key[0])
        first = links.index[links["figure_id"] == keys.index(key)][0]
        assert (links["row_id"] == links["row_id"][first]).sum() > 1  # other figures cite the row
        less = replace(part, links=links.drop(index=first))
        cited["numerator"] = tuple(less if other is part else other for other in whole)
        assert failing() == {key}
        cited["numerator"] = whole


def test_of_all_figures_at_once_each_cites_what_it_cites_alone(small: SmallWorld) -> None:
    world = explained(small)
    for name in ("enterprise_count", "inside_cluster_order_share", "return_on_time_share"):
        indicator = small.project.indicators[name]
        plan = build_plan(world.project, indicator, indicator.time[-1])
        keys = [key_of(row) for row in small.rows(indicator, indicator.time[-1]) if row["value"] is not None]
        prepare_units(world, plan)
        for side in plan.sides:
            together = read_cited(world, plan, side, keys)
            for at, key in enumerate(keys):
                alone = read_cited(world, plan, side, [key], Subject(*key[1:]))
                assert [rows_of(part, 0) for part in alone] == [rows_of(part, at) for part in together]
                assert sum(len(part.frame) for part in alone) == sum(len(rows_of(part, 0)) for part in alone)


def rows_of(part: Cited, figure: int) -> list[tuple[Any, ...]]:
    """Keys of the rows that a figure cites, sorted."""
    rows = part.links.loc[part.links["figure_id"] == figure, "row_id"]
    return sorted(map(tuple, part.frame.loc[rows, list(part.citation.source.keys)].astype(str).to_numpy()))


def test_only_the_figures_own_rows_are_cited(small: SmallWorld) -> None:
    key = FigureKey(MONTH, "cluster", "C01", "chain_role", "lead")
    _, _, cited, stored = cite(small, "enterprise_count", key)
    (part,) = cited["numerator"]
    assert stored == 1
    assert [(row["enterprise_uscc"], row["sheet_row"]) for row in part.frame.to_dict("records")] == [
        ("C01a", 4)
    ]


def test_a_mart_is_followed_to_both_registers_and_the_order(small: SmallWorld) -> None:
    _, _, cited, _ = cite(small, "inside_cluster_order_share", FigureKey(MONTH, "cluster", "C01"))
    rows = Counter({part.citation.source.prefix: len(part.frame) for part in cited["numerator"]})
    assert sum(rows.values()) == 3 * 2  # order, receiver and supplier, of two months
    of_outsider = [part for part in cited["denominator"] if "_s_" in part.citation.source.prefix]
    assert len(of_outsider[0].frame) == 2  # the stranger stands in no register


def test_a_grouped_mart_cites_every_row_of_the_group(small: SmallWorld) -> None:
    _, _, cited, stored = cite(small, "ten_billion_cluster_count", FigureKey(MONTH, "unit", JIUTING))
    assert (stored, [len(part.frame) for part in cited["numerator"]]) == (1, [3])


def test_the_ledgers_own_entries_are_cited(small: SmallWorld) -> None:
    _, _, cited, stored = cite(small, "return_on_time_share", FigureKey(MONTH, "unit", JIUTING))
    assert stored == pytest.approx(0.5)  # February's came in time, January's not
    counts = {part.citation.source.name: len(part.frame) for part in cited["denominator"]}
    assert counts == {"obligation": 14, "in_force": 14, "submission": 2, "verdict": 2}


def test_a_subquery_inside_an_expression_is_refused() -> None:
    tree = sqlglot.parse_one(
        "SELECT a.x FROM was_activity AS a WHERE a.x IN (SELECT b.x FROM was_activity AS b)"
    )
    with pytest.raises(ContractError, match="subquery"):
        trace_mart(tree, {"activity"})


def test_both_branches_of_a_union_are_cited() -> None:
    tree = sqlglot.parse_one(
        "WITH u AS (SELECT a.x AS k, 1 AS n FROM was_activity AS a"
        " UNION ALL SELECT b.y, COUNT(*) FROM was_case AS b GROUP BY b.y)"
        " SELECT u.k, SUM(u.n) AS n FROM u GROUP BY u.k"
    )
    trace = trace_mart(tree, {"activity", "case"})
    assert (trace.kept, [source.name for source in trace.sources]) == (("k",), ["activity", "case"])
    assert isinstance(tree, sqlglot.exp.Select)
    assert source_columns(tree, ["n"]) == {"was_activity": {"x"}, "was_case": {"y"}}


def test_a_condition_on_an_aggregate_cites_more_and_never_less() -> None:
    tree = sqlglot.parse_one(
        "WITH c AS (SELECT a.unit, SUM(a.n) AS n FROM was_activity AS a GROUP BY a.unit HAVING SUM(a.n) > 3)"
        " SELECT c.unit, c.n * 2 AS twice FROM c WHERE c.n > 1 AND c.unit <> 'x'"
    )
    trace = trace_mart(tree, {"activity"})
    assert trace.kept == ("unit",)
    assert trace.tree.args["where"].sql() == "WHERE c.unit <> 'x'"
    assert [source.name for source in trace.sources] == ["activity"]
    assert isinstance(tree, sqlglot.exp.Select)
    assert source_columns(tree, ["twice"]) == {"was_activity": {"unit", "n"}}


def test_equality_is_to_the_last_bit_or_to_a_stated_tolerance(project: Project) -> None:
    assert compare(0.1, Decimal("0.1")) == "exactly"
    assert compare(1 / 3, Decimal(1) / 3 + Decimal("1e-14")) == "within_tolerance"
    assert compare(1.0, Decimal("1.00000000001")) == "differs"
    assert compare(None, Decimal(0)) == "differs"
    assert compare(None, None) == "exactly"


def test_a_streak_ends_at_a_month_below_or_at_one_without_a_value() -> None:
    assert count_streak({5: True, 4: True, 3: False}, 5) == (2, True)
    assert count_streak({5: True, 4: True}, 5) == (2, False)
    assert count_streak({5: False}, 5) == (0, True)
