"""Tables of the ledgers: submissions, what was read and found, verdicts, openings, corrections by the district.

Not here: tables that follow from a contract (tables.py), values and releases (value_tables.py).
"""

from __future__ import annotations

import sqlalchemy as sa

from g60pipeline.warehouse.columns import column, number, text


def add_ledgers(metadata: sa.MetaData) -> None:
    """Add what is received, read, judged and found."""
    sa.Table(
        "submission", metadata,
        number("submission_id", "台账序号 / number in the ledger; the order of everything", key=True),
        text("sha256", "文件指纹 / fingerprint of the file", nullable=False),
        text("file_name", "文件名 / name of the file, personal numbers masked"),
        text("kind", "文件类型 / xlsx, xls, ods, csv.zip, json"),
        number("byte_count", "文件字节数 / size of the file"),
        text("reporting_unit_code", "报送单位 / unit on the cover"),
        text("period", "报送期 / month on the cover, YYYY-MM"),
        text("template_version", "模板版本 / template version on the cover"),
        number("sequence_number", "报送序号 / sequence number on the cover"),
        text("status", "接收状态 / received, unreadable or refused", nullable=False),
        column("received_at", sa.DateTime(), "接收时间 / when it was received, UTC", nullable=False),
        schema="ops", comment="报送台账 / ledger of submissions; append-only",
    )  # fmt: skip
    sa.Table(
        "submission_form", metadata,
        number("submission_id", "台账序号 / submission", key=True),
        text("form", "报表 / form", key=True),
        text("sheet", "工作表 / sheet or file inside the submission", nullable=False),
        number("row_count", "行数 / rows read", nullable=False),
        column("layout", sa.JSON(), "列位置 / field → column letter and unit of measure as read"),
        text("content_hash", "内容指纹 / fingerprint of the values read, whatever their order or place"),
        schema="ops", comment="报送所含报表 / forms of a submission and where their columns stood",
    )  # fmt: skip
    sa.Table(
        "intake_finding", metadata,
        number("submission_id", "台账序号 / submission", key=True),
        number("finding_no", "问题序号 / number within the submission", key=True),
        text("form", "报表 / form"),
        text("rule", "规则 / intake rule", nullable=False),
        text("sheet", "工作表 / sheet"),
        number("sheet_row", "行号 / row in the sheet, from 1"),
        text("cell", "单元格 / cell address"),
        text("field", "字段 / field"),
        text("value", "填报值 / raw text of the cell"),
        column("quoted", sa.JSON(), "说明参数 / what the message quotes"),
        schema="staged", comment="接收时发现的问题 / what intake found before values were judged",
    )  # fmt: skip
    sa.Table(
        "cover", metadata,
        number("submission_id", "台账序号 / submission", key=True),
        column("cell_addresses", sa.JSON(), "单元格 / field → cell address on the cover"),
        column("raw_text", sa.JSON(), "原文 / field → text as it stood in the cell", nullable=False),
        schema="staged", comment="封面 / covers as read",
    )  # fmt: skip
    sa.Table(
        "explanation", metadata,
        number("submission_id", "台账序号 / submission", key=True),
        text("finding_key", "问题标识 / finding that is explained", key=True),
        text("explanation", "单位说明 / what the unit says to it", nullable=False),
        schema="staged", comment="单位说明 / explanations as read from feedback that was sent back",
    )  # fmt: skip
    sa.Table(
        "check_result", metadata,
        text("run_id", "运行 / Dagster run", key=True),
        text("form", "报表 / form", key=True),
        text("check_name", "检查 / check", key=True),
        text("period", "报送期 / month", key=True),
        number("element_count", "检查行数 / rows looked at", nullable=False),
        number("failing_count", "问题数 / findings", nullable=False),
        schema="ops", comment="检查结果 / results of each check by month; append-only",
    )  # fmt: skip
    sa.Table(
        "verdict", metadata,
        number("verdict_id", "结论序号 / number of the verdict", key=True),
        number("submission_id", "台账序号 / submission", nullable=False),
        text("rules_version", "规则版本 / hash of the contracts it was judged by", nullable=False),
        text(
            "status", "结论 / accepted, awaiting_explanation, returned, unreadable or refused", nullable=False
        ),
        number("critical_count", "严重问题数 / critical findings", nullable=False),
        number("warning_count", "提示问题数 / warnings", nullable=False),
        text("probable_cause", "可能的原因 / the one slip that explains most findings"),
        column("judged_at", sa.DateTime(), "判定时间 / when it was judged, UTC", nullable=False),
        schema="ops", comment="校验结论 / verdicts; append-only, the last one of a submission counts",
    )  # fmt: skip
    sa.Table(
        "finding", metadata,
        number("verdict_id", "结论序号 / verdict", key=True),
        number("finding_no", "问题序号 / number within the verdict", key=True),
        number("submission_id", "台账序号 / submission", nullable=False),
        text("reporting_unit_code", "报送单位 / unit"),
        text("period", "报送期 / month"),
        text("form", "报表 / form"),
        text("rule", "规则 / id of the expectation", nullable=False),
        text("code", "问题代码 / stable code for clerks", nullable=False),
        number("level", "层级 / level 0 to 5", nullable=False),
        text("severity", "严重程度 / critical, warning, info", nullable=False),
        text("sheet", "工作表 / sheet"),
        number("sheet_row", "行号 / row in the sheet, from 1"),
        text("cell", "单元格 / cell address"),
        text("field", "字段 / field"),
        text("row_key", "行键 / key of the row"),
        text("value", "填报值 / raw text of the cell"),
        text("expected", "应为 / what should stand there, where the rule says it"),
        column("compared_with", sa.JSON(), "对比值 / name → value of what it was compared with"),
        column("related_cells", sa.JSON(), "相关单元格 / cells it was compared with, as sheet!cell=text"),
        text("finding_key", "问题标识 / stable name within the unit and month", nullable=False),
        text("explanation", "单位说明 / what the unit says to it"),
        text("message_zh", "说明 / what is wrong and what to do", nullable=False),
        text("message_en", "说明（英文） / the same in English", nullable=False),
        schema="ops", comment="校验问题 / findings of a verdict, by cell",
    )  # fmt: skip


