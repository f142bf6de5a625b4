"""Figures are computed from cells: change one cell of a return, send it again, and its figure changes, and no other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest
from command import g60

MONTH = "2021-12"


class Edit(NamedTuple):
    """One cell: where it stands and what to do with it."""

    unit: str
    sheet: str
    heading: str
    choose: Callable[[dict[str, Any]], bool]
    change: Callable[[Any], Any]
    figures: tuple[str, ...]
    expected: Callable[[float], float]


EDITS = {
    "a stock summed over rows": Edit(
        "310117105", "深度融合项目表", "推广应用点数", lambda row: int(row["推广应用点数"]) > 0, lambda v: int(v) + 1,
        ("F16",), lambda ours: ours + 1,
    ),
    "a flow summed since January": Edit(
        "310117103", "组织活动表", "场次", lambda row: row["活动类别"] == "党史学习教育", lambda v: int(v) + 7,
        ("F23",), lambda ours: ours + 7,
    ),
    "a rank": Edit(
        "310117U03", "区经济指标表", "全市排名", lambda row: row["指标"] == "规上工业产值", lambda v: 3,
        ("F30",), lambda ours: 3,
    ),
    "person-times": Edit(
        "310117121", "深度融合项目表", "参与党员人数", lambda row: True, lambda v: int(v) + 11,
        ("F11",), lambda ours: ours + 11,
    ),
    "patents": Edit(
        "310117107", "深度融合项目表", "专利数", lambda row: True, lambda v: int(v) + 5,
        ("F12",), lambda ours: ours + 5,
    ),
    "a distinct count": Edit(
        "310117103", "组织活动表", "课程体系", lambda row: bool(row["课程体系"] and row["工作室"]), lambda v: "另一课程体系",
        ("F06",), lambda ours: ours + 1,
    ),
    "a count and its growth": Edit(
        "310117U03", "区经济指标表", "当月值", lambda row: row["指标"] == "高新技术企业数", lambda v: float(v) + 100,
        ("F32", "F33", "F34"), lambda ours: ours,
    ),
}  # fmt: skip


def _headings(sheet: Any) -> tuple[int, dict[str, int]]:
    for row in range(1, 6):
        names = {cell.value: cell.column for cell in sheet[row] if cell.value}
        if len(names) > 3:
            return row, names
    raise AssertionError("no headings")


def _edit(path: Path, edits: list[Edit]) -> None:
    book = openpyxl.load_workbook(path)
    for row in book["封面"].iter_rows():
        if row[0].value == "报送序号":
            row[1].value = int(row[1].value) + 5
    for edit in edits:
        sheet = book[edit.sheet]
        head, columns = _headings(sheet)
        for number in range(head + 1, sheet.max_row + 1):
            row = {name: sheet.cell(number, column).value for name, column in columns.items()}
            if edit.choose(row):
                sheet.cell(number, columns[edit.heading]).value = edit.change(row[edit.heading])
                break
        else:
            raise AssertionError(f"no row for {edit}")
    book.save(path.with_name(path.name.replace(f"{MONTH}_1", f"{MONTH}_6")))
    path.unlink()


@pytest.fixture(scope="module")
def changed(full_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Our figures after one cell of each return was changed and the returns were sent again."""
    home = tmp_path_factory.mktemp("changed") / "home"
    shutil.copytree(full_home, home)
    by_file: dict[Path, list[Edit]] = {}
    for edit in EDITS.values():
        by_file.setdefault(home / "inbox" / f"{edit.unit}_{MONTH}_1.xlsx", []).append(edit)
    for path, edits in by_file.items():
        _edit(path, edits)
    done = g60(home, "run", "--from", MONTH, "--to", MONTH, "--json")
    assert done.returncode in (0, 3), done.stderr
    return {row["id"]: row["ours"] for row in json.loads(done.stdout)["figures"]}


@pytest.mark.parametrize("kind", EDITS)
def test_the_figure_follows_its_cell(kind: str, outcome: dict[str, Any], changed: dict[str, float]) -> None:
    before = {row["id"]: float(row["ours"]) for row in outcome["figures"]}
    edit = EDITS[kind]
    for figure in edit.figures:
        assert float(changed[figure]) != before[figure]
    if len(edit.figures) == 1:
        assert float(changed[edit.figures[0]]) == pytest.approx(edit.expected(before[edit.figures[0]]))


def test_no_other_figure_moves(outcome: dict[str, Any], changed: dict[str, float]) -> None:
    touched = {figure for edit in EDITS.values() for figure in edit.figures}
    for row in outcome["figures"]:
        if row["period"] == MONTH and row["id"] not in touched:
            assert changed[row["id"]] == row["ours"], row
