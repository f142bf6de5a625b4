"""What an expectation asks of a row, as a Polars expression, where it is known to mean the same as in pandas.

Belongs here: one function per kind of expectation; it returns None for what it does not know, and Great Expectations'
own metrics are asked. Not here: running the expressions (fused.py), building results (results.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, Literal

import polars as pl

from gx_fused import patterns
from gx_fused.arguments import UNKNOWN, members_of, read_bound
from gx_fused.tables import Column, Table

Family = Literal["column", "null", "pair", "multicolumn"]
Kwargs = Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """An expectation as expressions. Rows where `unexpected` is null are not unexpected.

    `considered`: rows that count at all; None where that is every row (`null`) or every value (`column`).
    """

    family: Family
    columns: tuple[str, ...]
    unexpected: pl.Expr
    considered: pl.Expr | None = None


Build = Callable[[Kwargs, Table], Check | None]

# Arguments without a bearing on which rows are unexpected. `row_condition` has: it goes to Great Expectations.
_NEUTRAL = {"mostly", "batch_id", "catch_exceptions", "result_format"}
_BUILDERS: dict[str, tuple[set[str], Build]] = {}


def _builds(expectation: str, *arguments: str) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        _BUILDERS[expectation] = ({*arguments, *_NEUTRAL}, build)
        return build

    return register


def build_check(expectation: str, kwargs: Kwargs, table: Table) -> Check | None:
    """Return the check of an expectation (`expect_…` and its arguments); None when it is not known to be exact."""
    arguments, build = _BUILDERS.get(expectation, (set[str](), None))
    names = [kwargs.get(name) for name in ("column", "column_A", "column_B") if name in kwargs]
    names += kwargs.get("column_list", [])
    given = {name for name, value in kwargs.items() if value is not None}
    is_there = all(isinstance(name, str) and table.has(name) for name in names)
    is_known = is_there and len(set(names)) == len(names) and given <= arguments
    if build is None or not is_known or not isinstance(kwargs.get("mostly", 1), int | float):
        return None
    return build(kwargs, table)


def _known(column: Column, *kinds: str) -> bool:
    return column.kind in (*kinds, "empty")


def _on_column(name: str, column: Column, unexpected: pl.Expr) -> Check:
    return Check("column", (name,), pl.lit(False) if column.kind == "empty" else unexpected)


@_builds("expect_column_values_to_not_be_null", "column")
def _not_null(kwargs: Kwargs, table: Table) -> Check | None:
    return Check("null", (kwargs["column"],), pl.col(kwargs["column"]).is_null())


@_builds("expect_column_values_to_be_null", "column")
def _null(kwargs: Kwargs, table: Table) -> Check | None:
    return Check("null", (kwargs["column"],), pl.col(kwargs["column"]).is_not_null())


@_builds("expect_column_values_to_be_unique", "column")
def _unique(kwargs: Kwargs, table: Table) -> Check | None:
    name = kwargs["column"]
    column = table.column(name)
    if not _known(column, "int", "float", "bool", "text", "time"):
        return None
    return _on_column(name, column, pl.col(name).is_not_null() & pl.struct(name).is_duplicated())


@_builds("expect_column_values_to_be_in_set", "column", "value_set")
def _in_set(kwargs: Kwargs, table: Table) -> Check | None:
    name = kwargs["column"]
    column = table.column(name)
    members = members_of(column, kwargs.get("value_set"))
    return None if members is None else _on_column(name, column, ~pl.col(name).is_in(members))


@_builds("expect_column_values_to_not_be_in_set", "column", "value_set")
def _not_in_set(kwargs: Kwargs, table: Table) -> Check | None:
    name = kwargs["column"]
    column = table.column(name)
    members = members_of(column, kwargs.get("value_set"))
    return None if members is None else _on_column(name, column, pl.col(name).is_in(members))


@_builds("expect_column_values_to_be_between", "column", "min_value", "max_value", "strict_min", "strict_max")
def _between(kwargs: Kwargs, table: Table) -> Check | None:
    name = kwargs["column"]
    column = table.column(name)
    bounds = [read_bound(column, kwargs.get(side)) for side in ("min_value", "max_value")]
    given = [bound for bound in bounds if bound is not None]
    if not _known(column, "int", "float", "time") or not given or any(bound is UNKNOWN for bound in given):
        return None
    if len(given) == 2 and given[0] > given[1]:
        return None
    return _on_column(name, column, _outside(pl.col(name), kwargs, bounds[0], bounds[1]))


def _outside(value: pl.Expr, kwargs: Kwargs, low: Any, high: Any) -> pl.Expr:
    sides: list[pl.Expr] = []
    if low is not None:
        sides.append(value <= low if kwargs.get("strict_min") else value < low)
    if high is not None:
        sides.append(value >= high if kwargs.get("strict_max") else value > high)
    return reduce(or_, sides)


@_builds(
    "expect_column_value_lengths_to_be_between",
    "column", "min_value", "max_value", "strict_min", "strict_max",
)  # fmt: skip
def _length_between(kwargs: Kwargs, table: Table) -> Check | None:
    name = kwargs["column"]
    column = table.column(name)
    bounds = [kwargs.get("min_value"), kwargs.get("max_value")]
    given = [bound for bound in bounds if bound is not None]
    if not _known(column, "text") or not given or any(type(b) not in (int, float) for b in given):
        return None
    return _on_column(name, column, _outside(_length(name), kwargs, bounds[0], bounds[1]))


@_builds("expect_column_value_lengths_to_equal", "column", "value")
def _length_equals(kwargs: Kwargs, table: Table) -> Check | None:
    name = kwargs["column"]
    column = table.column(name)
    if not _known(column, "text") or type(kwargs.get("value")) not in (int, float):
        return None
    return _on_column(name, column, _length(name) != kwargs["value"])


def _length(name: str) -> pl.Expr:
    return pl.col(name).str.len_chars().cast(pl.Int64)


@_builds("expect_column_values_to_match_regex", "column", "regex")
def _match(kwargs: Kwargs, table: Table) -> Check | None:
    found = _found(kwargs, table)
    return None if found is None else _on_column(kwargs["column"], table.column(kwargs["column"]), ~found)


@_builds("expect_column_values_to_not_match_regex", "column", "regex")
def _not_match(kwargs: Kwargs, table: Table) -> Check | None:
    found = _found(kwargs, table)
    return None if found is None else _on_column(kwargs["column"], table.column(kwargs["column"]), found)


def _found(kwargs: Kwargs, table: Table) -> pl.Expr | None:
    name, regex = kwargs["column"], kwargs.get("regex")
    column = table.column(name)
    if not _known(column, "text") or not patterns.is_supported(regex):
        return None
    return pl.lit(True) if column.kind == "empty" else patterns.find(pl.col(name), column.values, str(regex))


def _pair_domain(kwargs: Kwargs) -> pl.Expr | None:
    left, right = (pl.col(kwargs[name]).is_not_null() for name in ("column_A", "column_B"))
    domains = {
        "either_value_is_missing": left & right,
        "both_values_are_missing": left | right,
        "neither": pl.lit(True),
    }
    return domains.get(kwargs.get("ignore_row_if", "both_values_are_missing"))


_COMPARED: tuple[tuple[str, ...], ...] = (("int", "float"), ("text",), ("time",))


def _pair(kwargs: Kwargs, table: Table, holds: pl.Expr, compares_objects: bool) -> Check | None:
    """Return a check of two columns, where the comparison with a missing value is False."""
    pair = [table.column(kwargs["column_A"]), table.column(kwargs["column_B"])]
    domain = _pair_domain(kwargs)
    skips_missing = kwargs.get("ignore_row_if") == "either_value_is_missing"
    if (
        domain is not None
        and skips_missing
        and compares_objects
        and any(column.kind == "empty" for column in pair)
    ):
        return Check("pair", (kwargs["column_A"], kwargs["column_B"]), pl.lit(False), domain)
    if domain is None or not any(all(column.kind in kinds for column in pair) for kinds in _COMPARED):
        return None
    has_missing = any(column.values.null_count() for column in pair)
    is_told = not any(column.is_masked for column in pair) and (compares_objects or pair[0].kind != "text")
    if has_missing and not skips_missing and not is_told:
        return None
    return Check("pair", (kwargs["column_A"], kwargs["column_B"]), domain & ~holds.fill_null(False), domain)


@_builds("expect_column_pair_values_to_be_equal", "column_A", "column_B", "ignore_row_if")
def _pair_equal(kwargs: Kwargs, table: Table) -> Check | None:
    return _pair(
        kwargs, table, pl.col(kwargs["column_A"]) == pl.col(kwargs["column_B"]), compares_objects=True
    )


@_builds(
    "expect_column_pair_values_a_to_be_greater_than_b", "column_A", "column_B", "or_equal", "ignore_row_if"
)
def _pair_greater(kwargs: Kwargs, table: Table) -> Check | None:
    left, right = pl.col(kwargs["column_A"]), pl.col(kwargs["column_B"])
    return _pair(
        kwargs, table, left >= right if kwargs.get("or_equal") else left > right, compares_objects=False
    )


@_builds("expect_column_pair_values_to_be_in_set", "column_A", "column_B", "value_pairs_set", "ignore_row_if")
def _pair_in_set(kwargs: Kwargs, table: Table) -> Check | None:
    names = (kwargs["column_A"], kwargs["column_B"])
    domain = _pair_domain(kwargs)
    pairs: Any = kwargs.get("value_pairs_set")
    if domain is None or not pairs or any(table.column(name).kind != "text" for name in names):
        return None
    if not all(len(pair) == 2 and all(isinstance(x, str | None) for x in pair) for pair in pairs):
        return None
    equal = [reduce(and_, map(_is, names, pair)) for pair in pairs]
    return Check("pair", names, domain & ~reduce(or_, equal), domain)


def _is(name: str, value: str | None) -> pl.Expr:
    return pl.col(name).eq_missing(pl.lit(value, dtype=pl.String))


@_builds("expect_compound_columns_to_be_unique", "column_list", "ignore_row_if")
def _compound_unique(kwargs: Kwargs, table: Table) -> Check | None:
    names: list[str] = kwargs["column_list"]
    known = ("int", "float", "bool", "text", "time")
    if len(names) < 2 or not all(_known(table.column(name), *known) for name in names):
        return None
    present = [pl.col(name).is_not_null() for name in names]
    domains = {
        "any_value_is_missing": reduce(and_, present),
        "all_values_are_missing": reduce(or_, present),
        "never": pl.lit(True),
    }
    domain = domains.get(kwargs.get("ignore_row_if", "all_values_are_missing"))
    if domain is None:
        return None
    # A row outside the domain has a missing value that no row inside repeats, so it makes none of them a duplicate.
    return Check("multicolumn", tuple(names), domain & pl.struct(names).is_duplicated(), domain)
