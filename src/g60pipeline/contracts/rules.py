"""Rules that follow from what a contract declares of its fields: required, in its code list, in range, YTD ≥ month…

Belongs here: one function per kind of rule. Not here: rules between fields, which the contract spells out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.forms import Derived, Field, Form, Rule
from g60pipeline.contracts.messages import Messages
from g60pipeline.contracts.odcs import RoundingTolerance, Tolerance

Generated = tuple[Rule, tuple[Derived, ...]]


class _Build:
    def __init__(self, form: Form, messages: Messages) -> None:
        self.form = form
        self.messages = messages

    def rule(
        self,
        field: Field,
        kind: str,
        expectation: str,
        kwargs: dict[str, Any],
        missing: str = "skip",
        compared_with: tuple[str, ...] = (),
        quoted: dict[str, str] | None = None,
    ) -> Rule:
        said = self.messages.generated[kind]
        texts = {"heading": field.heading, "field": field.name, **(quoted or {})}
        return Rule.model_validate({
            "id": f"{field.name}_{kind}",
            "check": said.check,
            "form": self.form.name,
            "code": f"{self.form.prefix}-{said.code}",
            "level": said.level,
            "severity": said.severity,
            "dimension": said.dimension,
            "why": said.why,
            "message": Text(zh=_quote(said.zh, texts), en=_quote(said.en, texts)),
            "cell": field.name,
            "expectation": expectation,
            "kwargs": kwargs,
            "missing": missing,
            "tolerance": "exact",
            "compared_with": compared_with,
            "is_generated": True,
        })  # fmt: skip

    def label(self, field: Field, kind: str) -> Text:
        said = self.messages.labels[kind]
        texts = {"heading": field.heading, "field": field.name}
        return Text(zh=_quote(said.zh, texts), en=_quote(said.en, texts))

    def rules(self, field: Field) -> Iterator[Generated]:
        """Rules of one field, in the order of what is checked first."""
        kinds = (
            self.reported,
            self.listed,
            self.valid,
            self.bounded,
            self.patterned,
            self.limited,
            self.cumulated,
        )
        for kind in kinds:
            yield from kind(field)

    def _flag(
        self,
        field: Field,
        kind: str,
        derived: Derived,
        missing: str = "skip",
        quoted: dict[str, str] | None = None,
    ) -> Generated:
        kwargs = {"column": derived.name, "value_set": [True]}
        rule = self.rule(field, kind, "ExpectColumnValuesToBeInSet", kwargs, missing, quoted=quoted)
        return rule, (derived,)

    def reported(self, field: Field) -> Iterator[Generated]:
        if field.is_required:
            arguments = {"field": field.name}
            derived = Derived(name=f"{field.name}__is_reported", function="is_reported", arguments=arguments)
            yield self._flag(field, "is_reported", derived, missing="fail")

    def listed(self, field: Field) -> Iterator[Generated]:
        if field.code_list is not None:
            arguments = {"field": field.name, "code_list": field.code_list}
            derived = Derived(name=f"{field.name}__is_listed", function="is_listed", arguments=arguments)
            yield self._flag(field, "is_in_its_code_list", derived, quoted={"code_list": field.code_list})

    def valid(self, field: Field) -> Iterator[Generated]:
        if field.format == "uscc":
            arguments = {"field": field.name}
            derived = Derived(name=f"{field.name}__is_valid", function="is_valid_uscc", arguments=arguments)
            yield self._flag(field, "has_a_valid_check_digit", derived)

    def bounded(self, field: Field) -> Iterator[Generated]:
        if field.minimum is not None or field.maximum is not None:
            kwargs = {"column": field.name, "min_value": field.minimum, "max_value": field.maximum}
            quoted = {"bounds": self._bounds(field)}
            rule = self.rule(
                field, "is_within_its_range", "ExpectColumnValuesToBeBetween", kwargs, quoted=quoted
            )
            yield rule, ()

    def _bounds(self, field: Field) -> str:
        sides = {
            name: f"{bound:g}"
            for name, bound in (("minimum", field.minimum), ("maximum", field.maximum))
            if bound is not None
        }
        kind = "between" if len(sides) > 1 else "at_least" if "minimum" in sides else "at_most"
        return getattr(self.messages.expected, kind).format(**sides)

    def patterned(self, field: Field) -> Iterator[Generated]:
        if field.pattern is not None:
            kwargs = {"column": field.name, "regex": field.pattern}
            quoted = field.pattern.replace("{", "{{").replace("}", "}}")  # its braces are no placeholders
            rule = self.rule(
                field,
                "matches_its_pattern",
                "ExpectColumnValuesToMatchRegex",
                kwargs,
                quoted={"pattern": quoted},
            )
            yield rule, ()

    def limited(self, field: Field) -> Iterator[Generated]:
        if field.max_length is not None:
            kwargs = {"column": field.name, "min_value": 0, "max_value": field.max_length}
            expectation = "ExpectColumnValueLengthsToBeBetween"
            yield (
                self.rule(
                    field,
                    "is_not_too_long",
                    expectation,
                    kwargs,
                    quoted={"max_length": str(field.max_length)},
                ),
                (),
            )

    def cumulated(self, field: Field) -> Iterator[Generated]:
        if field.ytd_of is not None:
            yield self._at_least_the_months(field, field.ytd_of)
            yield self._follows(field, field.ytd_of)

    def _at_least_the_months(self, field: Field, month: str) -> Generated:
        kwargs = {
            "column_A": field.name,
            "column_B": month,
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        }
        expectation = "ExpectColumnPairValuesAToBeGreaterThanB"
        quoted = {"month": f"{{{month}}}"}
        return self.rule(field, "is_at_least_the_months", expectation, kwargs, "skip", (month,), quoted), ()

    def _follows(self, field: Field, month: str) -> Generated:
        previous, expected, gap = (f"{field.name}__{suffix}" for suffix in ("previous", "expected", "gap"))
        tolerance: Tolerance = "exact" if field.type == "integer" else RoundingTolerance(rounding=0.01)
        columns = (
            Derived(
                name=previous,
                function="previous_year_to_date",
                arguments={"field": field.name},
                label=self.label(field, "previous_year_to_date"),
            ),
            Derived(
                name=expected,
                function="total",
                arguments={"fields": [previous, month]},
                label=self.label(field, "expected_year_to_date"),
            ),
            Derived(
                name=gap,
                function="gap",
                arguments={"left": field.name, "right": expected, "addends": 2, "tolerance": tolerance},
            ),
        )
        rule = self.rule(
            field,
            "follows_from_last_months",
            "ExpectColumnValuesToBeBetween",
            {"column": gap, "min_value": 0, "max_value": 0},
            compared_with=(month, previous, expected),
            quoted={"previous": f"{{{previous}}}", "expected": f"{{{expected}}}"},
        )
        return rule.model_copy(update={"tolerance": tolerance}), columns

    def keys(self) -> Iterator[Generated]:
        keys = self.form.key_fields
        if not keys or self.form.rows == "cover":
            return
        kwargs = {
            "column_list": ["submission_id", *(field.name for field in keys)],
            "ignore_row_if": "any_value_is_missing",
        }
        heading = "＋".join(field.heading for field in keys)
        yield (
            self.rule(
                keys[-1].model_copy(update={"heading": heading}),
                "keys_are_unique",
                "ExpectCompoundColumnsToBeUnique",
                kwargs,
            ).model_copy(update={"id": "keys_are_unique"}),
            (),
        )


class _Keep(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _quote(text: str, values: dict[str, Any]) -> str:
    """Fill in what is known when the rule is made and leave the rest for the finding."""
    return text.format_map(_Keep(values))


def with_generated_rules(form: Form, messages: Messages) -> Form:
    """Return the form with the rules and derived columns that its fields imply, in the fields' order, before its own."""
    build = _Build(form, messages)
    generated = [pair for field in form.fields for pair in build.rules(field)] + list(build.keys())
    rules = tuple(rule for rule, _ in generated)
    derived = tuple(column for _, columns in generated for column in columns)
    return form.model_copy(update={"rules": (*rules, *form.rules), "derived": (*form.derived, *derived)})
