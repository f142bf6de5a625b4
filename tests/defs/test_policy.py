"""What holds for every asset alike: owners, versions, links; groups that fold; what is made by condition."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from g60pipeline.defs import policy
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.partitions import MONTHS
from g60pipeline.defs.publish import SNAPSHOT
from g60pipeline.defs.release import RELEASE

AT_FIRST_SIGHT = 24


@pytest.fixture(scope="module")
def specs() -> list[dg.AssetSpec]:
    return list(build_definitions().resolve_all_asset_specs())


def test_every_asset_has_owner_version_and_links(specs: list[dg.AssetSpec]) -> None:
    for spec in specs:
        assert policy.KEEPERS in spec.owners, spec.key
        assert spec.code_version, spec.key
        for link in ("dictionary", "lineage"):
            assert isinstance(spec.metadata[link], dg.PathMetadataValue), spec.key


def test_what_links_point_at_in_the_project_is_there(specs: list[dg.AssetSpec]) -> None:
    links = [spec.metadata["defined_in"] for spec in specs if "defined_in" in spec.metadata]
    assert len(links) > 30
    assert {link.path for link in links if not Path(link.path).exists()} == set()


def test_groups_fold_into_few_nodes_without_going_in_circles(specs: list[dg.AssetSpec]) -> None:
    group_of = {spec.key: spec.group_name or "" for spec in specs}
    before: dict[str, set[str]] = {group: set() for group in group_of.values()}
    for spec in specs:
        before[group_of[spec.key]] |= {group_of[dep.asset_key] for dep in spec.deps} - {group_of[spec.key]}
    order = list(TopologicalSorter(before).static_order())
    assert len(order) <= AT_FIRST_SIGHT
    for chain in (
        ("intake", "staged", "checks", "core", "marts", "indicators", "release", "published"),
        ("indicators", "scorecards", "reports"),
    ):
        assert [group for group in order if group in chain] == list(chain)


def test_the_snapshot_is_made_anew_when_a_month_was_released_however_many_are_not() -> None:
    @dg.multi_asset(specs=[dg.AssetSpec(RELEASE, partitions_def=MONTHS)])
    def release() -> Any:
        yield dg.MaterializeResult(asset_key=RELEASE)

    @dg.multi_asset(
        specs=[dg.AssetSpec(SNAPSHOT, deps=[RELEASE], automation_condition=policy.automation_of("published"))]
    )
    def snapshot() -> Any:
        yield dg.MaterializeResult(asset_key=SNAPSHOT)

    asked: list[int] = []
    cursor: Any = None
    with dg.DagsterInstance.ephemeral() as instance:
        for released in (None, "2021-12", None, "2021-12", None):
            if released is not None:
                instance.report_runless_asset_event(dg.AssetMaterialization(RELEASE, partition=released))
            done = dg.evaluate_automation_conditions(
                [release, snapshot], instance=instance, cursor=cursor, asset_selection=dg.AssetSelection.all()
            )
            cursor = done.cursor
            asked.append(done.total_requested)
    assert asked == [0, 1, 0, 1, 0]


def test_a_mart_is_made_anew_when_its_definition_changed_and_not_before() -> None:
    key = dg.AssetKey(["mart", "service_duration"])

    def build(version: str) -> Any:
        condition = policy.automation_of("marts")

        @dg.multi_asset(specs=[dg.AssetSpec(key, code_version=version, automation_condition=condition)])
        def mart() -> Any:
            yield dg.MaterializeResult(asset_key=key)

        return [mart]

    def requested(version: str, cursor: Any) -> Any:
        return dg.evaluate_automation_conditions(
            build(version), instance=instance, cursor=cursor, asset_selection=dg.AssetSelection.all()
        )

    with dg.DagsterInstance.ephemeral() as instance:
        first = requested("1", None)
        same = requested("1", first.cursor)
        changed = requested("2", same.cursor)
        again = requested("2", changed.cursor)
    assert [one.total_requested for one in (first, same, changed, again)] == [0, 0, 1, 0]
