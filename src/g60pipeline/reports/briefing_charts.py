"""Bar charts as geometry: rows of `mart.indicator_value` → bars that the template draws as SVG.

Places are in per cent of the chart's width, so that a chart fits a phone and a sheet of paper without its
text being scaled. Text is drawn by the reader's browser: nothing here measures text or needs a font.
Belongs here: shares by subject. Not here: months (briefing_revenue.py), words, colours, SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.codelists import Code
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import DISTRICT, Project
from g60pipeline.reports.briefing_data import KEY_COVERAGE, SHARE_OF_NEW_MEMBERS
from g60pipeline.reports.numbers import format_percent

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """A subject's share. `width`: per cent of the scale, None where there is no value; `status` says why."""

    label: Text
    width: float | None
    value: str
    status: str


@dataclass(frozen=True)
class BarChart:
    """Shares by subject, largest first; `target_at` is the place of the target line."""

    bars: tuple[Bar, ...]
    target: str
    target_at: float


def rows_of(values: pd.DataFrame, indicator: str, level: str, time: str) -> list[Row]:
    """Return an indicator's rows of the whole, not of parts by dimension; what is missing is None."""
    wanted = (
        (values["indicator_id"] == indicator) & (values["level"] == level) & (values["time_basis"] == time)
    )
    whole = values["dimension"].fillna("") == ""
    records = values.loc[wanted & whole].to_dict("records")
    return [
        {str(name): None if _is_missing(value) else value for name, value in row.items()} for row in records
    ]


def _is_missing(value: Any) -> bool:
    return value is None or value != value


def _label(codes: dict[str, Code], code: str) -> Text:
    return Text(zh=codes[code].label_zh, en=codes[code].label_en) if code in codes else Text(zh=code, en=code)


def _bar_chart(project: Project, indicator: str, rows: Sequence[Row], codes: dict[str, Code]) -> BarChart:
    """A share beyond 100 % is an error to be seen, so it stretches the scale instead of being cut."""
    shares: list[float] = [row["value"] for row in rows if row["value"] is not None]
    scale, target = max([1.0, *shares]), project.indicators[indicator].target or 0.0
    ordered = sorted(rows, key=lambda row: (row["value"] is None, -(row["value"] or 0), row["subject_code"]))
    bars = [
        Bar(
            label=_label(codes, row["subject_code"]),
            width=None if row["value"] is None else round(100 * row["value"] / scale, 2),
            value="" if row["value"] is None else format_percent(row["value"], 1),
            status=row["status"],
        )
        for row in ordered
    ]
    return BarChart(tuple(bars), format_percent(target), round(100 * target / scale, 2))


def build_share_chart(project: Project, values: pd.DataFrame, period: str) -> BarChart:
    """Clusters' share of new members since January, by the district's units that host a cluster."""
    month = Period.parse(period)
    own = project.subjects_of(DISTRICT, "cluster", month)
    hosts = {project.attribute_in("clusters", "host_unit", cluster, month) for cluster in own}
    found = rows_of(values, SHARE_OF_NEW_MEMBERS, "unit", "year_to_date")
    rows = [row for row in found if row["period"] == period and row["subject_code"] in hosts]
    return _bar_chart(project, SHARE_OF_NEW_MEMBERS, rows, project.code_lists["units"].by_code)


def build_coverage_chart(project: Project, values: pd.DataFrame, period: str) -> BarChart:
    """Organisation coverage of key enterprises at the month's end, by cluster of the district."""
    own = project.subjects_of(DISTRICT, "cluster", Period.parse(period))
    found = rows_of(values, KEY_COVERAGE, "cluster", "end")
    rows = [row for row in found if row["period"] == period and row["subject_code"] in own]
    return _bar_chart(project, KEY_COVERAGE, rows, project.code_lists["clusters"].by_code)
