"""Columns that look back, against tables computed by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from quality_tables import NAN, batch, table

from g60pipeline.contracts.project import Project
from g60pipeline.quality.derive import compute


def history(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"submission_id": 1, "unit_code": "310117103", **columns})


def look_back(
    project: Project, function: str, frame: pd.DataFrame, past: pd.DataFrame | None, **arguments: Any
) -> list[Any]:
    before = batch(project, history={} if past is None else {"unit_summary": past})
    found = compute(frame, before, project.forms["unit_summary"], function, arguments)
    return [None if pd.isna(value) else value for value in found]


def now(period: str = "2021-02", **columns: list[Any]) -> pd.DataFrame:
    return table(period=period, unit_code=["310117103"], **columns)


def test_previous_is_last_months_and_no_older_one(project: Project) -> None:
    frame = now(member_count=[100.0])
    both = history(months_before=[2, 1], member_count=[70, 90])
    assert look_back(project, "previous", frame, both, field="member_count") == [90]
    older = history(months_before=[2, 3], member_count=[70, 90])
    assert look_back(project, "previous", frame, older, field="member_count") == [None]
    assert look_back(project, "previous", frame, None, field="member_count") == [None]


def test_previous_is_that_of_the_same_submission_and_key(project: Project) -> None:
    past = history(months_before=[1, 1], member_count=[70, 90]).assign(
        submission_id=[2, 1], unit_code=["310117103", "other"]
    )
    assert look_back(project, "previous", now(member_count=[100.0]), past, field="member_count") == [None]


@pytest.mark.parametrize(("period", "expected"), [("2021-02", 30), ("2021-01", 0)])
def test_january_starts_anew(project: Project, period: str, expected: int) -> None:
    frame = now(period, new_member_count_ytd=[31.0])
    past = history(months_before=[1], new_member_count_ytd=[30])
    assert look_back(project, "previous_year_to_date", frame, past, field="new_member_count_ytd") == [
        expected
    ]


def test_factor_is_over_the_median_of_values_above_0(project: Project) -> None:
    past = history(months_before=[1, 2, 3, 4], above_scale_output_wan_yuan=[10, 0, 1000, 20])
    for value, expected in ((100.0, 5), (0.0, None), (NAN, None)):
        frame = now(above_scale_output_wan_yuan=[value])
        found = look_back(project, "factor_to_history", frame, past, field="above_scale_output_wan_yuan")
        assert found == [expected]
    only_0 = history(months_before=[1], above_scale_output_wan_yuan=[0])
    frame = now(above_scale_output_wan_yuan=[100.0])
    assert look_back(project, "factor_to_history", frame, only_0, field="above_scale_output_wan_yuan") == [
        None
    ]


def test_a_jump_is_measured_in_robust_spreads_of_a_tenth_at_least(project: Project) -> None:
    def spreads(value: float, *months: float | None) -> list[Any]:
        past = history(months_before=[*range(1, len(months) + 1)], member_count=[*months])
        return look_back(
            project, "spreads_from_history", now(member_count=[value]), past, field="member_count"
        )

    assert spreads(160.0, 100, 100, 100) == [pytest.approx(6)]
    # median 100, deviations 20 30 0 20 1000: the one wild month widens nothing
    assert spreads(200.0, 80, 130, 100, 120, 1100) == [pytest.approx((200 - 120) / (20 * 1.4826))]
    assert spreads(160.0, 100, 100) == [None]
    assert spreads(160.0, 100, 100, None) == [None]
    assert spreads(160.0, 0, 0, 0) == [None]
    assert look_back(
        project, "spreads_from_history", now(member_count=[1.0]), None, field="member_count"
    ) == [None]


@pytest.mark.parametrize(("before", "expected"), [(80, 0.25), (0, None), (None, None)])
def test_relative_change_needs_a_value_above_0(
    project: Project, before: int | None, expected: float | None
) -> None:
    past = history(months_before=[1], member_count=[before])
    assert look_back(project, "relative_change", now(member_count=[100.0]), past, field="member_count") == [
        expected
    ]


def test_a_copy_needs_every_field_known_and_equal(project: Project) -> None:
    frame = now(member_count=[5.0], organisation_count=[2.0])
    fields = ["member_count", "organisation_count"]
    for organisations, expected in ((2, True), (3, False), (None, None)):
        past = history(months_before=[1], member_count=[5], organisation_count=[organisations])
        assert look_back(project, "is_copy_of_previous", frame, past, fields=fields) == [expected]
