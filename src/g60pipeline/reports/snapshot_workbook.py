"""The snapshot's workbook: a sheet per published table, and in front of them one that says what each column is.

Belongs here: sheets, headings, number formats, names. Not here: which tables there are (contracts), when it is written.

One row of headings, in Chinese, so that a sheet is a pivot table's source as it stands; the columns' own names are in the
sheet 说明. The name `g60_<table>` covers a table with its headings, however its sheet is called. A table that is longer
than a sheet goes on in a second one, `g60_<table>_2`. Text is written as text: nothing that comes from data is a formula.
A spreadsheet keeps 15 digits; integers that have more are written as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.codelists import CodeList
from g60pipeline.contracts.tables import PublishedColumn, PublishedTable

MAX_ROWS = 1_048_575  # of a sheet, less the headings
_FRONT = "说明"
_LARGEST_EXACT = 10**15
_LONGEST_TEXT = 32_767
_STYLES: dict[str, dict[str, Any]] = {
    "heading": {"bold": True, "font_color": "white", "bg_color": "#1F4E78", "text_wrap": True, "valign": "top"},
    "title": {"bold": True, "font_size": 16, "font_color": "#1F4E78"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "date": {"num_format": "yyyy-mm-dd"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "share": {"num_format": "0.0%"},
    "amount": {"num_format": "#,##0.00"},
    "count": {"num_format": "#,##0"},
    "plain": {"num_format": "0"},
}  # fmt: skip
_FRONT_HEADINGS = ("工作表", "列", "表名", "列名", "类型", "单位", "英文说明")
_FRONT_WIDTHS = (22, 40, 28, 26, 12, 14, 60)
Row = tuple[Any, ...]


def sheet_name(title: str, taken: Iterable[str], part: int = 1) -> str:
    """A sheet's name: what spreadsheets refuse is left out, a number is added where it is taken or not the first part."""
    taken = {name.casefold() for name in taken}
    plain = re.sub(r"[\[\]:*?/\\']", "", title).strip() or "表"
    names = (plain[: 31 - len(end)] + end for end in (f"-{n}" if n > 1 else "" for n in range(part, 1000)))
    return next(name for name in names if name.casefold() not in taken)


def headings(table: PublishedTable) -> list[str]:
    """Chinese headings, without what explains them; one that stands twice also has the column's name, for pivot tables."""
    labels = [column.text.zh.partition("：")[0] for column in table.columns]
    return [
        label if labels.count(label) == 1 else f"{label} {column.name}"
        for label, column in zip(labels, table.columns, strict=True)
    ]


def number_style(value: float, is_whole_type: bool, unit: str | None, units: CodeList) -> str:
    """Name of the style of a number in its unit of measure."""
    code = units.by_code.get(unit or "")
    dimension = code.attributes.get("dimension") if code else None
    if unit == "ratio":
        return "share"
    if dimension == "money" or not float(value).is_integer():
        return "amount"
    return "plain" if is_whole_type and unit is None else "count"


