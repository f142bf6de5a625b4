"""A correction by the district, as an operator works with it: entered, retired, and stale once the unit has mended its
return. Each step is a run of the command, with a project folder of its own."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import dagster as dg
import openpyxl
import pytest
from command import g60

from g60pipeline.contracts.project import Project
from g60pipeline.defs.instance import open_instance
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse

UNIT, MONTH, FORM = "310117105", "2021-12", "integration_project"
CORE = dg.AssetKey(["core", FORM])
CHECK = "corrections_meet_their_expected_value"
FILE = f"{UNIT}_{MONTH}_1.xlsx"
SITES = "replication_site_count"
CORRECTION = """\
corrections:
  - id: sites
    unit: '310117105'
    period: 2021-12
    form: integration_project
    match: {project_code: C07-2020-001}
    action: {kind: set, field: replication_site_count, expected: 8, value: 11}
    reason: {zh: 单位来函更正，更正件未到, en: The unit wrote; its return is not in yet}
    decided_by: 区数据管理部门
    decided_on: '2022-01-12'
    status: active
"""
Values = dict[tuple[Any, ...], tuple[Any, ...]]


@dataclass
class Step:
    """A run, what was in force after it, and how the corrections stood."""

    run: CompletedProcess[str]
    values: Values
    listed: CompletedProcess[str]
    check: dg.AssetCheckEvaluation
    events: list[tuple[str, int | None]]

    @property
    def sites(self) -> str:
        return self.values[SITES, MONTH, "end", "unit", UNIT, "", ""][0]

    def correction(self) -> dict[str, Any]:
        (found,) = json.loads(self.listed.stdout)["corrections"]
        return found


def _read_values(home: Path, project: Project) -> Values:
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        rows = warehouse.read(
            "SELECT indicator_id, period, time_basis, level, subject_code, dimension, dimension_code, value, numerator, "
            "denominator, status FROM mart.indicator_value"
        ).to_dict("records")
    return {tuple(row.values())[:7]: tuple(map(repr, list(row.values())[7:])) for row in rows}


def _read_events(home: Path, project: Project) -> list[tuple[str, int | None]]:
    query = "SELECT kind, submission_id FROM ops.correction_event ORDER BY event_id"
    with (
        Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse,
        warehouse.engine.connect() as c,
    ):
        return [(kind, number) for kind, number in c.exec_driver_sql(query)]


def _read_check(home: Path) -> dg.AssetCheckEvaluation:
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    with open_instance(home) as instance:
        (run,) = instance.get_run_records(limit=1)
        records = instance.get_records_for_run(run.dagster_run.run_id, of_type=kind).records
    checks = [record.event_log_entry.dagster_event.event_specific_data for record in records]
    (check,) = [c for c in checks if c.check_name == CHECK and (c.asset_key, c.partition) == (CORE, MONTH)]
    return check


def _step(home: Path, project: Project, first: str = MONTH) -> Step:
    run = g60(home, "run", "--from", first, "--to", MONTH)
    assert run.returncode in (0, 3), run.stderr
    listed = g60(home, "corrections", "--json")
    return Step(run, _read_values(home, project), listed, _read_check(home), _read_events(home, project))


def _send_again(inbox: Path, sites: int) -> None:
    """The unit mends the cell itself."""
    book = openpyxl.load_workbook(inbox / FILE)
    for row in book["封面"].iter_rows():
        if row[0].value == "报送序号":
            row[1].value = 2
    cells = {
        cell.value: cell for row in book["深度融合项目表"].iter_rows(max_row=6) for cell in row if cell.value
    }
    row, column = cells["C07-2020-001"].row, cells["推广应用点数"].column
    cell = book["深度融合项目表"].cell(row, column)
    assert int(cell.value) == 8
    cell.value = sites
    book.save(inbox / FILE.replace("_1.xlsx", "_2.xlsx"))


@pytest.fixture(scope="module")
def steps(sample_home: Path, project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    folder, root = tmp_path_factory.mktemp("corrections"), find_project_root()
    for name in ("src", "assets", "schemas"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    home, file = folder / "home", folder / "assets" / "corrections" / f"{MONTH}.yaml"
    (home / "inbox").mkdir(parents=True)
    shutil.copy(sample_home / "inbox" / FILE, home / "inbox")
    shutil.copy(sample_home / "warehouse.duckdb", home)  # holds the opening of the locked months
    done: dict[str, Step] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder / "src"))
        file.write_text(CORRECTION, "utf-8")
        done["active"] = _step(home, project)
        file.write_text(CORRECTION.replace("active", "retired"), "utf-8")
        done["retired"] = _step(home, project)
        file.write_text(CORRECTION, "utf-8")
        _send_again(home / "inbox", sites=11)
        done["mended"] = _step(home, project, first="2021-11")  # a range has records of each month
    return done


def test_the_figure_changes_by_exactly_the_correction(steps: dict[str, Step]) -> None:
    corrected, sent = steps["active"].values, steps["retired"].values
    differing = {key for key in corrected.keys() | sent.keys() if corrected.get(key) != sent.get(key)}

    assert (steps["active"].sites, steps["retired"].sites) == ("11.0", "8.0")
    assert {key[0] for key in differing} == {SITES}


def test_a_correction_in_force_passes_its_check_and_is_shown(steps: dict[str, Step]) -> None:
    step = steps["active"]
    table = step.check.metadata["states"]
    assert isinstance(table, dg.TableMetadataValue)
    (row,) = [record.data for record in table.records]

    assert step.check.passed
    assert (row["state"], row["id"], row["expected"]) == ("applied", "sites", "8")
    assert step.listed.returncode == 0
    assert step.correction()["state"] == "applied"


def test_a_retired_one_is_listed_as_such(steps: dict[str, Step]) -> None:
    step = steps["retired"]

    assert step.check.passed
    assert (step.listed.returncode, step.correction()["state"]) == (0, "retired")


def test_once_the_unit_has_mended_it_the_check_fails_and_the_month_goes_on(steps: dict[str, Step]) -> None:
    step = steps["mended"]

    assert step.sites == "11.0"
    assert not step.check.passed
    assert step.check.severity == dg.AssetCheckSeverity.ERROR
    said = f"assets/corrections/{MONTH}.yaml: sites: 深度融合项目表!"
    for text in (step.check.description, step.run.stderr, step.listed.stderr):
        assert said in text
        assert "was expected to hold 8, but holds 11: not applied. The unit has mended it" in text
    assert (step.listed.returncode, step.correction()["state"]) == (1, "stale")


def test_the_ledger_keeps_every_step(steps: dict[str, Step]) -> None:
    assert steps["mended"].events == [
        ("entered", None), ("applied", 1), ("retired", None), ("entered", None), ("stale", 2)
    ]  # fmt: skip
