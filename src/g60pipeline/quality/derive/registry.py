"""The functions that a contract may name, and computing the columns that rules need.

Belongs here: names, arguments, order. Not here: any comparison.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.form_checks import line_of_derived
from g60pipeline.contracts.forms import Derived, Form, Rule
from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import Batch
from g60pipeline.quality.derive.months import (
    factor_to_history,
    is_copy_of_previous,
    previous,
    previous_year_to_date,
    relative_change,
    spreads_from_history,
)
from g60pipeline.quality.derive.over_forms import count_over_form, exists_in_form, sum_over_form
from g60pipeline.quality.derive.returns import file_name_part, forms_not_owed, missing_codes, missing_forms
from g60pipeline.quality.derive.units import (
    also_in_other_units,
    counterparts_without_it,
    reported_by_others_only,
    sum_over_units,
)
from g60pipeline.quality.derive.within_row import (
    all_or_none_reported,
    both,
    code_attribute,
    differ,
    duration_hours,
    either,
    excess,
    finished_has_a_date,
    gap,
    growth,
    implies,
    implies_reported,
    is_listed,
    is_reported,
    is_valid_uscc,
    ratio,
    row_value,
    same_dimension,
    text_part,
    total,
    value_where,
)
from g60pipeline.quality.locks import locked_forms

Function = Callable[..., pd.Series]

FUNCTIONS: dict[str, Function] = {
    function.__name__: function
    for function in (
        all_or_none_reported, also_in_other_units, both, code_attribute, reported_by_others_only, count_over_form,
        counterparts_without_it, differ, duration_hours, either, excess, exists_in_form, factor_to_history, file_name_part,
        finished_has_a_date, forms_not_owed, gap, growth, implies, implies_reported, is_copy_of_previous, is_listed,
        is_reported, is_valid_uscc, locked_forms, missing_codes, missing_forms, previous, previous_year_to_date, ratio,
        relative_change, row_value, same_dimension, spreads_from_history, sum_over_form, sum_over_units, text_part,
        total, value_where,
    )
}  # fmt: skip


def _named(arguments: dict[str, Any]) -> dict[str, Any]:
    """A contract says `form` for another form; a function has that name for the row's own."""
    return {("other" if key == "form" else key): value for key, value in arguments.items()}


def compute(
    frame: pd.DataFrame, batch: Batch, form: Form, function: str, arguments: dict[str, Any]
) -> pd.Series:
    """Compute one derived column; KeyError when the contract names a function that does not exist."""
    return FUNCTIONS[function](frame, batch, form, **_named(arguments))


def _fault(column: Derived) -> str | None:
    function = FUNCTIONS.get(column.function)
    if function is None:
        return f"{column.name} is computed by {column.function}, which is no function of quality.derive"
    try:
        inspect.signature(function).bind(None, None, None, **_named(column.arguments))
    except TypeError as error:
        return f"{column.name}: {column.function}: {error}"
    return None


def _faults(form: Form) -> Iterator[str]:
    for column in form.derived:
        fault = _fault(column)
        if fault is not None:
            yield f"{form.path}:{line_of_derived(form, column.name)}: {fault}"


def check_derived(project: Project) -> None:
    """Raise ContractError with file and line of each derived column that no function can compute."""
    faults = [fault for form in (project.cover, *project.forms.values()) for fault in _faults(form)]
    if faults:
        raise ContractError("\n".join(faults))


def needed_columns(form: Form, rules: Sequence[Rule]) -> list[Derived]:
    """Derived columns that the rules use, and those that these are computed from, in the contract's order."""
    needed = {name for rule in rules for name in (*rule.columns, *rule.compared_with, *rule.placeholders)}
    chosen: list[Derived] = []
    for column in reversed(form.derived):
        if column.name in needed:
            chosen.append(column)
            for value in column.arguments.values():
                needed.update(
                    [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
                )
    return chosen[::-1]


def derive(frame: pd.DataFrame, batch: Batch, form: Form, rules: Sequence[Rule]) -> pd.DataFrame:
    """Return the prepared frame with the derived columns that the rules need, in the contract's order."""
    columns = frame.copy()
    if not frame.empty:
        for column in needed_columns(form, rules):
            columns[column.name] = compute(columns, batch, form, column.function, column.arguments)
    return columns
