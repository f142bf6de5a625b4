"""Forms as the rest of the house sees them: fields, derived columns and rules, read from a contract.

Belongs here: the conversion of a file into these. Not here: the file's keys (odcs.py), whether its names point somewhere
(form_checks.py), the rules that follow from a field's declaration (rules.py).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from pydantic import Field as Attr

from g60pipeline.contracts.base import Model, Text, read_model
from g60pipeline.contracts.odcs import (
    DerivedProperty,
    FormDocument,
    FormProperty,
    Measure,
    Property,
    Quality,
    SchemaObject,
    Severity,
    Tolerance,
)

FieldType = Literal["integer", "decimal", "text", "date", "timestamp", "boolean"]
_TYPES: dict[str, FieldType] = {
    "string": "text", "number": "decimal", "integer": "integer",
    "date": "date", "timestamp": "timestamp", "boolean": "boolean",
}  # fmt: skip


# Expectations that compare a number or a date with another one, and functions that lie between two columns.
COMPARING = frozenset({
    "ExpectColumnValuesToBeBetween",
    "ExpectColumnPairValuesToBeEqual",
    "ExpectColumnPairValuesAToBeGreaterThanB",
})  # fmt: skip
SIDES = {"gap": ("left", "right"), "excess": ("part", "whole")}


class Field(Model):
    """A column of a form. `heading` and `aliases` are what a sheet may call it."""

    name: str
    heading: str
    type: FieldType
    description: Text
    aliases: tuple[str, ...] = ()
    is_required: bool = False
    key_position: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    max_length: int | None = None
    measure: Measure | None = None
    unit: str | None = None
    unit_field: str | None = None
    code_list: str | None = None
    format: str | None = None
    ytd_of: str | None = None
    allows_not_applicable: bool = False
    is_prefilled: bool = False
    is_list: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading under which the field may stand."""
        return (self.heading, *self.aliases)


class Derived(Model):
    """A column computed by a named function of `quality.derive` before the rules run.

    `label`: what a finding calls it; every column that a finding quotes has one.
    """

    name: str
    function: str
    arguments: dict[str, Any] = Attr(default_factory=dict)
    label: Text | None = None

    @property
    def sides(self) -> tuple[str, str] | None:
        """The two columns that a `gap` or an `excess` lies between; None for any other function."""
        names = SIDES.get(self.function)
        return None if names is None else (self.arguments[names[0]], self.arguments[names[1]])


class Rule(Model):
    """An expectation on a form.

    `expectation` and `kwargs` are Great Expectations' own. `cell` is the field that a finding marks, `compared_with`
    the columns that the finding quotes. `missing`: what a blank does to the rule (`skip` it or `fail` it).
    `check` is the check under which operators see it: generated rules of one kind share a check over all columns.
    """

    id: str
    check: str
    form: str
    code: str
    level: int
    severity: Severity
    dimension: str
    why: str
    message: Text
    cell: str
    expectation: str
    kwargs: dict[str, Any]
    missing: Literal["skip", "fail"]
    tolerance: Tolerance
    compared_with: tuple[str, ...] = ()
    is_generated: bool = False

    @property
    def key(self) -> str:
        """Name across all forms."""
        return f"{self.form}.{self.id}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the expectation looks at."""
        single = [
            str(self.kwargs[name]) for name in ("column", "column_A", "column_B") if name in self.kwargs
        ]
        return (*single, *self.kwargs.get("column_list", ()))

    @property
    def placeholders(self) -> set[str]:
        """Names that the messages quote."""
        return {
            name
            for text in (self.message.zh, self.message.en)
            for _, name, _, _ in Formatter().parse(text)
            if name
        }


