"""Findings of intake as rows of `ops.finding`. Findings of rules are made by quality itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.project import Project

if TYPE_CHECKING:
    from g60pipeline.intake.findings import IntakeFinding


def finding_row(
    project: Project, finding: IntakeFinding, submission_id: int, unit_code: str | None, period: str | None
) -> dict[str, Any]:
    """Return the row, without its numbers."""
    from g60pipeline.intake.findings import message

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
