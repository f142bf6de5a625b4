"""A form's rows → typed values by field, in base units of measure.

Belongs here: one type per field, codes, 不适用, units of measure, rows of totals. Not here: where rows and
columns are (layout.py, grid.py), one cell's text (text.py), data frames (frames.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.project import Project
from g60pipeline.intake.addresses import cell_address
from g60pipeline.intake.cover import find_code
from g60pipeline.intake.findings import IntakeFinding
from g60pipeline.intake.grid import Grid, Row, find_concealed, read_grid
from g60pipeline.intake.layout import find_layout
from g60pipeline.intake.raw import Cell, RawSheet
from g60pipeline.intake.text import fold, is_error, is_not_applicable, parse_cell, raw_text, squeeze

_SEPARATORS = re.compile(r"[;,、\s]+")
_SUMMABLE = {"stock", "flow", "flow_ytd"}


@dataclass
class TypedRow:
    """A row's values (None: blank, not applicable or wrong) and the texts as they stood in its cells."""

    number: int
    values: dict[str, Any]
    texts: dict[str, str]


def hash_content(rows: Iterable[TypedRow]) -> str:
    """Return a fingerprint of what the rows say, whatever their order and place in the sheet."""
    said = sorted(repr((sorted(row.values.items()), sorted(row.texts.items()))) for row in rows)
    return sha256("\n".join(said).encode()).hexdigest()


@dataclass
class ReadForm:
    """A form as read."""

    rows: list[TypedRow] = field(default_factory=list)
    layout: dict[str, object] = field(default_factory=dict)
    findings: list[IntakeFinding] = field(default_factory=list)


class _Reader:
    """Types the rows of one grid and collects what is wrong."""

    def __init__(self, project: Project, grid: Grid) -> None:
        self.project = project
        self.grid = grid
        self.units = project.code_lists["measurement_units"]
        self.unit_fields = {f.unit_field for f in grid.form.fields if f.unit_field is not None}
        self.findings: list[IntakeFinding] = []

    def read_row(self, row: Row) -> TypedRow:
        values = {f.name: self._value(row.number, f, row.cells.get(f.name)) for f in self.grid.form.fields}
        self._convert(row, values)
        return TypedRow(row.number, values, {name: raw_text(cell) for name, cell in row.cells.items()})

    def _find(self, rule: str, row: int, field_: Field, cell: Cell, **quoted: str) -> None:
        self.findings.append(self.grid.find(rule, row, field_.name, raw_text(cell), **quoted))

    def _value(self, row: int, field_: Field, cell: Cell) -> Any:
        if cell is None:
            return None
        if is_error(cell):
            return self._find("cell_is_not_an_error", row, field_, cell)
        if is_not_applicable(cell) and (field_.allows_not_applicable or field_.type != "text"):
            if not field_.allows_not_applicable:
                self._find("value_may_be_not_applicable", row, field_, cell)
            return None
        try:
            value = parse_cell(cell, field_.type)
        except ValueError:
            return self._find("value_has_the_declared_type", row, field_, cell, type=field_.type)
        return self._text(field_, value) if field_.type == "text" else value

    def _text(self, field_: Field, text: str) -> str:
        if field_.code_list is not None and field_.name not in self.unit_fields:
            return _codes(self.project.code_lists[field_.code_list], text, field_.is_list)
        if field_.format == "uscc":
            return squeeze(text).upper()
        return fold(text) if field_.pattern is not None else text

    def _convert(self, row: Row, values: dict[str, Any]) -> None:
        """Bring the fields that share a unit column to its base unit, and let the column say so."""
        for name in sorted(self.unit_fields):
            measured = [f for f in self.grid.form.fields if f.unit_field == name]
            text = values[name]
            units = [self._unit(f, text) for f in measured]
            known = [unit for unit in units if unit is not None]
            if text is not None and len(known) < len(units):
                self._find(
                    "unit_of_measure_is_known",
                    row.number,
                    self.grid.form.field_by_name[name],
                    row.cells[name],
                )
            for f, unit in zip(measured, units, strict=True):
                if values[f.name] is not None and (unit is not None or text is not None):
                    values[f.name] = (
                        None if unit is None else values[f.name] * Decimal(unit.attributes["factor"])
                    )
            if known:
                values[name] = known[0].attributes["base_unit"]

    def _unit(self, field_: Field, text: str | None) -> Code | None:
        """Return the unit that a cell names, or the field's own when it is blank.

        None when it is none of its dimension.
        """
        own = self.units.by_code[field_.unit] if field_.unit is not None else None
        if text is None:
            return own
        unit = self.units.by_code.get(find_code(self.units, text) or "")
        if unit is None or own is None:
            return unit
        return unit if unit.attributes["dimension"] == own.attributes["dimension"] else None


