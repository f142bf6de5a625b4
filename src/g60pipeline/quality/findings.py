"""Failing rows → findings that name file, sheet, cell, rule, what was expected and what to do.

Belongs here: the finding as a row. Not here: finding the rows (suites.py), values and labels (quoting.py), what should
stand there (expected.py), where the compared cells are (parts.py), what intake found by itself (intake).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from g60pipeline.contracts.forms import Form, Rule
from g60pipeline.contracts.messages import Messages
from g60pipeline.quality.batch import Batch
from g60pipeline.quality.expected import expected
from g60pipeline.quality.parts import Layouts, Parts, address
from g60pipeline.quality.quoting import label_of, quote
from g60pipeline.quality.suites import Outcome


def build_findings(
    batch: Batch, form: Form, frame: pd.DataFrame, outcomes: list[Outcome], layouts: Layouts
) -> list[dict[str, Any]]:
    """Build a finding per failing row and rule, as rows of `ops.finding` without their numbers.

    `layouts`: form → submission → sheet and the columns of its fields.
    """
    findings: list[dict[str, Any]] = []
    parts = Parts(batch, form, layouts)
    for outcome in outcomes:
        if outcome.failing:
            rows = frame.iloc[list(outcome.failing)]
            findings += [
                {
                    **_finding(batch, form, outcome.rule, row, layouts),
                    "related_cells": parts.of(outcome.rule, row),
                }
                for row in rows.itertuples(index=False)
            ]
    return findings


def _place(form: Form, rule: Rule, row: Any, layouts: Layouts) -> dict[str, Any]:
    layout = layouts.get(form.name, {}).get(int(row.submission_id), {})
    if form.rows == "cover":
        cell, sheet_row = row.cell_addresses.get(rule.cell), None
    else:
        cell, sheet_row = address(layout, rule.cell, int(row.sheet_row)), int(row.sheet_row)
    return {
        "sheet": layout.get("sheet", form.sheet),
        "sheet_row": sheet_row,
        "cell": cell,
        "field": rule.cell,
    }


def _compared_with(messages: Messages, form: Form, rule: Rule, row: Any) -> dict[str, str]:
    return {label_of(messages, form, name).zh: quote(form, row, name) for name in rule.compared_with}


def _finding(batch: Batch, form: Form, rule: Rule, row: Any, layouts: Layouts) -> dict[str, Any]:
    messages = batch.project.messages
    texts = {name: quote(form, row, rule.cell if name == "value" else name) for name in rule.placeholders}
    return {
        "submission_id": int(row.submission_id),
        "reporting_unit_code": row.reporting_unit_code,
        "period": row.period,
        "form": form.name,
        "rule": rule.id,
        "code": rule.code,
        "level": rule.level,
        "severity": rule.severity,
        **_place(form, rule, row, layouts),
        "row_key": "|".join(str(row.raw_text.get(field.name, "")) for field in form.key_fields),
        "value": row.raw_text.get(rule.cell),
        "expected": expected(messages, form, rule, row),
        "compared_with": _compared_with(messages, form, rule, row),
        "message_zh": rule.message.zh.format_map(texts),
        "message_en": rule.message.en.format_map(texts),
    }
