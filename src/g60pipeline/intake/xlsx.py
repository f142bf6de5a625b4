"""xlsx → raw return: values by calamine, and from the XML what calamine does not tell. Runs isolated.

The XML is looked at first: calamine ends its process on a legal workbook with cells far apart. It also
reads error cells as blank, and says nothing of formulas without a value or of hidden rows and columns.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from datetime import date, time, timedelta
from typing import Any, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from g60pipeline.intake.addresses import cell_address, parse_address
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
from g60pipeline.intake.scan import MAX_COLUMNS, MAX_ROWS, check_cell, local_names, text_of_xml, walk_xml

_LOOSE = re.compile(
    r"(?i)(?:xl/(?:comments|threadedcomments|drawings|charts|persons)[^.]*|docprops/[^.]*)\.(?:xml|vml)"
)
_ON = {"1", "true"}


class _Sheet(NamedTuple):
    name: str
    state: str
    part: str


class _SheetScan:
    """Collects a worksheet's errors, valueless formulas, merges and hidden rows and columns."""

    def __init__(self) -> None:
        self.errors: dict[tuple[int, int], str] = {}
        self.valueless: list[str] = []
        self.merged: list[str] = []
        self.hidden_rows: list[int] = []
        self.hidden_columns: set[int] = set()
        self._row = self._column = 0
        self._type = ""
        self._has_formula = self._has_content = self._in_value = False
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name == "row":
            self._start_row(attributes)
        elif name in ("v", "f", "is"):
            self._has_content = True
            self._has_formula |= name == "f"
            self._in_value = name == "v"
        elif name == "col":
            self._columns(attributes)
        elif name == "mergeCell":
            self.merged.append(attributes["ref"])

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
        self._column = 0
        is_hidden = attributes.get("hidden") in _ON or float(attributes.get("ht", 1)) == 0
        if is_hidden and self._row <= MAX_ROWS:
            self.hidden_rows.append(self._row)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        if "r" in attributes:
            self._row, self._column = parse_address(attributes["r"])
        else:
            self._column += 1
        self._type = attributes.get("t", "n")
        self._has_formula = self._has_content = self._in_value = False
        self._value = ""

    def _columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in _ON or float(attributes.get("width", 1)) == 0:
            last = min(int(attributes["max"]), MAX_COLUMNS)
            self.hidden_columns.update(range(int(attributes["min"]), last + 1))

    def text(self, text: str) -> None:
        if self._in_value:
            self._value += text

    def end(self, name: str) -> None:
        if name == "v":
            self._in_value = False
        elif name == "c" and self._has_content:
            self._end_cell()

    def _end_cell(self) -> None:
        check_cell(self._row, self._column)
        if self._type == "e":
            self.errors[self._row, self._column] = self._value or "#ERROR"
        elif self._has_formula and not self._value.strip() and self._type != "str":
            self.valueless.append(cell_address(self._row, self._column))


def parse_xlsx(data: bytes, archive: zipfile.ZipFile) -> RawReturn:
    """Parse a workbook; Refusal when it is damaged or beyond the limits."""
    try:
        sheets = _list_sheets(archive)
        scans = {sheet.part: _scan_sheet(archive, sheet.part) for sheet in sheets}
        loose = {
            name: text_of_xml(archive.read(name)) for name in archive.namelist() if _LOOSE.fullmatch(name)
        }
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            read = [_read_sheet(workbook, sheet, scans[sheet.part]) for sheet in sheets]
    except (KeyError, ValueError, zipfile.BadZipFile, CalamineError) as error:
        raise Refusal("file_is_readable", "damaged") from error
    return RawReturn(
        kind="xlsx", sheets=read, loose_text={part: text for part, text in loose.items() if text.strip()}
    )


def _list_sheets(archive: zipfile.ZipFile) -> list[_Sheet]:
    """List the worksheets; chart sheets and the like hold no cells."""
    found: list[dict[str, str]] = []
    targets: dict[str, dict[str, str]] = {}

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            found.append(local_names(attributes))

    def relationship(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes["Id"]] = attributes

    walk_xml(archive.read("xl/workbook.xml"), sheet)
    walk_xml(archive.read("xl/_rels/workbook.xml.rels"), relationship)
    return [
        _Sheet(
            s["name"],
            s.get("state", "visible"),
            posixpath.normpath(posixpath.join("/xl", target["Target"]))[1:],
        )
        for s in found
        if (target := targets[s["id"]])["Type"].endswith("/worksheet")
    ]


def _scan_sheet(archive: zipfile.ZipFile, part: str) -> _SheetScan:
    scan = _SheetScan()
    walk_xml(archive.read(part), scan.start, scan.end, scan.text)
    return scan


def _read_sheet(workbook: CalamineWorkbook, sheet: _Sheet, scan: _SheetScan) -> RawSheet:
    source = workbook.get_sheet_by_name(sheet.name)
    row, column = source.start or (0, 0)
    if scan.errors:  # calamine does not count them as content, so they may lie outside what it returns
        row = (
            min(row, *(r - 1 for r, _ in scan.errors)) if source.start else min(r for r, _ in scan.errors) - 1
        )
        column = (
            min(column, *(c - 1 for _, c in scan.errors))
            if source.start
            else min(c for _, c in scan.errors) - 1
        )
    rows = _place(source, row, column)
    for (r, c), error in scan.errors.items():
        _put(rows, r - 1 - row, c - 1 - column, {"error": error})
    read = build_sheet(sheet.name, rows, row + 1, column + 1)
    read["hidden"] = sheet.state != "visible"
    read["very_hidden"] = sheet.state == "veryHidden"
    read["merged"] = scan.merged
    read["hidden_rows"] = scan.hidden_rows
    read["hidden_columns"] = sorted(scan.hidden_columns)
    read["valueless_formulas"] = scan.valueless
    return read


def _place(source: Any, row: int, column: int) -> list[list[Cell]]:
    """Return the sheet's cells with rows[0][0] at the given 0-based position."""
    if source.start is None:
        return []
    indent: list[Cell] = [None] * (source.start[1] - column)
    blank: list[list[Cell]] = [[] for _ in range(source.start[0] - row)]
    return blank + [indent + [_cell(value) for value in values] for values in source.to_python()]


def _put(rows: list[list[Cell]], row: int, column: int, cell: Cell) -> None:
    rows.extend([] for _ in range(row + 1 - len(rows)))
    rows[row].extend([None] * (column + 1 - len(rows[row])))
    rows[row][column] = cell


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return text_cell(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float | int):
        return number_cell(float(value)) if isinstance(value, float) else value
    if isinstance(value, date):
        return moment_cell(value)
    if isinstance(value, time | timedelta):
        return str(value)
    raise ValueError("a cell of an unknown type")
