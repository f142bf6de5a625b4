"""Contract → Great Expectations suite, and running it over a frame.

Belongs here: everything that knows Great Expectations' API. Not here: what a failing row means to a clerk
(findings.py), how a suite is run in one pass (gx_fused).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the import: nothing is sent from an air-gapped network

import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation

from g60pipeline.contracts.forms import Form, Rule
from gx_fused import validate


class ExpectationError(RuntimeError):
    """An expectation could not be evaluated: a fault of ours, never a finding."""


@dataclass(frozen=True)
class Outcome:
    """What one rule found in one frame. `failing` holds positions of rows, ascending."""

    rule: Rule
    element_count: int
    failing: tuple[int, ...]


class Expectations:
    """Suites of all forms; nothing is written and nothing is sent."""

    def __init__(self) -> None:
        self._suites: dict[tuple[str, tuple[str, ...]], ExpectationSuite] = {}

    def suite(self, form: Form, rules: Sequence[Rule]) -> ExpectationSuite:
        """Build the suite of some of the form's rules, once."""
        key = (form.name, tuple(rule.id for rule in rules))
        if key not in self._suites:
            expectations = [build_expectation(rule) for rule in rules]
            self._suites[key] = ExpectationSuite(name=form.name, expectations=expectations)
        return self._suites[key]

    def validate(self, form: Form, rules: Sequence[Rule], frame: pd.DataFrame) -> list[Outcome]:
        """Run some of the form's rules over a frame that has their derived columns; outcomes in the rules'
        order.

        Raises ExpectationError, naming the rule, when an expectation cannot be evaluated.
        """
        if frame.empty:
            return [Outcome(rule, 0, ()) for rule in rules]
        validated = validate(self.suite(form, rules), frame, {"result_format": "COMPLETE"})
        # They come back in another order than they were asked for.
        results = {_rule_of(result): result for result in validated.results}
        return [_read_outcome(rule, results[rule.id], len(frame)) for rule in rules]


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
