"""The catalogue of what is said to clerks and operators. Not here: texts of rules that a contract carries itself."""

from __future__ import annotations

from pydantic import Field as Attr

from g60pipeline.contracts.base import Model, Text
from g60pipeline.contracts.odcs import Identifier, Severity


class IntakeMessage(Model):
    """A finding made before values are typed."""

    code: str = Attr(pattern=r"^FI-\d{3}$")
    level: int
    severity: Severity
    why: str
    zh: str
    en: str


class GeneratedMessage(Model):
    """The text of a rule that follows from a field's declaration. `check`: its sentence over all columns of a form."""

    check: Identifier
    code: str = Attr(pattern=r"^[A-Z]{3}$")
    level: int
    severity: Severity
    dimension: str
    why: str
    zh: str
    en: str


class Messages(Model):
    """`schemas/messages.yaml`."""

    intake: dict[str, IntakeMessage]
    generated: dict[str, GeneratedMessage]
    kinds: dict[str, Text]
    types: dict[str, Text]
    reasons: dict[str, Text]
    parts: dict[str, Text]
