"""Personal numbers: resident-ID and mobile phone numbers anywhere in a return. None leaves this module.

Belongs here: what counts as one, and masking. Not here: what is done about it (receive.py). The pattern
decides, not the check digit, which would let every mistyped number through. A valid credit code is never
taken for an ID; a foreigner's permanent-resident number begins with 9 as most credit codes do and cannot be
told from a mistyped one, so it is let pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from g60pipeline.intake.addresses import cell_address
from g60pipeline.intake.raw import Cell, RawReturn, RawSheet
from g60pipeline.intake.text import raw_text

_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_BIRTH = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ALONE = r"(?<![0-9A-Za-z])(?<!\d\.)", r"(?![0-9A-Za-z]|\.\d)"  # neither in a longer run nor in a decimal
_ID = re.compile(rf"{_ALONE[0]}{_PROVINCE}\d{{4}}[ -]?{_BIRTH}[ -]?\d{{3}}[\dXx]{_ALONE[1]}", re.A)
_ID_START = re.compile(rf"{_PROVINCE}\d{{4}}{_BIRTH}\d{{4}}", re.A)
_PHONE = re.compile(
    rf"{_ALONE[0]}(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:\d{{8}}|[ -]\d{{4}}[ -]\d{{4}}){_ALONE[1]}", re.A
)
_CODE = re.compile(
    r"(?:1[1239]|21|29|3[1-59]|41|49|5[1239]|6[129]|7[129]|81|89|9[123])(?:10|[1-6]\d)\d{13}[\dX]", re.A
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SHORTEST = 11  # a phone number
_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class PersonalNumber(NamedTuple):
    """Where one stands, never what it is. `part` is a key of messages.parts."""

    kind: str
    part: str
    sheet: str = ""
    row: int | None = None
    cell: str = ""


def is_credit_code(digits: str) -> bool:
    """Say whether 18 digits are a valid unified social credit code (GB 32100)."""
    if not _CODE.fullmatch(digits):
        return False
    total = sum(int(digit) * pow(3, place, 31) for place, digit in enumerate(digits[:17]))
    return _CODE_CHARACTERS[(31 - total % 31) % 31] == digits[17]


def _is_id(match: re.Match[str]) -> bool:
    return not is_credit_code(match[0])


def kinds_in_text(text: str) -> set[str]:
    """Return which kinds of personal number the text holds."""
    if len(text) < _SHORTEST:
        return set()
    plain = unicodedata.normalize("NFKC", text)
    kinds = {"resident_id"} if any(_is_id(match) for match in _ID.finditer(plain)) else set[str]()
    return kinds | ({"phone"} if _PHONE.search(plain) else set())


def kinds_in_cell(cell: Cell) -> set[str]:
    """Return which kinds of personal number the cell holds; a float has lost the last digits of an ID."""
    if isinstance(cell, str):
        return kinds_in_text(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return set()
    if isinstance(cell, float) and 1e17 <= cell < 1e18:
        digits = f"{Decimal(repr(cell)):f}"  # the shortest that makes this float, as a spreadsheet shows it
        return {"resident_id"} if _ID_START.fullmatch(digits) else set()
    return kinds_in_text(str(int(cell)) if isinstance(cell, int) or cell.is_integer() else repr(cell))


def mask(text: str) -> str:
    """Return the text with every personal number in it replaced.

    In its compatibility form only if there is one.
    """
    if not kinds_in_text(text):
        return text
    plain = unicodedata.normalize("NFKC", text)
    plain = _ID.sub(lambda match: "***" if _is_id(match) else match[0], plain)
    return _PHONE.sub("***", plain)


def _in_sheet(sheet: RawSheet, amounts: Collection[int]) -> Iterator[PersonalNumber]:
    name = mask(sheet["name"])
    for kind in sorted(kinds_in_text(sheet["name"])):
        yield PersonalNumber(kind, "sheet_name", name)
    for row, cells in enumerate(sheet["rows"], start=sheet["first_row"]):
        for column, cell in enumerate(cells, start=sheet["first_column"]):
            for kind in sorted(kinds_in_cell(cell)):
                if kind != "phone" or column not in amounts or not _NUMBER.fullmatch(raw_text(cell).strip()):
                    yield PersonalNumber(kind, "cell", name, row, cell_address(row, column))


def find_personal_numbers(
    raw: RawReturn, file_name: str, amount_columns: Mapping[str, Collection[int]] | None = None
) -> list[PersonalNumber]:
    """Find every personal number in a parsed return and in its file's name.

    `amount_columns` gives by sheet the columns of amounts: 13 billion yuan has as many digits as a phone
    number.
    """
    found = [PersonalNumber(kind, "file_name") for kind in sorted(kinds_in_text(file_name))]
    for sheet in raw.get("sheets", ()):
        found += _in_sheet(sheet, (amount_columns or {}).get(sheet["name"], ()))
    for part, text in raw.get("loose_text", {}).items():
        found += [PersonalNumber(kind, "loose_text", mask(part)) for kind in sorted(kinds_in_text(text))]
    return found


def kinds_in_bytes(data: bytes) -> set[str]:
    """Return which kinds the bytes of a file hold that no parser could read."""
    return kinds_in_text(data.decode("latin-1"))
