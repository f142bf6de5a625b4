"""Great Expectations' validator with the fused pass in front of it.

Belongs here: which expectations are fused, which are passed on, and in what order their results stand. Not here: what
an expectation means (rules.py), what a result looks like (results.py).
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, Literal

import great_expectations as gx
import pandas as pd
import polars as pl
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.core.result_format import DEFAULT_RESULT_FORMAT, ResultFormat
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation_configuration import (
    ExpectationConfiguration,
    parse_result_format,
)
from great_expectations.validator.v1_validator import Validator

from gx_fused import results
from gx_fused.fused import run
from gx_fused.rules import build_check
from gx_fused.tables import Table, open_table

Frame = pd.DataFrame | pl.DataFrame
Format = ResultFormat | dict[str, Any] | Literal["BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"]


def validate(
    suite: ExpectationSuite,
    frame: Frame,
    result_format: Format = DEFAULT_RESULT_FORMAT,
    *,
    expectation_parameters: dict[str, Any] | None = None,
    batch_definition: BatchDefinition[Any] | None = None,
) -> ExpectationSuiteValidationResult:
    """Validate a frame as `batch.validate(suite)` does, with the same results.

    `batch_definition`: of a pandas DataFrame asset; without one, of an ephemeral context that is made once.
    """
    definition = _ephemeral_definition() if batch_definition is None else batch_definition
    validator = FusedValidator(definition, frame, result_format)
    return validator.validate_expectation_suite(suite, expectation_parameters)


@cache
def _ephemeral_definition() -> BatchDefinition[Any]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("in_memory").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


class FusedValidator(Validator):
    """Great Expectations' validator of one frame; what it knows it evaluates in one pass."""

    def __init__(
        self,
        batch_definition: BatchDefinition[Any],
        frame: Frame,
        result_format: Format = DEFAULT_RESULT_FORMAT,
    ) -> None:
        self._table = open_table(frame)
        # The batch itself holds no rows: loading it would hash them all.
        super().__init__(batch_definition, result_format, {"dataframe": pd.DataFrame()})
        self._result_format = _parse(result_format)

    def validate_expectation_suite(
        self, expectation_suite: ExpectationSuite, expectation_parameters: dict[str, Any] | None = None
    ) -> ExpectationSuiteValidationResult:
        """Validate the suite. The result's batch markers have no fingerprint of the data."""
        result = super().validate_expectation_suite(expectation_suite, expectation_parameters)
        result.meta["batch_markers"].pop("pandas_data_fingerprint", None)
        return result

    @cached_property
    def _stock(self) -> Validator:
        parameters = {"dataframe": self._table.to_pandas()}
        return Validator(self._batch_definition, self._result_format, parameters)

    def _validate_expectation_configs(
        self,
        expectation_configs: list[ExpectationConfiguration],
        expectation_parameters: dict[str, Any] | None = None,
    ) -> list[ExpectationValidationResult]:
        """Return results as Great Expectations orders them: those that lack a metric first, then column by column."""
        configurations = self._wrapped_validator.process_expectations_for_validation(
            expectation_configs, expectation_parameters
        )
        fused = self._fuse(configurations, self._table)
        answers = [
            fused.get(number) or self._ask_stock(configuration)
            for number, configuration in enumerate(configurations)
        ]
        return sorted(answers, key=lambda answer: not _lacks_a_metric(answer))

    def _fuse(
        self, configurations: list[ExpectationConfiguration], table: Table
    ) -> dict[int, ExpectationValidationResult]:
        """Return results of those expectations that are known, by number."""
        result_format = self._result_format
        if not table.is_plain or not results.is_understood(result_format, table):
            return {}
        built = {
            number: build_check(configuration.type, configuration.kwargs, table)
            for number, configuration in enumerate(configurations)
        }
        checks = {number: check for number, check in built.items() if check is not None}
        found = run(table, list(checks.values()), results.needs_rows(result_format))
        answers: dict[int, ExpectationValidationResult] = {}
        for (number, check), what in zip(checks.items(), found, strict=True):
            configuration = configurations[number]
            configuration.kwargs["batch_id"] = self.active_batch_id
            answers[number] = results.build_result(configuration, check, what, table, result_format)
        return answers

    def _ask_stock(self, configuration: ExpectationConfiguration) -> ExpectationValidationResult:
        return self._stock._validate_expectation_configs([configuration])[0]


def _parse(result_format: Format) -> dict[str, Any]:
    if isinstance(result_format, ResultFormat):
        return parse_result_format(result_format.value)
    return parse_result_format(dict(result_format) if isinstance(result_format, dict) else result_format)


def _lacks_a_metric(result: ExpectationValidationResult) -> bool:
    # Exceptions of metrics are told by metric, an exception of the expectation itself is told alone.
    info: dict[str, Any] = result.exception_info
    return "raised_exception" not in info
