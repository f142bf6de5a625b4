"""Derived columns against tables computed by hand: what each does with a blank is half of what it is."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quality_tables import NAN, Prepared, batch, table

from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.odcs import RelativeTolerance, RoundingTolerance
from g60pipeline.contracts.project import Project
from g60pipeline.quality.derive import FUNCTIONS, compute

UNIT_COLUMNS = ("member_count", "organisation_count")
VALID_USCC = ("91350100M000100Y43", "91310117MA1JXJ833R", "91310117MA1JCDDD62")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def run(
    project: Project, function: str, frame: pd.DataFrame, form: str = "unit_summary", **arguments: Any
) -> list[Any]:
    """Compute a column; missing values of every kind come back as None."""
    column = compute(frame, batch(project), project.forms[form], function, arguments)
    return plain(column)


def plain(column: pd.Series) -> list[Any]:
    return [None if pd.isna(value) else value for value in column]


def sent(project: Project, other: str, rows: pd.DataFrame, ids: set[int]) -> Prepared:
    return Prepared(project, pd.DataFrame(), {other: rows}, frozenset((n, other) for n in ids), {})


def test_a_missing_addend_is_not_0(project: Project) -> None:
    assert run(project, "total", table(a=[1.0, NAN, 0.0], b=[2.0, 2.0, 0.0]), fields=["a", "b"]) == [
        3,
        None,
        0,
    ]


def test_ratio_has_no_value_of_0_over_0_and_is_infinite_over_0_alone(project: Project) -> None:
    frame = table(a=[1.0, 0.0, 1.0, NAN, 1.0], b=[4.0, 0.0, 0.0, 4.0, NAN])
    expected = [0.25, None, float("inf"), None, None]
    assert run(project, "ratio", frame, numerator="a", denominator="b") == expected


def test_growth_has_no_value_without_a_base_above_0(project: Project) -> None:
    frame = table(v=[110.0, 110.0, 110.0, NAN], b=[100.0, 0.0, NAN, 100.0])
    assert run(project, "growth", frame, value="v", base="b") == [pytest.approx(0.1), None, None, None]


@pytest.mark.parametrize(
    ("tolerance", "addends", "left", "expected"),
    [
        ("exact", 2, 101.0, 1.0),
        ("exact", 2, 100.0, 0.0),
        (RoundingTolerance(rounding=0.01), 2, 100.01, 0.0),
        (RoundingTolerance(rounding=0.01), 2, 100.02, 0.01),
        (RoundingTolerance(rounding=0.01), 10, 100.05, 0.0),
        (RelativeTolerance(relative=0.1), 1, 110.0, 0.0),
        (RelativeTolerance(relative=0.1), 1, 89.0, 1.0),
        ("exact", 2, NAN, None),
    ],
)
def test_gap_is_what_lies_beyond_the_tolerance(
    project: Project, tolerance: Any, addends: int, left: float, expected: float | None
) -> None:
    frame = table(a=[left], b=[100.0])
    found = run(project, "gap", frame, left="a", right="b", tolerance=tolerance, addends=addends)
    assert found == [expected if expected is None else pytest.approx(expected, abs=1e-6)]
    assert (found == [0]) == (expected == 0)


def test_a_tolerance_grows_with_the_addends_that_were_summed(project: Project) -> None:
    frame = table(a=[100.03, 100.03, 100.03], b=[100.0] * 3, n=[5.0, 6.0, NAN])
    asked = {"tolerance": RoundingTolerance(rounding=0.01), "addends": "n"}
    beyond = run(project, "gap", frame, left="a", right="b", **asked)
    assert beyond == [pytest.approx(0.005), 0, None]
    assert run(project, "excess", frame, part="a", whole="b", **asked) == beyond
    assert run(project, "excess", frame, part="b", whole="a", **asked)[:2] == [0, 0]


@pytest.mark.parametrize("code", VALID_USCC)
def test_known_credit_codes_are_valid(project: Project, code: str) -> None:
    assert run(project, "is_valid_uscc", table(code=[code]), field="code") == [True]


@given(
    code=st.sampled_from(VALID_USCC), position=st.integers(0, 17), typo=st.sampled_from(ALPHABET + "IOSVZ")
)
def test_any_typo_of_one_character_is_seen(project: Project, code: str, position: int, typo: str) -> None:
    wrong = code[:position] + typo + code[position + 1 :]
    assert run(project, "is_valid_uscc", table(code=[wrong]), field="code") == [wrong == code]


@pytest.mark.parametrize("code", ["", "9131", VALID_USCC[1].lower(), VALID_USCC[1] + "0"])
def test_other_text_is_no_credit_code(project: Project, code: str) -> None:
    assert run(project, "is_valid_uscc", table(code=[code]), field="code") == [False]


def test_a_blank_credit_code_is_neither_right_nor_wrong(project: Project) -> None:
    assert run(project, "is_valid_uscc", table(code=pd.Series([None], dtype=object)), field="code") == [None]


def test_not_applicable_is_reported_and_a_blank_is_not(project: Project) -> None:
    frame = table(a=[NAN, NAN, 0.0]).assign(raw_text=[{}, {"a": "不适用"}, {"a": "0"}])
    assert run(project, "is_reported", frame, field="a") == [False, True, True]


def test_implications_hold_nothing_where_a_side_is_missing(project: Project) -> None:
    flags = pd.DataFrame({
        "p": pd.Series([True, True, False, None], dtype=object),
        "q": pd.Series([True, False, False, True], dtype=object),
    })  # fmt: skip
    frame = table(n=[0, 0, 0, 0]).join(flags)
    assert run(project, "implies", frame, when="p", then="q") == [True, False, True, None]
    assert run(project, "both", frame, fields=["p", "q"]) == [True, False, False, False]


def test_either_needs_one_flag_and_says_nothing_of_none(project: Project) -> None:
    flags = {
        "p": pd.Series([True, False, None, None], dtype=object),
        "q": pd.Series([None, False, False, None], dtype=object),
    }
    frame = table(n=[0, 0, 0, 0]).assign(**flags)
    assert run(project, "either", frame, fields=["p", "q"]) == [True, False, False, None]


def test_all_or_none(project: Project) -> None:
    frame = table(a=[1.0, NAN, 1.0], b=[1.0, NAN, NAN])
    assert run(project, "all_or_none_reported", frame, fields=["a", "b"]) == [True, True, False]


def test_sum_over_a_form_by_key(project: Project) -> None:
    rows = table(
        submission_id=[1, 1, 1, 2], cluster_code=["C1", "C1", "C2", "C1"], member_count=[2.0, 3.0, NAN, 100.0]
    )
    frame = table(submission_id=[1, 1, 1, 2, 3], cluster_code=["C1", "C2", "C3", "C1", "C1"])
    asked = {"form": "cluster_enterprise", "field": "member_count", "by": ["cluster_code"]}
    form = project.forms["cluster_organisation"]
    found = compute(frame, sent(project, "cluster_enterprise", rows, {1, 2}), form, "sum_over_form", asked)
    assert plain(found) == [5, None, 0, 100, None]


def test_what_stands_in_two_clusters_is_summed_once(project: Project) -> None:
    rows = table(
        submission_id=[1, 1, 1, 2],
        enterprise_uscc=["A", "A", "B", "A"],
        output_wan_yuan=[5.0, 5.0, NAN, 7.0],
        is_above_scale=pd.Series([True, True, False, True], dtype=object),
    )
    asked = {"form": "cluster_enterprise", "field": "output_wan_yuan", "where_true": "is_above_scale"}
    form, known = project.forms["unit_summary"], sent(project, "cluster_enterprise", rows, {1, 2})
    found = compute(
        table(submission_id=[1, 2]), known, form, "sum_over_form", {**asked, "distinct": ["enterprise_uscc"]}
    )
    assert plain(found) == [5, 7]
    assert plain(compute(table(submission_id=[1]), known, form, "sum_over_form", asked)) == [10]


@pytest.mark.parametrize("function", ["sum_over_form", "count_over_form"])
def test_a_form_sent_empty_counts_0_and_one_not_sent_counts_nothing(project: Project, function: str) -> None:
    form, frame = project.forms["unit_summary"], table(submission_id=[1, 2])
    asked = {"form": "cluster_enterprise", "field": "member_count"}
    empty = table(submission_id=[1], member_count=[1.0]).iloc[:0]
    found = compute(frame, sent(project, "cluster_enterprise", empty, {1}), form, function, asked)
    assert plain(found) == [0, None]


def test_an_enterprise_of_two_clusters_counts_once(project: Project) -> None:
    rows = table(
        submission_id=[1, 1, 1],
        enterprise_uscc=["A", "A", "B"],
        is_key=pd.Series([True, True, False], dtype=object),
    )
    asked = {"form": "cluster_enterprise", "field": "enterprise_uscc"}
    form, known = project.forms["unit_summary"], sent(project, "cluster_enterprise", rows, {1})
    frame = table(submission_id=[1])
    assert plain(compute(frame, known, form, "count_over_form", asked)) == [2]
    assert plain(compute(frame, known, form, "count_over_form", {**asked, "where_true": "is_key"})) == [1]


def test_missing_codes_are_those_valid_in_the_month(project: Project) -> None:
    code_list = CodeList(
        name="clusters",
        codes=(
            Code(
                code="C1", label_zh="甲", label_en="a", attributes={"host_unit": "U"}, valid_to="2021-01-31"
            ),
            Code(
                code="C2", label_zh="乙", label_en="b", attributes={"host_unit": "U"}, valid_from="2021-02-28"
            ),
            Code(code="C3", label_zh="丙", label_en="c", attributes={"host_unit": "other"}),
        ),
    )
    changed = project.model_copy(update={"code_lists": {**project.code_lists, "clusters": code_list}})
    rows = table(submission_id=[4], cluster_code=["C2"])
    known = sent(changed, "cluster_organisation", rows, {1, 2, 4})
    frame = table(submission_id=[1, 2, 3, 4], period=["2021-01", "2021-02", "2021-02", "2021-02"])
    frame = frame.assign(reporting_unit_code="U")
    asked = {
        "form": "cluster_organisation",
        "field": "cluster_code",
        "code_list": "clusters",
        "owner": "host_unit",
    }
    found = compute(frame, known, changed.cover, "missing_codes", asked)
    assert plain(found) == ["C1 甲", "C2 乙", None, None]


def test_every_function_that_a_contract_names_exists(project: Project) -> None:
    named = {column.function for form in (project.cover, *project.forms.values()) for column in form.derived}
    assert named == set(FUNCTIONS)
