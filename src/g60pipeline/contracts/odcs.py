"""A form's file, key by key: the part of the Open Data Contract Standard 3.1 that we use, and our own extras.

Our extras sit under `customProperties`, as the standard asks: `form` and `derived` on the schema object, `field` on a
property, `rule` on a quality entry. Not here: what a form means once it is read (forms.py).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, field_validator
from pydantic import Field as Attr

from g60pipeline.contracts.base import Model, Text

LogicalType = Literal["string", "integer", "number", "date", "timestamp", "boolean"]
Measure = Literal["stock", "flow", "flow_ytd", "by_row", "by_row_ytd"]
Severity = Literal["critical", "warning", "info"]
Identifier = Annotated[str, Attr(pattern=r"^[a-z][a-z0-9_]*$")]
# Subject, verb and something more: `keys_are_unique`.
Sentence = Annotated[str, Attr(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+){2,}$")]


def _says_what_to_do(text: str) -> str:
    if "请" not in text:
        raise ValueError("does not say what to do: a message to a clerk asks for something (请…)")
    return text


Request = Annotated[str, AfterValidator(_says_what_to_do)]


class FieldExtras(Model):
    """What a field has beyond the standard: help text, other headings, kind of measure, unit, code list.

    `prefill`: a template for the next month carries the value that was accepted.
    """

    zh: str
    aliases: tuple[str, ...] = ()
    measure: Measure | None = None
    unit: str | None = None
    unit_field: str | None = None
    code_list: str | None = None
    format: Literal["uscc"] | None = None
    ytd_of: str | None = None
    not_applicable: bool = False
    prefill: bool = False
    list: bool = False


class FieldProperty(Model):
    """`customProperties` entry of a property."""

    property: Literal["field"]
    value: FieldExtras


class LogicalTypeOptions(Model):
    """Bounds of a field."""

    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    maxLength: int | None = None


class Property(Model):
    """A column of the form."""

    name: Identifier
    businessName: str
    logicalType: LogicalType
    physicalType: str
    description: str
    required: bool = False
    primaryKey: bool = False
    primaryKeyPosition: int = -1
    logicalTypeOptions: LogicalTypeOptions = LogicalTypeOptions()
    customProperties: tuple[FieldProperty]


class RelativeTolerance(Model):
    """A gap up to this share of the expected value is let pass."""

    relative: float = Attr(gt=0)


class RoundingTolerance(Model):
    """A gap up to half a rounding unit per addend is let pass."""

    rounding: float = Attr(gt=0)


Tolerance = Literal["exact"] | RelativeTolerance | RoundingTolerance


class Implementation(Model):
    """The Great Expectations expectation and its arguments."""

    expectation: str = Attr(pattern=r"^Expect[A-Za-z]+$")
    kwargs: dict[str, Any] = Attr(default_factory=dict)


class Computation(Model):
    """A named function of `quality.derive`; every other key is an argument of it.

    `label`: what a finding calls the column; needed where a finding quotes it.
    """

    model_config = ConfigDict(extra="allow")

    function: Identifier
    label: Text | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What the function is called with."""
        return dict(self.model_extra or {})


class RuleExtras(Model):
    """What a rule has beyond the standard. A rule without a missing-policy or a tolerance policy is refused."""

    code: str = Attr(pattern=r"^[A-Z]{2}-\d{3}$")
    level: int = Attr(ge=0, le=5)
    cell: str
    missing: Literal["skip", "fail"]
    tolerance: Tolerance
    zh: Request
    en: Annotated[str, Attr(min_length=5)]
    compared_with: tuple[str, ...] = ()
    derive: Computation | None = None


class RuleProperty(Model):
    """`customProperties` entry of a quality entry."""

    property: Literal["rule"]
    value: RuleExtras


class Quality(Model):
    """A rule. Its id is a sentence; its description says why."""

    id: Sentence
    type: Literal["custom"]
    engine: Literal["greatExpectations"]
    dimension: Literal[
        "accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"
    ]
    severity: Severity
    description: str = Attr(min_length=10)
    implementation: Implementation
    customProperties: tuple[RuleProperty]


class FormExtras(Model):
    """What a form has beyond the standard.

    `rows`: `cover` (label and value side by side), `snapshot` (the whole state at the month's end) or `events` (what
    happened in the month). `cluster_field` names the field that holds the cluster.
    """

    prefix: str = Attr(pattern=r"^[A-Z]{2}$")
    title: Text
    rows: Literal["cover", "snapshot", "events"]
    cluster_field: str | None = None


class FormProperty(Model):
    """`customProperties` entry `form`."""

    property: Literal["form"]
    value: FormExtras


class DerivedColumn(Computation):
    """A computed column and its name."""

    name: Identifier


class DerivedProperty(Model):
    """`customProperties` entry `derived`: columns computed by named functions before the rules run."""

    property: Literal["derived"]
    value: tuple[DerivedColumn, ...]


class SchemaObject(Model):
    """The form's table."""

    name: Identifier
    businessName: str
    description: str
    dataGranularityDescription: str
    customProperties: tuple[Annotated[FormProperty | DerivedProperty, Attr(discriminator="property")], ...]
    properties: tuple[Property, ...]
    quality: tuple[Quality, ...] = ()

    @field_validator("customProperties")
    @classmethod
    def _says_which_form_it_is(cls, extras: tuple[Model, ...]) -> tuple[Model, ...]:
        if sum(isinstance(extra, FormProperty) for extra in extras) != 1:
            raise ValueError("needs the entry `form` once")
        return extras


class Description(Model):
    """Purpose and limits, for people."""

    purpose: str
    limitations: str


class FormDocument(Model):
    """One file of `schemas/forms/`."""

    apiVersion: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: str
    name: Identifier
    version: str = Attr(pattern=r"^\d+\.\d+\.\d+$")
    status: Literal["active", "draft", "deprecated"]
    domain: str
    description: Description
    schema_: tuple[SchemaObject] = Attr(alias="schema")
