"""The rows of a form's sheet, and what the spreadsheet shows or hides of them.

Belongs here: data rows and rows of totals, merged ranges, hidden rows, columns and sheets, formulas without
a value. Not here: what a cell means (forms.py), where the columns are (layout.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from g60pipeline.contracts.forms import Form
from g60pipeline.intake.addresses import cell_address, column_letters, parse_address, parse_range
from g60pipeline.intake.findings import IntakeFinding
from g60pipeline.intake.layout import Layout, cells_of
from g60pipeline.intake.raw import Cell, RawSheet
from g60pipeline.intake.text import is_blank, raw_text, squeeze

_TOTAL = "合计"


@dataclass(frozen=True)
class Row:
    """A row below the headings: its number in the sheet and its cells by field, blank ones absent."""

    number: int
    cells: dict[str, Cell]
    is_total: bool


@dataclass(frozen=True)
class Grid:
    """A form's sheet with its columns found and its rows read."""

    form: Form
    sheet: RawSheet
    layout: Layout
    rows: tuple[Row, ...]

    @property
    def data(self) -> list[Row]:
        """Rows that are reported."""
        return [row for row in self.rows if not row.is_total]

    @property
    def totals(self) -> list[Row]:
        """Rows of totals, to be checked and dropped."""
        return [row for row in self.rows if row.is_total]

    def find(self, rule: str, row: int, field: str, value: str | None = None, **quoted: str) -> IntakeFinding:
        """Build a finding at a field's cell."""
        cell = cell_address(row, self.layout.columns[field])
        return IntakeFinding(rule, self.form.name, self.sheet["name"], row, cell, field, value, quoted)


def read_grid(form: Form, sheet: RawSheet, layout: Layout) -> Grid:
    """Read the rows below the headings; rows without anything in the form's columns are skipped."""
    field_at = {column: name for name, column in layout.columns.items()}
    rows: list[Row] = []
    for number, cells in cells_of(sheet):
        filled = [(column, cell) for column, cell in cells if not is_blank(cell)]
        by_field = {field_at[column]: cell for column, cell in filled if column in field_at}
        is_total = bool(filled) and squeeze(raw_text(filled[0][1])) == _TOTAL
        if number > layout.heading_row and (by_field or is_total):
            rows.append(Row(number, by_field, is_total))
    return Grid(form, sheet, layout, tuple(rows))


def find_concealed(grid: Grid) -> Iterator[IntakeFinding]:
    """Find whatever would be read otherwise than it shows."""
    yield from _merged(grid)
    yield from _valueless(grid)
    yield from _hidden_rows(grid)
    yield from _hidden_columns(grid)
    if grid.sheet["hidden"] and grid.data:
        yield find_hidden_sheet(grid.form, grid.sheet)


def find_hidden_sheet(form: Form | None, sheet: RawSheet) -> IntakeFinding:
    """Build the finding of a hidden sheet that holds content."""
    return IntakeFinding(
        "value_is_not_hidden",
        form.name if form else None,
        sheet["name"],
        value=sheet["name"],
        quoted={"part": "sheet"},
    )


def holds_content(sheet: RawSheet) -> bool:
    """Say whether any cell of the sheet holds something."""
    return any(not is_blank(cell) for row in sheet["rows"] for cell in row)


def _merged(grid: Grid) -> Iterator[IntakeFinding]:
    numbers = [row.number for row in grid.data]
    columns = grid.layout.columns.values()
    for text in grid.sheet["merged"]:
        top, left, bottom, right = parse_range(text)
        touches_rows = any(top <= number <= bottom for number in numbers)
        if touches_rows and left <= max(columns) and right >= min(columns):
            yield IntakeFinding(
                "cells_are_not_merged",
                grid.form.name,
                grid.sheet["name"],
                top,
                cell_address(top, left),
                value=text,
            )


def _valueless(grid: Grid) -> Iterator[IntakeFinding]:
    field_at = {column: name for name, column in grid.layout.columns.items()}
    totals = {row.number for row in grid.totals}
    for address in grid.sheet["valueless_formulas"]:
        row, column = parse_address(address)
        if column in field_at and row > grid.layout.heading_row and row not in totals:
            yield grid.find("formula_has_a_stored_value", row, field_at[column], "")


def _hidden(grid: Grid, part: str, name: str, row: int, column: int) -> IntakeFinding:
    return IntakeFinding(
        "value_is_not_hidden",
        grid.form.name,
        grid.sheet["name"],
        row,
        cell_address(row, column),
        value=name,
        quoted={"part": part},
    )


def _hidden_rows(grid: Grid) -> Iterator[IntakeFinding]:
    hidden = set(grid.sheet["hidden_rows"])
    for row in grid.data:
        if row.number in hidden:
            yield _hidden(grid, "row", str(row.number), row.number, min(grid.layout.columns.values()))


def _hidden_columns(grid: Grid) -> Iterator[IntakeFinding]:
    filled = set(_filled_columns(grid, (row.number for row in grid.data)))
    for column in grid.sheet["hidden_columns"]:
        if column in filled:
            yield _hidden(grid, "column", column_letters(column), grid.layout.heading_row, column)


def _filled_columns(grid: Grid, numbers: Iterable[int]) -> Iterator[int]:
    data = set(numbers)
    for number, cells in cells_of(grid.sheet):
        if number in data:
            yield from (column for column, cell in cells if not is_blank(cell))
