"""What Dagster is told of columns when an asset is materialised."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.instance import prepare_home
from g60pipeline.defs.lineage import column_lineage
from g60pipeline.defs.marts import marts, scorecards
from g60pipeline.defs.resources import House
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse

# Tables of the house's own that no asset stands for: dimensions written from the code lists, views over the ledgers.
OWN_TABLES = {"core"}


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(find_project_root())


def _deps(*key: str) -> dict[str, set[tuple[str, str]]]:
    lineage = column_lineage(dg.AssetKey(key))["dagster/column_lineage"]
    return {
        column: {(dep.asset_key.to_user_string(), dep.column_name) for dep in deps}
        for column, deps in lineage.deps_by_column.items()
    }


def test_a_marts_columns_point_at_core(project: Project) -> None:
    deps = _deps("mart", "service_duration")
    assert set(deps) == set(project.marts["service_duration"].columns)
    assert deps["duration_hours"] == {
        ("core/service_case", "accepted_at"),
        ("core/service_case", "completed_at"),
    }
    assert _deps("mart", "return_status")["is_accepted"] == {("quality/verdicts", "status")}


def test_a_themes_indicators_and_the_columns_of_its_values_point_at_what_they_read(project: Project) -> None:
    deps = _deps("indicator", "membership")
    file = next(file for file in project.indicator_files if file.theme == "membership")
    assert {indicator.id for indicator in file.indicators} <= set(deps)
    assert deps["cluster_share_of_new_members"] == {
        ("core/cluster_organisation", "new_member_count"),
        ("core/unit_summary", "new_member_count"),
    }
    assert deps["dimension_code"] == {("core/cluster_organisation", "organisation_form")}
    assert ("core/unit_summary", "reporting_unit_code") in deps["subject_code"]
    assert deps["numerator"] | deps["denominator"] == deps["value"]


def test_a_scorecards_columns_point_at_indicators(project: Project) -> None:
    for scorecard in project.scorecards:
        deps = _deps("mart", scorecard.name)
        assert set(deps) == set(scorecard.time)
        for column, sources in deps.items():
            ((asset, name),) = sources
            assert asset.startswith("indicator/")
            assert name == column


def test_every_column_points_at_an_asset_that_there_is() -> None:
    keys = {spec.key.to_user_string() for spec in build_definitions().resolve_all_asset_specs()}
    pointed = {
        asset
        for key in keys
        if key.split("/")[0] in ("mart", "indicator")
        for sources in _deps(*key.split("/")).values()
        for asset, _ in sources
    }
    assert {asset for asset in pointed - keys if asset.split("/")[0] not in OWN_TABLES} == set()
    assert {"core/cluster_enterprise", "indicator/projects"} <= pointed


def test_it_is_emitted_when_views_are_materialised(tmp_path: Path, project: Project) -> None:
    prepare_home(tmp_path)
    url = f"duckdb:///{tmp_path / 'warehouse.duckdb'}"
    with Warehouse(url, project) as warehouse:
        warehouse.create()
    house = House(warehouse_url=url)
    result = dg.materialize([marts, scorecards], resources={"house": house})
    assert result.success
    for event in result.get_asset_materialization_events():
        key = event.asset_key
        assert key is not None
        emitted = event.materialization.metadata["dagster/column_lineage"]
        assert isinstance(emitted, dg.TableColumnLineageMetadataValue)
        assert emitted.value == column_lineage(key)["dagster/column_lineage"], key
    assert len(result.get_asset_materialization_events()) == len(project.marts) + len(project.scorecards)