def _codes(codes: CodeList, text: str, is_list: bool) -> str:
    """Return the code, or codes joined by `;`; text that is not in the list stays as it was written."""
    if not is_list:
        return find_code(codes, text) or text
    parts = [part for part in _SEPARATORS.split(fold(text)) if part]
    return ";".join(find_code(codes, part) or part for part in parts)


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return min(6, max(0, -exponent)) if isinstance(exponent, int) else 0


def _check_total(grid: Grid, total: TypedRow, rows: list[TypedRow]) -> Iterator[IntakeFinding]:
    for f in grid.form.fields:
        said = total.values[f.name]
        addends = [row.values[f.name] for row in rows if row.values[f.name] is not None]
        has_wrong = any(row.values[f.name] is None and not _is_absent(row, f) for row in rows)
        if (
            said is None
            or has_wrong
            or f.measure not in _SUMMABLE
            or f.unit == "rank"
            or not (f.unit or f.unit_field)
        ):
            continue
        last_place = Decimal(1).scaleb(-max(_places(Decimal(number)) for number in (said, *addends)))
        tolerance = 0 if f.type == "integer" else len(addends) * last_place / 2
        if abs(sum(addends) - said) > tolerance:
            yield grid.find(
                "total_row_agrees", total.number, f.name, total.texts[f.name], sum=f"{sum(addends):f}"
            )


def _is_absent(row: TypedRow, field_: Field) -> bool:
    return is_not_applicable(row.texts.get(field_.name)) or field_.name not in row.texts


def _check_headings(grid: Grid) -> Iterator[IntakeFinding]:
    layout, form, sheet = grid.layout, grid.form, grid.sheet
    missing = [f.heading for f in form.fields if f.is_required and f.name not in layout.columns]
    if missing:
        yield _missing(form, sheet, layout.heading_row, missing)
    for heading, column in layout.repeated:
        yield IntakeFinding(
            "headings_are_unique",
            form.name,
            sheet["name"],
            layout.heading_row,
            cell_address(layout.heading_row, column),
            None,
            heading,
        )


def _missing(form: Form, sheet: RawSheet, row: int, headings: list[str]) -> IntakeFinding:
    quoted = {"missing": "、".join(headings)}
    return IntakeFinding(
        "headings_are_all_present", form.name, sheet["name"], row, cell_address(row, 1), quoted=quoted
    )


def _share_unit(grid: Grid, total: Row) -> Row:
    """Return the row of totals in the rows' unit of measure where its own unit cell is blank."""
    cells = dict(total.cells)
    for name in {f.unit_field for f in grid.form.fields if f.unit_field is not None} - cells.keys():
        units = {raw_text(row.cells.get(name)) for row in grid.data}
        if len(units) == 1 and (unit := units.pop()):
            cells[name] = unit
    return Row(total.number, cells, is_total=True)


def _without_label(total: Row) -> Row:
    cells = {name: cell for name, cell in total.cells.items() if squeeze(raw_text(cell)) != "合计"}
    return Row(total.number, cells, is_total=True)


def read_form(project: Project, form: Form, sheet: RawSheet, allows_no_headings: bool = False) -> ReadForm:
    """Read a form's sheet. `allows_no_headings`: an empty list of rows (JSON) carries none."""
    layout = find_layout(project, form, sheet)
    if layout is None:
        headings = [f.heading for f in form.fields if f.is_required]
        is_empty = allows_no_headings and not sheet["rows"]
        findings = [] if is_empty else [_missing(form, sheet, sheet["first_row"], headings)]
        return ReadForm([], {"sheet": sheet["name"], "fields": {}, "ignored": []}, findings)
    grid = read_grid(form, sheet, layout)
    reader = _Reader(project, grid)
    rows = [reader.read_row(row) for row in grid.data]
    totals = [reader.read_row(_share_unit(grid, _without_label(row))) for row in grid.totals]
    sums = [finding for total in totals for finding in _check_total(grid, total, rows)]
    findings = [*_check_headings(grid), *find_concealed(grid), *reader.findings, *sums]
    return ReadForm(
        rows, layout.as_dict(sheet["name"]), sorted(findings, key=lambda finding: finding.sheet_row or 0)
    )
