"""Numbers as readers see them.

Belongs here: rounding once, separators, signs. Not here: the words around them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.codelists import CodeList

Number = Decimal | float | int


def to_decimal(value: Number) -> Decimal:
    """Return the value as it is written: 0.3 is three tenths, not the float next to it."""
    return value if isinstance(value, Decimal) else Decimal(str(float(value)))


def format_number(value: Number, decimals: int, rounding: str = ROUND_HALF_UP) -> str:
    """Round once and separate thousands; never `-0`."""
    rounded = to_decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=rounding)
    return f"{abs(rounded) if rounded.is_zero() else rounded:,}"


def format_percent(ratio: Number, decimals: int = 0, rounding: str = ROUND_HALF_UP) -> str:
    """Format a ratio stored 0-1 as a percentage."""
    return format_number(to_decimal(ratio) * 100, decimals, rounding) + "%"


def unit_label(units: CodeList, code: str) -> Text:
    """Return the word behind a number of this unit of measure; per cent is a sign in both languages."""
    unit = units.by_code[code]
    return Text(zh=unit.label_zh, en=unit.label_zh if code == "percent" else unit.label_en)
