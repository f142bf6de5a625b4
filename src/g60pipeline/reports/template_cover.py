"""The sheets of a template that are no form: cover, guide, codes to choose from, and what the template says of itself.

Not here: forms (template_sheet.py).
"""

from __future__ import annotations

from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from g60pipeline.contracts.codelists import WRITTEN_AS_CODES
from g60pipeline.contracts.deadlines import Deadlines, deadlines_of
from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.templates import OWN_SHEETS
from g60pipeline.reports.template_fields import FieldText
from g60pipeline.reports.template_order import Choice, Order
from g60pipeline.reports.template_sheet import count_cell
from g60pipeline.reports.template_style import Styles, as_moment, lines_of

LISTS_SHEET = f"{OWN_SHEETS}lists"
ABOUT_SHEET = f"{OWN_SHEETS}template"
_OPEN_FIELDS = ("sequence_number", "remark")
_FIRST_FIELD = 3  # row from 0, below title, subtitle and help
_A4 = 9
_ROW_HEIGHT, _LINE_HEIGHT = 22, 16  # points
_GUIDE_WIDTH = 84  # digits


def write_cover(order: Order, sheet: Worksheet, styles: Styles) -> None:
    """Write the cover: whose return it is, for which month, on which template, and what is owed until when.

    The value of a label is the next cell that is not blank, so nothing else may stand to its right.
    """
    words, quoted = order.texts.words, order.quoted
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 3, 16)
    sheet.set_default_row(_ROW_HEIGHT)
    sheet.set_row(0, 40)
    sheet.write_string(0, 0, words["title"], styles.named("title"))
    sheet.write_string(1, 0, words["subtitle"].format(**quoted), styles.named("subtitle"))
    sheet.write_string(2, 0, words["cover_help"], styles.named("help"))
    values = {
        "unit_code": order.unit_code,
        "period": order.period.key,
        "template_version": quoted["version"],
        "sequence_number": order.sequence_number,
        "unit_name": order.unit_name,
    }
    for row, field in enumerate(order.project.cover.fields, start=_FIRST_FIELD):
        _write_label(order, sheet, styles, row, field, values.get(field.name))
    _write_forms(order, sheet, styles, _FIRST_FIELD + len(order.project.cover.fields) + 1)
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 1)
    sheet.protect("", {"format_columns": True, "format_rows": True})


def _write_label(order: Order, sheet: Worksheet, styles: Styles, row: int, field: Field, value: Any) -> None:
    text = FieldText(order, order.project.cover, field)
    is_open = field.name in _OPEN_FIELDS
    sheet.set_row(row, 48 if field.name == "remark" else 26)
    sheet.write_string(row, 0, field.heading, styles.named("label"))
    sheet.write(row, 1, value, styles.named("open" if is_open else "fixed"))
    if is_open:
        sheet.data_validation(row, 1, row, 1, text.validation(f"B{row + 1}"))


def _write_forms(order: Order, sheet: Worksheet, styles: Styles, top: int) -> None:
    words = order.texts.words
    sheet.write_string(top, 0, words["forms_title"], styles.named("section"))
    headings = ("forms_form", "forms_rows", "forms_due", "forms_grace")
    for column, name in enumerate(headings):
        sheet.write_string(top + 1, column, words[name], styles.named("heading_required"))
    sheet.set_row(top + 1, 26)
    count = styles.named("count", num_format=words["rows_format"])
    for row, form in enumerate(order.forms, start=top + 2):
        due = _deadlines(order, form)
        sheet.write_url(row, 0, f"internal:'{form.sheet}'!A1", styles.named("link"), form.sheet)
        formula = f"='{form.sheet}'!{count_cell(form)}"
        sheet.write_formula(row, 1, formula, count, len(order.first_rows(form)))
        sheet.write_datetime(row, 2, as_moment(due.due), styles.named("date"))
        sheet.write_datetime(row, 3, as_moment(due.grace_end), styles.named("date"))


def _deadlines(order: Order, form: Form) -> Deadlines:
    owed = (o for o in order.project.obligations if o.unit_code == order.unit_code and o.form == form.name)
    return deadlines_of(next(o for o in owed if o.is_owed_in(order.period)), order.period)


def write_guide(order: Order, sheet: Worksheet, styles: Styles, note: str) -> None:
    """Write how to fill in the forms and what the codes mean; `note` says where the first rows came from."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, _GUIDE_WIDTH)
    sheet.set_row(0, 34)
    sheet.write_string(0, 0, order.texts.guide_sheet, styles.named("title"))
    sheet.write_string(1, 0, note, styles.named("help"))
    row = 2
    codes = _code_lines(order)
    sections = [(section.title, section.lines) for section in order.texts.guide]
    for title, lines in [*sections, *([(order.texts.words["codes_title"], codes)] if codes else [])]:
        sheet.set_row(row, 28)
        sheet.write_string(row, 0, title, styles.named("section"))
        for number, line in enumerate(lines, start=row + 1):
            sheet.set_row(number, _LINE_HEIGHT * lines_of(line, _GUIDE_WIDTH))
            sheet.write_string(number, 0, line, styles.named("guide"))
        row += len(lines) + 1
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.5, right=0.5, top=0.5, bottom=0.5)
    sheet.fit_to_pages(1, 0)
    sheet.protect("", {"format_columns": True})


def _code_lines(order: Order) -> list[str]:
    """Say what each code means of the lists that are written as codes."""
    used = {
        f.code_list: f.heading for form in order.forms for f in form.fields if f.code_list in WRITTEN_AS_CODES
    }
    lines: list[str] = []
    for name, heading in used.items():
        codes = order.project.code_lists[name or ""]
        shown = order.own(codes) if name == "units" else order.valid(codes)
        meanings = "；".join(f"{code.code} {code.label_zh}" for code in shown)
        lines.append(order.texts.words["codes_line"].format(heading=heading, codes=meanings))
    return lines


def write_lists(order: Order, book: Workbook, sheet: Worksheet) -> None:
    """Write what cells are chosen from, a column each under a defined name, and hide it well."""
    for column, choice in enumerate(_choices(order)):
        sheet.write_string(0, column, choice.name)
        for row, text in enumerate(choice.texts, start=1):
            sheet.write_string(row, column, text)
        letter = xl_col_to_name(column)
        book.define_name(choice.name, f"={LISTS_SHEET}!${letter}$2:${letter}${len(choice.texts) + 1}")
    sheet.very_hidden()


def _choices(order: Order) -> list[Choice]:
    found = [order.choice(form, field) for form in order.forms for field in form.fields]
    return list({choice.name: choice for choice in found if choice is not None}.values())


def write_about(order: Order, sheet: Worksheet) -> None:
    """Write which template this is: version, unit, month, and the contracts that it was made from."""
    lines = [
        ("template_version", order.quoted["version"]),
        ("unit_code", order.unit_code),
        ("period", order.period.key),
        ("rules_version", order.project.rules_version),
        *((f"contract {form.name}", form.version) for form in (order.project.cover, *order.forms)),
    ]
    for row, (name, value) in enumerate(lines):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, value)
    sheet.very_hidden()
