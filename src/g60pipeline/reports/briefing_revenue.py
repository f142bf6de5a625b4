"""The revenue chart as geometry: months → columns of revenue above, of growth below, that the template
draws as SVG.

Horizontal places are in per cent of the chart's width, vertical ones in pixels. Belongs here: scales and
months. Not here: bars by subject (briefing_charts.py), words, colours, SVG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import DISTRICT
from g60pipeline.reports.briefing_charts import Row, rows_of
from g60pipeline.reports.briefing_data import REVENUE
from g60pipeline.reports.numbers import format_number, format_percent

if TYPE_CHECKING:
    import pandas as pd

REVENUE_MONTHS = 72
REVENUE_HEIGHT = 120
GROWTH_HEIGHT = 90
_WAN_YUAN_PER_YI_YUAN = 10_000
_GAP_SHARE = 0.28


class Tick(NamedTuple):
    """A line of the grid or a year's start: its place and its label."""

    at: float
    label: str


class Column(NamedTuple):
    """A month: `left` and `width` in per cent, the rest in pixels from the top of its half."""

    period: str
    left: float
    width: float
    revenue: str
    revenue_y: float
    revenue_height: float
    growth: str
    growth_y: float
    growth_height: float
    is_growing: bool


@dataclass(frozen=True)
class RevenueChart:
    """Columns by month. `streak`: months of growth; `is_at_least`: a missing month ended the count."""

    columns: tuple[Column, ...]
    revenue_ticks: tuple[Tick, ...]
    growth_ticks: tuple[Tick, ...]
    growth_zero: float
    years: tuple[Tick, ...]
    current: Column | None
    streak: int
    is_at_least: bool


class Scale(NamedTuple):
    """Values on a vertical axis of `height` pixels, from `low` below to `high` above."""

    low: float
    high: float
    step: float
    height: int

    def y(self, value: float) -> float:
        """Return the pixels from the top."""
        return round(self.height * (self.high - value) / (self.high - self.low), 2)

    def column(self, value: float) -> tuple[float, float]:
        """Return top and height of the column between zero and the value."""
        top, bottom = self.y(max(value, 0.0)), self.y(min(value, 0.0))
        return top, round(bottom - top, 2)

    def values(self) -> list[float]:
        """Return the values at which a line is drawn."""
        return [self.low + i * self.step for i in range(round((self.high - self.low) / self.step) + 1)]


def scale_around(values: Sequence[float], height: int) -> Scale:
    """Return a scale that holds zero and all values in about four steps of 1, 2 or 5 times a power of ten."""
    low, high = min(0.0, *values), max(0.0, *values)
    rough = (high - low or 1.0) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return Scale(bottom, top if top > bottom else step, step, height)


def build_revenue_chart(values: pd.DataFrame, period: str) -> RevenueChart | None:
    """Fiscal revenue (亿元) of up to 72 months and its comparable growth; None without any month."""
    last = Period.parse(period)
    rows = _months(values, last)
    if not rows:
        return None
    first_index = Period.parse(rows[0]["period"]).month_index
    slot = 100 / (last.month_index - first_index + 1)
    above = scale_around([_revenue(row) for row in rows], REVENUE_HEIGHT)
    below = scale_around([_growth(row) for row in rows], GROWTH_HEIGHT)
    columns = tuple(_column(row, first_index, slot, above, below) for row in rows)
    current = rows[-1] if rows[-1]["period"] == period else None
    return RevenueChart(
        columns=columns,
        revenue_ticks=tuple(Tick(above.y(value), _plain(value, above.step)) for value in above.values()),
        growth_ticks=tuple(
            Tick(below.y(value), _plain(value * 100, below.step * 100) + "%") for value in below.values()
        ),
        growth_zero=below.y(0.0),
        years=_years(first_index, last.month_index, slot),
        current=columns[-1] if current else None,
        streak=int(current["value"] or 0) if current else 0,
        is_at_least=bool(current and current["status"] == "at_least"),
    )


def _months(values: pd.DataFrame, last: Period) -> list[Row]:
    first = last.plus(1 - REVENUE_MONTHS).key
    found = [
        row for row in rows_of(values, REVENUE, "district", "month") if first <= row["period"] <= last.key
    ]
    own = (row for row in found if row["subject_code"] == DISTRICT)
    return sorted(
        (row for row in own if row["numerator"] is not None and row["denominator"]),
        key=lambda row: row["period"],
    )


def _revenue(row: Row) -> float:
    return float(row["numerator"]) / _WAN_YUAN_PER_YI_YUAN


def _growth(row: Row) -> float:
    return float(row["numerator"]) / float(row["denominator"]) - 1


def _column(row: Row, first_index: int, slot: float, above: Scale, below: Scale) -> Column:
    at = Period.parse(row["period"]).month_index - first_index
    revenue, growth = _revenue(row), _growth(row)
    return Column(
        row["period"],
        round(slot * (at + _GAP_SHARE / 2), 3),
        round(slot * (1 - _GAP_SHARE), 3),
        format_number(revenue, 2),
        *above.column(revenue),
        format_percent(growth, 1),
        *below.column(growth),
        is_growing=growth > 0,
    )


def _plain(value: float, step: float) -> str:
    return format_number(round(value, 9), max(0, -math.floor(math.log10(step) + 1e-9)))


def _years(first_index: int, last_index: int, slot: float) -> tuple[Tick, ...]:
    """The first month is labelled only where no January follows closely: labels must not run together."""
    months = range(first_index, last_index + 1)
    starts = [index for index in months if index % 12 == 0]
    if not starts or starts[0] - first_index >= 6:
        starts.insert(0, first_index)
    return tuple(Tick(round(slot * (index - first_index), 3), str(index // 12)) for index in starts)
