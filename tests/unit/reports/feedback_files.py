"""A return in every kind of file, findings on it, and the way a feedback workbook is read again."""

# ruff: noqa: E501  one row a line
from __future__ import annotations

import csv
import io
import json
import re
import warnings
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import xlsxwriter
import xlwt
from odf.office import Annotation
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from openpyxl.workbook.workbook import Workbook

from g60pipeline.contracts.project import Project
from g60pipeline.intake.parsers import parse
from g60pipeline.intake.raw import RawReturn
from g60pipeline.intake.returns import ParsedReturn, read_return
from g60pipeline.reports.feedback import SubmissionFacts, build_feedback

SUMMARY, COOPERATION, SERVICE = "单位汇总表", "链上协作表", "服务事项表"
HOSTILE = "=cmd|' /C calc'!A0"
Sheets = dict[str, list[list[Any]]]
SHEETS: Sheets = {
    "封面": [
        ["报送单位代码", "310117103"],
        ["报送期", "2021-12"],
        ["模板版本", "2021.1"],
        ["报送序号", 1],
        ["备注", HOSTILE],
    ],
    SUMMARY: [
        [
            "单位代码", "党员总数", "党组织数", "当月新发展党员数", "累计新发展党员数", "重点企业数", "规上工业企业数",
            "规上工业产值", "产值计量单位",
        ],
        ["310117103", 1200.0, 45, 41, 99, "约20余家", 60, 1234567.25, "万元"],
    ],
    COOPERATION: [
        [
            "协作编号", "集群代码", "供方信用代码", "需方信用代码", "协作类型", "物资或服务", "数量", "数量单位", "金额",
            "金额单位", "约定日期", "交付日期",
        ],
        ["X001", "C03", "91310117MA1J1ABC1X", "91310117MA1J1ABC2W", "应急供给", "+口罩", 2.5, "吨", 13800138000, "元", date(2021, 12, 3), None],
        ["X002", "C03", "@某", "91310117MA1J1ABC2W", "采购订单", "-机床", 4, "台", 500000, "元", "2021/12/4", None],
    ],
    SERVICE: [
        ["事项编号", "集群代码", "统一社会信用代码", "服务事项", "受理时间", "办结时间", "服务团队"],
        ["F01", "C03", "91310117MA1J1ABC1X", "环评", datetime(2021, 12, 3, 9, 30, 17), datetime(2021, 12, 7, 16, 5), "一队"],
    ],
}  # fmt: skip


