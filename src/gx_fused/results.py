"""Findings of the fused pass as Great Expectations' own result objects.

Belongs here: the values and shapes that Great Expectations' pandas metrics give, and its own formatting of them. Not
here: evaluation (fused.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.constants import MAX_RESULT_RECORDS
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import (
    _format_map_output,  # pyright: ignore[reportPrivateUsage]
    _mostly_success,  # pyright: ignore[reportPrivateUsage]
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from gx_fused.fused import Found
from gx_fused.rules import Check
from gx_fused.tables import Table

_UNDERSTOOD = {
    "result_format",
    "partial_unexpected_count",
    "unexpected_index_column_names",
    "return_unexpected_index_query",
    "include_unexpected_rows",
    "map_expectation_unexpected_rows_as_dict",
    "exclude_unexpected_values",
}


def is_understood(result_format: dict[str, Any], table: Table) -> bool:
    """Whether results of this (parsed) format can be built here."""
    keys = result_format.get("unexpected_index_column_names") or []
    return (
        set(result_format) <= _UNDERSTOOD
        and not result_format["include_unexpected_rows"]
        and not result_format.get("exclude_unexpected_values")
        and (not keys or (isinstance(keys, list) and table.has_unique_labels and all(map(table.has, keys))))
    )


def needs_rows(result_format: dict[str, Any]) -> bool:
    """Whether unexpected rows are asked for, and not only their count."""
    return result_format["result_format"] != "BOOLEAN_ONLY" or _wants_query(result_format)


def _wants_query(result_format: dict[str, Any]) -> bool:
    always = result_format["result_format"] in ("SUMMARY", "COMPLETE")
    return bool(result_format.get("return_unexpected_index_query", always))


def build_result(
    configuration: ExpectationConfiguration,
    check: Check,
    found: Found,
    table: Table,
    result_format: dict[str, Any],
) -> ExpectationValidationResult:
    """Build the result of one expectation, equal to Great Expectations' own."""
    # Great Expectations leaves the keys' names out of this one's result.
    is_silent = configuration.type == "expect_column_values_to_be_null"
    names = None if is_silent else result_format.get("unexpected_index_column_names")
    output = _format_map_output(
        result_format=result_format,
        success=_is_success(check, found, table.height, configuration.kwargs.get("mostly", 1)),
        element_count=table.height,
        nonnull_count=found.considered_count,
        unexpected_count=found.unexpected_count,
        unexpected_index_column_names=names,
        **_rows(check, found, table, result_format),
    )
    return ExpectationValidationResult(
        success=output["success"], result=output.get("result", {}), expectation_config=configuration
    )


def _is_success(check: Check, found: Found, row_count: int, mostly: float) -> bool:
    considered = row_count if found.considered_count is None else found.considered_count
    return row_count == 0 or considered == 0 or _mostly_success(considered, found.unexpected_count, mostly)


def _rows(check: Check, found: Found, table: Table, result_format: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics that name unexpected rows, as many of them as the format asks for."""
    kind = result_format["result_format"]
    positions = found.positions
    if positions is None:
        return {}
    rows: dict[str, Any] = {}
    if _wants_query(result_format):
        rows["unexpected_index_query"] = f"df.filter(items={table.labels(positions)}, axis=0)"
    if kind == "BOOLEAN_ONLY":
        return rows
    is_complete = kind == "COMPLETE"
    limit = MAX_RESULT_RECORDS if is_complete else result_format["partial_unexpected_count"]
    rows["unexpected_list"] = _values(check, table, positions[: min(limit, MAX_RESULT_RECORDS)])
    if kind != "BASIC":
        listed = positions if is_complete else positions[:limit]
        rows["unexpected_index_list"] = _index(check.columns, table, listed, result_format)
    return rows


def _values(check: Check, table: Table, positions: np.ndarray[Any, Any]) -> list[Any]:
    if not len(positions):
        return []
    taken = [table.take(name, positions) for name in check.columns]
    if check.family == "pair":
        return list(zip(*(series.values for series in taken), strict=True))
    if check.family == "multicolumn":
        return pd.DataFrame(dict(zip(check.columns, taken, strict=True))).to_dict("records")
    return list(taken[0])


def _index(
    columns: Sequence[str], table: Table, positions: np.ndarray[Any, Any], result_format: dict[str, Any]
) -> list[Any]:
    keys: list[str] = result_format.get("unexpected_index_column_names") or []
    if not keys:
        return table.labels(positions)
    names = dict.fromkeys((*columns, *keys))
    cells = [list(table.take(name, positions).array) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]
