"""Figures explained in other worlds than today's: on today's boundaries, above the district, as of an instant, with a
correction laid over, in a release. On both engines, from values that were computed and stored as production does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from indicator_world import World
from test_boundaries import changed, link

from g60pipeline.contracts.boundaries import ClusterHost
from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.corrections import Correction
from g60pipeline.contracts.project import Project
from g60pipeline.operations.compute import update_indicators
from g60pipeline.operations.corrections import apply_corrections
from g60pipeline.operations.explain import explain, explain_all
from g60pipeline.operations.explain_world import Asked
from g60pipeline.reports.explain_data import CitedRow, ExplainedSide, Explanation
from g60pipeline.warehouse.engine import Warehouse

MakeWorld = Callable[[Project], World]
A, B, C = "310117102", "310117103", "310117105"
MONTH = "2021-12"
BEFORE = datetime(2022, 1, 1)
MEMBERS = "cluster_member_count"
SITES = "replication_site_count"
ORDERS = "inside_cluster_order_share"


@pytest.fixture
def make_world(make_world: MakeWorld) -> Iterator[MakeWorld]:
    """The warehouse of a world lets go of its connections, or its database could not be dropped."""
    made: list[World] = []

    def make(project: Project) -> World:
        made.append(make_world(project))
        return made[-1]

    yield make
    for world in made:
        world.connection.close()
        world.warehouse.close()


def compute(world: World, *themes: str) -> Warehouse:
    """Commit what was entered and compute as a run does."""
    world.connection.commit()
    update_indicators(world.warehouse, [MONTH], themes)
    return world.warehouse


def rows_of(side: ExplainedSide) -> list[CitedRow]:
    return [row for unit in side.units for form in unit.forms for file in form.files for row in file.rows]


def members(world: World, unit: str, *counts: int, at: datetime = BEFORE) -> None:
    rows = [{"cluster_code": f"C0{n}", "member_count": count, "raw_text": {"member_count": str(count)}}
            for n, count in enumerate(counts, start=7)]  # fmt: skip
    world.submit(unit, MONTH, at, cluster_organisation=rows)


def explain_unit(warehouse: Warehouse, indicator: str, unit: str, **more: Any) -> Explanation:
    found = explain(warehouse, Asked(indicator, MONTH, "unit", unit, **more))
    assert (found.equality, found.disagreeing) == ("exactly", 0)
    return found


def test_a_split_units_rows_count_by_the_weight_that_is_shown(
    project: Project, make_world: MakeWorld
) -> None:
    links = (link(A, B, 0.25, "split"), link(A, C, 0.75, "split"))
    world = make_world(changed(project, unit_links=links))
    world.owe("cluster_organisation", [A, B], MONTH, MONTH)
    members(world, A, 100)
    members(world, B, 8)
    warehouse = compute(world, "membership")

    of_b = explain_unit(warehouse, MEMBERS, B, boundaries="as_now")
    assert (of_b.stored["value"], of_b.recomputed) == (33, 33)
    assert sorted((row.weight, row.cells[0].value) for row in rows_of(of_b.sides[0])) == [
        (0.25, "100"),
        (1, "8"),
    ]
    of_c = explain_unit(warehouse, MEMBERS, C, boundaries="as_now")
    assert [row.weight for row in rows_of(of_c.sides[0])] == [0.75]
    assert explain_unit(warehouse, MEMBERS, B).recomputed == 8
    proofs = explain_all(warehouse, MONTH, "as_now")
    assert {proof.equality for proof in proofs} == {"exactly"}


def test_a_split_units_rows_carry_their_weight_through_a_mart(
    project: Project, make_world: MakeWorld
) -> None:
    links = (link(A, B, 0.25, "split"), link(A, C, 0.75, "split"))
    world = make_world(changed(project, unit_links=links))
    world.owe("chain_cooperation", [A], "2021-01", MONTH)
    world.owe("cluster_enterprise", [A], "2021-01", MONTH)
    order = {"cluster_code": "C07", "kind": "purchase_order", "receiver_uscc": "E1"}
    register = [{"cluster_code": "C07", "enterprise_uscc": name} for name in ("E1", "E2")]
    inside = order | {"cooperation_no": "1", "supplier_uscc": "E2", "amount_wan_yuan": Decimal(12)}
    outside = order | {"cooperation_no": "2", "supplier_uscc": "X", "amount_wan_yuan": Decimal(4)}
    for month in range(1, 13):
        world.submit(A, f"2021-{month:02}", cluster_enterprise=register, chain_cooperation=[inside, outside])
    warehouse = compute(world, "cooperation")

    found = explain(warehouse, Asked(ORDERS, MONTH, "unit", C, boundaries="as_now"))
    assert (found.equality, found.recomputed) == ("exactly", 0.75)
    assert [side.recomputed for side in found.sides] == [0.75 * 144, 0.75 * 192]
    assert {row.weight for side in found.sides for row in rows_of(side)} == {0.75}
    whole = explain(warehouse, Asked(ORDERS, MONTH, "district", "310117", boundaries="as_now"))
    assert [side.recomputed for side in whole.sides] == [144, 192]
    assert {row.weight for side in whole.sides for row in rows_of(side)} == {1}
    assert all(proof.is_equal for proof in explain_all(warehouse, MONTH, "as_now"))


def test_a_cluster_that_moved_is_explained_by_the_rows_it_took_along(
    project: Project, make_world: MakeWorld
) -> None:
    moved = ClusterHost(cluster_code="C07", host_unit=A, valid_to="2021-12-31")  # today: C
    world = make_world(changed(project, cluster_hosts=(moved,)))
    world.owe("cluster_organisation", [A, C], MONTH, MONTH)
    members(world, A, 5, 3)
    members(world, C)
    warehouse = compute(world, "membership")
    assert explain_unit(warehouse, MEMBERS, A).recomputed == 8
    assert explain_unit(warehouse, MEMBERS, A, boundaries="as_now").recomputed == 3
    of_c = explain_unit(warehouse, MEMBERS, C, boundaries="as_now")
    assert (of_c.recomputed, len(rows_of(of_c.sides[0]))) == (5, 1)


def test_city_and_corridor_are_explained_by_the_rows_of_their_units(
    project: Project, make_world: MakeWorld
) -> None:
    units = project.code_lists["units"]
    more = [
        Code(code=code, label_zh=code, label_en=code, attributes={"kind": kind, "parent": parent, "code_source": ""})
        for code, kind, parent in (
            ("330400", "city", "G60"), ("330421", "district", "330400"), ("330421101", "town", "330421")
        )
    ]  # fmt: skip
    lists = {**project.code_lists, "units": CodeList(name="units", codes=(*units.codes, *more))}
    world = make_world(changed(project, code_lists=lists, definitions_version="two districts"))
    world.owe("cluster_organisation", [A, B, "330421101"], MONTH, MONTH)
    for unit, count in ((A, 3), (B, 4), ("330421101", 50)):
        members(world, unit, count)
    warehouse = compute(world, "membership")
    found = {
        level: explain(warehouse, Asked(MEMBERS, MONTH, level, code))
        for level, code in (("district", "310117"), ("city", "330400"), ("corridor", "G60"))
    }
    assert {level: one.recomputed for level, one in found.items()} == {
        "district": 7,
        "city": 50,
        "corridor": 57,
    }
    assert {one.equality for one in found.values()} == {"exactly"}
    assert [len(one.standings) for one in found.values()] == [2, 1, 3]
    assert {unit.unit_code for unit in found["corridor"].sides[0].units} == {A, B, "330421101"}
    assert all(proof.is_equal for proof in explain_all(warehouse, MONTH))


def test_as_of_an_instant_the_cells_of_the_time_are_shown(project: Project, make_world: MakeWorld) -> None:
    world = make_world(project)
    world.owe("cluster_organisation", [A], MONTH, MONTH)
    members(world, A, 5)
    warehouse = compute(world, "membership")
    between = datetime.now(UTC).replace(tzinfo=None)
    members(world, A, 9, at=between + timedelta(milliseconds=1))
    compute(world, "membership")
    assert explain_unit(warehouse, MEMBERS, A).recomputed == 9
    then = explain_unit(warehouse, MEMBERS, A, as_of=between)
    assert (then.recomputed, then.known) == (5, f"{between:%Y-%m-%dT%H:%M:%S}Z")
    assert [(unit.forms[0].files[0].submission_id) for unit in then.sides[0].units] == [1]
    assert all(proof.is_equal for proof in explain_all(warehouse, MONTH, as_of=between))


def test_a_correction_is_shown_on_the_cell_that_it_stands_in_place_of(
    project: Project, make_world: MakeWorld
) -> None:
    correction = Correction.model_validate({
        "id": "sites", "unit": A, "period": MONTH, "form": "integration_project", "match": {"project_code": "P1"},
        "action": {"kind": "set", "field": SITES, "expected": 8, "value": 11},
        "reason": {"zh": "单位来函更正", "en": "The unit wrote"}, "decided_by": "区数据管理部门",
        "decided_on": "2022-01-12", "status": "active",
    })  # fmt: skip
    world = make_world(changed(project, corrections=(correction,)))
    world.owe("integration_project", [A], MONTH, MONTH)
    rows = [
        {"cluster_code": "C07", "project_code": code, SITES: 8, "raw_text": {SITES: "8"}}
        for code in ("P1", "P2")
    ]
    world.submit(A, MONTH, integration_project=rows)
    world.connection.commit()
    apply_corrections(world.warehouse)
    found = explain_unit(compute(world, "projects"), SITES, A)
    corrected, as_sent = rows_of(found.sides[0])
    (overlay,) = [cell.overlay for cell in corrected.cells if cell.overlay is not None]
    assert found.recomputed == 19
    assert (overlay.correction_id, overlay.old_value, overlay.new_value) == ("sites", "8", "11")
    assert (overlay.reason.zh, overlay.decided_by) == ("单位来函更正", "区数据管理部门")
    assert (overlay.event_id, corrected.row_version, as_sent.row_version) == (
        corrected.row_version,
        overlay.event_id,
        0,
    )
    assert (corrected.cells[0].raw, corrected.cells[0].value) == ("8", "11")
    assert all(cell.overlay is None for cell in as_sent.cells)
