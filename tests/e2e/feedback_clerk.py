"""A clerk with a feedback workbook: does what its front sheet says, and nothing else.

A marked cell is given the value that it has in the correct return. What no cell can mend (a missing sheet, a hidden
row) is mended as the message says. A warning with nothing to mend is explained.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openpyxl import load_workbook
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from g60pipeline.contracts.project import Project
from g60pipeline.reports.template import build_template
from g60pipeline.reports.template_order import Order
from g60pipeline.sample.faults import Fault

INSTALL = "LibreOffice is missing. Run: apt-get install --yes --no-install-recommends libreoffice-calc"
EXPLANATION = "已与对方核对，数据无误"
_QUOTED = re.compile("《(.+?)》")
_ADDRESS = re.compile(r"[A-Z]+\d+")
_ROW = re.compile(r"第 (\d+) 行")


class Line(NamedTuple):
    """A finding as the front sheet shows it."""

    row: int
    severity: str
    code: str
    sheet: str
    cell: str
    message: str
    key: str


@dataclass
class Mended:
    """What the clerk made of it. `touched`: sheet and cell; `explained`: by finding key."""

    content: bytes = b""
    touched: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    explained: dict[str, str] = field(default_factory=dict[str, str])
    is_to_be_saved_by_office: bool = False


def open_book(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))


def content_of(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def front_lines(project: Project, book: Workbook) -> list[Line]:
    """Read the findings off the front sheet, by its headings."""
    rows = [[cell.value for cell in row] for row in book[project.feedback.sheet].iter_rows()]
    columns = project.feedback.columns
    at = next(n for n, row in enumerate(rows) if columns["key"] in row)
    names = ("severity", "code", "sheet", "cell", "message", "key")
    places = [rows[at].index(columns[name]) for name in names]
    return [Line(n, *(str(row[p] or "") for p in places)) for n, row in enumerate(rows[at + 1 :], at + 2)]


def coloured_cells(book: Workbook) -> set[tuple[str, str]]:
    """The cells that our marks colour."""
    return {
        (sheet.title, cell.coordinate)
        for sheet in book.worksheets
        for marks in sheet.conditional_formatting
        if any('N("g60")' in formula for rule in marks.rules for formula in rule.formula)
        for cell in _cells(sheet, marks.sqref)
    }


def _cells(sheet: Worksheet, areas: Any) -> Iterator[Any]:
    for area in areas.ranges:
        for row in sheet.iter_rows(area.min_row, area.max_row, area.min_col, area.max_col):
            yield from row


class Clerk:
    """Mends the return of one fault. `original` is what was sent, `correct` what should have been."""

    def __init__(self, project: Project, fault: Fault, original: bytes, correct: bytes) -> None:
        self.project, self.fault, self.original = project, fault, original
        self.correct = open_book(correct)

    def mend(self, feedback: bytes) -> Mended:
        self.book, self.mended = open_book(feedback), Mended()
        lines = front_lines(self.project, self.book)
        codes = {line.code for line in lines}
        if codes & {"FI-002", "FI-008"}:
            return Mended(self._fill_a_template())
        if "FI-004" in codes:
            self.book = open_book(self.original)
        for line in lines:
            self._follow(line)
        for line in lines:
            self._explain(line)
        self.mended.content = content_of(self.book)
        return self.mended

    def _follow(self, line: Line) -> None:
        actions = {
            "FM-010": self._add_the_sheets,
            "FI-004": self._copy_the_quoted_cell,
            "FI-009": self._write_the_heading,
            "FI-012": self._save_by_office,
            "FI-013": self._show_the_row,
            "FM-012": lambda _: None,  # the feedback workbook's own name says the right unit
        }
        if line.code.endswith("-KEY"):
            self._delete_the_last(line)
        elif line.code in actions:
            actions[line.code](line)
        elif _ADDRESS.fullmatch(line.cell) and self.fault.status == "returned":
            self._copy(line.sheet, line.cell)

    def _copy(self, sheet: str, cell: str) -> None:
        right = self.correct[sheet][cell].value
        if self.book[sheet][cell].value != right:
            self.book[sheet][cell].value = right
            self.mended.touched.add((sheet, cell))

    def _explain(self, line: Line) -> None:
        needs = line.severity == self.project.feedback.severities["warning"]
        if needs and (line.sheet, line.cell) not in self.mended.touched:
            front = self.book[self.project.feedback.sheet]
            columns = self.project.feedback.columns
            heading = next(
                cell for row in front.iter_rows() for cell in row if cell.value == columns["explanation"]
            )
            front.cell(line.row, heading.column).value = EXPLANATION
            self.mended.explained[line.key] = EXPLANATION

    # --- what the messages ask for

    def _add_the_sheets(self, line: Line) -> None:
        for name in _QUOTED.findall(line.message):
            added = self.book.create_sheet(name)
            for row in self.correct[name].iter_rows(values_only=True):
                added.append(row)

    def _copy_the_quoted_cell(self, line: Line) -> None:
        assert f"{line.sheet}” {line.cell} " in line.message
        self._copy(line.sheet, line.cell)

    def _write_the_heading(self, line: Line) -> None:
        right = self.correct[line.sheet]
        for cell in right[right[line.cell].row]:
            if str(cell.value) in line.message:
                self.book[line.sheet][cell.coordinate].value = cell.value

    def _show_the_row(self, line: Line) -> None:
        (row,) = map(int, _ROW.findall(line.message))
        assert self.book[line.sheet].row_dimensions[row].hidden
        self.book[line.sheet].row_dimensions[row].hidden = False

    def _save_by_office(self, line: Line) -> None:
        self.mended.is_to_be_saved_by_office = True

    def _delete_the_last(self, line: Line) -> None:
        sheet = self.book[line.sheet]
        row = sheet[line.cell].row
        if row > self.correct[line.sheet].max_row and row <= sheet.max_row:
            sheet.delete_rows(row)

    def _fill_a_template(self) -> bytes:
        order = Order(self.project, self.fault.unit_code, self.fault.period)
        template = open_book(build_template(order))
        for form in order.forms:
            _fill(template[form.sheet], self.correct[form.sheet], {f.heading for f in form.fields})
        return content_of(template)


def _headings(sheet: Worksheet, known: set[str]) -> tuple[int, dict[str, int]]:
    for row in sheet.iter_rows():
        found = {str(cell.value): cell.column for cell in row if str(cell.value) in known}
        if len(found) > 1:
            return row[0].row, found
    raise AssertionError(f"{sheet.title} has no headings")


def _fill(target: Worksheet, source: Worksheet, known: set[str]) -> None:
    (from_row, from_columns), (to_row, to_columns) = _headings(source, known), _headings(target, known)
    for step in range(1, source.max_row - from_row + 1):
        for heading, column in from_columns.items():
            target.cell(to_row + step, to_columns[heading]).value = source.cell(from_row + step, column).value


def save_by_office(folder: Path, files: dict[str, bytes]) -> dict[str, bytes]:
    """Have LibreOffice open workbooks and save them, in one start; its profile is its own."""
    office = shutil.which("soffice")
    if office is None:
        pytest.fail(INSTALL)
    source, target = folder / "before", folder / "after"
    source.mkdir(parents=True)
    for name, content in files.items():
        (source / f"{name}.xlsx").write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    paths = [str(path) for path in sorted(source.iterdir())]
    done = subprocess.run(
        [office, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(target), *paths],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert len(list(target.glob("*.xlsx"))) == len(files), done.stdout + done.stderr
    return {name: (target / f"{name}.xlsx").read_bytes() for name in files}
