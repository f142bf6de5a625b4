"""The grid of units and months: every submission a cell's materialisation, without runs of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from small_inbox import FAULT, MARCH, put
from world import World

from g60pipeline.contracts.project import load_project
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.grid import MAX_CELLS, build_grid, reporting_units
from g60pipeline.defs.keys import RETURN
from g60pipeline.settings import find_project_root, load_settings

RIGHT = dg.MultiPartitionKey({"unit": "310117001", "month": MARCH.key})
WRONG = dg.MultiPartitionKey({"unit": FAULT.unit_code, "month": MARCH.key})


def _events(world: World) -> dict[str | None, list[dg.AssetMaterialization]]:
    records = world.instance.fetch_materializations(RETURN, limit=100).records
    found: dict[str | None, list[dg.AssetMaterialization]] = {}
    for record in records:
        made = record.asset_materialization
        assert made is not None
        found.setdefault(made.partition, []).append(made)
    return found


def test_every_unit_that_can_send_and_every_month_has_a_cell() -> None:
    project = load_project(find_project_root())
    (spec,) = build_grid(reporting_units(project), load_settings({}))
    cells = spec.partitions_def
    assert isinstance(cells, dg.MultiPartitionsDefinition)
    assert cells.has_partition_key(RIGHT)
    units = set(cells.get_partitions_def_for_dimension("unit").get_partition_keys())
    assert {owed.unit_code for owed in project.obligations} <= units
    assert "310117" not in units


def test_a_run_reports_each_submission_once_under_its_unit_and_month(judged: tuple[World, str]) -> None:
    world, run_id = judged
    events = _events(world)
    assert {cell: len(found) for cell, found in events.items() if str(MARCH.key) in str(cell)} == {
        RIGHT: 1, WRONG: 1
    }  # fmt: skip
    runs = world.instance.get_runs()
    assert [run.run_id for run in runs if run.job_name == "month"][-1] == run_id

    world.run("month", MARCH.key)

    assert _events(world).keys() == events.keys()
    assert all(len(found) == 1 for found in _events(world).values())


def test_a_cell_shows_file_rows_verdict_findings_and_where_the_answer_lies(judged: tuple[World, str]) -> None:
    world, _ = judged
    (wrong,), (right,) = _events(world)[WRONG], _events(world)[RIGHT]
    said: dict[str, Any] = {name: value.value for name, value in wrong.metadata.items()}
    file = world.home / "inbox" / FAULT.file_name
    assert said["file_name"] == file.name
    assert said["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (said["verdict"], said["critical_findings"] > 0, said["warning_findings"]) == ("returned", True, 0)
    assert said["rows_by_form"]["innovation_carrier"] > 0
    assert sum(said["rows_by_form"].values()) == said["dagster/partition_row_count"]
    assert Path(said["receipt"]).is_file()
    assert Path(said["receipt"]).parent == Path(said["feedback_folder"])
    assert right.metadata["verdict"].value == "accepted"
    assert right.metadata["critical_findings"].value == 0


def test_with_too_many_cells_or_by_the_setting_there_is_no_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_grid([f"U{n}" for n in range(MAX_CELLS // 100)], load_settings({})) == []
    monkeypatch.setenv("G60_UNIT_GRID", "off")
    keys = {spec.key for spec in build_definitions().resolve_all_asset_specs()}
    assert RETURN not in keys
    assert dg.AssetKey(["report", "board"]) in keys


def test_without_a_grid_a_run_reports_nothing_to_it(empty: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("G60_UNIT_GRID", "off")
    put(empty.home / "inbox", "march")
    empty.run("month", MARCH.key)
    assert empty.counts()["ops.verdict"] == 2
    assert _events(empty) == {}