def xlsx(sheets: Sheets = SHEETS) -> bytes:
    """A workbook with what a spreadsheet library loses: stored values, a text box, sparklines, a chart and more."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"default_date_format": "yyyy-mm-dd hh:mm:ss", "strings_to_formulas": False}
    )
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows, start=0 if name == "封面" else 2):
            sheet.write_row(number, 0, row)
    summary, cooperation = book.get_worksheet_by_name(SUMMARY), book.get_worksheet_by_name(COOPERATION)
    assert summary is not None
    assert cooperation is not None
    red = book.add_format({"bg_color": "#FF0000"})
    summary.write_formula("C4", "=40+5", None, 45)
    summary.write_formula("E4", "=1/0", None, "#DIV/0!")
    summary.insert_textbox("K2", "本表由各村居汇总")
    summary.add_sparkline("K4", {"range": f"{SUMMARY}!B4:D4"})
    summary.conditional_format("B4:D9", {"type": "cell", "criteria": ">", "value": 5000, "format": red})
    summary.data_validation(
        "D4", {"validate": "any", "input_title": "提示", "input_message": "第一行\n第二行"}
    )
    summary.write_comment("D4", "村里报的是40", {"author": "填表人"})
    summary.write_comment("B4", "已核对", {"author": "填表人"})
    summary.protect("secret")
    cooperation.set_row(4, None, None, {"hidden": True})
    cooperation.merge_range("N1:O1", "备注")
    chart: Any = book.add_chart({"type": "line"})
    chart.add_series({"values": f"={SUMMARY}!$B$4:$D$4"})
    cooperation.insert_chart("N5", chart)
    book.define_name(f"{COOPERATION}!本表范围", f"={COOPERATION}!$A$3:$L$5")
    cooperation.activate()
    book.close()
    return buffer.getvalue()


def xls(sheets: Sheets = SHEETS) -> bytes:
    book = xlwt.Workbook()
    looks = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                sheet.write(r, c, cell, looks if isinstance(cell, date) else xlwt.Style.default_style)
        if name == COOPERATION:
            sheet.row(2).hidden = True
            sheet.col(6).hidden = True
            sheet.merge(1, 2, 20, 21)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _ods_cell(cell: Any) -> TableCell:
    if cell is None:
        return TableCell()
    if isinstance(cell, date):
        return TableCell(valuetype="date", datevalue=cell.isoformat())
    if isinstance(cell, int | float):
        return TableCell(valuetype="float", value=cell)
    at = TableCell(valuetype="string")
    at.addElement(P(text=cell))
    return at


def ods(sheets: Sheets = SHEETS) -> bytes:
    document = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        table = Table(name=name)
        for row in rows:
            line = TableRow()
            for cell in row:
                line.addElement(_ods_cell(cell))
            table.addElement(line)
        if name == SUMMARY:
            note = Annotation()
            note.addElement(P(text="已核对"))
            table.getElementsByType(TableCell)[-1].addElement(note)
            line = TableRow()
            for cell in ("310117104", 1, 2):
                line.addElement(_ods_cell(cell))
            line.addElement(TableCell(formula="of:=[.B3]*2"))
            table.addElement(line)
        document.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    document.write(buffer)
    return buffer.getvalue()


def csv_zip(sheets: Sheets = SHEETS) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, rows in sheets.items():
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            archive.writestr(f"{name}.csv", text.getvalue())
    return buffer.getvalue()


def json_document(sheets: Sheets = SHEETS) -> bytes:
    document: dict[str, Any] = {"荣誉表": []}
    for name, rows in sheets.items():
        listed = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        document[name] = {row[0]: row[1] for row in rows} if name == "封面" else listed
    return json.dumps(document, ensure_ascii=False, default=str).encode()


WRITERS: dict[str, Callable[[], bytes]] = {
    "xlsx": xlsx, "xls": xls, "ods": ods, "csv.zip": csv_zip, "json": json_document,
}  # fmt: skip


def raw_of(data: bytes) -> RawReturn:
    """What the archive keeps of a parsed file."""
    raw: RawReturn = json.loads(json.dumps(parse(data)))
    return raw


def read(project: Project, data: bytes) -> ParsedReturn:
    return read_return(project, raw_of(data), "佘山镇.xlsx")


def facts(**more: Any) -> SubmissionFacts:
    known: dict[str, Any] = {
        "receipt_number": "SJ-2021-12-0007", "sha256": "ab" * 32, "file_name": "佘山镇.xlsx",
        "received_at": datetime(2022, 1, 4, 20, 15), "status": "returned", "unit_code": "310117103",
        "unit_name": "佘山镇", "period": "2021-12",
    }  # fmt: skip
    return SubmissionFacts(**{**known, **more})


def finding(severity: str = "critical", **more: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "form": "unit_summary", "rule": "new_member_count_is_usual", "code": "US-205", "severity": severity,
        "sheet": SUMMARY, "sheet_row": 4, "cell": "D4", "field": "new_member_count", "row_key": "310117103",
        "value": "41", "expected": "≤ 20", "compared_with": {"累计新发展党员数": "99"},
        "related_cells": [f"{SUMMARY}!E4=99"], "message_zh": "新发展党员 41 人。请核对。",
    }  # fmt: skip
    return {**known, **more}


def feedback_of(project: Project, data: bytes, *findings: dict[str, Any], **more: Any) -> bytes:
    raw = raw_of(data)
    return build_feedback(project, facts(**more), findings, data, raw["kind"], raw["sheets"])


def load(data: bytes) -> Workbook:
    with warnings.catch_warnings():  # it says what it does not read, such as sparklines
        warnings.filterwarnings("ignore", message=".*extension is not supported", category=UserWarning)
        return openpyxl.load_workbook(io.BytesIO(data))


def save(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    book.close()
    return buffer.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repack(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def formulas(data: bytes) -> list[str]:
    """Every formula in a cell, in any sheet, and every external or dynamic link."""
    sheets = [text for name, text in parts(data).items() if name.startswith("xl/worksheets/sheet")]
    found = [match for text in sheets for match in re.findall(r"<f[ >].*?</f>|<f>.*?</f>", text.decode())]
    return found + [name for name in parts(data) if "externalLink" in name]


def front_rows(data: bytes) -> list[dict[str, Any]]:
    """The findings on the front sheet, by heading."""
    book = load(data)
    rows = [[cell.value for cell in row] for row in book["校验结果"].iter_rows()]
    book.close()
    start = next(n for n, row in enumerate(rows) if row[0] == "序号")
    return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :] if isinstance(row[0], int)]


def front_text(data: bytes) -> str:
    book = load(data)
    texts = [
        str(cell.value) for row in book["校验结果"].iter_rows() for cell in row if cell.value is not None
    ]
    book.close()
    return "\n".join(texts)
