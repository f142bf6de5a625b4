"""A finding says where it is, what stands there and what to do, in both languages."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from quality_tables import batch

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.project import Project
from g60pipeline.quality.findings import build_findings
from g60pipeline.quality.parts import Layouts
from g60pipeline.quality.quoting import format_value
from g60pipeline.quality.suites import Outcome


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "空白"),
        (float("nan"), "空白"),
        (pd.NaT, "空白"),
        (1200.0, "1200"),
        (0.30000000000000004, "0.3"),
        (41682430.734, "41682430.73"),
        (-28544.3, "-28544.3"),
        (999.99, "999.99"),
        (1.130434782, "1.13043"),
        (1e20, "1e+20"),
        (pd.Timestamp("2021-11-30"), "2021-11-30"),
        (pd.Timestamp("2021-11-30 09:05"), "2021-11-30 09:05"),
        ("310117103", "310117103"),
    ],
)
def test_values_are_written_as_a_clerk_would(value: Any, written: str) -> None:
    assert format_value(value) == written


def made(
    project: Project,
    form: Form,
    rule_id: str,
    frame: pd.DataFrame,
    layouts: Layouts | None = None,
    **known: Any,
) -> list[dict[str, Any]]:
    """Findings of all rows of the frame."""
    rule = next(rule for rule in form.rules if rule.id == rule_id)
    outcome = Outcome(rule, len(frame), tuple(range(len(frame))))
    return build_findings(batch(project, **known), form, frame, [outcome], layouts or {})


def row(**columns: Any) -> pd.DataFrame:
    keys = {"submission_id": 7, "reporting_unit_code": "310117103", "period": "2021-11", "sheet_row": 9}
    texts = {name: str(value) for name, value in columns.items()}
    return pd.DataFrame([{**keys, "raw_text": texts, **columns}])


def test_a_finding_names_sheet_cell_raw_text_and_what_it_was_compared_with(project: Project) -> None:
    form = project.forms["unit_summary"]
    raw = {"unit_code": "310117103", "member_count": "１,０００", "new_member_count": "1，001"}
    frame = row(new_member_count=1001.0, member_count=1000.0).assign(raw_text=[raw])
    columns = {"new_member_count": {"column": "AB"}, "member_count": {"column": "B"}}
    layouts = {"unit_summary": {7: {"sheet": "汇总（改）", "fields": columns}}}
    (finding,) = made(project, form, "new_members_do_not_exceed_members", frame, layouts)
    assert finding["submission_id"] == 7
    assert (finding["sheet"], finding["sheet_row"], finding["cell"]) == ("汇总（改）", 9, "AB9")
    assert (finding["field"], finding["value"], finding["row_key"]) == (
        "new_member_count",
        "1，001",
        "310117103",
    )
    assert finding["expected"] == "≤ 党员总数（１,０００）"
    assert finding["compared_with"] == {"党员总数": "１,０００"}
    assert finding["related_cells"] == ["汇总（改）!B9=１,０００"]
    for text in (finding["message_zh"], finding["message_en"]):
        assert "1，001" in text
        assert "１,０００" in text


def test_a_column_that_was_not_found_has_no_cell(project: Project) -> None:
    form = project.forms["unit_summary"]
    (finding,) = made(project, form, "member_count_is_reported", row().assign(raw_text=[{}]))
    assert (finding["sheet"], finding["cell"], finding["value"]) == (form.sheet, None, None)


@pytest.mark.parametrize(
    ("form", "rule", "columns", "expected"),
    [
        ("recognition", "rank_is_within_its_range", {"rank": 0.0}, "≥ 1"),
        ("district_economy", "rank_in_city_is_within_its_range", {"rank_in_city": 17.0}, "1 – 16"),
        ("activity", "studio_is_not_too_long", {"studio": "长" * 61}, "不超过 60 个字"),
        (
            "cluster_organisation",
            "general_branch_usually_has_50_to_100_members",
            {"member_count": 49.0, "members_of_a_general_branch": 49.0},
            "50 – 100",
        ),
        (
            "cluster_enterprise",
            "members_are_reported_only_with_an_organisation",
            {"member_count": 3.0, "members_without_an_organisation": 3.0},
            "0",
        ),
        (
            "unit_summary",
            "members_are_on_the_scale_of_the_units_own_history",
            {"member_count": 9000.0, "member_factor": 9.0},
            "与本单位以往水平之比：0.2 – 5",
        ),
        (
            "unit_summary",
            "members_follow_from_last_month",
            {
                "member_count": 9000.0,
                "members_explained": 1004.0,
                "member_count_last_month": 1000.0,
                "new_member_count": 4,
            },
            "1004 ± 10%",
        ),
        (
            "unit_summary",
            "output_of_clusters_does_not_exceed_the_units",
            {"above_scale_output_wan_yuan": 10.0, "clusters_output_wan_yuan": 12.5},
            "≥ 企业名册中规上企业产值合计（万元）（12.5）",
        ),
        (
            "cluster_enterprise",
            "output_wan_yuan_ytd_follows_from_last_months",
            {
                "output_wan_yuan": 1.0,
                "output_wan_yuan_ytd": 5.0,
                "output_wan_yuan_ytd__previous": 2.0,
                "output_wan_yuan_ytd__expected": 3.0,
            },
            "3 ± 0.01",
        ),
        (
            "activity",
            "cluster_is_hosted_by_the_unit",
            {"cluster_code": "C04", "cluster_host": "310117501"},
            "承担该集群的单位：310117103",
        ),
        (
            "activity",
            "activity_is_held_before_the_period_ends",
            {"held_on": pd.Timestamp("2021-12-01"), "period_end": pd.Timestamp("2021-11-30")},
            "≤ 报送期末日（2021-11-30）",
        ),
        ("activity", "category_is_in_its_code_list", {"category": "?"}, None),
    ],
)
def test_what_should_stand_there_follows_from_the_expectation(
    project: Project, form: str, rule: str, columns: dict[str, Any], expected: str | None
) -> None:
    (finding,) = made(project, project.forms[form], rule, row(**columns))
    assert finding["expected"] == expected


def test_a_sum_lists_its_parts_largest_first_and_ten_at_most(project: Project) -> None:
    register = pd.DataFrame({
        "submission_id": [7] * 12 + [8], "reporting_unit_code": "310117103", "period": "2021-11",
        "sheet_row": [*range(4, 16), 4], "cluster_code": ["C03"] * 13, "member_count": [*range(12), 99],
    })  # fmt: skip
    register["raw_text"] = [{"member_count": f"{count} 人"} for count in register["member_count"]]
    layouts: Layouts = {
        "cluster_enterprise": {7: {"sheet": "名册", "fields": {"member_count": {"column": "H"}}}}
    }
    frame = row(cluster_code="C03", member_count=50.0, register_member_count=66.0)
    rule = "members_in_the_register_do_not_exceed_the_clusters"
    (finding,) = made(
        project,
        project.forms["cluster_organisation"],
        rule,
        frame,
        layouts,
        forms={"cluster_enterprise": register},
    )
    assert finding["compared_with"] == {"企业名册党员合计": "66"}
    assert finding["related_cells"] == [f"名册!H{n}={n - 4} 人" for n in range(15, 5, -1)]


def test_a_pattern_with_braces_is_quoted_as_it_stands(project: Project) -> None:
    rule = next(
        rule
        for rule in project.forms["integration_project"].rules
        if rule.id == "project_code_matches_its_pattern"
    )
    assert rule.placeholders == {"value"}
    assert r"\d{3}" in rule.message.en.format(value="C03")
