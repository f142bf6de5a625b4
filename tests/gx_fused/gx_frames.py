"""Random frames with a column of every kind, and the expectations that are asked of them."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from typing import Any

import great_expectations.expectations as gxe
import hypothesis.strategies as st
import numpy as np
import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation

Compare = Callable[..., list[ExpectationValidationResult]]

DAYS = [pd.Timestamp("2021-01-01"), pd.Timestamp("2021-06-30 12:00:00"), pd.NaT, pd.Timestamp("2022-01-01")]
TEXTS = st.sampled_from(
    ["a", "b", "ab", "A1", "", "上海", "１", "7", "7\n", "a\n", "x-1", "é", "😀", "\x1c", "ab\n\n"]
)
INTEGERS = st.sampled_from([-2, -1, 0, 1, 2, 3])
FLOATS = st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.0, 3.0, np.inf, -np.inf, np.nan])
MIXED = st.sampled_from([1, "a", 2.5, None, True, decimal.Decimal("1.5"), datetime.date(2021, 1, 1)])
FLAGS = st.sampled_from([True, False])

COLUMNS: dict[str, tuple[st.SearchStrategy[Any], str]] = {
    "int": (INTEGERS, "int64"),
    "int2": (INTEGERS, "int64"),
    "small": (INTEGERS, "int8"),
    "huge": (st.sampled_from([2**53, 2**53 + 1, 2**62, 0]), "int64"),
    "masked_int": (st.none() | INTEGERS, "Int64"),
    "float": (FLOATS, "float64"),
    "float2": (FLOATS, "float64"),
    "single": (FLOATS, "float32"),
    "masked_float": (st.none() | st.sampled_from([1.0, 2.5]), "Float64"),
    "bool": (FLAGS, "bool"),
    "flag": (st.none() | FLAGS, "object"),
    "masked_bool": (st.none() | FLAGS, "boolean"),
    "text": (st.none() | TEXTS, "object"),
    "text2": (st.none() | TEXTS | st.just(np.nan), "object"),
    "str": (st.none() | TEXTS, "str"),
    "string": (st.none() | TEXTS, "string"),
    "day": (st.sampled_from(DAYS), "datetime64[ns]"),
    "day2": (st.sampled_from(DAYS), "datetime64[ns]"),
    "micro": (st.sampled_from(DAYS), "datetime64[us]"),
    "zoned": (
        st.sampled_from([d.tz_localize("UTC") if d is not pd.NaT else d for d in DAYS]),
        "datetime64[ns, UTC]",
    ),
    "category": (st.none() | st.sampled_from(["a", "b"]), "category"),
    "mixed": (MIXED, "object"),
    "decimal": (st.none() | st.sampled_from([decimal.Decimal("0.1"), decimal.Decimal("2")]), "object"),
    "date": (st.none() | st.just(datetime.date(2021, 1, 1)), "object"),
    "nothing": (st.none(), "object"),
}
PAIRS = [
    ("int", "int2"), ("int", "float"), ("masked_int", "int"), ("float", "float2"), ("text", "text2"), ("text", "str"),
    ("str", "string"), ("day", "day2"), ("day", "micro"), ("text", "nothing"), ("nothing", "day"), ("mixed", "text"),
    ("decimal", "float"), ("bool", "flag"), ("huge", "float"), ("date", "date"), ("category", "text"), ("small", "int"),
]  # fmt: skip
SETS: list[list[Any]] = [
    ["a", "b", "上海"], [True], [True, False], [0, 1, 2], [1.5, 0.0, 3], ["a", 1], [], [None, "a"], [1, True],
    ["2021-01-01"], [pd.Timestamp("2021-01-01")], [float("nan"), 1.0], [2**62, 1],
]  # fmt: skip
PATTERNS = [
    r"^[a-z]+$", r"^\d$", r"a|b", r"[^a]", r"^(?:a|A)[0-9]?$", r"(a)(b)", r"^.$", r"\w", r"(?=a)", r"[一-龥]", r"x\-1",
    r"^a{1,2}$", r"\s", "[", r"^$", r"a\Z", r"(?i)a", r"\.", r"[a-z0-9_.-]+", r"^[0-9A-Z]{2}$", r"b*$",
]  # fmt: skip
BOUNDS: list[dict[str, Any]] = [
    {"min_value": 0}, {"max_value": 2}, {"min_value": 0, "max_value": 2}, {"min_value": -1.5, "max_value": 1.5},
    {"min_value": 0, "max_value": 0}, {"min_value": 3, "max_value": 1},
    {"min_value": pd.Timestamp("2021-06-30").to_pydatetime()}, {"min_value": "2021-06-30", "max_value": "2021-12-31"},
    {"max_value": float("inf")}, {"min_value": 2**53 + 1}, {"max_value": datetime.datetime(2021, 6, 30, 12)},
]  # fmt: skip
MOSTLY = st.sampled_from([1, 1, 0.5, 0.0])
NAMES = st.sampled_from([*COLUMNS, *COLUMNS, "no_such_column"])
META = st.integers(0, 99).map(lambda number: {"rule": f"rule_{number}", "note": {"zh": "说明"}})


def _make(kind: type[Expectation], **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Expectation]:
    return st.fixed_dictionaries({**arguments, "mostly": MOSTLY, "meta": META}).map(
        lambda given: kind(**given)
    )


def _spread(
    kind: type[Expectation], chosen: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[Expectation]:
    return st.builds(
        lambda given, mostly, meta: kind(**given, mostly=mostly, meta=meta), chosen, MOSTLY, META
    )


@st.composite
def _bounded(draw: st.DrawFn) -> dict[str, Any]:
    strict = {key: draw(FLAGS) for key in ("strict_min", "strict_max") if draw(FLAGS)}
    return {"column": draw(NAMES), **draw(st.sampled_from(BOUNDS)), **strict}


@st.composite
def _lengths(draw: st.DrawFn) -> dict[str, Any]:
    strict = {key: draw(FLAGS) for key in ("strict_min", "strict_max") if draw(FLAGS)}
    bounds = draw(st.sampled_from([{"min_value": 1}, {"max_value": 2}, {"min_value": 1, "max_value": 2}]))
    return {"column": draw(NAMES), **bounds, **strict}


@st.composite
def _pairs(draw: st.DrawFn) -> dict[str, Any]:
    left, right = draw(st.sampled_from(PAIRS))
    missing = draw(st.sampled_from([None, "both_values_are_missing", "either_value_is_missing", "neither"]))
    return {"column_A": left, "column_B": right, **({} if missing is None else {"ignore_row_if": missing})}


@st.composite
def _compounds(draw: st.DrawFn) -> dict[str, Any]:
    columns = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=2, max_size=3))
    missing = draw(st.sampled_from([None, "all_values_are_missing", "any_value_is_missing", "never"]))
    return {"column_list": columns, **({} if missing is None else {"ignore_row_if": missing})}


def _greater(pair: dict[str, Any], or_equal: bool | None) -> dict[str, Any]:
    return pair if or_equal is None else {**pair, "or_equal": or_equal}


EXPECTATIONS: dict[str, st.SearchStrategy[Expectation]] = {
    "not_null": _make(gxe.ExpectColumnValuesToNotBeNull, column=NAMES),
    "null": _make(gxe.ExpectColumnValuesToBeNull, column=NAMES),
    "unique": _make(gxe.ExpectColumnValuesToBeUnique, column=NAMES),
    "in_set": _make(gxe.ExpectColumnValuesToBeInSet, column=NAMES, value_set=st.sampled_from(SETS)),
    "not_in_set": _make(gxe.ExpectColumnValuesToNotBeInSet, column=NAMES, value_set=st.sampled_from(SETS)),
    "between": _spread(gxe.ExpectColumnValuesToBeBetween, _bounded()),
    "regex": _make(gxe.ExpectColumnValuesToMatchRegex, column=NAMES, regex=st.sampled_from(PATTERNS)),
    "not_regex": _make(gxe.ExpectColumnValuesToNotMatchRegex, column=NAMES, regex=st.sampled_from(PATTERNS)),
    "lengths": _spread(gxe.ExpectColumnValueLengthsToBeBetween, _lengths()),
    "length": _make(gxe.ExpectColumnValueLengthsToEqual, column=NAMES, value=st.sampled_from([0, 1, 2])),
    "equal": _spread(gxe.ExpectColumnPairValuesToBeEqual, _pairs()),
    "greater": _spread(
        gxe.ExpectColumnPairValuesAToBeGreaterThanB,
        st.builds(_greater, _pairs(), st.sampled_from([None, True, False])),
    ),
    "pair_set": _spread(
        gxe.ExpectColumnPairValuesToBeInSet,
        _pairs().map(lambda pair: {**pair, "value_pairs_set": [("a", "a"), ("b", None), ("上海", "ab")]}),
    ),
    "compound": _spread(gxe.ExpectCompoundColumnsToBeUnique, _compounds()),
    "other": _make(gxe.ExpectColumnValuesToBeOfType, column=NAMES, type_=st.just("int64")),
}


@st.composite
def frames(draw: st.DrawFn, max_size: int = 8) -> pd.DataFrame:
    size = draw(st.integers(0, max_size))
    data = {
        name: pd.Series(draw(st.lists(values, min_size=size, max_size=size)), dtype=dtype)
        for name, (values, dtype) in COLUMNS.items()
    }
    return pd.DataFrame({**data, "key": pd.Series([f"k{n}" for n in range(size)], dtype="object")})
