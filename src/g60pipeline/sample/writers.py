"""Returns as files: workbooks, zips of CSV, JSON. The same return always gives the same bytes.

Belongs here: the layout of a file. Not here: what stands in the cells; templates for clerks (reports).
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import xlsxwriter

from g60pipeline.contracts.codelists import WRITTEN_AS_CODES
from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.project import Project
from g60pipeline.sample.model import SYNTHETIC, Cell, FileKind, Formula, Return, Row

FIRST_DATA_ROW = 4  # 1-based, below title, help line and headings
_HELP = "请勿改动表头。是否类填“是”或“否”，不适用的填“不适用”，没有数据时保留表头。"
_WIDTH = 21  # a credit code is seen whole
_STAMP = datetime(2021, 1, 1)

# A unit without clusters, a small host unit, and one that exports JSON; all others send workbooks.
FILE_KINDS: dict[str, FileKind] = {"310117001": "csv_utf8", "310117102": "csv_gb18030", "310117U01": "json"}
_SUFFIXES = {"xlsx": ".xlsx", "csv_utf8": ".zip", "csv_gb18030": ".zip", "json": ".json"}


def file_kind(unit_code: str) -> FileKind:
    """Return the kind of file that the unit always sends."""
    return FILE_KINDS.get(unit_code, "xlsx")


def suffix(unit_code: str) -> str:
    """Return the suffix of the unit's files."""
    return _SUFFIXES[file_kind(unit_code)]


class Writer:
    """Writes returns in the words of the project's forms."""

    def __init__(self, project: Project) -> None:
        self._cover = project.cover
        self._forms = project.forms
        self._words = {
            (form.name, field.name): {
                code.code: code.label_zh for code in project.code_lists[field.code_list].codes
            }
            for form in project.forms.values()
            for field in form.fields
            if field.code_list is not None and field.code_list not in WRITTEN_AS_CODES
        }

    def render(self, sent: Return) -> bytes:
        """Return the file's bytes, in the kind of file that the unit sends."""
        kinds: dict[FileKind, Callable[[Return], bytes]] = {
            "xlsx": self._workbook,
            "csv_utf8": lambda sent: self._csv_zip(sent, "utf-8"),
            "csv_gb18030": lambda sent: self._csv_zip(sent, "gb18030"),
            "json": self._json,
        }
        return kinds[file_kind(sent.unit_code)](sent)

    def _headings(self, sent: Return, form: Form) -> list[str]:
        return [sent.headings.get((form.name, field.name), field.heading) for field in form.fields]

    def _cover_rows(self, sent: Return) -> list[tuple[str, Cell]]:
        return [(field.heading, sent.cover[field.name]) for field in self._cover.fields]

    def _lines(self, form: Form, rows: list[Row]) -> Iterator[list[Cell]]:
        """Yield each row's cells in the order of the columns, in the clerk's words."""
        columns = [(field.name, self._words.get((form.name, field.name), {})) for field in form.fields]
        for row in rows:
            yield [_in_words(row.get(name), words) for name, words in columns]

    # --- workbook

    def _workbook(self, sent: Return) -> bytes:
        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"in_memory": True})
        book.set_properties(
            {"title": SYNTHETIC, "subject": sent.stem, "comments": SYNTHETIC, "created": _STAMP}
        )
        cells = _CellWriter(book)
        cover = book.add_worksheet(self._cover.sheet)
        cover.set_column(0, 1, _WIDTH)
        for position, line in enumerate(self._cover_rows(sent)):
            cells.write_line(cover, position, line)
        for name, rows in sent.forms.items():
            self._sheet(book, cells, sent, self._forms[name], rows)
        book.close()
        return buffer.getvalue()

    def _sheet(self, book: Any, cells: _CellWriter, sent: Return, form: Form, rows: list[Row]) -> None:
        sheet = book.add_worksheet(form.sheet)
        sheet.set_column(0, len(form.fields) - 1, _WIDTH)
        above = ([f"{form.title.zh}（{SYNTHETIC}）"], [_HELP], self._headings(sent, form))
        for position, line in enumerate((*above, *self._lines(form, rows))):
            cells.write_line(sheet, position, line)
        for hidden_form, position in sent.hidden_rows:
            if hidden_form == form.name:
                sheet.set_row(FIRST_DATA_ROW - 1 + position, None, None, {"hidden": True})

    # --- zip of CSV files

    def _csv_zip(self, sent: Return, encoding: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            _add_csv(archive, self._cover.sheet, self._cover_rows(sent), encoding)
            for name, rows in sent.forms.items():
                form = self._forms[name]
                _add_csv(
                    archive, form.sheet, [self._headings(sent, form), *self._lines(form, rows)], encoding
                )
        return buffer.getvalue()

    # --- JSON

    def _json(self, sent: Return) -> bytes:
        document: dict[str, Any] = {self._cover.sheet: dict(self._cover_rows(sent))}
        for name, rows in sent.forms.items():
            form = self._forms[name]
            headings = self._headings(sent, form)
            document[form.sheet] = [
                dict(zip(headings, line, strict=True)) for line in self._lines(form, rows)
            ]
        return json.dumps(document, ensure_ascii=False, indent=1, default=_as_text).encode()


def _in_words(value: Cell, words: dict[str, str]) -> Cell:
    if isinstance(value, str):
        return words.get(value, value)
    if isinstance(value, bool):
        return "是" if value else "否"
    return value


def _as_text(value: Any) -> str:
    """Return a date or a time as text, for files that have no cells of their own for them."""
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)


def _add_csv(archive: zipfile.ZipFile, sheet: str, lines: Any, encoding: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["" if cell is None else _as_text(cell) for cell in line] for line in lines])
    entry = zipfile.ZipInfo(f"{sheet}.csv", _STAMP.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text.getvalue().encode(encoding))


class _CellWriter:
    """Writes cells by their type; the library's own `write` looks at each value many times over."""

    def __init__(self, book: Any) -> None:
        self._date = book.add_format({"num_format": "yyyy-mm-dd"})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})

    def write_line(self, sheet: Any, row: int, line: Any) -> None:
        for column, value in enumerate(line):
            if value is not None:
                self._write(sheet, row, column, value)

    def _write(self, sheet: Any, row: int, column: int, value: Cell) -> None:
        if isinstance(value, str):
            sheet.write_string(row, column, value)
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value)
        elif isinstance(value, date):
            sheet.write_datetime(
                row, column, value, self._time if isinstance(value, datetime) else self._date
            )
        elif isinstance(value, Formula):
            # An empty text leaves the stored value out.
            sheet.write_formula(row, column, value.text, None, value.value or "")
