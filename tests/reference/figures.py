"""What is said of a figure, and where two ways of computing it do not say the same."""

from __future__ import annotations

from typing import Any, NamedTuple


class Key(NamedTuple):
    """Which figure."""

    indicator_id: str
    period: str
    time_basis: str
    level: str
    subject_code: str
    dimension: str
    dimension_code: str


class Figure(NamedTuple):
    """What is said of it. Numbers are floats, as published."""

    value: float | None
    numerator: float | None
    denominator: float | None
    expected_unit_count: int
    reporting_unit_count: int
    coverage_ratio: float | None
    status: str
    note: str | None
    unit: str


def differences(ours: dict[Any, Figure], theirs: dict[Any, Figure]) -> list[str]:
    """Say where two sets of figures differ, in the order of the keys; numbers agree within rounding of doubles."""
    found: list[str] = []
    for key in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(key), theirs.get(key)
        if here is None or there is None:
            found.append(f"{key}: the model says {here}, the warehouse {there}")
        else:
            names = [n for n in Figure._fields if not _same(getattr(here, n), getattr(there, n))]
            found += [
                f"{key} {n}: the model says {getattr(here, n)}, the warehouse {getattr(there, n)}"
                for n in names
            ]
    return found


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(one), abs(other))
    return bool(one == other)