class _Sheets:
    """The workbook while it is written."""

    def __init__(self, path: Path, units: CodeList, created: datetime) -> None:
        # In constant memory a sheet's rows wait in a file; it lies beside the workbook, and goes with it after a crash.
        self._book = Workbook(
            str(path),
            {"constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False, "strings_to_urls": False},
        )  # fmt: skip
        self._book.set_properties({"created": created})
        self._units = units
        self._styles: dict[str, Format] = {}

    def style(self, name: str) -> Format:
        if name not in self._styles:
            self._styles[name] = self._book.add_format(_STYLES[name])
        return self._styles[name]

    def add(self, name: str) -> Worksheet:
        return self._book.add_worksheet(name)

    def name_range(self, name: str, sheet: str, rows: int, columns: int) -> None:
        from xlsxwriter.utility import xl_range_abs

        self._book.define_name(name, f"='{sheet}'!{xl_range_abs(0, 0, rows, columns - 1)}")

    def write(self, sheet: Worksheet, at: tuple[int, int], value: Any, unit: str | None = None) -> None:
        """Write one value by its own type; a missing one and a blank text leave the cell blank."""
        match value:
            case None | "":
                return
            case bool():
                sheet.write_string(*at, "是" if value else "否")
            case datetime():
                sheet.write_datetime(*at, value, self.style("instant"))
            case date():
                sheet.write_datetime(*at, datetime(value.year, value.month, value.day), self.style("date"))
            case str():
                sheet.write_string(*at, value)
            case int() if abs(value) >= _LARGEST_EXACT:
                sheet.write_string(*at, str(value))
            case _:
                style = number_style(value, isinstance(value, int), unit, self._units)
                sheet.write_number(*at, value, self.style(style))

    def close(self) -> None:
        try:
            self._book.close()
        except XlsxWriterException as error:
            sheets: list[Any] = self._book.worksheets()
            for sheet in sheets:
                sheet.row_data_fh.close()  # xlsxwriter forgets its files when it fails
            raise OSError(f"the workbook could not be written: {error}") from error


def _check_texts(rows: Iterable[Row]) -> None:
    """Before anything is opened: xlsxwriter would leave a longer text out without a word."""
    for text in (cell for row in rows for cell in row if isinstance(cell, str)):
        if len(text) > _LONGEST_TEXT:
            raise ValueError(f"a text of {len(text)} characters does not fit into a cell: {text[:40]}…")


def _width(column: PublishedColumn) -> int:
    if column.logical_type == "string":
        return 40 if column.name.endswith(("_zh", "_en", "note", "description")) else 18
    return 19 if column.logical_type == "timestamp" else 14


def _write_part(sheets: _Sheets, name: str, table: PublishedTable, rows: list[Row]) -> None:
    sheet = sheets.add(name)
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, _width(column))
    for at, heading in enumerate(headings(table)):
        sheet.write_string(0, at, heading, sheets.style("heading"))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(table.columns) - 1)
    for line, row in enumerate(rows, start=1):
        cells = dict(zip(table.column_names, row, strict=True))
        for at, column in enumerate(table.columns):
            unit = cells[column.unit_column] if column.unit_column else column.unit
            sheets.write(sheet, (line, at), cells[column.name], unit)


def _parts(rows: list[Row], size: int) -> Iterator[tuple[int, list[Row]]]:
    for number, start in enumerate(range(0, max(len(rows), 1), size), start=1):
        yield number, rows[start : start + size]


def _write_front(
    sheets: _Sheets, front: Worksheet, facts: Iterable[tuple[Text, str]], tables: Mapping[str, PublishedTable]
) -> None:
    """`tables`: sheet → table."""
    for at, width in enumerate(_FRONT_WIDTHS):
        front.set_column(at, at, width)
    line = 0
    for label, value in facts:
        front.write_string(line, 0, f"{label.zh} {label.en}", sheets.style("wrapped"))
        front.write_string(line, 1, value, sheets.style("wrapped"))
        line += 1
    line += 1
    for at, heading in enumerate(_FRONT_HEADINGS):
        front.write_string(line, at, heading, sheets.style("heading"))
    for sheet, table in tables.items():
        for heading, column in zip(headings(table), table.columns, strict=True):
            line += 1
            unit = column.unit or (f"见 {column.unit_column}" if column.unit_column else "")
            cells = (sheet, heading, table.full_name, column.name, column.logical_type, unit, column.text.en)
            for at, text in enumerate(cells):
                sheets.write(front, (line, at), text)


def write_workbook(
    path: Path,
    tables: Iterable[PublishedTable],
    rows: Mapping[str, list[Row]],
    facts: Iterable[tuple[Text, str]],
    units: CodeList,
    created: datetime,
    max_rows: int = MAX_ROWS,
) -> None:
    """Write the workbook; `facts` head the first sheet, `created` (UTC) is its only date.

    Raises OSError when it cannot be written, ValueError when a text does not fit into a cell.
    """
    tables = list(tables)
    _check_texts(row for table in tables for row in rows[table.name])
    parts = [(table, n, part) for table in tables for n, part in _parts(rows[table.name], max_rows)]
    names: list[str] = [_FRONT]
    for table, number, _ in parts:
        names.append(sheet_name(table.title.zh, names, number))
    sheets = _Sheets(path, units, created)
    front = sheets.add(_FRONT)
    first = {
        table.name: (name, table)
        for name, (table, _, _) in reversed(list(zip(names[1:], parts, strict=True)))
    }
    _write_front(sheets, front, facts, dict(first[table.name] for table in tables))
    for name, (table, number, part) in zip(names[1:], parts, strict=True):
        _write_part(sheets, name, table, part)
        defined = f"g60_{table.name}" + (f"_{number}" if number > 1 else "")
        sheets.name_range(defined, name, len(part), len(table.columns))
    sheets.close()
