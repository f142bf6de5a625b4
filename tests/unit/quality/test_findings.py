"""A finding says where it is, what stands there and what to do, in both languages."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from g60pipeline.contracts.project import Project
from g60pipeline.quality.findings import build_findings, format_value
from g60pipeline.quality.suites import Outcome


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "空白"),
        (float("nan"), "空白"),
        (pd.NaT, "空白"),
        (1200.0, "1200"),
        (0.30000000000000004, "0.3"),
        (1e20, "1e+20"),
        (pd.Timestamp("2021-11-30"), "2021-11-30"),
        (pd.Timestamp("2021-11-30 09:05"), "2021-11-30 09:05"),
        ("310117103", "310117103"),
    ],
)
def test_values_are_written_as_a_clerk_would(value: Any, written: str) -> None:
    assert format_value(value) == written


def test_a_finding_names_sheet_cell_raw_text_and_what_it_was_compared_with(project: Project) -> None:
    form = project.forms["unit_summary"]
    rule = next(rule for rule in form.rules if rule.id == "new_members_do_not_exceed_members")
    raw = {"unit_code": "310117103", "member_count": "１,０００", "new_member_count": "1，001"}
    frame = pd.DataFrame({
        "submission_id": [6, 7], "reporting_unit_code": "310117103", "period": "2021-11", "sheet_row": [4, 9],
        "raw_text": [{}, raw], "new_member_count": 1001.0, "member_count": 1000.0,
    })  # fmt: skip
    layouts = {7: {"sheet": "汇总（改）", "fields": {"new_member_count": {"column": "AB"}}}}
    (finding,) = build_findings(form, frame, [Outcome(rule, 2, (1,))], layouts)
    assert finding["submission_id"] == 7
    assert (finding["sheet"], finding["sheet_row"], finding["cell"]) == ("汇总（改）", 9, "AB9")
    assert (finding["field"], finding["value"], finding["row_key"]) == (
        "new_member_count",
        "1，001",
        "310117103",
    )
    assert finding["compared_with"] == {"member_count": "１,０００"}
    for text in (finding["message_zh"], finding["message_en"]):
        assert "1，001" in text
        assert "１,０００" in text


def test_a_column_that_was_not_found_has_no_cell(project: Project) -> None:
    form = project.forms["unit_summary"]
    rule = next(rule for rule in form.rules if rule.id == "member_count_is_reported")
    frame = pd.DataFrame({
        "submission_id": [7], "reporting_unit_code": "310117103", "period": "2021-11", "sheet_row": 4,
        "raw_text": [{}],
    })  # fmt: skip
    (finding,) = build_findings(form, frame, [Outcome(rule, 1, (0,))], {})
    assert (finding["sheet"], finding["cell"], finding["value"]) == (form.sheet, None, None)


def test_a_pattern_with_braces_is_quoted_as_it_stands(project: Project) -> None:
    rule = next(
        rule
        for rule in project.forms["integration_project"].rules
        if rule.id == "project_code_matches_its_pattern"
    )
    assert rule.placeholders == {"value"}
    assert r"\d{3}" in rule.message.en.format(value="C03")
