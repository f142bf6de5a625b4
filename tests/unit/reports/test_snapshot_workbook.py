"""The snapshot's workbook, as openpyxl and LibreOffice read it."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.project import Project
from g60pipeline.reports.snapshot_workbook import headings, sheet_name, write_workbook
from snapshot_world import AT, FIGURE, ROWS, TABLES, column, table

_FACTS = [(Text(zh="最新发布", en="Newest release"), "2021-12.2")]


def _write(project: Project, path: Path, **more: Any) -> Path:
    write_workbook(path, TABLES, ROWS, _FACTS, project.code_lists["measurement_units"], AT, **more)
    return path


@pytest.fixture
def path(project: Project, tmp_path: Path) -> Path:
    return _write(project, tmp_path / "g60.xlsx")


@pytest.fixture
def book(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def _values(book: Workbook, sheet: str) -> list[tuple[Any, ...]]:
    return list(book[sheet].iter_rows(values_only=True))


def test_a_sheet_per_table_with_one_row_of_chinese_headings(book: Workbook) -> None:
    assert book.sheetnames == ["说明", "对象", "指标值"]
    first, *rows = _values(book, "指标值")
    assert first[:4] == ("对象代码", "分组", "数值", "计量单位")
    assert rows[0] == (
        "310117001",
        None,
        0.123456789,
        "ratio",
        1234567.5,
        1234,
        2021,
        "是",
        datetime(2021, 12, 31),
        AT,
    )
    assert rows[1] == ("310117001", "route", None, "ratio", *[None] * 6)
    assert book["指标值"].freeze_panes == "A2"
    assert book["指标值"].auto_filter.ref == "A1:J5"


def test_numbers_look_like_their_unit(book: Workbook) -> None:
    formats = [[cell.number_format for cell in row] for row in book["指标值"].iter_rows(min_row=2)]
    values = [row[2] for row in formats]
    assert values == ["0.0%", "General", "#,##0.00", "#,##0.00"]  # ratio, blank, a fraction, money
    assert formats[0][4:10] == ["#,##0.00", "#,##0", "0", "General", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"]


def test_text_is_never_a_formula_and_long_integers_keep_their_digits(book: Workbook) -> None:
    cell = book["对象"]["B3"]
    assert (cell.value, cell.data_type) == ('=HYPERLINK("http://x")', "s")
    assert book["指标值"]["F4"].value == "100000000000000001"


def test_no_part_holds_a_formula_or_a_link(path: Path) -> None:
    with ZipFile(path) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")]
    assert len(sheets) == 3
    for sheet in sheets:
        assert b"<f" not in sheet.replace(b"<filter", b"")
        assert b"<hyperlink" not in sheet


def test_names_cover_tables_with_their_headings(book: Workbook) -> None:
    names = {name: defined.attr_text for name, defined in book.defined_names.items()}
    assert names == {"g60_subject": "'对象'!$A$1:$B$3", "g60_figure": "'指标值'!$A$1:$J$5"}


def test_the_first_sheet_says_what_each_column_is(book: Workbook) -> None:
    rows = _values(book, "说明")
    assert rows[0][:2] == ("最新发布 Newest release", "2021-12.2")
    assert rows[2][:4] == ("工作表", "列", "表名", "列名")
    assert ("指标值", "数值", "pub_v1.figure", "value", "number", "见 unit_code", "the value") in rows
    assert len(rows) == 3 + sum(len(one.columns) for one in TABLES)


def test_a_longer_table_goes_on_in_a_second_sheet(project: Project, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(_write(project, tmp_path / "g60.xlsx", max_rows=3))
    assert book.sheetnames == ["说明", "对象", "指标值", "指标值-2"]
    assert [row[0] for row in _values(book, "指标值") + _values(book, "指标值-2")[1:]] == [
        "对象代码", *(row[0] for row in ROWS["figure"]),
    ]  # fmt: skip
    assert book.defined_names["g60_figure_2"].attr_text == "'指标值-2'!$A$1:$J$2"


def test_an_empty_table_has_its_headings(project: Project, tmp_path: Path) -> None:
    units = project.code_lists["measurement_units"]
    write_workbook(tmp_path / "g60.xlsx", [FIGURE], {"figure": []}, _FACTS, units, AT)
    assert len(_values(openpyxl.load_workbook(tmp_path / "g60.xlsx"), "指标值")) == 1


def test_the_same_rows_give_the_same_bytes(project: Project, tmp_path: Path) -> None:
    one, two = (
        _write(project, tmp_path / name / "g60.xlsx") for name in map(_made(tmp_path), ("one", "two"))
    )
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in one.parent.iterdir()) == ["g60.xlsx"]
    assert openpyxl.load_workbook(one).properties.created == AT


def _made(parent: Path) -> Any:
    def make(name: str) -> str:
        (parent / name).mkdir()
        return name

    return make


def test_a_text_that_does_not_fit_is_refused(project: Project, tmp_path: Path) -> None:
    rows = {**ROWS, "subject": [("310117001", "长" * 32_768)]}
    with pytest.raises(ValueError, match="32768 characters"):
        write_workbook(
            tmp_path / "g60.xlsx", TABLES, rows, _FACTS, project.code_lists["measurement_units"], AT
        )


def test_a_disk_that_refuses_is_an_os_error(project: Project, tmp_path: Path) -> None:
    (tmp_path / "g60.xlsx").mkdir()
    with pytest.raises(OSError, match="workbook could not be written"):
        _write(project, tmp_path / "g60.xlsx")


@pytest.mark.parametrize(
    ("title", "taken", "name"),
    [
        ("指标值", (), "指标值"),
        ("指标值", ("指标值",), "指标值-2"),
        ("A/B:[C]*?", (), "ABC"),
        ("长" * 40, ("长" * 31,), "长" * 29 + "-2"),
        ("Unit", ("unit",), "Unit-2"),
        ("/", (), "表"),
    ],
)
def test_sheet_names_are_ones_that_spreadsheets_take(title: str, taken: tuple[str, ...], name: str) -> None:
    assert sheet_name(title, taken) == name


def test_headings_that_stand_twice_are_told_apart() -> None:
    twice = table("t", "表", column("a", "名称", "VARCHAR", 1), column("b", "名称：英文", "VARCHAR"))
    assert headings(twice) == ["名称 a", "名称 b"]


def test_libreoffice_reads_the_same_values(path: Path, tmp_path: Path, book: Workbook) -> None:
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path / 'profile'}", "--headless",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", str(tmp_path / "out"), str(path)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    converted = openpyxl.load_workbook(tmp_path / "out" / "g60.xlsx")
    assert converted.sheetnames == book.sheetnames
    for sheet in book.sheetnames[1:]:
        for row, expected in zip(_values(converted, sheet), _values(book, sheet), strict=True):
            assert [_rounded(value) for value in row] == [_rounded(value) for value in expected]
    assert {name: one.attr_text.replace("'", "").replace("$", "") for name, one in converted.defined_names.items()} == {
        "g60_subject": "对象!A1:B3", "g60_figure": "指标值!A1:J5",
    }  # fmt: skip


def _rounded(value: Any) -> Any:
    return round(value, 12) if isinstance(value, float) else value
