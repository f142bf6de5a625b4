"""Great Expectations' answers: matched by rule, and never a finding where a rule could not be evaluated."""

from __future__ import annotations

import pandas as pd
import pytest

from g60pipeline.contracts.forms import Form, Rule
from g60pipeline.contracts.project import Project
from g60pipeline.quality.suites import ExpectationError, Expectations


def bounds(project: Project, column: str, maximum: int, rule_id: str) -> Rule:
    form = project.forms["unit_summary"]
    rule = next(rule for rule in form.rules if rule.id == "member_count_is_within_its_range")
    return rule.model_copy(
        update={"id": rule_id, "kwargs": {"column": column, "min_value": 0, "max_value": maximum}}
    )


@pytest.fixture
def form(project: Project) -> Form:
    return project.forms["unit_summary"]


def test_outcomes_are_matched_by_rule_and_not_by_order(
    project: Project, form: Form, expectations: Expectations
) -> None:
    frame = pd.DataFrame({"b": [1.0, 9.0, 5.0], "a": [9.0, 1.0, 1.0]})
    rules = tuple(
        bounds(project, column, maximum, f"{column}_{maximum}")
        for maximum in (8, 2, 10)
        for column in ("a", "b", "a")
    )
    rules = tuple({rule.id: rule for rule in rules}.values())
    expected = {"a_8": (0,), "b_8": (1,), "a_2": (0,), "b_2": (1, 2), "a_10": (), "b_10": ()}
    for asked in (rules, rules[::-1]):
        outcomes = expectations.validate(form, asked, frame)
        assert [outcome.rule for outcome in outcomes] == list(asked)
        assert {outcome.rule.id: outcome.failing for outcome in outcomes} == expected


def test_a_rule_on_a_column_that_is_not_there_is_a_fault_of_ours(
    project: Project, form: Form, expectations: Expectations
) -> None:
    rule = bounds(project, "no_such_column", 1, "on_nothing")
    with pytest.raises(ExpectationError, match=r"unit_summary\.on_nothing"):
        expectations.validate(form, (rule,), pd.DataFrame({"a": [1.0]}))


def test_an_expectation_that_does_not_exist_is_a_fault_of_ours(
    project: Project, form: Form, expectations: Expectations
) -> None:
    rule = bounds(project, "a", 1, "unknown").model_copy(update={"expectation": "ExpectNothing"})
    with pytest.raises(ExpectationError, match=r"unit_summary\.unknown: ExpectNothing"):
        expectations.validate(form, (rule,), pd.DataFrame({"a": [1.0]}))


def test_an_empty_form_passes(project: Project, form: Form, expectations: Expectations) -> None:
    rule = bounds(project, "a", 1, "on_nothing")
    assert [outcome.failing for outcome in expectations.validate(form, (rule,), pd.DataFrame({"a": []}))] == [
        ()
    ]
