"""A field and an indicator on it, added as the documents say, block by block, to a copy of the project with a warehouse in use.

Belongs here: what the two entries bring about, from the template to the figure's cells. Not here: what each part does with
any field (their own tests).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from conftest import g60
from docs_files import ROOT, Block, read_blocks
from g60pipeline.contracts.project import load_project
from g60pipeline.warehouse.engine import Warehouse, pending_migrations

FIELD, INDICATOR, HEADING = "transferred_member_count", "unit_transferred_member_count", "当月转入党员数"
BEFORE, MONTH = "2021-12", "2022-01"
SHEET, CELL = "单位汇总表", "F4"
GOOD, NEGATIVE, TOO_MANY, BLANK, OLD = (f"31011700{n}" for n in range(1, 6))
SENT: dict[str, int | None] = {GOOD: 12, NEGATIVE: -3, TOO_MANY: 2000, BLANK: None}
FIGURES = {
    "党员总数": 1000, "党组织数": 40, "当月新发展党员数": 5, "累计新发展党员数": 5,
    "重点企业数": 6, "规上工业企业数": 9, "规上工业产值": 5200,
}  # fmt: skip
_PLACE = re.compile(r'# (?P<file>\S+), (?P<how>before|in place of|at the end)(?: "(?P<anchor>.+)")?\n')


def _apply(block: Block, root: Path) -> None:
    """Do what the first line of a YAML block says with the rest of it."""
    place = _PLACE.match(block.text)
    assert place, f"{block.document.name}:{block.line} does not say where it goes"
    path, entry = root / place["file"], block.text[place.end() :]
    text, anchor = path.read_text("utf-8"), place["anchor"]
    start = end = len(text)
    if anchor:
        assert text.count(anchor) == 1, f"{block.document.name}:{block.line}: {anchor}"
        start = end = text.rindex("\n", 0, text.index(anchor)) + 1
    if place["how"] == "in place of":
        end = text.index("\n", start) + 1
    path.write_text(text[:start] + entry + text[end:], "utf-8")


def _files(root: Path) -> dict[str, bytes]:
    folders = (root / "assets", root / "schemas")
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def _fill(template: Path, figures: dict[str, int], target: Path) -> None:
    book = load_workbook(template)
    sheet = book[SHEET]
    columns = {cell.value: cell.column for cell in sheet[3]}
    for heading, figure in figures.items():
        sheet.cell(4, columns[heading], figure)
    book.save(target)


@dataclass(frozen=True)
class World:
    """The copy with both entries in it, its home after one run, what waited to be migrated before, what was edited."""

    root: Path
    home: Path
    edited: dict[str, set[str]]
    waiting: list[str]

    def g60(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return g60(self.home, *arguments, PYTHONPATH=str(self.root / "src"))

    def read(self, query: str) -> list[dict[str, Any]]:
        url = f"duckdb:///{self.home / 'warehouse.duckdb'}"
        with Warehouse(url, load_project(self.root), read_only=True) as warehouse:
            return warehouse.read(query).to_dict("records")


def _send_before(home: Path) -> None:
    """The project as it is: a warehouse in use, and a return of the month before, from the template of then."""
    opened = ("--until", "2099-12-31", "--reason", "样例补报", "--office", "样例")
    assert g60(home, "open", "--unit", "*", "--from", BEFORE, "--to", MONTH, *opened).returncode == 0
    assert (
        g60(home, "template", "--unit", OLD, "--period", BEFORE, "--out", str(home / "old")).returncode == 0
    )
    (home / "inbox").mkdir()
    _fill(home / "old" / f"{OLD}-{BEFORE}.xlsx", FIGURES, home / "inbox" / f"{OLD}-{BEFORE}.xlsx")


def _edit(root: Path, name: str) -> set[str]:
    """Apply a document's YAML blocks; returns the files that changed."""
    before = _files(root)
    for block in read_blocks(ROOT / "docs" / name):
        if block.language == "yaml":
            _apply(block, root)
    return {path for path, content in _files(root).items() if before.get(path) != content}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("add_a_field")
    home, root = folder / "home", folder / "project"
    _send_before(home)
    for part in ("src", "assets", "schemas"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    edited = {name: _edit(root, name) for name in ("add-a-field.md", "add-an-indicator.md")}
    waiting = pending_migrations(f"duckdb:///{home / 'warehouse.duckdb'}", load_project(root))
    made = World(root, home, edited, waiting)
    done = made.g60("template", "--all-units", "--period", MONTH)
    assert done.returncode == 0, done.stderr
    for unit, figure in SENT.items():
        figures = FIGURES | ({} if figure is None else {HEADING: figure})
        name = f"{unit}-{MONTH}.xlsx"
        _fill(home / "out" / "templates" / name, figures, home / "inbox" / name)
    ran = made.g60("run", "--from", MONTH, "--to", MONTH)
    assert ran.returncode == 3, ran.stderr  # three of the returns are wrong
    return made


def test_one_file_is_edited_for_the_field_and_one_for_the_indicator(world: World) -> None:
    assert world.edited == {
        "add-a-field.md": {"schemas/forms/unit_summary.odcs.yaml"},
        "add-an-indicator.md": {"assets/indicators/membership.yaml"},
    }


def test_the_template_has_the_column_with_its_help(world: World) -> None:
    sheet = load_workbook(world.home / "out" / "templates" / f"{GOOD}-{MONTH}.xlsx")[SHEET]
    prompts = [str(rule.prompt) for rule in sheet.data_validations.dataValidation if CELL in rule.sqref]

    assert sheet["F3"].value == HEADING
    assert [text for text in prompts if text.startswith("当月从外单位转入的党员")]


def test_a_warehouse_made_before_gains_the_column_and_the_cell_is_in_it(world: World) -> None:
    assert {f"add {schema}.unit_summary.{FIELD}" for schema in ("staged", "core")} <= set(world.waiting)
    rows = world.read(
        f"SELECT reporting_unit_code, {FIELD} FROM core.unit_summary_latest WHERE period = '{MONTH}'"
    )
    assert rows == [{"reporting_unit_code": GOOD, FIELD: 12}]


def test_the_rules_return_what_is_wrong_and_say_so_in_chinese(world: World) -> None:
    found = world.read(
        f"SELECT reporting_unit_code AS unit, code, cell, message_zh AS said FROM ops.finding WHERE period = '{MONTH}'"
    )

    assert {row["unit"]: (row["code"], row["cell"], row["said"]) for row in found} == {
        NEGATIVE: ("US-RNG", CELL, f"“{HEADING}”填 -3，超出范围（≥ 0）。请核对。"),
        TOO_MANY: ("US-103", CELL, "当月转入党员 2000 人，多于党员总数 1000 人。请核对这两格。"),
        BLANK: ("US-104", CELL, f"“{HEADING}”自 2022 年 1 月起必填。请填写，没有转入填 0。"),
    }


def test_a_return_of_an_earlier_month_without_the_column_is_accepted(world: World) -> None:
    assert world.read(
        "SELECT s.period, v.status FROM ops.submission s JOIN ops.verdict v USING (submission_id)"
        f" WHERE s.reporting_unit_code = '{OLD}'"
    ) == [{"period": BEFORE, "status": "accepted"}]


def test_the_indicator_has_a_value_that_leads_to_the_cell(world: World) -> None:
    done = world.g60("explain", INDICATOR, "--unit", GOOD, "--period", MONTH, "--json")
    assert done.returncode == 0, done.stderr
    explained = json.loads(done.stdout)

    assert float(explained["stored"]["value"]) == 12
    assert explained["is_equal"]
    assert f'"{CELL}"' in done.stdout


def test_dictionary_and_lineage_list_both(world: World, tmp_path: Path) -> None:
    done = world.g60("dictionary", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr

    assert FIELD in (tmp_path / "dictionary" / "forms.md").read_text("utf-8")
    assert INDICATOR in (tmp_path / "dictionary" / "indicators.md").read_text("utf-8")
    assert all(name in (tmp_path / "lineage.html").read_text("utf-8") for name in (FIELD, INDICATOR))
