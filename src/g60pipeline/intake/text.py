"""What a clerk wrote → a typed value. Belongs here: one cell. Not here: columns, units of measure, findings.

Numbers never pass through a float unless the cell held one. Approximate text is not a number, a dash is not
a blank.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from g60pipeline.contracts.forms import FieldType
from g60pipeline.contracts.periods import Period
from g60pipeline.intake.raw import Cell

_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+)(?:\.[0-9]+)?")
_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))",
    re.A,
)
_TIME = re.compile(r"(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})秒?|分)?", re.A)
_MONTH = re.compile(r"(\d{4})(?:-|/|\.|年)?(\d{1,2})月?", re.A)
_BOOLEANS = {
    "是": True,
    "否": False,
    "TRUE": True,
    "FALSE": False,
    "Y": True,
    "N": False,
    "1": True,
    "0": False,
}
_NOT_APPLICABLE = {"不适用", "无适用", "N/A"}
_DASHES = {"-", "--", "—", "——", "–", "−"}
_LIMIT = Decimal(10) ** 18  # beyond it neither a whole number nor a decimal has a column


@lru_cache(maxsize=65_536)  # a return says 是 and 否 thousands of times
def fold(text: str) -> str:
    """Return the text trimmed and in its compatibility form, in which full-width characters are plain."""
    return unicodedata.normalize("NFKC", text).replace("−", "-").strip()


@lru_cache(maxsize=65_536)
def squeeze(text: str) -> str:
    """Return the text folded and without any space, for comparing names and headings."""
    return "".join(fold(text).split())


def raw_text(cell: Cell) -> str:
    """Return the cell's text as it stood there; "" for a blank."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dict):
        return str(next(iter(cell.values())))
    return repr(cell) if isinstance(cell, float) else str(cell)


def is_blank(cell: Cell) -> bool:
    """Say whether the cell holds nothing or only spaces."""
    return cell is None or (isinstance(cell, str) and not fold(cell))


def is_error(cell: Cell) -> bool:
    """Say whether the cell shows an error value."""
    return isinstance(cell, dict) and "error" in cell


def is_not_applicable(cell: Cell) -> bool:
    """Say whether the cell says 不适用."""
    return isinstance(cell, str) and squeeze(cell).upper() in _NOT_APPLICABLE


def is_dash(cell: Cell) -> bool:
    """Say whether the cell holds nothing but a dash, which may mean blank, zero or not applicable."""
    return isinstance(cell, str) and squeeze(cell) in _DASHES


def _has_odd_digits(text: str) -> bool:
    # the compatibility form of 10² is 102
    return any(unicodedata.category(character) == "No" for character in text)


def parse_decimal(cell: Cell) -> Decimal:
    """Return a number exactly as written.

    ValueError for anything else or beyond 18 digits before the point.
    """
    if isinstance(cell, bool | dict):
        raise ValueError("not a number")
    if isinstance(cell, float) and not math.isfinite(cell):
        raise ValueError("not a number")
    text = fold(raw_text(cell))
    if isinstance(cell, str) and (not _NUMBER.fullmatch(text) or _has_odd_digits(cell)):
        raise ValueError("not a number")
    number = Decimal(text.replace(",", "").replace(" ", ""))
    if abs(number) >= _LIMIT:
        raise ValueError("number too large")
    return number


def parse_integer(cell: Cell) -> int:
    """Return a whole number, also when written as 12.0; ValueError for anything else."""
    number = parse_decimal(cell)
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


def parse_boolean(cell: Cell) -> bool:
    """Return 是 or 否, TRUE or FALSE, Y or N, 1 or 0; ValueError for anything else."""
    key = fold(raw_text(cell)).upper()
    if key not in _BOOLEANS:
        raise ValueError("neither yes nor no")
    return _BOOLEANS[key]


def _date_of(text: str) -> date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("not a date")
    year, month, day = (int(part) for part in match.groups() if part is not None)
    return date(year, month, day)


def parse_timestamp(cell: Cell) -> datetime:
    """Return a date with a time of day, midnight when there is none; ValueError for anything else."""
    if isinstance(cell, dict):
        return datetime.fromisoformat(raw_text(cell))
    text = fold(raw_text(cell))
    day, _, clock = text.replace("T", " ").replace("日", "日 ").strip().partition(" ")
    start = _date_of(day)
    if not clock.strip():
        return datetime(start.year, start.month, start.day)
    match = _TIME.fullmatch(clock.strip())
    if match is None:
        raise ValueError("not a time of day")
    hour, minute, second = (int(part or 0) for part in match.groups())
    return datetime(start.year, start.month, start.day, hour, minute, second)


def parse_date(cell: Cell) -> date:
    """Return a date, whatever the time of day beside it; ValueError for anything else."""
    return parse_timestamp(cell).date()


def parse_text(cell: Cell) -> str:
    """Return the text without spaces around it; ValueError for a lone dash."""
    if is_dash(cell):
        raise ValueError("only a dash")
    return raw_text(cell).strip()


_PARSERS: dict[FieldType, Any] = {
    "integer": parse_integer,
    "decimal": parse_decimal,
    "boolean": parse_boolean,
    "date": parse_date,
    "timestamp": parse_timestamp,
    "text": parse_text,
}


def parse_cell(cell: Cell, type_: FieldType) -> Any:
    """Return the cell's value in the type.

    ValueError when it is none. The cell is neither blank nor an error.
    """
    return _PARSERS[type_](cell)


def parse_period(cell: Cell) -> Period:
    """Return a month written as 2021-12, 2021/12, 2021年12月, 202112 or as a date of it.

    ValueError for anything else.
    """
    if isinstance(cell, dict):
        day = parse_date(cell)
        return Period.parse(f"{day.year:04d}-{day.month:02d}")
    match = _MONTH.fullmatch(fold(raw_text(cell)))
    if match is None or isinstance(cell, float):  # 2021.1 as a number may be October
        raise ValueError("not a month")
    return Period.parse(f"{match[1]}-{int(match[2]):02d}")
