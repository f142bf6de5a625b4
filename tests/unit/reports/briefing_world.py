"""A made-up month for the briefing: every published figure, eight hosts, ten clusters, 72 months."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing_data import (
    KEY_COVERAGE,
    REVENUE,
    SHARE_OF_NEW_MEMBERS,
    BriefingData,
    FigureReading,
    figures_of,
)

ROOT = Path(__file__).parents[3]
PERIOD = "2021-12"
REASON = "“集群新发展党员数”12 大于单位新发展党员数 9。请核对这两格。"


def indicator_row(
    indicator: str, level: str, subject: str, time: str, value: float | None, **more: Any
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "indicator_id": indicator,
        "period": PERIOD,
        "time_basis": time,
        "level": level,
        "subject_code": subject,
        "dimension": "",
        "dimension_code": "",
        "value": value,
        "numerator": None,
        "denominator": None,
        "unit": "ratio",
        "expected_unit_count": 1,
        "reporting_unit_count": 1,
        "coverage_ratio": 1.0,
        "status": "published" if value is not None else "withheld",
        "note": None,
    }
    return {**row, **more}


def revenue_rows(last: str = PERIOD, months: int = 72) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for back in range(months):
        base = 120_000.0 + 9_000 * ((months - back) % 7) + 900 * (months - back)
        growth = 1.02 + 0.015 * (back % 9)
        more = {"period": Period.parse(last).plus(-back).key, "numerator": base * growth, "denominator": base}
        rows.append(indicator_row(REVENUE, "district", "310117", "month", float(months - back), **more))
    return rows


def make_values(project: Project) -> pd.DataFrame:
    clusters = project.code_lists["clusters"].codes
    hosts = sorted({code.attributes["host_unit"] for code in clusters})
    shares = [0.364, 0.41, 0.333, 0.32, None, 0.9, 0.58, 0.471]
    rows = [
        indicator_row(SHARE_OF_NEW_MEMBERS, "unit", unit, "year_to_date", share)
        for unit, share in zip(hosts, shares, strict=True)
    ]
    rows += [
        indicator_row(KEY_COVERAGE, "cluster", code.code, "end", 1.0 if i % 3 else 0.875 - i / 50)
        for i, code in enumerate(clusters)
    ]
    return pd.DataFrame([*rows, *revenue_rows()])


def make_readings(project: Project, period: str = PERIOD) -> tuple[FigureReading, ...]:
    assert project.figures is not None
    return tuple(
        FigureReading(
            figure=figure,
            ours=Decimal(str(figure.value)),
            met=True if has_reference else None,
            status="published",
            expected_unit_count=21 if figure.read.level == "district" else 1,
            reporting_unit_count=21 if figure.read.level == "district" else 1,
            coverage_ratio=1.0,
        )
        for figure, has_reference in figures_of(project.figures.figures, period)
    )


def return_row(code: str, zh: str, en: str, state: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "reporting_unit_code": code,
        "label_zh": zh,
        "label_en": en,
        "state": state,
        "submission_count": 1,
        "critical_count": 0,
        "messages_zh": [],
        "messages_en": [],
    }
    return {**row, **more}


def make_returns(project: Project) -> pd.DataFrame:
    owing = set(project.reporting_units(Period.parse(PERIOD)))
    units = [code for code in project.code_lists["units"].codes if code.code in owing]
    rows = {unit.code: return_row(unit.code, unit.label_zh, unit.label_en, "accepted") for unit in units}
    rows["310117105"]["submission_count"] = 2
    rows["310117109"] |= {"state": "missing", "submission_count": 0}
    rows["310117116"] |= {"state": "unreadable"}
    rows["310117107"] |= {
        "state": "returned",
        "submission_count": 2,
        "critical_count": 5,
        "messages_zh": [
            REASON,
            "《集群企业名册》第 14 行：统一社会信用代码 91310117MA1J00000X 校验位不符。请与营业执照核对。",
        ],
        "messages_en": [
            "New members of the clusters (12) exceed the unit's (9).",
            "Credit code fails its check digit.",
        ],
    }
    return pd.DataFrame(list(rows.values()))


def make_data(project: Project, **changes: Any) -> BriefingData:
    values: dict[str, Any] = {
        "project": project,
        "period": PERIOD,
        "is_synthetic": True,
        "figures": make_readings(project),
        "values": make_values(project),
        "returns": make_returns(project),
        "run_id": "5e1c0b6a",
        "rules_version": "0f3a9c21d4e85b77",
        "generated_by": "g60pipeline 0.1.0",
        "file_names": tuple(f"{code.code}_2021-12.xlsx" for code in project.code_lists["units"].codes[1:19]),
    }
    return BriefingData(**{**values, **changes})
