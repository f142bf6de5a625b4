"""Returns on older templates: read through their old headings while in grace, returned with the reason afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_samples import SUMMARY, WRITERS, Sheets, good_sheets

from g60pipeline.contracts.project import Project
from g60pipeline.intake.archive import Archive
from g60pipeline.intake.findings import message
from g60pipeline.intake.receive import Received, receive
from g60pipeline.intake.returns import read_return
from g60pipeline.settings import Settings

OLD = "2020.2"
OLD_HEADINGS = {
    "单位代码": "报送单位代码",
    "党员总数": "党员人数",
    "当月新发展党员数": "本月新发展党员数",
    "规上工业产值": "规上工业总产值",
}


def sheets_on(version: str | None, month: str) -> Sheets:
    sheets = good_sheets()
    cover = {row[0]: row[1] for row in sheets["封面"]} | {"报送期": month, "模板版本": version}
    sheets["封面"] = [[label, value] for label, value in cover.items()]
    sheets[SUMMARY][0] = [OLD_HEADINGS.get(heading, heading) for heading in sheets[SUMMARY][0]]
    return sheets


def take(settings: Settings, project: Project, sheets: Sheets, kind: str = "xlsx") -> Received:
    (Path(settings.inbox) / "报表").write_bytes(WRITERS[kind](sheets))
    (received,) = receive(settings, project, ())
    return received


@pytest.mark.parametrize("kind", WRITERS)
def test_a_version_in_grace_is_read_through_its_old_headings_with_a_notice(
    settings: Settings, project: Project, kind: str
) -> None:
    received = take(settings, project, sheets_on(OLD, "2021-03"), kind)
    assert received.status == "received"
    parsed = read_return(project, Archive(settings.archive).get_cells(received.sha256), received.file_name)
    (notice,) = parsed.findings
    assert project.messages.intake[notice.rule].severity == "info"
    assert message(project, notice).zh == (
        "模板版本 2020.2 是旧版，只收到 2021-03 报送期为止。本次已按旧表头读取，下次请使用当前模板（2021.1）。"
    )
    (row,) = parsed.rows["unit_summary"]
    assert (row.values["unit_code"], row.values["member_count"]) == ("310117103", 1200)
    assert (row.values["new_member_count"], str(row.values["above_scale_output_wan_yuan"])) == (
        3,
        "1234567.5",
    )


def test_a_version_in_use_gives_no_notice(settings: Settings, project: Project) -> None:
    assert take(settings, project, sheets_on(OLD, "2020-12")).findings == ()


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        (OLD, "模板版本“2020.2”不能使用：该版本已停用，只收到 2021-03 报送期为止。"),
        ("2031.7", "模板版本“2031.7”不能使用：从未下发过这个版本。"),
        (None, "模板版本“”不能使用：封面没有填写模板版本。"),
    ],
)
def test_any_other_version_is_returned_with_the_reason(
    settings: Settings, project: Project, version: str | None, reason: str
) -> None:
    received = take(settings, project, sheets_on(version, "2021-04"))
    assert received.status == "unreadable"
    (finding,) = received.findings
    said = message(project, finding)
    assert said.zh == f"{reason}请下载当前模板（2021.1），把数据填入后重新报送。"
    assert "{" not in said.en
    parsed = read_return(project, Archive(settings.archive).get_cells(received.sha256), received.file_name)
    assert parsed.forms == {}