class Form(Model):
    """A form of a return, or its cover."""

    name: str
    version: str
    prefix: str
    title: Text
    sheet: str
    purpose: str
    description: str
    grain: str
    rows: Literal["cover", "snapshot", "events"]
    fields: tuple[Field, ...]
    derived: tuple[Derived, ...] = ()
    rules: tuple[Rule, ...] = ()
    cluster_field: str | None = None
    path: Path = Attr(exclude=True)

    @cached_property
    def field_by_name(self) -> dict[str, Field]:
        """Fields by name."""
        return {field.name: field for field in self.fields}

    @property
    def derived_by_name(self) -> dict[str, Derived]:
        """Derived columns by name."""  # not cached: a copy with generated columns would keep the old ones
        return {column.name: column for column in self.derived}

    @cached_property
    def field_by_heading(self) -> dict[str, Field]:
        """Fields by every heading they may stand under."""
        return {heading: field for field in self.fields for heading in field.headings}

    def quoted_columns(self, rule: Rule) -> tuple[str, ...]:
        """Columns that a finding of the rule names to the clerk beside its cell: each has a label.

        In place of a gap stand the two columns that it lies between.
        """
        names = (*rule.compared_with, *(rule.columns if rule.expectation in COMPARING else ()))
        quoted: list[str] = []
        for name in names:
            column = self.derived_by_name.get(name)
            quoted += [name] if column is None or column.sides is None else column.sides
        return tuple(dict.fromkeys(quoted))

    @cached_property
    def key_fields(self) -> tuple[Field, ...]:
        """Fields that identify a row within a submission, in order."""
        keys = [field for field in self.fields if field.key_position is not None]
        return tuple(sorted(keys, key=lambda field: field.key_position or 0))


def _read_field(property_: Property) -> Field:
    extras = property_.customProperties[0].value
    options = property_.logicalTypeOptions
    return Field(
        name=property_.name,
        heading=property_.businessName,
        type=_TYPES[property_.logicalType],
        description=Text(zh=extras.zh, en=property_.description),
        aliases=extras.aliases,
        is_required=property_.required,
        key_position=property_.primaryKeyPosition if property_.primaryKey else None,
        minimum=options.minimum,
        maximum=options.maximum,
        pattern=options.pattern,
        max_length=options.maxLength,
        measure=extras.measure,
        unit=extras.unit,
        unit_field=extras.unit_field,
        code_list=extras.code_list,
        format=extras.format,
        ytd_of=extras.ytd_of,
        allows_not_applicable=extras.not_applicable,
        is_prefilled=extras.prefill,
        is_list=extras.list,
    )


def _read_rule(quality: Quality, form: str) -> tuple[Rule, Derived | None]:
    extras = quality.customProperties[0].value
    kwargs = dict(quality.implementation.kwargs)
    derived = None
    if extras.derive is not None:
        arguments = {**extras.derive.arguments, "tolerance": extras.tolerance}
        derived = Derived(
            name=quality.id, function=extras.derive.function, arguments=arguments, label=extras.derive.label
        )
        kwargs.setdefault("column", quality.id)
    rule = Rule(
        id=quality.id,
        check=quality.id,
        form=form,
        code=extras.code,
        level=extras.level,
        severity=quality.severity,
        dimension=quality.dimension,
        why=quality.description,
        message=Text(zh=extras.zh, en=extras.en),
        cell=extras.cell,
        expectation=quality.implementation.expectation,
        kwargs=kwargs,
        missing=extras.missing,
        tolerance=extras.tolerance,
        compared_with=extras.compared_with,
    )
    return rule, derived


def _split_extras(schema: SchemaObject) -> tuple[FormProperty, list[Derived]]:
    form = next(extra for extra in schema.customProperties if isinstance(extra, FormProperty))
    derived = [
        Derived(name=column.name, function=column.function, arguments=column.arguments, label=column.label)
        for extra in schema.customProperties
        if isinstance(extra, DerivedProperty)
        for column in extra.value
    ]
    return form, derived


def read_form(path: Path) -> Form:
    """Read one contract; ContractError names file and line of every fault."""
    document = read_model(FormDocument, path)
    schema = document.schema_[0]
    extras, derived = _split_extras(schema)
    rules: list[Rule] = []
    for quality in schema.quality:
        rule, column = _read_rule(quality, document.name)
        rules.append(rule)
        if column is not None:
            derived.append(column)
    return Form(
        name=document.name,
        version=document.version,
        prefix=extras.value.prefix,
        title=extras.value.title,
        sheet=schema.businessName,
        purpose=document.description.purpose,
        description=schema.description,
        grain=schema.dataGranularityDescription,
        rows=extras.value.rows,
        fields=tuple(_read_field(property_) for property_ in schema.properties),
        derived=tuple(derived),
        rules=tuple(rules),
        cluster_field=extras.value.cluster_field,
        path=path,
    )
