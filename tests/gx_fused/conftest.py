"""Frames of every kind of column, and both ways to validate them."""

from __future__ import annotations

from typing import Any

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation import Expectation
from gx_frames import Compare

from gx_fused import validate


@pytest.fixture(scope="session")
def definition() -> BatchDefinition[Any]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("source").add_dataframe_asset("asset")
    return asset.add_batch_definition_whole_dataframe("whole")


def show(value: Any) -> Any:
    """Show a value with its type, so that NaN equals NaN and 1 differs from 1.0, whatever the order of keys."""
    if isinstance(value, dict):
        return {key: show(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(show, value)]
    return repr(value)


def describe(result: ExpectationValidationResult) -> dict[str, Any]:
    config = result.expectation_config
    assert config is not None
    info = result.exception_info
    records = [info] if "raised_exception" in info else list(info.values())
    return {
        "config": show({key: value for key, value in config.to_json_dict().items() if key != "id"}),
        "success": show(result.success),
        "result": show(result.result),
        "meta": show(result.meta),
        "raised": sorted((str(r["raised_exception"]), str(r["exception_message"])) for r in records),
    }


def describe_suite(result: ExpectationSuiteValidationResult) -> dict[str, Any]:
    meta = {
        **result.meta,
        "batch_markers": sorted(set(result.meta["batch_markers"]) - {"pandas_data_fingerprint"}),
    }
    return {
        "success": result.success,
        "statistics": result.statistics,
        "name": result.suite_name,
        "meta": show(meta),
        "batch_id": result.batch_id,
    }


@pytest.fixture(scope="session")
def assert_same(definition: BatchDefinition[Any]) -> Compare:
    """Validate both ways, compare all that both say, and return our results."""

    def compare(
        frame: pd.DataFrame, expectations: list[Expectation], result_format: Any, given: Any = None
    ) -> Any:
        for number, expectation in enumerate(
            expectations
        ):  # equal ones that raise confuse Great Expectations
            expectation.meta = {**(expectation.meta or {}), "number": number}
        suite = gx.ExpectationSuite(name="suite", expectations=expectations)
        batch = definition.get_batch(batch_parameters={"dataframe": frame})
        stock = batch.validate(suite, result_format=result_format)
        ours = validate(suite, frame if given is None else given, result_format, batch_definition=definition)
        assert len(ours.results) == len(stock.results)
        for ours_one, stock_one in zip(ours.results, stock.results, strict=True):
            assert describe(ours_one) == describe(stock_one)
        assert describe_suite(ours) == describe_suite(stock)
        return ours.results

    return compare
