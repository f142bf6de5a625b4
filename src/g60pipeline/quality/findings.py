"""Failing rows → findings that name file, sheet, cell, rule and what to do.

Belongs here: quoting values in messages. Not here: finding the rows (suites.py), what intake found by
itself (intake).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from g60pipeline.contracts.forms import Form, Rule
from g60pipeline.quality.suites import Outcome

BLANK = "空白"


def format_value(value: Any) -> str:
    """Write a value as a clerk would: no trailing zeros, dates without midnight, a blank as 空白."""
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return BLANK
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d" if value == value.normalize() else "%Y-%m-%d %H:%M")
    return str(value)


def _quote(form: Form, rule: Rule, row: Any, name: str) -> str:
    field = rule.cell if name == "value" else name
    if field in form.field_by_name:
        return str(row.raw_text.get(field, BLANK))
    return format_value(getattr(row, name))


def _address(form: Form, layout: dict[str, Any], rule: Rule, row: Any) -> str | None:
    if form.rows == "cover":
        return row.cell_addresses.get(rule.cell)
    column = layout.get("fields", {}).get(rule.cell, {}).get("column")
    return None if column is None else f"{column}{row.sheet_row}"


def build_findings(
    form: Form, frame: pd.DataFrame, outcomes: list[Outcome], layouts: dict[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Build a finding per failing row and rule, as rows of `ops.finding` without their numbers.

    `layouts`: submission → sheet and the columns of its fields.
    """
    findings: list[dict[str, Any]] = []
    for outcome in outcomes:
        if outcome.failing:
            rows = frame.iloc[list(outcome.failing)]
            findings += [_finding(form, outcome.rule, row, layouts) for row in rows.itertuples(index=False)]
    return findings


def _finding(form: Form, rule: Rule, row: Any, layouts: dict[int, dict[str, Any]]) -> dict[str, Any]:
    layout = layouts.get(int(row.submission_id), {})
    quoted = {name: _quote(form, rule, row, name) for name in rule.placeholders}
    key = "|".join(str(row.raw_text.get(field.name, "")) for field in form.key_fields)
    return {
        "submission_id": int(row.submission_id),
        "reporting_unit_code": row.reporting_unit_code,
        "period": row.period,
        "form": form.name,
        "rule": rule.id,
        "code": rule.code,
        "level": rule.level,
        "severity": rule.severity,
        "sheet": layout.get("sheet", form.sheet),
        "sheet_row": None if form.rows == "cover" else int(row.sheet_row),
        "cell": _address(form, layout, rule, row),
        "field": rule.cell,
        "row_key": key,
        "value": row.raw_text.get(rule.cell),
        "compared_with": {name: _quote(form, rule, row, name) for name in rule.compared_with},
        "message_zh": rule.message.zh.format_map(quoted),
        "message_en": rule.message.en.format_map(quoted),
    }
