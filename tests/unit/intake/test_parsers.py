"""Cells as the parsers hand them over, and the weight of what the parsers' process imports."""

# ruff: noqa: E501  one case a line
from __future__ import annotations

import datetime
import io
import os
import subprocess
import sys
from typing import Any

import intake_samples as samples
import pytest
import xlsxwriter
import xlwt

from g60pipeline.intake.parsers import parse
from g60pipeline.intake.raw import Refusal


def only_sheet(data: bytes) -> Any:
    (sheet,) = parse(data)["sheets"]
    return sheet


def workbook(write: Any) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        write(book, book.add_worksheet("x"))
    return file.getvalue()


def test_xlsx_cells_keep_type_and_place() -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row("C5", ["文", 3, 2.5, True])
        sheet.write_datetime("G5", datetime.datetime(2021, 12, 5))
        sheet.write_datetime("H5", datetime.datetime(2021, 12, 5, 9, 30))
        sheet.write_formula("B7", "=1/0", None, "#DIV/0!")
        sheet.write_formula("K2", "=NA()", None, "#N/A")
        sheet.write_formula("C6", "=1+1", None, 2)

    sheet = only_sheet(workbook(write))
    assert (sheet["first_row"], sheet["first_column"]) == (2, 2)
    assert sheet["rows"] == [
        [None] * 9 + [{"error": "#N/A"}],
        [],
        [],
        [None, "文", 3, 2.5, True, {"date": "2021-12-05"}, {"timestamp": "2021-12-05T09:30:00"}],
        [None, 2],
        [{"error": "#DIV/0!"}],
    ]


def test_a_sheet_of_nothing_but_an_error_is_not_empty() -> None:
    sheet = only_sheet(workbook(lambda book, sheet: sheet.write_formula("D9", "=1/0", None, "#DIV/0!")))
    assert (sheet["first_row"], sheet["first_column"], sheet["rows"]) == (9, 4, [[{"error": "#DIV/0!"}]])


def test_styled_but_empty_cells_far_away_are_no_content() -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write("A1", 1)
        sheet.write_blank("XFD1048576", None, book.add_format({"bold": True}))

    assert only_sheet(workbook(write))["rows"] == [[1]]


def test_xls_tells_what_is_hidden_and_merged() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("x")
    sheet.write(0, 0, datetime.date(2021, 12, 5), xlwt.easyxf(num_format_str="yyyy-mm-dd"))
    sheet.write(1, 1, 2.5)
    sheet.write(2, 2, True)
    sheet.write_merge(4, 5, 0, 1, "m")
    sheet.row(1).hidden = True
    sheet.col(2).hidden = True
    file = io.BytesIO()
    book.save(file)
    read = only_sheet(file.getvalue())
    assert read["rows"] == [[{"date": "2021-12-05"}], [None, 2.5], [None, None, True], [], ["m"], []]
    assert (read["merged"], read["hidden_rows"], read["hidden_columns"]) == (["A5:B6"], [2], [3])


ODS = """<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s" xmlns:calcext="c">
<office:automatic-styles><style:style style:name="ta1"><style:table-properties table:display="false"/></style:style></office:automatic-styles>
<office:body><office:spreadsheet><table:table table:name="x" table:style-name="ta1">
<table:table-column table:number-columns-repeated="2"/><table:table-column table:visibility="collapse"/>
<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>
<table:table-row table:visibility="collapse"><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="3"/>
<table:table-cell table:number-columns-spanned="2" office:value-type="string"><office:annotation><text:p>note</text:p></office:annotation><text:p>a<text:s/>b</text:p><text:p>c</text:p></table:table-cell><table:covered-table-cell/>
<table:table-cell office:value-type="string" calcext:value-type="error" table:formula="of:=1/0"><text:p>#DIV/0!</text:p></table:table-cell>
<table:table-cell office:value-type="date" office:date-value="2021-12-05T09:30:00"/><table:table-cell office:value-type="boolean" office:boolean-value="true"/>
<table:table-cell table:formula="of:=1+1"/></table:table-row>
<table:table-row table:number-rows-repeated="1048573"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"""


def pack_ods(content: str) -> bytes:
    mimetype = b"application/vnd.oasis.opendocument.spreadsheet"
    return samples.pack({"mimetype": mimetype, "content.xml": content.encode(), "meta.xml": b"<m/>"})


def test_ods_tells_everything_in_one_pass() -> None:
    sheet = only_sheet(pack_ods(ODS))
    assert sheet["rows"] == [
        [], [], [3, 3, "a b\nc", None, {"error": "#DIV/0!"}, {"timestamp": "2021-12-05T09:30:00"}, True],
    ]  # fmt: skip
    assert (sheet["merged"], sheet["hidden_rows"], sheet["hidden_columns"]) == (["C3:D3"], [3], [3])
    assert (sheet["hidden"], sheet["valueless_formulas"]) == (True, ["H3"])


def test_repeated_content_beyond_the_limits_is_refused() -> None:
    bomb = ODS.replace(
        'repeated="2"><table:table-cell/>',
        'repeated="1048576"><table:table-cell office:value-type="float" office:value="1"/>',
    )
    with pytest.raises(Refusal) as refusal:
        parse(pack_ods(bomb))
    assert refusal.value.reason == "cells"


IMPORTS = """
import sys
from g60pipeline.intake import sandbox_server
heavy = {"pandas", "numpy", "pydantic", "yaml", "fsspec"} & set(sys.modules)
assert not heavy, heavy
"""
RECEIVE = "import sys, g60pipeline.intake.receive; assert 'pandas' not in sys.modules"


@pytest.mark.parametrize("code", [IMPORTS, RECEIVE])
def test_imports_stay_light(code: str) -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True)
