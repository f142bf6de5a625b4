"""Tables made from contracts: `ops` (ledger, verdicts, findings), `staged` and `core` (a table per form), `mart`.

Belongs here: names, types and comments of columns. Not here: rows (ledger.py, load.py), views (views.py).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.forms import FieldType, Form
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.columns import TEXT, column, number, text
from g60pipeline.warehouse.ledger_tables import add_corrections, add_ledgers, add_openings
from g60pipeline.warehouse.value_tables import add_releases, add_values

SCHEMAS = ("ops", "staged", "core", "mart", "release")

_TYPES: dict[FieldType, Any] = {
    "integer": sa.BigInteger(),
    "decimal": sa.Numeric(24, 6),
    "text": TEXT,
    "date": sa.Date(),
    "timestamp": sa.DateTime(),
    "boolean": sa.Boolean(),
}


def _form_table(metadata: sa.MetaData, form: Form, schema: str, state: str, is_core: bool) -> None:
    fields = [
        column(f.name, _TYPES[f.type], f"{f.heading}：{f.description.zh} / {f.description.en}")
        for f in form.fields
    ]
    versions = [
        number("row_version", "行版本 / 0 as sent, else number of the correction event", key=True),
        text("correction_ids", "更正 / corrections in this version, joined by ;"),
        column("is_dropped", sa.Boolean(), "已剔除 / a correction drops the row", nullable=False),
    ]
    sa.Table(
        form.name, metadata,
        number("submission_id", "台账序号 / submission", key=is_core, nullable=False),
        text("reporting_unit_code", "报送单位 / unit on the cover", nullable=False),
        text("period", "报送期 / month, YYYY-MM", nullable=False),
        number("sheet_row", "行号 / row in the sheet, from 1", key=is_core, nullable=False),
        *(versions if is_core else []),
        *fields,
        column("raw_text", sa.JSON(), "原文 / field → text as it stood in the cell; blank cells are absent", nullable=False),
        schema=schema, comment=f"{form.title.zh}（{state}） / {form.title.en}: {form.description}",
    )  # fmt: skip


def _dimensions(metadata: sa.MetaData) -> None:
    sa.Table(
        "code", metadata,
        text("code_list", "代码表 / code list", key=True),
        text("code", "代码 / code", key=True),
        text("label_zh", "中文名称 / label in Chinese", nullable=False),
        text("label_en", "英文名称 / label in English", nullable=False),
        text("valid_from", "生效日期 / valid from, inclusive"),
        text("valid_to", "失效日期 / valid to, inclusive"),
        column("attributes", sa.JSON(), "属性 / further attributes"),
        schema="core", comment="代码表 / every code list, dated",
    )  # fmt: skip
    sa.Table(
        "unit", metadata,
        text("unit_code", "单位代码 / unit", key=True),
        text("label_zh", "中文名称 / name in Chinese", nullable=False),
        text("label_en", "英文名称 / name in English", nullable=False),
        text("kind", "类型 / kind", nullable=False),
        text("parent_code", "上级 / parent in the hierarchy"),
        text("district_code", "所属区 / district"),
        text("city_code", "所属市 / city"),
        text("corridor_code", "所属走廊 / corridor"),
        text("valid_from", "生效日期 / valid from"),
        text("valid_to", "失效日期 / valid to"),
        schema="core", comment="报送单位 / reporting units, dated",
    )  # fmt: skip
    sa.Table(
        "cluster", metadata,
        text("cluster_code", "集群代码 / cluster", key=True),
        text("label_zh", "中文名称 / name in Chinese", nullable=False),
        text("label_en", "英文名称 / name in English", nullable=False),
        text("organisation_form", "组织形式 / registered form", nullable=False),
        text("host_unit_code", "承担单位 / host unit", nullable=False),
        text("strategic_industry", "产业 / strategic industry", nullable=False),
        text("valid_from", "生效日期 / valid from"),
        text("valid_to", "失效日期 / valid to"),
        schema="core", comment="产业集群 / clusters, dated",
    )  # fmt: skip
    sa.Table(
        "unit_link", metadata,
        text("from_unit_code", "原单位 / unit that was", key=True),
        text("to_unit_code", "现单位 / unit that takes its place", key=True),
        text("kind", "变更 / merge, split or rename", nullable=False),
        text("valid_from", "变更日期 / first day of the new unit", nullable=False),
        column("weight", sa.Double(), "权重 / share of the old unit that the new one takes", nullable=False),
        schema="core", comment="单位沿革 / units merge, split and are renamed: dated, weighted links",
    )  # fmt: skip
    sa.Table(
        "cluster_host", metadata,
        text("cluster_code", "集群代码 / cluster", key=True),
        text("host_unit_code", "承担单位 / host unit", nullable=False),
        text("valid_from", "生效日期 / valid from, blank for ever", key=True),
        text("valid_to", "失效日期 / valid to"),
        schema="core", comment="集群承担单位 / which unit hosts a cluster, dated",
    )  # fmt: skip
    sa.Table(
        "period", metadata,
        text("period", "月份 / month, YYYY-MM", key=True),
        number("month_index", "月序 / months since year 0", nullable=False),
        number("year_start_index", "年初月序 / month_index of January", nullable=False),
        column("start_date", sa.Date(), "首日 / first day", nullable=False),
        column("end_date", sa.Date(), "末日 / last day", nullable=False),
        schema="core", comment="月份 / months",
    )  # fmt: skip
    sa.Table(
        "obligation", metadata,
        text("reporting_unit_code", "报送单位 / unit", key=True),
        text("form", "报表 / form", key=True),
        text("period", "报送期 / month", key=True),
        number("month_index", "月序 / months since year 0", nullable=False),
        column("due_date", sa.Date(), "截止日 / due", nullable=False),
        column("grace_end_date", sa.Date(), "宽限截止 / end of grace", nullable=False),
        column("lock_date", sa.Date(), "锁定日 / lock", nullable=False),
        schema="core", comment="报送义务 / who owes which form for which month",
    )  # fmt: skip


DIMENSIONS = ("code", "unit", "unit_link", "cluster", "cluster_host", "obligation")


def _dimension_histories(metadata: sa.MetaData) -> None:
    for name in DIMENSIONS:
        of = metadata.tables[f"core.{name}"]
        sa.Table(
            f"{name}_history", metadata,
            *(column(c.name, c.type, str(c.comment)) for c in of.columns),
            column("known_from", sa.DateTime(), "起始时间 / since when the code lists said so, UTC"),
            column("known_to", sa.DateTime(), "截止时间 / until when, UTC; null: they still do"),
            schema="core", comment=f"{of.comment} — 沿革 / as the code lists said over time; append-only but for known_to",
        )  # fmt: skip


def build_metadata(project: Project) -> sa.MetaData:
    """Build every table of the warehouse, with comments, from the contracts."""
    metadata = sa.MetaData()
    add_ledgers(metadata)
    add_openings(metadata)
    add_corrections(metadata)
    for form in project.forms.values():
        _form_table(metadata, form, "staged", "暂存", is_core=False)
        _form_table(metadata, form, "core", "入库", is_core=True)
    _dimensions(metadata)
    _dimension_histories(metadata)
    add_values(metadata)
    add_releases(metadata)
    return metadata
