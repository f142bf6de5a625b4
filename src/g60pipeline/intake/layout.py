"""Where a form's columns stand in a sheet: sheets found by name, columns by heading, never by position.

Belongs here: matching names and headings. Not here: what the cells below hold (forms.py), the cover
(cover.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.project import Project
from g60pipeline.contracts.templates import OWN_SHEETS
from g60pipeline.intake.addresses import column_letters
from g60pipeline.intake.explanations import is_feedback_sheet
from g60pipeline.intake.raw import Cell, RawReturn, RawSheet
from g60pipeline.intake.text import raw_text, squeeze

_SEARCHED_ROWS = 30
_SUFFIX = re.compile(r"(.+?)\(([^()]*)\)")


@dataclass(frozen=True)
class Layout:
    """The columns of a form in a sheet.

    `columns` are 1-based; `repeated` are headings that stand more than once.
    """

    heading_row: int
    columns: dict[str, int]
    headings: dict[str, str]
    ignored: tuple[str, ...] = ()
    repeated: tuple[tuple[str, int], ...] = ()

    def as_dict(self, sheet: str) -> dict[str, object]:
        """Return what the ledger keeps of it."""
        fields = {
            name: {"column": column_letters(column), "heading": self.headings[name]}
            for name, column in self.columns.items()
        }
        return {
            "sheet": sheet,
            "heading_row": self.heading_row,
            "fields": fields,
            "ignored": list(self.ignored),
        }


@dataclass
class _Matched:
    columns: dict[str, int] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    repeated: list[tuple[str, int]] = field(default_factory=list)


def cells_of(sheet: RawSheet) -> Iterator[tuple[int, list[tuple[int, Cell]]]]:
    """Yield each row's 1-based number and its cells with their 1-based columns."""
    for row, cells in enumerate(sheet["rows"], start=sheet["first_row"]):
        yield row, list(enumerate(cells, start=sheet["first_column"]))


def fold_heading(text: str) -> str:
    """Return a heading without spaces, marks of duty and a colon, brackets made plain."""
    return squeeze(text).strip("*:")


def _is_another_unit(project: Project, suffix: str, field_: Field) -> bool:
    """Say whether the end of a heading names a unit of measure that changes what the numbers mean."""
    units = project.code_lists["measurement_units"]
    code = units.by_text.get(suffix)
    if code is None or field_.unit is None or code == field_.unit:
        return False
    return units.by_code[code].attributes["dimension"] == units.by_code[field_.unit].attributes["dimension"]


def index_headings(form: Form) -> dict[str, Field]:
    """Return the form's fields by their folded headings."""
    return {fold_heading(heading): field_ for heading, field_ in form.field_by_heading.items()}


def match_heading(project: Project, by_heading: dict[str, Field], text: str) -> Field | None:
    """Return the field that a heading names.

    A trailing （…） does not count, unless it changes the unit of measure.
    """
    heading = fold_heading(text)
    if heading in by_heading:
        return by_heading[heading]
    match = _SUFFIX.fullmatch(heading)
    found = by_heading.get(fold_heading(match[1])) if match else None
    if match is None or found is None or _is_another_unit(project, match[2], found):
        return None
    return found


def _match_row(project: Project, by_heading: dict[str, Field], cells: list[tuple[int, Cell]]) -> _Matched:
    matched = _Matched()
    for column, cell in cells:
        text = raw_text(cell).strip()
        field_ = match_heading(project, by_heading, text)
        if field_ is None:
            matched.ignored += [text] if text else []
        elif field_.name in matched.columns:
            matched.repeated.append((text, column))
        else:
            matched.columns[field_.name] = column
            matched.headings[field_.name] = text
    return matched


def find_layout(project: Project, form: Form, sheet: RawSheet) -> Layout | None:
    """Find the row in which most headings stand; None when none stands in the sheet's first rows."""
    by_heading = index_headings(form)
    best: tuple[int, _Matched] | None = None
    for row, cells in islice(cells_of(sheet), _SEARCHED_ROWS):
        matched = _match_row(project, by_heading, cells)
        if matched.columns and (best is None or len(matched.columns) > len(best[1].columns)):
            best = row, matched
    if best is None:
        return None
    row, matched = best
    return Layout(row, matched.columns, matched.headings, tuple(matched.ignored), tuple(matched.repeated))


def form_of_sheet(project: Project, name: str) -> Form | None:
    """Return the form, or the cover, that a sheet's name stands for."""
    names = {squeeze(key): form for key, form in project.form_by_sheet.items()}
    return names.get(squeeze(name))


def _is_the_templates_own(sheet: RawSheet) -> bool:
    return sheet["very_hidden"] or (sheet["hidden"] and sheet["name"].startswith(OWN_SHEETS))


def sheets_by_form(project: Project, raw: RawReturn) -> Iterator[tuple[Form | None, RawSheet]]:
    """Yield every sheet with its form.

    Hidden sheets that a template keeps for itself are left out, as is the front sheet of a feedback workbook.
    """
    for sheet in raw.get("sheets", ()):
        if is_feedback_sheet(project, sheet["name"]):
            continue
        form = form_of_sheet(project, sheet["name"])
        if form is not None or not _is_the_templates_own(sheet):
            yield form, sheet


def amount_columns(project: Project, raw: RawReturn) -> dict[str, set[int]]:
    """Return by sheet the columns under the headings of decimal fields."""
    found: dict[str, set[int]] = {}
    for form, sheet in sheets_by_form(project, raw):
        layout = find_layout(project, form, sheet) if form is not None and form.rows != "cover" else None
        if form is not None and layout is not None:
            decimals = {name for name in layout.columns if form.field_by_name[name].type == "decimal"}
            found[sheet["name"]] = {layout.columns[name] for name in decimals}
    return found
