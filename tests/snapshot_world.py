"""A warehouse in which something was released, and small published tables with every type.

Values carry their generation, so that a mixture of two publications shows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.tables import PublishedColumn, PublishedTable
from g60pipeline.warehouse.engine import Warehouse, append_rows

FIRST = datetime(2022, 1, 12, 1, 30)


def release_row(number: int, period: str = "2021-12") -> dict[str, Any]:
    return {
        "release_id": f"{period}.{number}", "period": period, "release_no": number, "stage": "preliminary",
        "cut_submission_id": 0, "cut_verdict_id": 0, "cut_correction_event_id": 0, "definitions_hash": "d" * 16,
        "previous_release_id": f"{period}.{number - 1}" if number > 1 else None, "note": f"第{number}次",
        "created_at": FIRST + timedelta(days=number), "manifest": {}, "manifest_sha256": "0" * 64,
    }  # fmt: skip


def value_row(release_id: str, subject: str, value: float | None, **more: Any) -> dict[str, Any]:
    return {
        "release_id": release_id, "indicator_id": "cluster_member_count", "period": release_id[:7], "time_basis": "end",
        "level": "unit", "subject_code": subject, "dimension": "", "dimension_code": "", "boundaries": "as_was",
        "value": value, "numerator": value, "denominator": None, "unit": "person", "expected_unit_count": 17,
        "reporting_unit_count": 14, "coverage_ratio": 0.875, "status": "published", "note": None, "suppression": "",
    } | more  # fmt: skip


def add_release(warehouse: Warehouse, number: int, values: list[dict[str, Any]]) -> None:
    """Append a release and its values."""
    with warehouse.transaction() as connection:
        append_rows(connection, warehouse.table("release.release"), [release_row(number)])
        append_rows(connection, warehouse.table("release.value"), values)


def column(name: str, zh: str, type_: Any, key: int | None = None, **more: Any) -> PublishedColumn:
    logical = {
        "VARCHAR": "string",
        "BIGINT": "integer",
        "BOOLEAN": "boolean",
        "DATE": "date",
        "TIMESTAMP": "timestamp",
    }
    return PublishedColumn(
        name=name, type=type_, logical_type=logical.get(type_, "number"), text=Text(zh=zh, en=f"the {name}"),  # type: ignore[arg-type]
        key_position=key, is_nullable=key is None, **more,
    )  # fmt: skip


def table(name: str, zh: str, *columns: PublishedColumn) -> PublishedTable:
    return PublishedTable(
        name=name, version="1.0.0", title=Text(zh=zh, en=name), description=Text(zh=f"{zh}。", en=f"{name}."),
        grain="one row per key", columns=columns,
    )  # fmt: skip


SUBJECT = table(
    "subject", "对象", column("subject_code", "对象代码", "VARCHAR", 1), column("label_zh", "名称", "VARCHAR")
)
FIGURE = table(
    "figure",
    "指标值",
    column("subject_code", "对象代码", "VARCHAR", 1),
    column("dimension", "分组", "VARCHAR", 2),
    column("value", "数值：按单位", "DOUBLE PRECISION", unit_column="unit_code"),
    column("unit_code", "计量单位", "VARCHAR"),
    column("change", "变化额：与上次之差", "NUMERIC(38, 12)", unit="wan_yuan"),
    column("enterprise_count", "企业数", "BIGINT", unit="enterprise"),
    column("year", "年份", "BIGINT"),
    column("is_newest", "最新", "BOOLEAN"),
    column("held_on", "日期", "DATE"),
    column("released_at", "发布时间", "TIMESTAMP"),
)
TABLES = (SUBJECT, FIGURE)
AT = datetime(2022, 1, 12, 1, 30)
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "subject": [("310117001", "岳阳街道"), ("310117107", "=HYPERLINK(\"http://x\")")],
    "figure": [
        ("310117001", "", 0.123456789, "ratio", Decimal("1234567.5"), 1234, 2021, True, date(2021, 12, 31), AT),
        ("310117001", "route", None, "ratio", None, None, None, None, None, None),
        ("310117107", "", 0.33333333333333, "project", Decimal("-0.000000000001"), 10**17 + 1, 2021, False, date(2022, 1, 1), AT),
        ("310117107", "route", 98765.0, "wan_yuan", Decimal(0), 0, 2021, False, date(2022, 1, 1), AT),
    ],
}  # fmt: skip
