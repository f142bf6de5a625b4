"""How a template looks: fonts, colours, number formats, widths.

Not here: what stands where (template_sheet.py, template_cover.py).
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from g60pipeline.contracts.forms import FieldType

FONT = "微软雅黑"
_NAVY, _SLATE, _INK, _GREY, _LINE = "#1F4E78", "#8497B0", "#262626", "#595959", "#BFBFBF"
_LOCKED, _PREFILLED, _UNFILLED = "#F2F2F2", "#FFF8E1", "#FCE4E4"
_NUMBER_FORMATS: dict[FieldType, str] = {
    "integer": "#,##0",
    "decimal": "#,##0.00####",
    "text": "@",
    "boolean": "@",
    "date": "yyyy-mm-dd",
    "timestamp": "yyyy-mm-dd hh:mm",
}
_BOXED = {"border": 1, "border_color": _LINE}
_STYLES: dict[str, dict[str, Any]] = {
    "title": {"font_size": 16, "bold": True, "font_color": _NAVY},
    "subtitle": {"font_size": 12, "font_color": _GREY},
    "section": {"font_size": 12, "bold": True, "font_color": _NAVY},
    "help": {"font_size": 9, "font_color": _GREY},
    "banner": {"text_wrap": True, "valign": "vcenter"},
    "guide": {"text_wrap": True, "valign": "top", "align": "left", "indent": 1},
    "heading_required": {
        "bold": True, "font_color": "white", "bg_color": _NAVY, "text_wrap": True, "align": "center",
        "border": 1, "border_color": "white",
    },
    "heading_optional": {
        "bold": True, "font_color": "white", "bg_color": _SLATE, "text_wrap": True, "align": "center",
        "border": 1, "border_color": "white",
    },
    "hint": {"font_size": 9, "font_color": _GREY, "bg_color": _LOCKED, "align": "center", **_BOXED},
    "total": {"font_size": 9, "bold": True, "font_color": _NAVY, "bg_color": _LOCKED, "align": "center", **_BOXED},
    "label": {"bold": True, "font_color": "white", "bg_color": _NAVY, "indent": 1, **_BOXED},
    "fixed": {"bg_color": _LOCKED, "num_format": "@", "indent": 1, **_BOXED},
    "date": {"bg_color": _LOCKED, "num_format": "yyyy-mm-dd", "align": "center", **_BOXED},
    "count": {"bg_color": _LOCKED, "align": "center", **_BOXED},
    "link": {"font_color": "#0563C1", "underline": 1, "bg_color": _LOCKED, "indent": 1, **_BOXED},
    "open": {"locked": False, "indent": 1, "align": "left", "text_wrap": True, **_BOXED},
}  # fmt: skip
_WIDTHS: dict[FieldType, int] = {
    "integer": 11, "decimal": 15, "text": 18, "boolean": 10, "date": 13, "timestamp": 18,
}  # fmt: skip


class Styles:
    """The formats of one workbook, made when they are first used."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, str], Format] = {}

    def _make(self, key: tuple[str, str], looks: dict[str, Any]) -> Format:
        if key not in self._made:
            base = {
                "font_name": FONT,
                "font_scheme": "",
                "font_size": 10,
                "font_color": _INK,
                "valign": "vcenter",
            }
            self._made[key] = self._book.add_format({**base, **looks})
        return self._made[key]

    def named(self, name: str, **more: Any) -> Format:
        """Return a look by name, with more properties on top."""
        return self._make((name, repr(sorted(more.items()))), {**_STYLES[name], **more})

    def data(self, type_: FieldType, is_prefilled: bool = False) -> Format:
        """Return the look of cells to be filled in."""
        looks: dict[str, Any] = {"locked": False, "num_format": _NUMBER_FORMATS[type_]}
        if type_ in ("date", "timestamp", "boolean"):
            looks["align"] = "center"
        elif type_ == "text":
            looks["indent"] = 1
        if is_prefilled:
            looks["bg_color"] = _PREFILLED
        return self._make((type_, str(is_prefilled)), looks)

    def unfilled(self) -> Format:
        """Return what marks a required cell that is still blank."""
        return self._book.add_format({"bg_color": _UNFILLED, **_BOXED})

    def boxed(self) -> Format:
        """Return what frames the cells of a row in use."""
        return self._book.add_format(_BOXED)


def as_moment(day: date) -> datetime:
    """Return a date as the writer of workbooks wants it."""
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)


def text_width(text: str) -> int:
    """Return how many digits wide a text is; Chinese characters are two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def lines_of(text: str, width: int) -> int:
    """Return how many lines a text takes in a column; not every program works that out when it opens a workbook."""
    return -(-text_width(text) // (width - 6))


def column_width(type_: FieldType, heading: str, hint: str, texts: list[str]) -> int:
    """Return a column's width: enough for the heading in two lines, the hint, and the texts up to a bound."""
    longest = max((text_width(text) for text in texts), default=0)
    return min(44, max(_WIDTHS[type_], text_width(heading) // 2 + 5, text_width(hint), longest + 4))
