"""What should stand in a cell, derived from the expectation that it failed.

Belongs here: one function per kind of expectation. Not here: their wording (schemas/messages.yaml), values (quoting.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from g60pipeline.contracts.forms import Form, Rule
from g60pipeline.contracts.messages import Messages
from g60pipeline.contracts.odcs import RelativeTolerance, RoundingTolerance
from g60pipeline.quality.quoting import format_value, label_of, quote


class _Cell:
    """A failing cell: the rule, its form and the row, with ways to write them."""

    def __init__(self, messages: Messages, form: Form, rule: Rule, row: Any) -> None:
        self.messages, self.form, self.rule, self.row = messages, form, rule, row
        self.said = messages.expected

    def is_own(self, name: str) -> bool:
        """Whether a column holds the cell's own value, in all rows or in some."""
        derived = self.form.derived_by_name.get(name)
        if derived is None or derived.function != "value_where":
            return name == self.rule.cell
        return derived.arguments["field"] == self.rule.cell

    def value(self, name: str) -> str:
        return quote(self.form, self.row, name)

    def label(self, name: str) -> str:
        return label_of(self.messages, self.form, name).zh

    def named(self, name: str) -> str:
        return self.said.named.format(label=self.label(name), value=self.value(name))


def _between(cell: _Cell) -> str:
    column = str(cell.rule.kwargs["column"])
    derived = cell.form.derived_by_name.get(column)
    if derived is not None and derived.sides is not None:
        left, right = derived.sides
        return _near(cell, left, right) if derived.function == "gap" else _ordered(cell, right, left)
    text = _range(cell, cell.rule.kwargs.get("min_value"), cell.rule.kwargs.get("max_value"))
    return text if cell.is_own(column) else cell.said.labelled.format(label=cell.label(column), text=text)


def _range(cell: _Cell, minimum: Any, maximum: Any) -> str:
    if maximum is None:
        return cell.said.at_least.format(minimum=f"{minimum:g}")
    if minimum is None:
        return cell.said.at_most.format(maximum=f"{maximum:g}")
    return (
        f"{minimum:g}"
        if minimum == maximum
        else cell.said.between.format(minimum=f"{minimum:g}", maximum=f"{maximum:g}")
    )


def _near(cell: _Cell, left: str, right: str) -> str:
    value, tolerance = cell.value(right if cell.is_own(left) else left), cell.rule.tolerance
    if isinstance(tolerance, RelativeTolerance):
        return cell.said.relative.format(value=value, percent=f"{tolerance.relative * 100:g}")
    if isinstance(tolerance, RoundingTolerance):
        return cell.said.rounding.format(value=value, step=format_value(_allowed(cell, tolerance)))
    return value


def _allowed(cell: _Cell, tolerance: RoundingTolerance) -> float:
    gap = cell.form.derived_by_name[str(cell.rule.kwargs["column"])]
    addends = gap.arguments.get("addends", 1)
    return tolerance.rounding / 2 * (getattr(cell.row, addends) if isinstance(addends, str) else addends)


def _greater(cell: _Cell) -> str:
    return _ordered(
        cell,
        cell.rule.kwargs["column_A"],
        cell.rule.kwargs["column_B"],
        cell.rule.kwargs.get("or_equal", False),
    )


def _ordered(cell: _Cell, greater: str, smaller: str, or_equal: bool = True) -> str:
    if cell.is_own(smaller):
        form = cell.said.at_most if or_equal else cell.said.below
        return form.format(maximum=cell.named(greater))
    form = cell.said.at_least if or_equal else cell.said.above
    text = form.format(minimum=cell.named(smaller))
    return text if cell.is_own(greater) else cell.said.labelled.format(label=cell.label(greater), text=text)


def _equal(cell: _Cell) -> str:
    left, right = str(cell.rule.kwargs["column_A"]), str(cell.rule.kwargs["column_B"])
    if cell.is_own(left):
        return cell.value(right)
    if cell.is_own(right):
        return cell.value(left)
    return cell.said.labelled.format(label=cell.label(left), text=cell.value(right))


def _length(cell: _Cell) -> str:
    return cell.said.length.format(maximum=cell.rule.kwargs["max_value"])


def _pattern(cell: _Cell) -> str:
    return cell.form.field_by_name[cell.rule.cell].description.zh


_KINDS: dict[str, Callable[[_Cell], str]] = {
    "ExpectColumnValuesToBeBetween": _between,
    "ExpectColumnPairValuesToBeEqual": _equal,
    "ExpectColumnPairValuesAToBeGreaterThanB": _greater,
    "ExpectColumnValueLengthsToBeBetween": _length,
    "ExpectColumnValuesToMatchRegex": _pattern,
}


def expected(messages: Messages, form: Form, rule: Rule, row: Any) -> str | None:
    """Write what the row's cell should hold; None where the expectation does not say, as for a code list."""
    kind = _KINDS.get(rule.expectation)
    return None if kind is None else kind(_Cell(messages, form, rule, row))
