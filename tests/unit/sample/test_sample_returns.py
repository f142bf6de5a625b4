from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise

import pytest

from g60pipeline.contracts.forms import Field
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.sample.economy import build_economy
from g60pipeline.sample.generate import Sample, build_sample
from g60pipeline.sample.model import MONTHS, NOT_APPLICABLE, YEAR, Cell, Return, Row

RESIDENT_ID = re.compile(r"\d{17}[\dXx]")
PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
TYPES = {
    "integer": int,
    "decimal": int | float,
    "text": str,
    "date": date,
    "timestamp": datetime,
    "boolean": bool,
}


def cells(project: Project, returns: list[Return]) -> Iterator[tuple[Return, Field, Cell]]:
    for sent in returns:
        for form, rows in sent.forms.items():
            for row in rows:
                for field in project.forms[form].fields:
                    yield sent, field, row[field.name]


def rows_of(sample: Sample, unit: str, form: str) -> list[list[Row]]:
    return [sample.correct_return(unit, month).forms[form] for month in MONTHS]


def test_a_unit_sends_exactly_the_forms_that_it_owes(project: Project, returns: list[Return]) -> None:
    assert len(returns) == 22 * 13
    for sent in returns:
        assert tuple(sent.forms) == project.owed_forms(sent.unit_code, sent.period)


def test_rows_have_every_field_and_no_other(project: Project, returns: list[Return]) -> None:
    filled: set[tuple[str, str]] = set()
    for sent in returns:
        for form, rows in sent.forms.items():
            fields = project.forms[form].field_by_name
            for row in rows:
                assert row.keys() == fields.keys()
                filled |= {(form, name) for name, value in row.items() if value not in (None, NOT_APPLICABLE)}

    assert filled == {(form.name, field.name) for form in project.forms.values() for field in form.fields}


def test_cells_have_the_type_of_their_field_and_codes_are_valid(
    project: Project, returns: list[Return]
) -> None:
    for sent, field, value in cells(project, returns):
        if value is None:
            assert not field.is_required, field.name
            continue
        if value == NOT_APPLICABLE:
            assert field.allows_not_applicable, field.name
            continue
        assert isinstance(value, TYPES[field.type]), (field.name, value)
        if field.code_list is not None:
            valid = project.code_lists[field.code_list].valid_codes(sent.period)
            assert set(str(value).split(";")) <= set(valid)
        if isinstance(value, int | float) and field.minimum is not None:
            assert value >= field.minimum
        if isinstance(value, str) and field.max_length is not None:
            assert len(value) <= field.max_length


def test_keys_are_unique(project: Project, returns: list[Return]) -> None:
    for sent in returns:
        for form, rows in sent.forms.items():
            names = [field.name for field in project.forms[form].key_fields]
            keys = Counter(tuple(row[name] for name in names) for row in rows)
            assert not keys or max(keys.values()) == 1


def test_no_cell_looks_like_a_personal_number(project: Project, returns: list[Return]) -> None:
    for _, field, value in cells(project, returns):
        text = str(value)
        assert not RESIDENT_ID.search(text), field.name
        assert not PHONE.search(text), field.name


@pytest.mark.parametrize(
    ("unit", "form", "month", "since_january"),
    [
        ("310117U04", "district_economy", "value", "value_ytd"),
        ("310117U03", "district_economy", "base_value", "base_value_ytd"),
        ("310117501", "cluster_enterprise", "output_wan_yuan", "output_wan_yuan_ytd"),
        ("310117501", "cluster_organisation", "new_member_count", "new_member_count_ytd"),
        ("310117107", "unit_summary", "new_member_count", "new_member_count_ytd"),
    ],
)
def test_months_add_up_to_the_figure_since_january(
    project: Project, sample: Sample, unit: str, form: str, month: str, since_january: str
) -> None:
    keys = [field.name for field in project.forms[form].key_fields]
    sums: dict[tuple[Cell, ...], float] = {}
    for rows in rows_of(sample, unit, form)[1:]:
        for row in rows:
            value, total, key = row[month], row[since_january], tuple(row[name] for name in keys)
            if isinstance(value, int | float) and isinstance(total, int | float):
                sums[key] = round(sums.get(key, 0) + value, 6)
                assert total == sums[key]

    assert sums


def test_amounts_in_ten_thousand_yuan_have_two_decimals_at_most(sample: Sample) -> None:
    for rows in rows_of(sample, "310117121", "cluster_enterprise"):
        outputs = [row["output_wan_yuan_ytd"] for row in rows if row["output_wan_yuan_ytd"] != NOT_APPLICABLE]
        assert all(re.fullmatch(r"\d+(\.\d\d?)?", str(output)) for output in outputs)


def test_units_add_up_to_the_bureaus_figures(returns: list[Return]) -> None:
    economy = build_economy(2021)
    for month in YEAR:
        summaries = [
            s.forms["unit_summary"][0] for s in returns if s.period == month and "unit_summary" in s.forms
        ]
        enterprises = sum(number(row["above_scale_enterprise_count"]) for row in summaries)
        output = sum(
            number(row["above_scale_output_wan_yuan"]) * (10_000 if row["output_unit"] == "yi_yuan" else 1)
            for row in summaries
        )
        bureaus_output = economy[month, "above_scale_output_value"].value * 100  # from 0.01 亿元

        assert enterprises == pytest.approx(economy[month, "above_scale_enterprise_count"].value, rel=0.02)
        assert output == pytest.approx(bureaus_output, rel=0.03)


def number(value: Cell) -> float:
    return value if isinstance(value, int | float) else 0


def test_gdp_is_published_by_the_quarter(sample: Sample) -> None:
    published = [
        month
        for month, rows in zip(MONTHS, rows_of(sample, "310117U03", "district_economy"), strict=True)
        for row in rows
        if row["measure_code"] == "gdp" and row["value"] != NOT_APPLICABLE
    ]

    assert published == [Period(2020, 12), *(Period(2021, month) for month in (3, 6, 9, 12))]


def test_the_last_month_that_was_no_growth_is_december_2015() -> None:
    months = {
        period: figure
        for (period, measure), figure in build_economy(2021).items()
        if measure == "fiscal_revenue"
    }

    declines = [period for period, figure in months.items() if figure.value <= figure.base]

    assert declines == [Period(2015, 12)]


def test_snapshots_only_grow(sample: Sample) -> None:
    for form, key in (("integration_project", "project_code"), ("cluster_enterprise", "enterprise_uscc")):
        months = [{row[key] for row in rows} for rows in rows_of(sample, "310117501", form)]
        assert all(before <= after for before, after in pairwise(months))
        assert months[0] < months[-1]


def test_the_same_seed_gives_the_same_returns_and_another_seed_others(
    project: Project, sample: Sample, returns: list[Return]
) -> None:
    again, other = build_sample(project), build_sample(project, seed=8)

    assert [again.correct_return(sent.unit_code, sent.period) for sent in returns] == returns
    for unit in ("310117501", "310117001", "310117U03", "310117U04"):
        month = Period(2021, 5)
        assert other.correct_return(unit, month).forms != sample.correct_return(unit, month).forms
