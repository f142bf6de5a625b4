"""The raw return: what a parser hands over, before any meaning. Standard library only (runs isolated).

Belongs here: its shape, how a Python value becomes a cell, and the refusal of a file. Not here: reading any
kind of file.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any, NotRequired, TypedDict

# A cell: None (blank), str, int, float, bool, {"date": …}, {"timestamp": …} or {"error": …}.
Cell = Any


class RawSheet(TypedDict):
    """One sheet.

    `first_row` and `first_column` are 1-based coordinates of rows[0][0]; rows may differ in length.
    """

    name: str
    hidden: bool
    very_hidden: bool
    first_row: int
    first_column: int
    rows: list[list[Cell]]
    merged: list[str]
    hidden_rows: list[int]
    hidden_columns: list[int]
    valueless_formulas: list[str]


class RawReturn(TypedDict):
    """A parsed file, or the rule it broke (`failure`) and why (`reason`, a key of messages.reasons).

    `loose_text` is text outside any cell: comments, text boxes, properties. It is scanned, never read.
    """

    kind: NotRequired[str]
    sheets: NotRequired[list[RawSheet]]
    loose_text: NotRequired[dict[str, str]]
    failure: NotRequired[str]
    reason: NotRequired[str]


class Refusal(Exception):
    """A file that is not read: the intake rule that it breaks, and the reason (a key of messages.reasons)."""

    def __init__(self, rule: str, reason: str = "") -> None:
        super().__init__(rule, reason)
        self.rule = rule
        self.reason = reason


def build_sheet(name: str, rows: list[list[Cell]], first_row: int = 1, first_column: int = 1) -> RawSheet:
    """Build a visible sheet without anything merged or hidden; trailing blanks of a row are dropped."""
    return RawSheet(
        name=name,
        hidden=False,
        very_hidden=False,
        first_row=first_row,
        first_column=first_column,
        rows=[_trim(row) for row in rows],
        merged=[],
        hidden_rows=[],
        hidden_columns=[],
        valueless_formulas=[],
    )


def _trim(row: list[Cell]) -> list[Cell]:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]


def text_cell(text: str) -> Cell:
    """Return text as a cell, "" as blank; Refusal for NUL characters, which no database takes."""
    if "\0" in text:
        raise Refusal("file_is_readable", "encoding")
    return text or None


def number_cell(number: float) -> Cell:
    """Return whole numbers as int as long as a float is exact, infinite ones as text."""
    if not math.isfinite(number):
        return str(number)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def moment_cell(moment: date | datetime) -> Cell:
    """Return a date, or a timestamp when there is a time of day."""
    if not isinstance(moment, datetime):
        return {"date": moment.isoformat()}
    if moment.time().isoformat() == "00:00:00":
        return {"date": moment.date().isoformat()}
    return {"timestamp": moment.isoformat(timespec="seconds")}
