"""The catalogue of what is said to clerks and operators. Not here: texts of rules that a contract carries itself."""

from __future__ import annotations

from pydantic import Field as Attr

from g60pipeline.contracts.base import Model, Text
from g60pipeline.contracts.odcs import Request, Sentence, Severity


class IntakeMessage(Model):
    """A finding made before values are typed. `expected`: what should stand there, where the message's values say it."""

    code: str = Attr(pattern=r"^FI-\d{3}$")
    level: int
    severity: Severity
    why: str
    zh: Request
    en: str
    expected: str | None = None


class GeneratedMessage(Model):
    """The text of a rule that follows from a field's declaration. `check`: its sentence over all columns of a form."""

    check: Sentence
    code: str = Attr(pattern=r"^[A-Z]{3}$")
    level: int
    severity: Severity
    dimension: str
    why: str
    zh: Request
    en: str


class Expected(Model):
    """How what should stand in a cell is written. `labelled`: of another column than the cell's own."""

    at_least: str
    at_most: str
    above: str
    below: str
    between: str
    labelled: str
    named: str
    relative: str
    rounding: str
    length: str


class Messages(Model):
    """`schemas/messages.yaml`. `labels`: names of columns that no contract labels."""

    intake: dict[str, IntakeMessage]
    generated: dict[str, GeneratedMessage]
    kinds: dict[str, Text]
    types: dict[str, Text]
    reasons: dict[str, Text]
    parts: dict[str, Text]
    labels: dict[str, Text]
    expected: Expected
