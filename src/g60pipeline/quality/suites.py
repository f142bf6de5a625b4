"""Contract → Great Expectations suite, and running it over a frame.

Belongs here: everything that knows Great Expectations' API. Not here: what a failing row means to a clerk
(findings.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the import: nothing is sent from an air-gapped network

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.interfaces import Batch as GxBatch
from great_expectations.expectations.expectation import Expectation

from g60pipeline.contracts.forms import Form, Rule


class ExpectationError(RuntimeError):
    """An expectation could not be evaluated: a fault of ours, never a finding."""


@dataclass(frozen=True)
class Outcome:
    """What one rule found in one frame. `failing` holds positions of rows, ascending."""

    rule: Rule
    element_count: int
    failing: tuple[int, ...]


class Expectations:
    """Suites of all forms in one in-memory data context; nothing is written and nothing is sent."""

    def __init__(self) -> None:
        self._suites: dict[tuple[str, tuple[str, ...]], ExpectationSuite] = {}

    @cached_property
    def _batch_definition(self) -> BatchDefinition[Any]:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("returns").add_dataframe_asset("form")
        return asset.add_batch_definition_whole_dataframe("whole")

    def suite(self, form: Form, rules: Sequence[Rule]) -> ExpectationSuite:
        """Build the suite of some of the form's rules, once."""
        key = (form.name, tuple(rule.id for rule in rules))
        if key not in self._suites:
            suite = ExpectationSuite(name=form.name)
            for rule in rules:
                suite.add_expectation(build_expectation(rule))
            self._suites[key] = suite
        return self._suites[key]

    def validate(self, form: Form, rules: Sequence[Rule], frame: pd.DataFrame) -> list[Outcome]:
        """Run some of the form's rules over a frame that has their derived columns; outcomes in the rules'
        order.

        Raises ExpectationError, naming the rule, when an expectation cannot be evaluated.
        """
        if frame.empty:
            return [Outcome(rule, 0, ()) for rule in rules]
        batch = self._batch_definition.get_batch(batch_parameters={"dataframe": frame})
        # Nearly all rules pass, and saying only so costs half as much; rows are asked for where one fails.
        passed = self._run(batch, form, rules, "BOOLEAN_ONLY")
        failed = tuple(rule for rule in rules if not passed[rule.id].success)
        results = self._run(batch, form, failed, "COMPLETE") if failed else {}
        return [_read_outcome(rule, results.get(rule.id, passed[rule.id]), len(frame)) for rule in rules]

    def _run(
        self, batch: GxBatch, form: Form, rules: Sequence[Rule], result_format: str
    ) -> dict[str, ExpectationValidationResult]:
        """Results by rule: they come back in another order than they were asked for."""
        validated = batch.validate(self.suite(form, rules), result_format={"result_format": result_format})
        return {_rule_of(result): result for result in validated.results}


def _rule_of(result: ExpectationValidationResult) -> str:
    config = result.expectation_config
    if config is None:
        raise ExpectationError("Great Expectations returned a result without its rule")
    return str(config.meta["rule"])


def build_expectation(rule: Rule) -> Expectation:
    """Build the expectation; ExpectationError when Great Expectations has none of that name or refuses its
    arguments."""
    try:
        kind = getattr(gxe, rule.expectation)
        return kind(**rule.kwargs, meta={"rule": rule.id})
    except (AttributeError, ValueError, TypeError) as error:
        raise ExpectationError(f"{rule.key}: {rule.expectation} cannot be built: {error}") from error


def _raised(exception_info: dict[str, Any]) -> str | None:
    """Read exception_info in either of its two shapes: one record, or a record per metric."""
    records = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    messages = [str(record.get("exception_message")) for record in records if record.get("raised_exception")]
    return messages[0] if messages else None


def _read_outcome(rule: Rule, result: ExpectationValidationResult, row_count: int) -> Outcome:
    message = _raised(result.exception_info or {})
    if message is not None:
        raise ExpectationError(f"{rule.key}: {message}")
    failing = result.result.get("unexpected_index_list") or []
    if not result.success and not failing:
        raise ExpectationError(f"{rule.key}: failed without naming a row")
    return Outcome(rule, row_count, tuple(sorted({int(position) for position in failing})))
