"""Tables of indicator values over time and of releases.

Not here: tables that follow from a contract (tables.py), ledgers (ledger_tables.py).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from g60pipeline.warehouse.columns import column, number, text


def _value_columns(has_key: bool = False) -> list[sa.Column[Any]]:
    """Columns of an indicator's value, as computed, stored over time and released."""
    key = {"key": True} if has_key else {"nullable": False}
    return [
        text("indicator_id", "指标 / indicator", **key),
        text("period", "月份 / month", **key),
        text("time_basis", "时间口径 / end, month or year_to_date", **key),
        text("level", "层级 / cluster, unit, district, city or corridor", **key),
        text("subject_code", "对象 / code of the cluster, unit, district, city or corridor", **key),
        text("dimension", "分组 / dimension, blank for the whole", **key),
        text("dimension_code", "分组代码 / code within the dimension, blank for the whole", **key),
        text("boundaries", "区划口径 / as_was: units of the time, as_now: units of today", **key),
        column(
            "value",
            sa.Double(),
            "指标值 / value in the indicator's unit; ratios 0–1; null when there is none",
        ),
        column("numerator", sa.Double(), "分子 / numerator"),
        column("denominator", sa.Double(), "分母 / denominator, or the base of a growth"),
        text("unit", "单位 / unit of measure", nullable=False),
        number("expected_unit_count", "应报单位数 / units expected", nullable=False),
        number("reporting_unit_count", "已报单位数 / units reporting", nullable=False),
        column("coverage_ratio", sa.Double(), "加权覆盖率 / coverage weighted by the last known denominator"),
        text(
            "status", "状态 / published, withheld, no_value, missing, at_least or suppressed", nullable=False
        ),
        text("note", "标注 / label, such as may_count_twice"),
    ]


def add_values(metadata: sa.MetaData) -> None:
    """Add values over time, and what they were computed from."""
    sa.Table(
        "indicator_vintage", metadata,
        *_value_columns(),
        text("definitions_version", "定义版本 / hash of the definitions it was computed by", nullable=False),
        column("known_from", sa.DateTime(), "起始时间 / since when this was the value, UTC", nullable=False),
        column("known_to", sa.DateTime(), "截止时间 / until when, UTC; null: it still is"),
        schema="mart", comment="指标值沿革 / indicator values as they were known over time; append-only but for known_to",
    )  # fmt: skip
    sa.Table(
        "computation", metadata,
        text("indicator_id", "指标 / indicator", key=True),
        text("period", "月份 / month", key=True),
        text("fingerprint", "输入指纹 / hash of everything that the values rest on", nullable=False),
        column("computed_at", sa.DateTime(), "计算时间 / when they were computed, UTC", nullable=False),
        schema="mart", comment="计算记录 / what the values of an indicator and month were computed from",
    )  # fmt: skip


def add_releases(metadata: sa.MetaData) -> None:
    """Add releases, their values, definitions and revisions."""
    sa.Table(
        "definition_set", metadata,
        text("definitions_hash", "定义指纹 / hash of the files", key=True),
        column("files", sa.JSON(), "定义文件 / path → text of every contract, code list and definition", nullable=False),
        column("created_at", sa.DateTime(), "登记时间 / when it was stored, UTC", nullable=False),
        schema="release", comment="定义存档 / definitions that releases were made by",
    )  # fmt: skip
    sa.Table(
        "release", metadata,
        text("release_id", "发布编号 / month and number, such as 2021-12.1", key=True),
        text("period", "月份 / month", nullable=False),
        number("release_no", "发布序号 / number within the month", nullable=False),
        text("stage", "阶段 / preliminary, revised or final", nullable=False),
        number("cut_submission_id", "截止报送 / last submission that counts", nullable=False),
        number("cut_verdict_id", "截止结论 / last verdict that counts", nullable=False),
        number("cut_correction_event_id", "截止更正 / last correction event that counts", nullable=False),
        text("definitions_hash", "定义指纹 / definitions it was made by", nullable=False),
        text("previous_release_id", "上一次发布 / release before it of the same month"),
        text("note", "说明 / why it was made"),
        column("created_at", sa.DateTime(), "发布时间 / when it was made, UTC", nullable=False),
        column("manifest", sa.JSON(), "清单 / hashes of inputs, definitions and outputs", nullable=False),
        text("manifest_sha256", "清单指纹 / hash of the manifest", nullable=False),
        schema="release", comment="发布 / releases; append-only",
    )  # fmt: skip
    sa.Table(
        "value", metadata,
        text("release_id", "发布编号 / release", key=True),
        *_value_columns(has_key=True),
        text("suppression", "保密处理 / blank, primary or secondary", nullable=False),
        schema="release", comment="发布的指标值 / values as published; of suppressed ones no value is kept",
    )  # fmt: skip
    exact = {
        "value_before": "发布前值 / value in the release before",
        "value_after": "发布后值 / value in this release",
        "late_returns": "迟报补报 / part that late returns make",
        "corrections": "单位更正 / part that resubmissions make",
        "overlays": "区级更正 / part that corrections by the district make",
        "definitions": "定义变更 / part that changed definitions make",
        "boundaries_change": "区划变更 / part that changed units and clusters make",
    }
    sa.Table(
        "revision", metadata,
        text("release_id", "发布编号 / release", key=True),
        text("previous_release_id", "上一次发布 / release that it is compared with", key=True),
        *(column for column in _value_columns(has_key=True) if column.primary_key),
        *(column(name, sa.Numeric(38, 12), comment) for name, comment in exact.items()),
        text("note", "标注 / appeared, disappeared, suppressed or parts_protected"),
        schema="release", comment="修订说明 / why a value changed between releases; the parts add up exactly",
    )  # fmt: skip
