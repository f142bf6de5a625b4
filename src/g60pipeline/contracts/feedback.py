"""The catalogue of the feedback workbook. Not here: texts of findings (messages.py, the forms), its layout (reports)."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import field_validator

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
CauseKind = Literal[
    "divided",
    "multiplied",
    "column_divided",
    "column_multiplied",
    "negated",
    "month_from_since_january",
    "since_january_from_month",
    "swapped",
    "shifted_left",
    "shifted_right",
    "own_code",
    "unit_of_measure",
    "unit",
    "period",
    "last_months_file",
]


class VerdictText(Model):
    """What a verdict means to the clerk, and what is to be done now."""

    tone: Tone
    title: str
    next: str


class SelfCheckTexts(Model):
    """What is said otherwise before a return is sent; `words` also holds what only a self-check says."""

    verdicts: dict[Identifier, VerdictText]
    words: dict[Identifier, str]


class CauseTexts(Model):
    """How a probable cause is said: what the edit is, then how many findings it would clear, then those it would raise.

    `reasons`: what may have happened, by the kind of the edit and its factor; `reasons_of_amounts`: for money.
    """

    kinds: dict[CauseKind, str]
    reasons: dict[Identifier, str]
    reasons_of_amounts: dict[Identifier, str]
    all_cleared: str
    some_cleared: str
    raised: str
    end: str

    @field_validator("kinds")
    @classmethod
    def _says_every_kind(cls, kinds: dict[CauseKind, str]) -> dict[CauseKind, str]:
        missing = [kind for kind in get_args(CauseKind) if kind not in kinds]
        if missing:
            raise ValueError(f"no text for {', '.join(missing)}")
        return kinds


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
    causes: CauseTexts
    self_check: SelfCheckTexts

    def before_sending(self) -> FeedbackTexts:
        """Return the catalogue of a self-check."""
        verdicts, words = (
            {**self.verdicts, **self.self_check.verdicts},
            {**self.words, **self.self_check.words},
        )
        return self.model_copy(update={"verdicts": verdicts, "words": words})
