"""Forms as the rest of the house sees them: fields, derived columns and rules, read from a contract.

Belongs here: the conversion of a file into these and its cross-checks. Not here: the file's keys (odcs.py), the rules
that follow from a field's declaration (rules.py).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from pydantic import Field as Attr

from g60pipeline.contracts.base import ContractError, Model, Text, line_of, read_model
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
    is_list: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading under which the field may stand."""
        return (self.heading, *self.aliases)


class Derived(Model):
    """A column computed by a named function of `quality.derive` before the rules run."""

    name: str
    function: str
    arguments: dict[str, Any] = Attr(default_factory=dict)


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
    template_versions: tuple[str, ...] = ()
    path: Path = Attr(exclude=True)

    @cached_property
    def field_by_name(self) -> dict[str, Field]:
        """Fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def field_by_heading(self) -> dict[str, Field]:
        """Fields by every heading they may stand under."""
        return {heading: field for field in self.fields for heading in field.headings}

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
        is_list=extras.list,
    )


def _read_rule(quality: Quality, form: str) -> tuple[Rule, Derived | None]:
    extras = quality.customProperties[0].value
    kwargs = dict(quality.implementation.kwargs)
    derived = None
    if extras.derive is not None:
        arguments = {**extras.derive.arguments, "tolerance": extras.tolerance}
        derived = Derived(name=quality.id, function=extras.derive.function, arguments=arguments)
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
        Derived(name=column.name, function=column.function, arguments=column.arguments)
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
    form = Form(
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
        template_versions=extras.value.template_versions,
        path=path,
    )
    check_form(form)
    return form


# Columns that every frame of a form has beside the contract's own.
TECHNICAL_COLUMNS = (
    "submission_id",
    "reporting_unit_code",
    "period",
    "period_start",
    "period_end",
    "period_close",
)


Faults = list[tuple[list[str | int], str]]


def _field_faults(form: Form) -> Faults:
    faults: Faults = []
    headings: set[str] = set()
    for index, field in enumerate(form.fields):
        at: list[str | int] = ["schema", 0, "properties", index]
        faults += [
            (at, f"heading {heading} stands for two fields")
            for heading in field.headings
            if heading in headings
        ]
        headings.update(field.headings)
        references = [name for name in (field.ytd_of, field.unit_field) if name is not None]
        missing = [name for name in references if name not in form.field_by_name]
        faults += [(at, f"{field.name} points to {name}, which is no field") for name in missing]
    return faults


def _rule_faults(form: Form) -> Faults:
    known = (
        {field.name for field in form.fields}
        | {column.name for column in form.derived}
        | set(TECHNICAL_COLUMNS)
    )
    faults: Faults = []
    ids: set[str] = set()
    for index, rule in enumerate(form.rules):
        at: list[str | int] = ["schema", 0, "quality", index]
        if rule.id in ids:
            faults.append((at, f"rule {rule.id} stands twice"))
        ids.add(rule.id)
        if rule.cell not in form.field_by_name:
            faults.append((at, f"rule {rule.id} marks {rule.cell}, which is no field"))
        used = (*rule.columns, *rule.compared_with, *sorted(rule.placeholders - {"value"}))
        faults += [
            (at, f"rule {rule.id} uses {c}, which is neither a field nor derived")
            for c in used
            if c not in known
        ]
    return faults


def check_form(form: Form) -> None:
    """Raise ContractError with file and line of each name that points nowhere."""
    faults = _field_faults(form) + _rule_faults(form)
    if faults:
        raise ContractError("\n".join(f"{form.path}:{line_of(form.path, at)}: {what}" for at, what in faults))
