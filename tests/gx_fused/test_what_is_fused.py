"""Which expectations are run in the fused pass, and which are left to Great Expectations."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import polars as pl
import pytest
from great_expectations import ExpectationSuite
from great_expectations.expectations.row_conditions import Column
from gx_frames import PATTERNS, Compare

from gx_fused import validate
from gx_fused.patterns import find, translate
from gx_fused.rules import build_check
from gx_fused.tables import open_table

FRAME = pd.DataFrame({
    "text": pd.Series(["a", None, "b"], dtype=object), "other": pd.Series(["a", "b", "b"], dtype="str"),
    "number": [1.0, None, 3.0], "count": [1, 2, 3], "flag": pd.Series([True, None, False], dtype=object),
    "day": pd.to_datetime(["2021-01-01", None, "2022-01-01"]).astype("datetime64[ns]"),
    "mixed": pd.Series([1, "a", None], dtype=object),
})  # fmt: skip

FUSED: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_not_be_null", {"column": "mixed"}),
    ("expect_column_values_to_be_null", {"column": "mixed"}),
    ("expect_column_values_to_be_unique", {"column": "text", "mostly": 0.5}),
    ("expect_column_values_to_be_in_set", {"column": "flag", "value_set": [True]}),
    ("expect_column_values_to_not_be_in_set", {"column": "number", "value_set": [1, 2.5]}),
    ("expect_column_values_to_be_between", {"column": "number", "min_value": 0, "strict_min": True}),
    ("expect_column_values_to_be_between", {"column": "day", "max_value": "2021-12-31"}),
    ("expect_column_values_to_match_regex", {"column": "other", "regex": r"^\d+$"}),
    ("expect_column_values_to_not_match_regex", {"column": "text", "regex": "^a$"}),
    ("expect_column_value_lengths_to_be_between", {"column": "text", "max_value": 1}),
    ("expect_column_value_lengths_to_equal", {"column": "other", "value": 1}),
    ("expect_column_pair_values_to_be_equal", {"column_A": "text", "column_B": "other"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "number", "column_B": "count"}),
    ("expect_column_pair_values_to_be_in_set",
     {"column_A": "text", "column_B": "other", "value_pairs_set": [("a", None)]}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["text", "number"]}),
]  # fmt: skip
LEFT: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_be_of_type", {"column": "text", "type_": "str"}),
    ("expect_column_values_to_not_be_null", {"column": "text", "row_condition": "count > 1"}),
    ("expect_column_values_to_not_be_null", {"column": "no_such_column"}),
    ("expect_column_values_to_be_unique", {"column": "mixed"}),
    ("expect_column_values_to_be_in_set", {"column": "number", "value_set": [True]}),
    ("expect_column_values_to_be_between", {"column": "number", "min_value": 2, "max_value": 1}),
    ("expect_column_values_to_match_regex", {"column": "text", "regex": "(a)"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "text", "column_B": "other"}),
]


POLARS = pl.DataFrame(
    {
        "text": ["a", None, "b"],
        "other": ["a", "b", "b"],
        "number": [1.0, None, 3.0],
        "count": [1, 2, 3],
        "flag": [True, None, False],
        "day": pl.Series([datetime(2021, 1, 1), None, datetime(2022, 1, 1)], dtype=pl.Datetime("ns")),
        "mixed": pl.Series([b"1", b"a", None]),
    }
)


@pytest.mark.parametrize(("expectation", "kwargs"), FUSED)
@pytest.mark.parametrize("frame", [FRAME, POLARS])
def test_what_is_known_is_fused(expectation: str, kwargs: dict[str, Any], frame: Any) -> None:
    assert build_check(expectation, kwargs, open_table(frame)) is not None


@pytest.mark.parametrize(("expectation", "kwargs"), LEFT)
def test_what_is_not_proved_is_left_to_great_expectations(expectation: str, kwargs: dict[str, Any]) -> None:
    assert build_check(expectation, kwargs, open_table(FRAME)) is None


def test_a_row_condition_and_a_parameter_keep_their_meaning(assert_same: Compare) -> None:
    conditional = gxe.ExpectColumnValuesToNotBeNull(column="text", row_condition=Column("count") > 1)
    results = assert_same(FRAME, [conditional], "COMPLETE")
    assert results[0].result["unexpected_index_list"] == [1]
    bounded = gxe.ExpectColumnValuesToBeBetween(column="count", max_value={"$PARAMETER": "most"})
    suite = ExpectationSuite(name="suite", expectations=[bounded])
    given = validate(suite, FRAME, "COMPLETE", expectation_parameters={"most": 2})
    assert given.results[0].result["unexpected_index_list"] == [2]


TEXTS = [
    "", "a", "A", "b", "ab", "aB1", "a\n", "a\n\n", "\n", "1", "１", "上海", "é", "É", "x-1", "x.1", "a b", "_", "😀", "[", "]",
    "\x1c", "\u2028", "\r\n", "aa", "aaa", "K1", "K", "İ",
]  # fmt: skip
TRANSLATED = [
    "a", "^a", "a$", "^a$", "^$", "^(?:a|b)$", "^a|b$", "[a-z]+$", "^[^a-z]$", ".", "^.$", r"^x\.1$", r"^[A-Za-z0-9_.-]+$",
    "^[一-龥]+$", "^a{2}$", "^a{1,}$", "^a{0,2}$", "^(?:a|b)*$", r"^[\[\]]$", "^K[0-9]?$", "😀", "^[^a]+$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", [*TRANSLATED, *(p for p in PATTERNS if p not in ("[", "(a)(b)"))])
def test_a_pattern_finds_what_python_finds(pattern: str) -> None:
    values = pl.Series("text", TEXTS)
    found = values.to_frame().select(find(pl.col("text"), values, pattern)).to_series().to_list()
    assert found == [re.search(pattern, text) is not None for text in TEXTS]


@pytest.mark.parametrize("pattern", TRANSLATED)
def test_plain_patterns_are_left_to_polars(pattern: str) -> None:
    assert translate(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [r"\d", r"\w+", r"\bx", "(?i)a", "(?=a)", "a$b", "a^", "(a)", "a++", "[[a]]", "[a&&b]", "{", "[a--b]"],
)
def test_other_patterns_are_not(pattern: str) -> None:
    assert translate(pattern) is None
