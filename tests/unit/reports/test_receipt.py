"""The receipt: its number, the file's fingerprint, what was read, the verdict, what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from g60pipeline.contracts.project import Project
from g60pipeline.reports.receipt import build_receipt, receipt_number


def submission(**changes: Any) -> dict[str, Any]:
    return {
        "submission_id": 123, "sha256": "ab" * 32, "file_name": "310117107_2021-12_1.xlsx", "kind": "xlsx",
        "byte_count": 12345, "reporting_unit_code": "310117107", "period": "2021-12", "template_version": "2021.1",
        "sequence_number": 2, "received_at": datetime(2022, 1, 4, 16, 30, 1), "verdict": "accepted",
        "judged_at": datetime(2022, 1, 4, 16, 31), "critical_count": 0, "warning_count": 0,
        "forms": [{"form": "activity", "sheet": "组织活动表", "row_count": 4},
                  {"form": "cluster_organisation", "sheet": "集群党组织情况表", "row_count": 1}], **changes,
    }  # fmt: skip


def test_the_number_names_unit_month_and_place_in_the_ledger() -> None:
    assert receipt_number(submission()) == "310117107-2021-12-000123"


def test_the_receipt_says_what_came_and_what_was_read(project: Project) -> None:
    page = build_receipt(project, submission())
    for said in (
        "310117107-2021-12-000123", "ab" * 32, "九亭镇", "2021年12月", "第 2 次报送", "2022-01-05 00:30:01",
        "12,345 字节", "台账第 123 号", "共 2 张（应报 9 张）", "通过",
    ):  # fmt: skip
        assert said in page
    assert page.index("集群党组织情况表") < page.index("组织活动表")  # in the order in which they are owed


@pytest.mark.parametrize(
    ("verdict", "next_step", "names_the_lock"),
    [
        ("accepted", "不需要再报", False),
        ("returned", "请按反馈文件逐格修改", True),
        ("unreadable", "未能读取", True),
        ("refused", "文件本身没有保存", True),
        ("received", "等待校验", True),
    ],
)
def test_each_verdict_says_what_to_do_next(
    project: Project, verdict: str, next_step: str, names_the_lock: bool
) -> None:
    page = build_receipt(project, submission(verdict=verdict))
    assert next_step in page
    assert ("2022-01-20 起锁定" in page) is names_the_lock


def test_warnings_of_an_accepted_return_ask_for_an_explanation(project: Project) -> None:
    assert "说明原因" not in build_receipt(project, submission())
    assert "3 个提示问题已有说明" in build_receipt(project, submission(warning_count=3))


def test_what_is_not_known_is_left_out(project: Project) -> None:
    bare = submission(
        verdict="refused", kind=None, template_version=None, sequence_number=None, judged_at=None, forms=[]
    )
    page = build_receipt(project, bare)
    assert "没有读取任何报表" in page
    assert "尚未校验" in page
    assert "None" not in page


def test_a_files_name_is_escaped(project: Project) -> None:
    assert "<b>x</b>" not in build_receipt(project, submission(file_name="<b>x</b>.xlsx"))


def test_an_unknown_verdict_is_no_receipt(project: Project) -> None:
    with pytest.raises(Exception, match="lost"):
        build_receipt(project, submission(verdict="lost"))
