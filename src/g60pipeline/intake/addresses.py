"""Cell addresses: `C5` and back.

Not here: anything about what a cell holds. Standard library only (runs isolated).
"""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")


def column_letters(column: int) -> str:
    """Return the letters of a 1-based column: 1 → A, 27 → AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_address(row: int, column: int) -> str:
    """Return the address of a cell given by 1-based row and column."""
    return f"{column_letters(column)}{row}"


def parse_address(address: str) -> tuple[int, int]:
    """Return 1-based row and column; ValueError when it is no address."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError("not a cell address")
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column


def parse_range(text: str) -> tuple[int, int, int, int]:
    """Return first row, first column, last row, last column of `B2:C3` or `B2`.

    ValueError when it is no range.
    """
    first, _, last = text.partition(":")
    return (*parse_address(first), *parse_address(last or first))
