"""The catalogue of the feedback workbook. Not here: texts of findings (messages.py, the forms), its layout (reports)."""

from __future__ import annotations

from typing import Literal

from g60pipeline.contracts.base import Model
from g60pipeline.contracts.odcs import Identifier, Severity

Column = Literal[
    "number",
    "severity",
    "code",
    "sheet",
    "cell",
    "field",
    "value",
    "compared",
    "message",
    "explanation",
    "key",
]
Tone = Literal["good", "warning", "critical"]


class VerdictText(Model):
    """What a verdict means to the clerk, and what is to be done now."""

    tone: Tone
    title: str
    next: str


class FeedbackTexts(Model):
    """`schemas/feedback.yaml`. `sheet` names the front sheet; the reader of returns finds it by that name.

    `extras`: what a workbook may hold beside its cells' values, by the kinds that the writer can tell apart.
    """

    sheet: str
    columns: dict[Column, str]
    severities: dict[Severity, str]
    verdicts: dict[Identifier, VerdictText]
    words: dict[Identifier, str]
    extras: dict[Identifier, str]
