"""Tables made from contracts: `ops` (ledger, verdicts, findings), `staged` and `core` (a table per form), `mart`.

Belongs here: names, types and comments of columns. Not here: rows (ledger.py, load.py), views (views.py).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.forms import FieldType, Form
from g60pipeline.contracts.indicators import Scorecard
from g60pipeline.contracts.project import Project

SCHEMAS = ("ops", "staged", "core", "mart")

_TYPES: dict[FieldType, Any] = {
    "integer": sa.BigInteger(),
    "decimal": sa.Numeric(24, 6),
    "text": sa.String(),
    "date": sa.Date(),
    "timestamp": sa.DateTime(),
    "boolean": sa.Boolean(),
}


def _column(name: str, type_: Any, comment: str, key: bool = False, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(
        name, type_, primary_key=key, autoincrement=False, nullable=nullable and not key, comment=comment
    )


def _text(name: str, comment: str, key: bool = False, nullable: bool = True) -> sa.Column[Any]:
    return _column(name, sa.String(), comment, key, nullable)


def _number(name: str, comment: str, key: bool = False, nullable: bool = True) -> sa.Column[Any]:
    return _column(name, sa.BigInteger(), comment, key, nullable)


def _ops(metadata: sa.MetaData) -> None:
    sa.Table(
        "submission", metadata,
        _number("submission_id", "台账序号 / number in the ledger; the order of everything", key=True),
        _text("sha256", "文件指纹 / fingerprint of the file", nullable=False),
        _text("file_name", "文件名 / name of the file, personal numbers masked"),
        _text("kind", "文件类型 / xlsx, xls, ods, csv.zip, json"),
        _number("byte_count", "文件字节数 / size of the file"),
        _text("reporting_unit_code", "报送单位 / unit on the cover"),
        _text("period", "报送期 / month on the cover, YYYY-MM"),
        _text("template_version", "模板版本 / template version on the cover"),
        _number("sequence_number", "报送序号 / sequence number on the cover"),
        _text("status", "接收状态 / received, unreadable or refused", nullable=False),
        _column("received_at", sa.DateTime(), "接收时间 / when it was received, UTC", nullable=False),
        schema="ops", comment="报送台账 / ledger of submissions; append-only",
    )  # fmt: skip
    sa.Table(
        "submission_form", metadata,
        _number("submission_id", "台账序号 / submission", key=True),
        _text("form", "报表 / form", key=True),
        _text("sheet", "工作表 / sheet or file inside the submission", nullable=False),
        _number("row_count", "行数 / rows read", nullable=False),
        _column("layout", sa.JSON(), "列位置 / field → column letter and unit of measure as read"),
        schema="ops", comment="报送所含报表 / forms of a submission and where their columns stood",
    )  # fmt: skip
    sa.Table(
        "intake_finding", metadata,
        _number("submission_id", "台账序号 / submission", key=True),
        _number("finding_no", "问题序号 / number within the submission", key=True),
        _text("form", "报表 / form"),
        _text("rule", "规则 / intake rule", nullable=False),
        _text("sheet", "工作表 / sheet"),
        _number("sheet_row", "行号 / row in the sheet, from 1"),
        _text("cell", "单元格 / cell address"),
        _text("field", "字段 / field"),
        _text("value", "填报值 / raw text of the cell"),
        _column("quoted", sa.JSON(), "说明参数 / what the message quotes"),
        schema="staged", comment="接收时发现的问题 / what intake found before values were judged",
    )  # fmt: skip
    sa.Table(
        "cover", metadata,
        _number("submission_id", "台账序号 / submission", key=True),
        _column("cell_addresses", sa.JSON(), "单元格 / field → cell address on the cover"),
        _column("raw_text", sa.JSON(), "原文 / field → text as it stood in the cell", nullable=False),
        schema="staged", comment="封面 / covers as read",
    )  # fmt: skip
    sa.Table(
        "explanation", metadata,
        _number("submission_id", "台账序号 / submission", key=True),
        _text("finding_key", "问题标识 / finding that is explained", key=True),
        _text("explanation", "单位说明 / what the unit says to it", nullable=False),
        schema="staged", comment="单位说明 / explanations as read from feedback that was sent back",
    )  # fmt: skip
    sa.Table(
        "check_result", metadata,
        _text("run_id", "运行 / Dagster run", key=True),
        _text("form", "报表 / form", key=True),
        _text("check_name", "检查 / check", key=True),
        _text("period", "报送期 / month", key=True),
        _number("element_count", "检查行数 / rows looked at", nullable=False),
        _number("failing_count", "问题数 / findings", nullable=False),
        schema="ops", comment="检查结果 / results of each check by month; append-only",
    )  # fmt: skip
    sa.Table(
        "verdict", metadata,
        _number("verdict_id", "结论序号 / number of the verdict", key=True),
        _number("submission_id", "台账序号 / submission", nullable=False),
        _text("rules_version", "规则版本 / hash of the contracts it was judged by", nullable=False),
        _text(
            "status", "结论 / accepted, awaiting_explanation, returned, unreadable or refused", nullable=False
        ),
        _number("critical_count", "严重问题数 / critical findings", nullable=False),
        _number("warning_count", "提示问题数 / warnings", nullable=False),
        _text("probable_cause", "可能的原因 / the one slip that explains most findings"),
        _column("judged_at", sa.DateTime(), "判定时间 / when it was judged, UTC", nullable=False),
        schema="ops", comment="校验结论 / verdicts; append-only, the last one of a submission counts",
    )  # fmt: skip
    sa.Table(
        "finding", metadata,
        _number("verdict_id", "结论序号 / verdict", key=True),
        _number("finding_no", "问题序号 / number within the verdict", key=True),
        _number("submission_id", "台账序号 / submission", nullable=False),
        _text("reporting_unit_code", "报送单位 / unit"),
        _text("period", "报送期 / month"),
        _text("form", "报表 / form"),
        _text("rule", "规则 / id of the expectation", nullable=False),
        _text("code", "问题代码 / stable code for clerks", nullable=False),
        _number("level", "层级 / level 0 to 5", nullable=False),
        _text("severity", "严重程度 / critical, warning, info", nullable=False),
        _text("sheet", "工作表 / sheet"),
        _number("sheet_row", "行号 / row in the sheet, from 1"),
        _text("cell", "单元格 / cell address"),
        _text("field", "字段 / field"),
        _text("row_key", "行键 / key of the row"),
        _text("value", "填报值 / raw text of the cell"),
        _text("expected", "应为 / what should stand there, where the rule says it"),
        _column("compared_with", sa.JSON(), "对比值 / name → value of what it was compared with"),
        _column("related_cells", sa.JSON(), "相关单元格 / cells it was compared with, as sheet!cell=text"),
        _text("finding_key", "问题标识 / stable name within the unit and month", nullable=False),
        _text("explanation", "单位说明 / what the unit says to it"),
        _text("message_zh", "说明 / what is wrong and what to do", nullable=False),
        _text("message_en", "说明（英文） / the same in English", nullable=False),
        schema="ops", comment="校验问题 / findings of a verdict, by cell",
    )  # fmt: skip


def _openings(metadata: sa.MetaData) -> None:
    sa.Table(
        "opening", metadata,
        _number("opening_id", "开放序号 / number of the opening", key=True),
        _text("unit_code", "报送单位 / unit, * for every unit", nullable=False),
        _text("form", "报表 / form, * for every form", nullable=False),
        _text("first_period", "起始报送期 / first month opened", nullable=False),
        _text("last_period", "截止报送期 / last month opened", nullable=False),
        _column("opened_from", sa.Date(), "开放首日 / first day on which it is open, Beijing", nullable=False),
        _column("opened_until", sa.Date(), "开放末日 / last day on which it is open, Beijing", nullable=False),
        _text("reason", "原因 / why", nullable=False),
        _text("opened_by", "开放单位 / office that opened it, never a person", nullable=False),
        _column("entered_at", sa.DateTime(), "登记时间 / when it was entered, UTC", nullable=False),
        schema="ops", comment="锁定后开放 / who may send after the lock; append-only",
    )  # fmt: skip


def _form_table(metadata: sa.MetaData, form: Form, schema: str, state: str, has_key: bool) -> None:
    fields = [
        _column(f.name, _TYPES[f.type], f"{f.heading}：{f.description.zh} / {f.description.en}")
        for f in form.fields
    ]
    sa.Table(
        form.name, metadata,
        _number("submission_id", "台账序号 / submission", key=has_key, nullable=False),
        _text("reporting_unit_code", "报送单位 / unit on the cover", nullable=False),
        _text("period", "报送期 / month, YYYY-MM", nullable=False),
        _number("sheet_row", "行号 / row in the sheet, from 1", key=has_key, nullable=False),
        *fields,
        _column("raw_text", sa.JSON(), "原文 / field → text as it stood in the cell; blank cells are absent", nullable=False),
        schema=schema, comment=f"{form.title.zh}（{state}） / {form.title.en}: {form.description}",
    )  # fmt: skip


def _dimensions(metadata: sa.MetaData) -> None:
    sa.Table(
        "code", metadata,
        _text("code_list", "代码表 / code list", key=True),
        _text("code", "代码 / code", key=True),
        _text("label_zh", "中文名称 / label in Chinese", nullable=False),
        _text("label_en", "英文名称 / label in English", nullable=False),
        _text("valid_from", "生效日期 / valid from, inclusive"),
        _text("valid_to", "失效日期 / valid to, inclusive"),
        _column("attributes", sa.JSON(), "属性 / further attributes"),
        schema="core", comment="代码表 / every code list, dated",
    )  # fmt: skip
    sa.Table(
        "unit", metadata,
        _text("unit_code", "单位代码 / unit", key=True),
        _text("label_zh", "中文名称 / name in Chinese", nullable=False),
        _text("label_en", "英文名称 / name in English", nullable=False),
        _text("kind", "类型 / kind", nullable=False),
        _text("parent_code", "上级 / parent in the hierarchy"),
        _text("valid_from", "生效日期 / valid from"),
        _text("valid_to", "失效日期 / valid to"),
        schema="core", comment="报送单位 / reporting units, dated",
    )  # fmt: skip
    sa.Table(
        "cluster", metadata,
        _text("cluster_code", "集群代码 / cluster", key=True),
        _text("label_zh", "中文名称 / name in Chinese", nullable=False),
        _text("label_en", "英文名称 / name in English", nullable=False),
        _text("organisation_form", "组织形式 / registered form", nullable=False),
        _text("host_unit_code", "承担单位 / host unit", nullable=False),
        _text("strategic_industry", "产业 / strategic industry", nullable=False),
        _text("valid_from", "生效日期 / valid from"),
        _text("valid_to", "失效日期 / valid to"),
        schema="core", comment="产业集群 / clusters, dated",
    )  # fmt: skip
    sa.Table(
        "period", metadata,
        _text("period", "月份 / month, YYYY-MM", key=True),
        _number("month_index", "月序 / months since year 0", nullable=False),
        _number("year_start_index", "年初月序 / month_index of January", nullable=False),
        _column("start_date", sa.Date(), "首日 / first day", nullable=False),
        _column("end_date", sa.Date(), "末日 / last day", nullable=False),
        schema="core", comment="月份 / months",
    )  # fmt: skip
    sa.Table(
        "obligation", metadata,
        _text("reporting_unit_code", "报送单位 / unit", key=True),
        _text("form", "报表 / form", key=True),
        _text("period", "报送期 / month", key=True),
        _number("month_index", "月序 / months since year 0", nullable=False),
        _column("due_date", sa.Date(), "截止日 / due", nullable=False),
        _column("grace_end_date", sa.Date(), "宽限截止 / end of grace", nullable=False),
        _column("lock_date", sa.Date(), "锁定日 / lock", nullable=False),
        schema="core", comment="报送义务 / who owes which form for which month",
    )  # fmt: skip


def _indicator_values(metadata: sa.MetaData) -> None:
    sa.Table(
        "indicator_value", metadata,
        _text("indicator_id", "指标 / indicator", nullable=False),
        _text("period", "月份 / month", nullable=False),
        _text("time_basis", "时间口径 / end, month or year_to_date", nullable=False),
        _text("level", "层级 / cluster, unit or district", nullable=False),
        _text("subject_code", "对象 / cluster, unit or district code", nullable=False),
        _text("dimension", "分组 / dimension, blank for the whole", nullable=False),
        _text("dimension_code", "分组代码 / code within the dimension, blank for the whole", nullable=False),
        _column("value", sa.Double(), "指标值 / value in the indicator's unit; ratios 0–1; null when there is none"),
        _column("numerator", sa.Double(), "分子 / numerator"),
        _column("denominator", sa.Double(), "分母 / denominator, or the base of a growth"),
        _text("unit", "单位 / unit of measure", nullable=False),
        _number("expected_unit_count", "应报单位数 / units expected", nullable=False),
        _number("reporting_unit_count", "已报单位数 / units reporting", nullable=False),
        _column("coverage_ratio", sa.Double(), "加权覆盖率 / coverage weighted by the last known denominator"),
        _text("status", "状态 / published, withheld, no_value, missing or at_least", nullable=False),
        _text("note", "标注 / label, such as may_count_twice"),
        schema="mart", comment="指标值（长表） / indicator values, long",
    )  # fmt: skip


def _scorecard(metadata: sa.MetaData, scorecard: Scorecard, project: Project) -> None:
    columns = [
        _column(
            name, sa.Double(), f"{project.indicators[name].label.zh} / {project.indicators[name].label.en}"
        )
        for name in scorecard.time
    ]
    sa.Table(
        scorecard.name, metadata,
        _text("period", "月份 / month", nullable=False),
        _text("subject_code", "对象 / unit or cluster", nullable=False),
        _text("label_zh", "名称 / name in Chinese"),
        *columns,
        schema="mart", comment=f"{scorecard.title.zh} / {scorecard.title.en}",
    )  # fmt: skip


def build_metadata(project: Project) -> sa.MetaData:
    """Build every table of the warehouse, with comments, from the contracts."""
    metadata = sa.MetaData()
    _ops(metadata)
    _openings(metadata)
    for form in project.forms.values():
        _form_table(metadata, form, "staged", "暂存", has_key=False)
        _form_table(metadata, form, "core", "入库", has_key=True)
    _dimensions(metadata)
    _indicator_values(metadata)
    for scorecard in project.scorecards:
        _scorecard(metadata, scorecard, project)
    return metadata
