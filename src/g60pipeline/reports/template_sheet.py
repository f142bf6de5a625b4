"""A form's sheet in a template: title, running totals, headings, cells to fill in.

Belongs here: what stands in which row, protection, checks, print. Not here: what a field says (template_fields.py),
looks (template_style.py).

The running totals stand above the headings. Below them a row of totals would be read as the clerk's own, to be checked;
up there a formula is never read, whether or not the program that saved the file worked it out.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from g60pipeline.contracts.forms import Form
from g60pipeline.reports.template_fields import FieldText
from g60pipeline.reports.template_order import Order
from g60pipeline.reports.template_style import FONT, Styles, as_moment, column_width

_TITLE, _TOTALS, _HEADINGS, _FIRST = 0, 1, 2, 3  # rows from 0
LAST_ROW = 5_003  # from 1; further rows are read, but neither checked nor added up in the sheet
_BANNER_COLUMNS = 8  # the title needs room where a form has few columns
_LAST_COLUMN = 16_383
_ROW_HEIGHT = 20  # points
_LANDSCAPE_A4 = 9
_COMMENT = {"author": "", "font_name": FONT, "font_size": 9, "width": 260, "height": 110}
# Rows may be deleted, but never filtered: a filter hides rows, and hidden rows are returned.
_ALLOWED: dict[str, Any] = dict.fromkeys(
    ("format_columns", "format_rows", "insert_rows", "delete_rows", "sort"), True
)


def _count_column(form: Form) -> int:
    """Return the column whose filled cells are the rows in use: the first that every row must have."""
    return next(column for column, field in enumerate(form.fields) if field.is_required)


def count_cell(form: Form) -> str:
    """Return the cell that shows how many rows of the form are filled in."""
    return f"${xl_col_to_name(_count_column(form))}${_TOTALS + 1}"


class FormSheet:
    """Writes one form of an order into a worksheet."""

    def __init__(self, order: Order, form: Form, sheet: Worksheet, styles: Styles) -> None:
        self.order = order
        self.form = form
        self.sheet = sheet
        self.styles = styles
        self.fields = [FieldText(order, form, field) for field in form.fields]
        self.rows = order.first_rows(form)

    def write(self) -> None:
        """Write everything."""
        self._banner()
        for column in range(len(self.fields)):
            self._column(column)
        self._further_columns()
        self._rows()
        self._marks()
        self._print()
        self.sheet.protect("", _ALLOWED)

    def _cells(self, column: int) -> str:
        name = xl_col_to_name(column)
        return f"${name}${_FIRST + 1}:${name}${LAST_ROW}"

    def _banner(self) -> None:
        words, quoted = self.order.texts.words, self.order.quoted
        title = words["sheet_title"].format(form=self.form.title.zh, **quoted)
        help_ = words["sheet_help"].format(grain=self.order.texts.grains[self.form.name])
        banner = self.styles.named("banner")
        last = max(len(self.fields), _BANNER_COLUMNS) - 1
        self.sheet.merge_range(_TITLE, 0, _TITLE, last, "", banner)
        big, small = self.styles.named("title"), self.styles.named("help")
        self.sheet.write_rich_string(_TITLE, 0, big, title, small, f"\n{help_}", banner)
        self.sheet.set_default_row(_ROW_HEIGHT)
        for row, height in ((_TITLE, 52), (_TOTALS, 20), (_HEADINGS, 36)):
            self.sheet.set_row(row, height)

    def _column(self, column: int) -> None:
        text = self.fields[column]
        field = text.field
        written = [str(text.cell(row.get(field.name, ""))) for row in self.rows]
        choice = text.choice
        width = column_width(
            field.type, field.heading, text.hint, written + list(choice.texts if choice else ())
        )
        self.sheet.set_column(column, column, width, self.styles.data(field.type))
        heading = "heading_required" if field.is_required else "heading_optional"
        self.sheet.write_string(_HEADINGS, column, field.heading, self.styles.named(heading))
        self.sheet.write_comment(_HEADINGS, column, text.prompt, _COMMENT)
        first = f"{xl_col_to_name(column)}{_FIRST + 1}"
        self.sheet.data_validation(_FIRST, column, LAST_ROW - 1, column, text.validation(first))
        self._above(column, text)

    def _above(self, column: int, text: FieldText) -> None:
        if column == _count_column(self.form):
            look = self.styles.named("total", num_format=self.order.texts.words["rows_format"])
            self.sheet.write_formula(_TOTALS, column, f"=COUNTA({self._cells(column)})", look, len(self.rows))
        elif text.has_total:
            unit_cells = self._unit_cells(text)
            formula = text.total_formula(self._cells(column), unit_cells)
            look = self.styles.named("total", num_format=text.total_format)
            self.sheet.write_formula(_TOTALS, column, formula, look, self._known_total(text))
        else:
            self.sheet.write_string(_TOTALS, column, text.hint, self.styles.named("hint"))

    def _known_total(self, text: FieldText) -> Any:
        values = [row[text.field.name] for row in self.rows if text.field.name in row]
        return sum(values, start=0)

    def _unit_cells(self, text: FieldText) -> str | None:
        names = [other.field.name for other in self.fields]
        unit_field = text.field.unit_field
        return None if unit_field is None else self._cells(names.index(unit_field))

    def _further_columns(self) -> None:
        """Unlock the columns beside the form: a protected row can be deleted only if all of it is open."""
        self.sheet.set_column(len(self.fields), _LAST_COLUMN, None, self.styles.data("text"))
        # xlsxwriter takes formatted columns for content and would go through all of them for every row.
        self.sheet.dim_colmax = max(len(self.fields), _BANNER_COLUMNS) - 1

    def _rows(self) -> None:
        for number, row in enumerate(self.rows, start=_FIRST):
            for column, text in enumerate(self.fields):
                if text.field.name in row:
                    value = text.cell(row[text.field.name])
                    self._cell(number, column, value, self.styles.data(text.field.type, is_prefilled=True))

    def _cell(self, row: int, column: int, value: Any, look: Any) -> None:
        if isinstance(value, str):
            self.sheet.write_string(row, column, value, look)
        elif isinstance(value, date):  # a timestamp is one, too
            self.sheet.write_datetime(row, column, as_moment(value), look)
        elif isinstance(value, int | float | Decimal):
            self.sheet.write_number(row, column, float(value), look)

    def _marks(self) -> None:
        """Frame the rows in use and mark what they still lack."""
        last = len(self.fields) - 1
        is_used = f"COUNTA($A{_FIRST + 1}:${xl_col_to_name(last)}{_FIRST + 1})>0"
        unfilled, boxed = self.styles.unfilled(), self.styles.boxed()
        for column, text in enumerate(self.fields):
            if text.field.is_required:
                cell = f"{xl_col_to_name(column)}{_FIRST + 1}"
                rule = {"type": "formula", "criteria": f"=AND({is_used},ISBLANK({cell}))", "format": unfilled}
                self.sheet.conditional_format(_FIRST, column, LAST_ROW - 1, column, rule)
        rule = {"type": "formula", "criteria": f"={is_used}", "format": boxed}
        self.sheet.conditional_format(_FIRST, 0, LAST_ROW - 1, last, rule)
        # Codes of 18 digits are text and shall not be marked as numbers gone wrong.
        self.sheet.ignore_errors({"number_stored_as_text": f"A{_FIRST + 1}:{xl_col_to_name(last)}{LAST_ROW}"})

    def _print(self) -> None:
        keys = [column for column, text in enumerate(self.fields) if text.field.key_position is not None]
        self.sheet.freeze_panes(_FIRST, min(max(keys) + 1, 3))
        self.sheet.set_landscape()
        self.sheet.set_paper(_LANDSCAPE_A4)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(_TITLE, _HEADINGS)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        words = self.order.texts.words
        self.sheet.set_footer(f"&L{words['footer'].format(**self.order.quoted)}&R{words['page']}")
