"""Each kind of wrong definition is refused, and the refusal says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from indicator_world import define
from pydantic import ValidationError

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.indicators import read_indicator_file, read_mart
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.check import check_indicator, check_project

ORGANISATION = {"from": "cluster_organisation", "value": "SUM(member_count)"}
SUMMARY = {"from": "unit_summary", "value": "SUM(member_count)"}


def economy(value: str, where: str | None = "measure_code = 'fiscal_revenue'") -> dict[str, str | None]:
    return {"from": "district_economy", "value": value, "where": where}


def of(source: str, value: str, where: str | None = None) -> dict[str, str | None]:
    return {"from": source, "value": value, "where": where}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "broken SQL": ({"numerator": of("unit_summary", "SUM(member_count")}, "is not SQL"),
    "broken condition": ({"numerator": of("unit_summary", "COUNT(*)", "member_count >")}, "is not SQL"),
    "two statements": ({"numerator": of("unit_summary", "SUM(member_count); DROP TABLE x")}, "one expression"),
    "a subquery": ({"numerator": of("unit_summary", "SUM((SELECT 1))")}, "one expression"),
    "no aggregate": ({"numerator": of("unit_summary", "member_count")}, "is not an aggregate"),
    "two aggregates": ({"numerator": of("unit_summary", "SUM(member_count) / COUNT(*)")}, "is not an aggregate"),
    "aggregate in a condition": (
        {"numerator": of("unit_summary", "COUNT(*)", "SUM(member_count) > 1")}, "a condition is about one row"),
    "unknown relation": ({"numerator": of("nowhere", "COUNT(*)")}, "neither a form nor a mart"),
    "unknown column": ({"numerator": of("unit_summary", "SUM(nothing)")}, "nothing, which is no column of unit_summary"),
    "unknown column in a condition": (
        {"numerator": of("unit_summary", "COUNT(*)", "nothing > 1")}, "nothing, which is no column"),
    "qualified column": ({"numerator": of("unit_summary", "SUM(s.member_count)")}, "without their table"),
    "stock over a month": (
        {"numerator": SUMMARY, "time": ["month"], "levels": ["unit"]}, "a stock is summed over units, never over time"),
    "stock over a year": (
        {"numerator": SUMMARY, "time": ["year_to_date"], "levels": ["unit"]}, "summed over units, never over time"),
    "rows of a snapshot over a year": (
        {"numerator": of("integration_project", "COUNT(*)"), "time": ["year_to_date"]}, "counted at the end"),
    "events at the end": ({"numerator": of("activity", "COUNT(*)"), "time": ["end"]}, "a flow is counted over month"),
    "flow at the end": ({"numerator": of("activity", "SUM(session_count)"), "time": ["end"]}, "a flow belongs to month"),
    "YTD for a month": (
        {"numerator": of("cluster_organisation", "MAX(new_member_count_ytd)"), "time": ["month"]},
        "a YTD figure never stands in for a month's"),
    "YTD summed": (
        {"numerator": of("cluster_organisation", "SUM(new_member_count_ytd)"), "time": ["year_to_date"]},
        "cumulated already"),
    "mean of a ratio": (
        {"numerator": of("unit_summary", "AVG(member_count / organisation_count)"), "levels": ["unit"]},
        "a ratio is never averaged"),
    "cluster level without clusters": (
        {"numerator": SUMMARY, "levels": ["cluster"]}, "unit_summary has no clusters"),
    "cluster level without clusters below": (
        {"numerator": ORGANISATION, "denominator": SUMMARY, "kind": "ratio", "levels": ["cluster"]},
        "unit_summary has no clusters"),
    "unknown dimension below": (
        {"numerator": ORGANISATION, "denominator": SUMMARY, "kind": "ratio", "levels": ["unit"],
         "dimensions": ["organisation_form"]},
        "organisation_form, which is no column of unit_summary"),
    "unknown unit of measure": ({"numerator": ORGANISATION, "unit": "furlong"}, "no unit of measure"),
    "measure by row without its code": (
        {"numerator": economy("SUM(value)", None), "levels": ["district"]}, "must pin measure_code"),
    "measure by row with a code below OR": (
        {"numerator": economy("SUM(value)", "measure_code = 'gdp' OR measure_code = 'fiscal_revenue'"),
         "levels": ["district"]},
        "must pin measure_code"),
    "flow by row at the end": ({"numerator": economy("SUM(value)"), "levels": ["district"]}, "a flow belongs to month"),
    "stock by row over a month": (
        {"numerator": economy("SUM(value)", "measure_code = 'listed_company_count'"), "levels": ["district"],
         "time": ["month"]},
        "never over time"),
    "YTD of a stock by row": (
        {"numerator": economy("SUM(value_ytd)", "measure_code = 'listed_company_count'"), "levels": ["district"]},
        "a stock has no year-to-date"),
    "measures of two bureaus": (
        {"numerator": economy("SUM(value_ytd)"), "denominator": economy("SUM(value_ytd)", "measure_code = 'gdp'"),
         "kind": "ratio", "levels": ["district"]},
        "different units (310117U03, 310117U04)"),
    "year to date against half a year": (
        {"numerator": of("activity", "SUM(session_count)"), "kind": "growth", "over_months": 6, "time": ["year_to_date"]},
        "only whole years"),
    "streak of years": (
        {"numerator": of("activity", "SUM(session_count)"), "kind": "streak", "time": ["year_to_date"]}, "must be [month]"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_definition_is_refused_with_its_reason(project: Project, case: str) -> None:
    keys, reason = REFUSED[case]
    with pytest.raises(ContractError) as refusal:
        check_indicator(project, define(**keys), "assets/indicators/x.yaml")
    assert reason in str(refusal.value)
    assert str(refusal.value).startswith("assets/indicators/x.yaml: tested ")


@pytest.mark.parametrize("function", ["AVG", "SUM"])
def test_a_column_that_is_a_ratio_is_neither_averaged_nor_summed(project: Project, function: str) -> None:
    field = (
        project.forms["integration_project"]
        .field_by_name["achieved_value"]
        .model_copy(update={"unit": "percent"})
    )
    form = project.forms["integration_project"]
    fields = tuple(field if old.name == field.name else old for old in form.fields)
    changed = project.model_copy(
        update={"forms": project.forms | {form.name: form.model_copy(update={"fields": fields})}}
    )
    with pytest.raises(ContractError, match="a ratio is never averaged"):
        check_indicator(changed, define(numerator=of("integration_project", f"{function}(achieved_value)")))


@pytest.mark.parametrize("key", ["missing", "threshold"])
def test_a_definition_without_its_policies_is_refused_with_its_line(tmp_path: Path, key: str) -> None:
    text = (Path(__file__).parents[3] / "assets/indicators/activities.yaml").read_text(encoding="utf-8")
    path = tmp_path / "activities.yaml"
    path.write_text(
        "\n".join(line for line in text.splitlines() if not line.startswith(f"    {key}:")), encoding="utf-8"
    )
    with pytest.raises(ContractError, match=rf"activities\.yaml:\d+: indicators\.0\.{key}: Field required"):
        read_indicator_file(path)


def test_parts_only_needs_dimensions() -> None:
    with pytest.raises(ValidationError, match="parts_only needs dimensions"):
        define(numerator=SUMMARY, parts_only=True)


def test_an_id_that_stands_twice_is_refused(project: Project) -> None:
    files = (*project.indicator_files, project.indicator_files[0])
    first = project.indicator_files[0].indicators[0].id
    with pytest.raises(ContractError, match=f"{first} is defined 2 times"):
        check_project(project.model_copy(update={"indicator_files": files}))


def test_a_mart_without_a_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.sql"
    path.write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(ContractError, match="begins with its header"):
        read_mart(path)


def test_every_definition_of_the_project_passes(project: Project) -> None:
    check_project(project)
    assert {file.theme for file in project.indicator_files} == {
        "coverage", "membership", "projects", "services", "cooperation", "activities", "innovation", "economy",
        "local_economy", "reporting",
    }  # fmt: skip


def test_a_figure_that_reads_what_is_not_computed_is_refused(project: Project) -> None:
    assert project.figures is not None
    figure = project.figures.figures[0]
    wrong = figure.model_copy(update={"read": figure.read.model_copy(update={"time": "month"})})
    figures = project.figures.model_copy(update={"figures": (wrong,)})
    with pytest.raises(ContractError, match="F01 reads newly_covered_key_enterprise_count for month"):
        check_project(project.model_copy(update={"figures": figures}))
