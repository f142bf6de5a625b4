"""xls → raw return by xlrd, which reads or raises where calamine dies. Runs isolated."""

from __future__ import annotations

import io
from typing import Any

import xlrd

from g60pipeline.intake.addresses import cell_address
from g60pipeline.intake.raw import (
    Cell,
    RawReturn,
    RawSheet,
    Refusal,
    build_sheet,
    moment_cell,
    number_cell,
    text_cell,
)
from g60pipeline.intake.scan import check_cell

_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def parse_xls(data: bytes) -> RawReturn:
    """Parse a workbook; Refusal when it is damaged, encrypted or no workbook."""
    if _ENCRYPTED_PACKAGE in data:
        raise Refusal("file_is_readable", "encrypted")
    with _open(data) as book:
        return RawReturn(kind="xls", sheets=[_read_sheet(book, sheet) for sheet in book.sheets()])


def _open(data: bytes) -> Any:
    try:
        return xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    except MemoryError:
        raise
    except Exception as error:  # xlrd raises whatever the damage happens to cause
        if "encrypted" in str(error):
            raise Refusal("file_is_readable", "encrypted") from error
        if "Can't find workbook" in str(error):
            raise Refusal("file_is_a_known_kind") from error
        raise Refusal("file_is_readable", "damaged") from error


def _read_sheet(book: Any, sheet: Any) -> RawSheet:
    rows = [[_cell(book, cell) for cell in sheet.row(row)] for row in range(sheet.nrows)]
    for row, cells in enumerate(rows, start=1):
        if any(cell is not None for cell in cells):
            check_cell(row, 1)
    read = build_sheet(sheet.name, rows)
    read["hidden"] = sheet.visibility != 0
    read["very_hidden"] = sheet.visibility == 2
    read["merged"] = [
        f"{cell_address(top + 1, left + 1)}:{cell_address(bottom, right)}"
        for top, bottom, left, right in sheet.merged_cells
    ]
    read["hidden_rows"] = sorted(row + 1 for row, info in sheet.rowinfo_map.items() if info.hidden)
    read["hidden_columns"] = sorted(column + 1 for column, info in sheet.colinfo_map.items() if info.hidden)
    return read


def _cell(book: Any, cell: Any) -> Cell:
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return text_cell(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return number_cell(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _date(cell.value, book.datemode)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return {"error": xlrd.error_text_from_code.get(cell.value, "#ERROR")}
    return None


def _date(number: float, datemode: Any) -> Cell:
    try:
        return moment_cell(xlrd.xldate_as_datetime(number, datemode)) if number >= 1 else number
    except (OverflowError, ValueError):
        return number_cell(number)
