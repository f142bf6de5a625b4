"""Good returns in every kind of file, to be spoilt one fault at a time."""

# ruff: noqa: E501  one case a line
from __future__ import annotations

import copy
import csv
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from openpyxl.workbook.workbook import Workbook

Sheets = dict[str, list[list[Any]]]

COVER: list[list[Any]] = [
    ["报送单位代码", "310117103"],
    ["报送期", "2021-12"],
    ["模板版本", "2021.1"],
    ["报送序号", 1],
    ["报送单位名称", "佘山镇"],
]
SUMMARY = "单位汇总表"
SUMMARY_HEADINGS = [
    "单位代码", "党员总数", "党组织数", "当月新发展党员数", "累计新发展党员数", "重点企业数", "规上工业企业数",
    "规上工业产值", "产值计量单位",
]  # fmt: skip
SUMMARY_ROW: list[Any] = ["310117103", 1200, 45, 3, 31, 20, 60, 1234567.5, "万元"]
COOPERATION = "链上协作表"
COOPERATION_HEADINGS = [
    "协作编号", "集群代码", "供方信用代码", "需方信用代码", "协作类型", "物资或服务", "数量", "数量单位", "金额", "金额单位",
    "约定日期", "交付日期",
]  # fmt: skip
COOPERATION_ROWS: list[list[Any]] = [
    ["X001", "C03", "91310117MA1J1ABC1X", "91310117MA1J1ABC2W", "应急供给", "口罩", 2.5, "吨", 30, "万元", "2021-12-03", "2021-12-05"],
    ["X002", "C03", "91310117MA1J1ABC1X", "91310117MA1J1ABC2W", "采购订单", "机床", 4, "台", 500000, "元", "2021/12/4", None],
]  # fmt: skip


def good_sheets() -> Sheets:
    """A cover and two forms; headings stand in the first row, as in CSV and JSON."""
    return copy.deepcopy(
        {
            "封面": COVER,
            SUMMARY: [SUMMARY_HEADINGS, SUMMARY_ROW],
            COOPERATION: [COOPERATION_HEADINGS, *COOPERATION_ROWS],
        }
    )


def xlsx(sheets: Sheets, spoil: Callable[[Workbook], None] | None = None) -> bytes:
    """Like the template: a title, a help line, headings in row 3. `spoil` may change the workbook."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        top = [] if name == "封面" else [[name], ["填表说明"]]
        for row in [*top, *rows]:
            sheet.append(row)
    if spoil is not None:
        spoil(book)
    file = io.BytesIO()
    book.save(file)
    book.close()
    return file.getvalue()


def xls(sheets: Sheets) -> bytes:
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                sheet.write(r, c, cell)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods(sheets: Sheets) -> bytes:
    document = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        table = Table(name=name)
        for row in rows:
            line = TableRow()
            for cell in row:
                number = isinstance(cell, int | float)
                kind = {"valuetype": "float", "value": cell} if number else {"valuetype": "string"}
                at = TableCell(**kind) if cell is not None else TableCell()
                if cell is not None:
                    at.addElement(P(text=str(cell)))
                line.addElement(at)
            table.addElement(line)
        document.spreadsheet.addElement(table)
    file = io.BytesIO()
    document.write(file)
    return file.getvalue()


def pack(members: dict[str, bytes]) -> bytes:
    """A zip file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The members of a zip file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def csv_text(rows: list[list[Any]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def csv_zip(sheets: Sheets, encoding: str = "utf-8") -> bytes:
    return pack({f"{name}.csv": csv_text(rows).encode(encoding) for name, rows in sheets.items()})


def json_document(sheets: Sheets) -> bytes:
    document: dict[str, Any] = {}
    for name, rows in sheets.items():
        cover = {row[0]: row[1] for row in rows}
        document[name] = (
            cover if name == "封面" else [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        )
    return json.dumps(document, ensure_ascii=False).encode()


WRITERS: dict[str, Callable[[Sheets], bytes]] = {
    "xlsx": xlsx, "xls": xls, "ods": ods, "csv.zip": csv_zip, "json": json_document,
}  # fmt: skip
