"""The arithmetic of each kind of indicator in plain decimals, beside the statements' SQL: to prove a figure again.

Belongs here: the sums, streaks, when two numbers are equal. Not here: where numerator and denominator come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from g60pipeline.contracts.indicators import Indicator

TOLERANCE = Decimal("1e-12")
Equality = Literal["exactly", "within_tolerance", "differs"]


def to_decimal(value: Any) -> Decimal | None:
    """Return a number as it is written (0.3 is three tenths); None for none."""
    if value is None or value != value:
        return None
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def compute_value(
    indicator: Indicator, numerator: Decimal | None, denominator: Decimal | None
) -> Decimal | None:
    """Return the value of numerator and denominator; of a streak 1 where the month is above, else 0."""
    if numerator is None or indicator.kind == "value":
        return numerator
    if denominator is None:
        return None
    if indicator.kind == "streak":
        return Decimal(int(numerator > denominator))
    if indicator.kind in ("ratio", "multiple"):
        return numerator / denominator if denominator else None
    if denominator <= 0:
        return None
    if indicator.kind == "average_annual_growth":
        assert indicator.years is not None
        return None if numerator < 0 else (numerator / denominator) ** (Decimal(1) / indicator.years) - 1
    return numerator / denominator - 1


def write_formula(
    indicator: Indicator, numerator: Decimal | None, denominator: Decimal | None, value: Decimal | None
) -> str:
    """Write the arithmetic with its numbers, such as `12 ÷ 18 = 0.666666666666667`; of a streak that of its last month."""
    of, by, result = (write_number(number) for number in (numerator, denominator, value))
    if indicator.kind == "value":
        return result
    if indicator.kind == "streak":
        is_above = numerator is not None and denominator is not None and numerator > denominator
        return f"{of} {'>' if is_above else '≤'} {by}"
    formula = f"{of} ÷ {by}"
    if indicator.kind == "average_annual_growth":
        formula = f"({formula})^(1/{indicator.years}) − 1"
    elif indicator.kind == "growth" or indicator.kind not in ("ratio", "multiple"):
        formula += " − 1"
    return f"{formula} = {result}"


def write_number(value: Any) -> str:
    """Write a number as it is stored, not rounded for readers; a dash for none."""
    return "–" if value is None else f"{float(value):,.15g}"


def count_streak(is_above: Mapping[int, bool], last_index: int) -> tuple[int, bool]:
    """Return how many months up to the last are above without a gap, and whether a month that is not above ended them.

    `is_above`: by month index; absent where the month has no value.
    """
    at = last_index
    while is_above.get(at):
        at -= 1
    return last_index - at, at in is_above


def compare(stored: Any, recomputed: Decimal | None) -> Equality:
    """Say whether the value that is stored (a float) is the one recomputed, to the last bit or to 1e-12 of it."""
    expected = to_decimal(stored)
    if expected is None or recomputed is None:
        return "exactly" if expected is None and recomputed is None else "differs"
    if float(recomputed) == float(expected):
        return "exactly"
    gap, size = abs(expected - recomputed), max(abs(expected), abs(recomputed))
    return "within_tolerance" if gap <= TOLERANCE * size else "differs"
