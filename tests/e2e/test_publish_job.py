"""A month is released and published from Dagster: the gate fails a run that may not go out, and then nothing is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.resources import House
from g60pipeline.warehouse.engine import open_to_read
from g60pipeline.warehouse.releases import read_releases

MONTH = "2021-12"


@pytest.fixture(scope="module")
def home(full_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("publish") / "home"
    shutil.copytree(full_home, home)
    return home


def publish(home: Path, stage: str) -> dg.ExecuteInProcessResult:
    job = build_definitions({"house": House(home=str(home))}).resolve_job_def("publish")
    config: dict[str, Any] = {"ops": {"release": {"config": {"stage": stage}}}}
    return job.execute_in_process(
        instance=open_instance(home), partition_key=MONTH, run_config=config, raise_on_error=False
    )


def releases(home: Path) -> list[str]:
    house = House(home=str(home))
    with open_to_read(house.settings.warehouse_url, house.project) as warehouse:
        assert warehouse is not None
        return [release.release_id for release in read_releases(warehouse)]


def test_the_gate_fails_the_run_with_its_reason_and_nothing_is_written(home: Path) -> None:
    result = publish(home, "final")
    assert not result.success
    (failure,) = result.get_step_failure_events()
    assert "stages_are_in_order" in str(failure.step_failure_data.error)
    assert releases(home) == []
    assert not (home / "published").exists()


def test_a_released_month_is_published_with_its_manifest_in_the_metadata(home: Path) -> None:
    result = publish(home, "preliminary")
    assert result.success
    (made,) = result.asset_materializations_for_node("release")
    assert made.metadata["release"].value == f"{MONTH}.1"
    assert releases(home) == [f"{MONTH}.1"]
    current = json.loads((home / "published" / "current.json").read_text(encoding="utf-8"))
    assert current["releases"] == [f"{MONTH}.1"]
    assert (home / "published" / "g60.xlsx").exists()
