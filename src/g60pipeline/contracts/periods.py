"""Reporting periods: a month, its neighbours and its dates. Not here: partitions (defs)."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

_KEY = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class Period(NamedTuple):
    """A month. Ordered; `month_index` counts months, so that differences are months."""

    year: int
    month: int

    @classmethod
    def parse(cls, key: str) -> Period:
        """Read `YYYY-MM`; ValueError for anything else."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError(f"{key!r} is not a month such as 2021-12")
        return cls(int(match[1]), int(match[2]))

    @property
    def key(self) -> str:
        """`YYYY-MM`."""
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def month_index(self) -> int:
        """Months since year 0."""
        return self.year * 12 + self.month - 1

    @property
    def start(self) -> date:
        """First day."""
        return date(self.year, self.month, 1)

    @property
    def end(self) -> date:
        """Last day."""
        return date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    def plus(self, months: int) -> Period:
        """Return the period so many months later; earlier when negative."""
        year, month = divmod(self.month_index + months, 12)
        return Period(year, month + 1)


def period_range(first: Period, last: Period) -> Iterator[Period]:
    """Yield the periods from first to last, both included."""
    for months in range(last.month_index - first.month_index + 1):
        yield first.plus(months)
