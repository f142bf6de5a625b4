"""What intake finds wrong, and how it is said.

Not here: who finds it; findings of rules on typed values (quality).
"""

from __future__ import annotations

import dataclasses
from typing import Any

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.project import Project


@dataclasses.dataclass(frozen=True)
class IntakeFinding:
    """A fault at a cell, a column, a form or the whole file; what does not apply is None.

    `rule` is an id of messages.intake. `value` is the cell's raw text, never a personal number. `quoted`
    fills the message's placeholders beyond these; `kind`, `type`, `reason` and `part` in it are keys of the
    message catalogue.
    """

    rule: str
    form: str | None = None
    sheet: str | None = None
    sheet_row: int | None = None
    cell: str | None = None
    field: str | None = None
    value: str | None = None
    quoted: dict[str, str] = dataclasses.field(default_factory=lambda: dict[str, str]())


def _catalogue_texts(project: Project, quoted: dict[str, str]) -> dict[str, Text]:
    messages = project.messages
    lists = {"kind": messages.kinds, "type": messages.types, "reason": messages.reasons}
    return {name: texts[quoted[name]] for name, texts in lists.items() if quoted.get(name) in texts}


def message(project: Project, finding: IntakeFinding) -> Text:
    """Return the finding's text in Chinese and English, with everything filled in."""
    said = project.messages.intake[finding.rule]
    common: dict[str, Any] = {
        "value": finding.value or "",
        "sheet": finding.sheet or "",
        "cell": finding.cell or "",
    }
    common |= finding.quoted
    zh, en = dict(common), dict(common)
    for name, text in _catalogue_texts(project, finding.quoted).items():
        said_zh, said_en = text.zh.format(**common), text.en.format(**common)
        zh |= {name: said_zh, f"{name}_zh": said_zh}
        en[name] = said_en
    if finding.form is not None:
        form = project.cover if finding.form == project.cover.name else project.forms[finding.form]
        zh["form_zh"], en["form"] = form.title.zh, form.title.en
    if "part" in finding.quoted:
        part = project.messages.parts[finding.quoted["part"]]
        key = "sheet" if finding.rule == "no_personal_number_is_sent" else "value"
        zh[key], en[key] = part.zh.format(name=common[key]), part.en.format(name=common[key])
    if finding.rule == "no_personal_number_is_sent" and finding.cell:
        zh["cell"], en["cell"] = f" {finding.cell} ", f", {finding.cell}"
    return Text(zh=said.zh.format(**zh), en=said.en.format(**en))


def finding_row(
    project: Project, finding: IntakeFinding, submission_id: int, unit_code: str | None, period: str | None
) -> dict[str, Any]:
    """Return the finding as a row of `ops.finding`, without its numbers."""
    said, text = project.messages.intake[finding.rule], message(project, finding)
    return {
        "submission_id": submission_id,
        "reporting_unit_code": unit_code,
        "period": period,
        "form": finding.form,
        "rule": finding.rule,
        "code": said.code,
        "level": said.level,
        "severity": said.severity,
        "sheet": finding.sheet,
        "sheet_row": finding.sheet_row,
        "cell": finding.cell,
        "field": finding.field,
        "row_key": None,
        "value": finding.value,
        "expected": None if said.expected is None else said.expected.format_map(finding.quoted),
        "compared_with": {},
        "related_cells": [],
        "message_zh": text.zh,
        "message_en": text.en,
    }
