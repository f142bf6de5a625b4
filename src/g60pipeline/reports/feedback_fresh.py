"""A fresh workbook with the cells of a return, for kinds of file that cannot be copied and marked.

Belongs here: cells as read → cells that read the same again. Not here: marks and the front sheet, which are added as to
any workbook.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from g60pipeline.contracts.project import Project
from g60pipeline.reports.feedback_package import clean_text
from g60pipeline.reports.feedback_sheet import display_width
from g60pipeline.reports.feedback_styles import FONT

RawSheet = Mapping[str, Any]
_RANGE = re.compile(r"([A-Z]+)(\d+):([A-Z]+)(\d+)")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_MAX_NAME = 31
_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})
_STARTS_A_FORMULA = ("=", "+", "-", "@")
_FIRST_DAY = date(1900, 3, 1)  # spreadsheets count a day before it that never was
_MAX_WIDTH = 40


class _Writer:
    """Writes cells of one workbook."""

    def __init__(self, book: Any) -> None:
        looks = {"font_name": FONT, "font_size": 10}
        self.plain = book.add_format(looks)
        self.quoted = book.add_format({**looks, "quote_prefix": True})
        self.date = book.add_format({**looks, "num_format": "yyyy-mm-dd"})
        self.time = book.add_format({**looks, "num_format": "yyyy-mm-dd hh:mm:ss"})

    def write(self, sheet: Any, row: int, column: int, cell: Any) -> None:
        if isinstance(cell, bool):
            sheet.write_boolean(row, column, cell, self.plain)
        elif isinstance(cell, int | float) and _reads_back(cell):
            sheet.write_number(row, column, cell, self.plain)
        elif isinstance(cell, dict):
            self._write_dict(sheet, row, column, cell)
        elif cell is not None:
            self._write_text(sheet, row, column, repr(cell) if isinstance(cell, float) else str(cell))

    def _write_text(self, sheet: Any, row: int, column: int, text: str) -> None:
        look = self.quoted if text.startswith(_STARTS_A_FORMULA) else self.plain
        sheet.write_string(row, column, clean_text(text), look)

    def _write_dict(self, sheet: Any, row: int, column: int, cell: dict[str, str]) -> None:
        ((kind, text),) = cell.items()
        if kind == "error" and text in _ERRORS:
            sheet.write_formula(row, column, f"={text}", self.plain, text)
        elif kind == "error" or text < _FIRST_DAY.isoformat():
            self._write_text(sheet, row, column, text)
        else:
            look = self.date if kind == "date" else self.time
            sheet.write_datetime(row, column, datetime.fromisoformat(text), look)


def _reads_back(number: float) -> bool:
    """Say whether the number is read again as it was: 16 digits are written, and whole numbers come back as such."""
    if isinstance(number, int):
        return abs(number) < 10**15
    return float(f"{number:.16G}") == number and not (number.is_integer() and abs(number) < 1e15)


def _name(name: str, taken: set[str]) -> str:
    """Return a name that a sheet may have and none has yet."""
    base = _NOT_IN_NAMES.sub("_", clean_text(name)).strip("'")[:_MAX_NAME] or "_"
    chosen, number = base, 1
    while chosen.lower() in taken:
        number += 1
        chosen = f"{base[: _MAX_NAME - len(str(number)) - 1]}_{number}"
    taken.add(chosen.lower())
    return chosen


def _rows(project: Project, sheet: RawSheet, kind: str) -> list[list[Any]]:
    """Return the sheet's rows; an empty list of a JSON document has no headings, which a workbook needs."""
    form = project.form_by_sheet.get(sheet["name"])
    if kind == "json" and not sheet["rows"] and form is not None and form is not project.cover:
        return [[field.heading for field in form.fields]]
    return list(sheet["rows"])


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _merge(sheet: Any, ranges: Sequence[str], look: Any) -> None:
    for match in filter(None, map(_RANGE.fullmatch, ranges)):
        first, last = (int(match[2]) - 1, _column(match[1])), (int(match[4]) - 1, _column(match[3]))
        try:
            sheet.merge_range(*first, *last, "", look)
        except XlsxWriterException:  # it overlaps another: only damaged files have such
            continue


def _set_widths(sheet: Any, raw: RawSheet, rows: list[list[Any]]) -> None:
    columns = max(map(len, rows), default=0)
    for n in range(columns):
        texts = [str(row[n]) for row in rows[:200] if n < len(row) and row[n] is not None]
        width = min(_MAX_WIDTH, max([10, *(display_width(text) + 2 for text in texts)]))
        column = raw["first_column"] - 1 + n
        options = {"hidden": True} if column + 1 in raw["hidden_columns"] else {}
        sheet.set_column(column, column, width, None, options)


def _fill(sheet: Any, writer: _Writer, raw: RawSheet, rows: list[list[Any]]) -> None:
    _set_widths(sheet, raw, rows)
    for number in raw["hidden_rows"]:
        sheet.set_row(number - 1, None, None, {"hidden": True})
    _merge(sheet, raw["merged"], writer.plain)
    for row, cells in enumerate(rows, start=raw["first_row"] - 1):
        for column, cell in enumerate(cells, start=raw["first_column"] - 1):
            writer.write(sheet, row, column, cell)
    for address in raw["valueless_formulas"]:
        # a formula whose value is not stored: not blank, and not the clerk's formula, which is not known
        sheet.write_formula(address, "=#N/A", writer.plain, "")
    if rows:
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})


def write_fresh(
    project: Project, front: str, sheets: Sequence[RawSheet], kind: str, created: datetime
) -> bytes:
    """Write a workbook with an empty front sheet and the sheets as they were read."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": created})
    book.add_worksheet(front)
    writer, taken = _Writer(book), {front.lower()}
    for raw in sheets:
        if raw["name"].strip() == front:
            continue
        sheet = book.add_worksheet(_name(raw["name"], taken))
        _fill(sheet, writer, raw, _rows(project, raw, kind))
        if raw["hidden"]:
            (sheet.very_hidden if raw["very_hidden"] else sheet.hide)()
    book.close()
    return buffer.getvalue()
