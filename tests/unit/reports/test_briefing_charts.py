"""Bars and columns stand where the values say."""

from __future__ import annotations

import pandas as pd
import pytest
from briefing_world import PERIOD, indicator_row, make_values, revenue_rows

from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing_charts import build_coverage_chart, build_share_chart
from g60pipeline.reports.briefing_data import KEY_COVERAGE, REVENUE, SHARE_OF_NEW_MEMBERS, BriefingData
from g60pipeline.reports.briefing_revenue import build_revenue_chart, scale_around
from g60pipeline.reports.numbers import format_number, format_percent


def share(unit: str, value: float | None, **more: object) -> dict[str, object]:
    return indicator_row(SHARE_OF_NEW_MEMBERS, "unit", unit, "year_to_date", value, **more)


def test_bars_are_largest_first_and_a_withheld_one_has_no_width(project: Project) -> None:
    rows = [share("310117102", 0.36), share("310117501", 0.9), share("310117103", None)]
    chart = build_share_chart(project, pd.DataFrame(rows), PERIOD)
    assert [(bar.label.zh, bar.width, bar.value, bar.status) for bar in chart.bars] == [
        ("松江经济技术开发区", 90.0, "90.0%", "published"),
        ("泗泾镇", 36.0, "36.0%", "published"),
        ("佘山镇", None, "", "withheld"),
    ]
    assert (chart.target, chart.target_at) == ("30%", 30.0)


def test_only_the_month_the_whole_and_host_units_are_drawn(project: Project) -> None:
    rows = [
        share("310117501", 0.9),
        share("310117501", 0.2, period="2021-11"),
        share("310117501", 0.3, time_basis="month"),
        share("310117001", 0.4),
    ]
    rows.append(
        indicator_row(
            KEY_COVERAGE, "cluster", "C01", "end", 0.5, dimension="strategic_industry", dimension_code="other"
        )
    )
    values = pd.DataFrame(rows)
    assert [bar.value for bar in build_share_chart(project, values, PERIOD).bars] == ["90.0%"]
    assert build_coverage_chart(project, values, PERIOD).bars == ()


def test_a_share_beyond_the_whole_stretches_the_scale_instead_of_being_cut(project: Project) -> None:
    chart = build_share_chart(
        project, pd.DataFrame([share("310117501", 1.25), share("310117102", 0.5)]), PERIOD
    )
    assert [(bar.width, bar.value) for bar in chart.bars] == [(100.0, "125.0%"), (40.0, "50.0%")]
    assert chart.target_at == 24.0


def test_revenue_columns_follow_the_months_and_growth_is_on_the_base(project: Project) -> None:
    chart = build_revenue_chart(make_values(project), PERIOD)
    assert chart is not None
    assert len(chart.columns) == 72
    assert chart.columns[0].period == "2016-01"
    assert chart.current is not None
    assert (chart.current.period, chart.current.growth, chart.streak) == (PERIOD, "2.0%", 72)
    assert [year.label for year in chart.years] == ["2016", "2017", "2018", "2019", "2020", "2021"]
    assert all(column.left + column.width < 100 for column in chart.columns)


def test_a_missing_month_is_a_gap_and_a_fall_hangs_below_zero() -> None:
    rows = revenue_rows(months=12)
    rows[0] |= {"numerator": 90_000.0, "denominator": 100_000.0, "value": 0.0}
    del rows[3]
    chart = build_revenue_chart(pd.DataFrame(rows), PERIOD)
    assert chart is not None
    assert chart.current is not None
    assert chart.current.growth == "-10.0%"
    assert not chart.current.is_growing
    assert chart.current.growth_y == chart.growth_zero
    steps = [round(b.left - a.left, 2) for a, b in zip(chart.columns, chart.columns[1:], strict=False)]
    assert sorted(set(steps)) == [8.33, 16.67]


def test_months_after_the_briefings_are_not_drawn() -> None:
    chart = build_revenue_chart(pd.DataFrame(revenue_rows(last="2021-12", months=24)), "2021-06")
    assert chart is not None
    assert chart.columns[-1].period == "2021-06"


def test_without_data_there_is_no_revenue_chart(data: BriefingData) -> None:
    values = data.values[data.values["indicator_id"] != REVENUE]
    assert build_revenue_chart(values, PERIOD) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0, 25.1], (0.0, 30.0, 10.0)),
        ([0.02, 0.14], (0.0, 0.15, 0.05)),
        ([-0.04, 0.06], (-0.05, 0.1, 0.05)),
        ([0.0], (0.0, 0.5, 0.5)),
    ],
)
def test_scales_hold_zero_and_every_value_in_round_steps(
    values: list[float], expected: tuple[float, float, float]
) -> None:
    scale = scale_around(values, 100)
    assert (scale.low, scale.high, scale.step) == pytest.approx(expected)
    assert scale.y(scale.low) == 100


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (4355.4, 0, "4,355"),
        (1.25, 2, "1.25"),
        (2.5, 0, "3"),
        (0.285, 2, "0.29"),
        (-0.2, 0, "0"),
        (1_000_000, 0, "1,000,000"),
    ],
)
def test_numbers_are_rounded_half_up_once_with_separators(value: float, decimals: int, text: str) -> None:
    assert format_number(value, decimals) == text


def test_ratios_become_percentages() -> None:
    assert format_percent(0.3) == "30%"
    assert format_percent(0.125, 1) == "12.5%"
