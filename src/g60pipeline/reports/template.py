"""The template: a workbook for one unit and month, made from the contracts.

Belongs here: which sheets there are, in which order. Not here: what stands in them (template_*.py), last month's rows
(warehouse), when a template is made and where it goes (defs).

The same order gives the same bytes.
"""

from __future__ import annotations

import io
from datetime import datetime

from xlsxwriter import Workbook

from g60pipeline.reports.template_cover import (
    ABOUT_SHEET,
    LISTS_SHEET,
    write_about,
    write_cover,
    write_guide,
    write_lists,
)
from g60pipeline.reports.template_order import Order
from g60pipeline.reports.template_sheet import FormSheet
from g60pipeline.reports.template_style import FONT, Styles


def template_name(order: Order) -> str:
    """Return the file's name, which says the unit and the month as the cover does."""
    return f"{order.unit_code}-{order.period.key}.xlsx"


def build_template(order: Order) -> bytes:
    """Return the workbook of the order."""
    buffer = io.BytesIO()
    looks = {"font_name": FONT, "font_size": 10}
    book = Workbook(buffer, {"in_memory": True, "default_format_properties": looks})
    styles = Styles(book)
    made = datetime(order.period.year, order.period.month, 1)
    book.set_properties(
        {"title": order.texts.words["title"], "subject": template_name(order), "created": made}
    )
    write_cover(order, book.add_worksheet(order.project.cover.sheet), styles)
    write_guide(order, book.add_worksheet(order.texts.guide_sheet), styles, _note(order))
    for form in order.forms:
        FormSheet(order, form, book.add_worksheet(form.sheet), styles).write()
    write_lists(order, book, book.add_worksheet(LISTS_SHEET))
    write_about(order, book.add_worksheet(ABOUT_SHEET))
    book.close()
    return buffer.getvalue()


def _note(order: Order) -> str:
    words = order.texts.words
    if any(order.last_month.values()):
        return words["prefilled"].format(period=order.period.plus(-1).key)
    return words["not_prefilled"]
