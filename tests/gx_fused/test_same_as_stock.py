"""Whatever is asked of whatever frame, Great Expectations' own pandas engine answers the same."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pandas as pd
import polars as pl
import pytest
from great_expectations.expectations.expectation import Expectation
from gx_frames import EXPECTATIONS, Compare, frames
from hypothesis import HealthCheck, Phase, given, settings

from gx_fused.tables import PolarsTable

# Great Expectations warns of much; what we run ourselves warns of nothing.
pytestmark = pytest.mark.filterwarnings("default", "error:::gx_fused")

FORMATS: list[Any] = [
    "BOOLEAN_ONLY",
    "BASIC",
    "SUMMARY",
    "COMPLETE",
    {"result_format": "COMPLETE", "unexpected_index_column_names": ["key", "int"]},
    {"result_format": "SUMMARY", "partial_unexpected_count": 1, "unexpected_index_column_names": ["key"]},
    {"result_format": "COMPLETE", "return_unexpected_index_query": False, "partial_unexpected_count": 0},
    {"result_format": "BASIC", "return_unexpected_index_query": True},
    {"result_format": "BOOLEAN_ONLY", "return_unexpected_index_query": True},
    {"result_format": "COMPLETE", "unexpected_index_column_names": ["no_such_column"]},
    {"result_format": "SUMMARY", "include_unexpected_rows": True},
]
some = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)


@pytest.mark.parametrize("kind", list(EXPECTATIONS))
def test_each_kind_of_expectation(assert_same: Compare, kind: str) -> None:
    @some
    @given(frames(), st.lists(EXPECTATIONS[kind], min_size=8, max_size=8), st.sampled_from(FORMATS[:5]))
    def compare(frame: pd.DataFrame, expectations: list[Expectation], result_format: Any) -> None:
        assert_same(frame, expectations, result_format)

    compare()


def test_mixed_suites_in_every_format(assert_same: Compare) -> None:
    @settings(some, max_examples=40)
    @given(frames(), st.lists(st.one_of(*EXPECTATIONS.values()), max_size=12), st.sampled_from(FORMATS))
    def compare(frame: pd.DataFrame, expectations: list[Expectation], result_format: Any) -> None:
        assert_same(frame, expectations, result_format)

    compare()


INDEXES = {
    "repeated": lambda size: [number // 2 for number in range(size)],
    "texts": lambda size: [f"row {number}" for number in range(size)],
    "named": lambda size: pd.RangeIndex(size, name="row"),
    "dates": lambda size: pd.date_range("2021-01-01", periods=size),
}


@pytest.mark.parametrize("index", list(INDEXES))
def test_frames_with_an_index_of_their_own(assert_same: Compare, index: str) -> None:
    @settings(some, max_examples=8)
    @given(frames(), st.lists(st.one_of(*EXPECTATIONS.values()), max_size=8), st.sampled_from(FORMATS[2:5]))
    def compare(frame: pd.DataFrame, expectations: list[Expectation], result_format: Any) -> None:
        assert_same(frame.set_axis(INDEXES[index](len(frame)), axis=0), expectations, result_format)

    compare()


POLARS_COLUMNS = [
    "int", "int2", "masked_int", "float", "float2", "bool", "flag", "text", "text2", "day", "day2", "micro", "nothing",
    "date", "small", "huge", "single", "key",
]  # fmt: skip


def test_a_polars_frame_means_what_its_pandas_frame_means(assert_same: Compare) -> None:
    @settings(some, max_examples=30)
    @given(frames(), st.lists(st.one_of(*EXPECTATIONS.values()), max_size=12), st.sampled_from(FORMATS))
    def compare(frame: pd.DataFrame, expectations: list[Expectation], result_format: Any) -> None:
        columns = {
            name: frame[name].astype(object).where(frame[name].notna(), None) for name in POLARS_COLUMNS
        }
        types = {
            "single": pl.Float32,
            "small": pl.Int8,
            "float": pl.Float64,
            "day": pl.Datetime("ns"),
            "flag": pl.Boolean,
        }
        polars = pl.DataFrame(
            [pl.Series(name, values.tolist(), dtype=types.get(name)) for name, values in columns.items()]
        )
        assert_same(PolarsTable(polars).to_pandas(), expectations, result_format, polars)

    compare()
