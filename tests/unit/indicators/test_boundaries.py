"""Units merge, split and are renamed, clusters move, districts add up: each figure on the boundaries it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from indicator_world import World, define

from g60pipeline.contracts.boundaries import ClusterHost, UnitLink
from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.project import Project

MakeWorld = Callable[[Project], World]
A, B, C = "310117102", "310117103", "310117105"
MONTH, AFTER = "2021-12", "2022-01"
MEMBERS = {"from": "unit_summary", "value": "SUM(member_count)"}
ENTERPRISES = {"from": "cluster_enterprise", "value": "COUNT(DISTINCT enterprise_uscc)"}


def link(from_unit: str, to_unit: str, weight: float = 1.0, kind: str = "merge") -> UnitLink:
    return UnitLink.model_validate(
        {
            "from_unit": from_unit,
            "to_unit": to_unit,
            "kind": kind,
            "valid_from": "2022-01-01",
            "weight": weight,
        }
    )


def changed(project: Project, **parts: Any) -> Project:
    return Project(**{**{name: getattr(project, name) for name in Project.model_fields}, **parts})


def values(world: World, boundaries: str, indicator: Any, *periods: str) -> dict[tuple[str, ...], Any]:
    world.boundaries = "as_was" if boundaries == "as_was" else "as_now"
    world.request(*periods)
    rows = world.rows(indicator, indicator.time[0])
    assert {row["boundaries"] for row in rows} == {boundaries}
    return {(row["period"], row["level"], row["subject_code"]): row for row in rows}


@pytest.fixture
def members() -> Any:
    return define(numerator=MEMBERS, levels=["unit", "district"])


def test_a_merged_units_rows_are_its_successors_on_todays_boundaries(
    project: Project, make_world: MakeWorld, members: Any
) -> None:
    world = make_world(changed(project, unit_links=(link(A, B),)))
    world.owe("unit_summary", [A, B, C], MONTH, MONTH)
    for unit, count in ((A, 10), (B, 20), (C, 40)):
        world.submit(unit, MONTH, unit_summary=[{"member_count": count}])
    was = values(world, "as_was", members, MONTH)
    now = values(world, "as_now", members, MONTH)
    assert {key[2]: row["value"] for key, row in was.items() if key[1] == "unit"} == {A: 10, B: 20, C: 40}
    assert {key[2]: row["value"] for key, row in now.items() if key[1] == "unit"} == {B: 30, C: 40}
    assert was[MONTH, "district", "310117"]["value"] == now[MONTH, "district", "310117"]["value"] == 70
    assert now[MONTH, "district", "310117"]["expected_unit_count"] == 2


def test_a_successor_has_reported_when_all_have_whose_rows_it_took(
    project: Project, make_world: MakeWorld, members: Any
) -> None:
    world = make_world(changed(project, unit_links=(link(A, B),)))
    world.owe("unit_summary", [A, B], MONTH, MONTH)
    world.submit(B, MONTH, unit_summary=[{"member_count": 20}])
    now = values(world, "as_now", members, MONTH)
    assert now[MONTH, "unit", B]["status"] == "missing"
    assert values(world, "as_was", members, MONTH)[MONTH, "unit", B]["value"] == 20


def test_a_split_shares_out_sums_but_not_what_is_no_sum(
    project: Project, make_world: MakeWorld, members: Any
) -> None:
    links = (link(A, B, 0.25, "split"), link(A, C, 0.75, "split"))
    world = make_world(changed(project, unit_links=links))
    world.owe("unit_summary", [A, B], MONTH, MONTH)
    world.owe("cluster_enterprise", [A, B], MONTH, MONTH)
    world.submit(
        A, MONTH, unit_summary=[{"member_count": 100}], cluster_enterprise=[{"enterprise_uscc": "E1"}]
    )
    world.submit(B, MONTH, unit_summary=[{"member_count": 8}], cluster_enterprise=[{"enterprise_uscc": "E2"}])
    now = values(world, "as_now", members, MONTH)
    assert {key[2]: row["value"] for key, row in now.items()} == {B: 33, C: 75, "310117": 108}
    distinct = values(world, "as_now", define(numerator=ENTERPRISES, levels=["unit", "district"]), MONTH)
    assert distinct[MONTH, "unit", B]["value"] is None
    assert distinct[MONTH, "unit", B]["status"] == "no_value"
    assert distinct[MONTH, "district", "310117"]["value"] == 2


def test_a_renamed_unit_grows_on_todays_boundaries_and_has_no_base_on_those_of_the_time(
    project: Project, make_world: MakeWorld
) -> None:
    world = make_world(changed(project, unit_links=(link(A, B, kind="rename"),)))
    world.owe("unit_summary", [A], MONTH, MONTH)
    world.owe("unit_summary", [B], AFTER, AFTER)
    world.submit(A, MONTH, unit_summary=[{"member_count": 100}])
    world.submit(B, AFTER, unit_summary=[{"member_count": 110}])
    growth = define(kind="growth", unit="ratio", over_months=1, numerator=MEMBERS, levels=["unit"])
    assert values(world, "as_was", growth, AFTER)[AFTER, "unit", B]["value"] is None
    assert values(world, "as_now", growth, AFTER)[AFTER, "unit", B]["value"] == pytest.approx(0.1)


def test_a_cluster_takes_its_rows_along_when_it_moves_and_leaves_the_others(
    project: Project, make_world: MakeWorld
) -> None:
    moved = ClusterHost(cluster_code="C07", host_unit=A, valid_to="2021-12-31")  # today: C
    world = make_world(changed(project, cluster_hosts=(moved,)))
    world.owe("cluster_enterprise", [A, C], MONTH, MONTH)
    rows = [
        {"enterprise_uscc": "E1", "cluster_code": "C07"},
        {"enterprise_uscc": "E2", "cluster_code": "C08"},
    ]
    world.submit(A, MONTH, cluster_enterprise=rows)
    world.submit(C, MONTH, cluster_enterprise=[])
    enterprises = define(numerator=ENTERPRISES, levels=["cluster", "unit"])
    was = {key[1:]: row["value"] for key, row in values(world, "as_was", enterprises, MONTH).items()}
    now = {key[1:]: row["value"] for key, row in values(world, "as_now", enterprises, MONTH).items()}
    assert (was["unit", A], was["unit", C]) == (2, 0)
    assert (now["unit", A], now["unit", C]) == (1, 1)
    assert was["cluster", "C07"] == now["cluster", "C07"] == 1


def test_districts_add_up_to_city_and_corridor(project: Project, make_world: MakeWorld) -> None:
    units = project.code_lists["units"]
    second = [
        Code(
            code=code,
            label_zh=code,
            label_en=code,
            attributes={"kind": kind, "parent": parent, "code_source": ""},
        )
        for code, kind, parent in (
            ("330400", "city", "G60"),
            ("330421", "district", "330400"),
            ("330421101", "town", "330421"),
            ("330421102", "town", "330421"),
        )
    ]
    lists = {**project.code_lists, "units": CodeList(name="units", codes=(*units.codes, *second))}
    world = make_world(changed(project, code_lists=lists))
    world.owe("unit_summary", [A, B, "330421101", "330421102"], MONTH, MONTH)
    for unit, of, all_ in ((A, 1, 10), (B, 2, 10), ("330421101", 30, 40)):
        world.submit(unit, MONTH, unit_summary=[{"new_member_count": of, "member_count": all_}])
    share = define(
        kind="ratio", unit="ratio", levels=["unit", "district"],
        numerator={"from": "unit_summary", "value": "SUM(organisation_count)"}, denominator=MEMBERS,
    )  # fmt: skip
    assert {level for _, level, _ in values(world, "as_was", share, MONTH)} == {
        "unit",
        "district",
        "city",
        "corridor",
    }
    found = values(world, "as_was", define(numerator=MEMBERS, levels=["district"], threshold=0.4), MONTH)
    by_area = {
        key[1:]: (row["value"], row["reporting_unit_count"], row["expected_unit_count"])
        for key, row in found.items()
    }
    assert by_area == {
        ("district", "310117"): (20, 2, 2),
        ("district", "330421"): (40, 1, 2),
        ("city", "310100"): (20, 2, 2),
        ("city", "330400"): (40, 1, 2),
        ("corridor", "G60"): (60, 3, 4),
    }


def test_one_district_has_nothing_above_it(project: Project, make_world: MakeWorld, members: Any) -> None:
    world = make_world(project)
    world.owe("unit_summary", [A], MONTH, MONTH)
    world.submit(A, MONTH, unit_summary=[{"member_count": 1}])
    assert {key[1] for key in values(world, "as_was", members, MONTH)} == {"unit", "district"}