def add_openings(metadata: sa.MetaData) -> None:
    """Add who may send after the lock."""
    sa.Table(
        "opening", metadata,
        number("opening_id", "开放序号 / number of the opening", key=True),
        text("unit_code", "报送单位 / unit, * for every unit", nullable=False),
        text("form", "报表 / form, * for every form", nullable=False),
        text("first_period", "起始报送期 / first month opened", nullable=False),
        text("last_period", "截止报送期 / last month opened", nullable=False),
        column("opened_from", sa.Date(), "开放首日 / first day on which it is open, Beijing", nullable=False),
        column("opened_until", sa.Date(), "开放末日 / last day on which it is open, Beijing", nullable=False),
        text("reason", "原因 / why", nullable=False),
        text("opened_by", "开放单位 / office that opened it, never a person", nullable=False),
        column("entered_at", sa.DateTime(), "登记时间 / when it was entered, UTC", nullable=False),
        schema="ops", comment="锁定后开放 / who may send after the lock; append-only",
    )  # fmt: skip


def add_corrections(metadata: sa.MetaData) -> None:
    """Add the district's corrections, event by event."""
    sa.Table(
        "correction_event", metadata,
        number("event_id", "更正事件序号 / number of the event; the order of corrections", key=True),
        text("correction_id", "更正 / correction in assets/corrections", nullable=False),
        text("kind", "事件 / entered, retired, applied, stale, unmatched or ambiguous", nullable=False),
        text("form", "报表 / form", nullable=False),
        text("reporting_unit_code", "报送单位 / unit", nullable=False),
        text("period", "报送期 / month", nullable=False),
        number("submission_id", "台账序号 / submission that it was tried on"),
        number("sheet_row", "行号 / row that it changed"),
        text("field", "字段 / field; blank where the row is dropped"),
        text("old_value", "原值 / value found"),
        text("new_value", "新值 / value put in its place"),
        column("definition", sa.JSON(), "更正内容 / the correction as it was written"),
        column("entered_at", sa.DateTime(), "登记时间 / when it was entered, UTC", nullable=False),
        schema="ops", comment="区级更正 / corrections by the district, as overlays; append-only",
    )  # fmt: skip
