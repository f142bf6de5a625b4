"""What a briefing is made from, and which published figures belong to a month.

Belongs here: the shape of the data that whoever has the warehouse hands over. Not here: reading or wording
it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from g60pipeline.contracts.indicators import Figure
from g60pipeline.contracts.project import Project

if TYPE_CHECKING:
    import pandas as pd

SHARE_OF_NEW_MEMBERS = "cluster_share_of_new_members"
REVENUE = "fiscal_revenue_growth_months"
KEY_COVERAGE = "key_enterprise_organisation_coverage"
CHART_INDICATORS = (SHARE_OF_NEW_MEMBERS, REVENUE, KEY_COVERAGE)
"""Indicators whose rows `BriefingData.values` should hold; others are ignored."""


class MonthFigure(NamedTuple):
    """A figure as a month's briefing reads it. `has_reference`: a value was published for this reading."""

    figure: Figure
    has_reference: bool


@dataclass(frozen=True)
class FigureReading:
    """Our value of a figure.

    `ours` is in the figure's unit and unrounded. `met` is None where nothing was published to compare with.
    What is missing is None, never NaN.

    `status` is that of `mart.indicator_value`; only published and at_least values are ever printed.
    """

    figure: Figure
    ours: Decimal | float | None
    met: bool | None
    status: str
    expected_unit_count: int
    reporting_unit_count: int
    coverage_ratio: float | None


@dataclass(frozen=True)
class BriefingData:
    """A month's briefing.

    `values`: rows of `mart.indicator_value` of CHART_INDICATORS, for `period` and for revenue also the
    months before.

    `returns`: one row per unit that owes anything for the month: reporting_unit_code, label_zh, label_en,
    state (accepted, returned, unreadable, refused, missing, or received while not judged), submission_count,
    critical_count, messages_zh and messages_en (lists of one length: the first critical messages of the last
    submission).

    `file_names`: the submissions in force.
    """

    project: Project
    period: str
    is_synthetic: bool
    figures: tuple[FigureReading, ...]
    values: pd.DataFrame
    returns: pd.DataFrame
    run_id: str
    rules_version: str
    generated_by: str
    file_names: tuple[str, ...] = ()


def figures_of(figures: Iterable[Figure], period: str) -> tuple[MonthFigure, ...]:
    """Return the figures that the briefing of a month shows, each bound to the month at which it is read.

    Figures of the publication's own month (the latest binding) are read at the briefing's month, with a
    reference only in that month. Figures bound to an earlier month are about that time (a finished plan,
    say): they appear from then on as they stand.
    """
    listed = tuple(figures)
    publication = max((figure.read.period for figure in listed), default=period)
    return tuple(
        _read_at(figure, period)
        if figure.read.period == publication
        else MonthFigure(figure, has_reference=True)
        for figure in listed
        if figure.read.period == publication or figure.read.period <= period
    )


def _read_at(figure: Figure, period: str) -> MonthFigure:
    read = figure.read.model_copy(update={"period": period})
    return MonthFigure(figure.model_copy(update={"read": read}), has_reference=figure.read.period == period)
