"""Feedback workbooks, made from real files and read again by the real reader."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from feedback_files import (
    COOPERATION,
    HOSTILE,
    SHEETS,
    SUMMARY,
    WRITERS,
    facts,
    feedback_of,
    finding,
    formulas,
    front_rows,
    front_text,
    load,
    parts,
    raw_of,
    read,
    repack,
    save,
    xlsx,
)

from g60pipeline.contracts.findings import finding_key
from g60pipeline.contracts.project import Project
from g60pipeline.intake.layout import amount_columns
from g60pipeline.intake.personal import find_personal_numbers
from g60pipeline.intake.raw import Refusal
from g60pipeline.reports.feedback import build_feedback
from g60pipeline.sample.generate import build_sample, render
from g60pipeline.sample.writers import Writer

MARK = 'N("g60")=0'
CELLS = re.compile(rb"<sheetData.*</sheetData>", re.DOTALL)


def comments(data: bytes, sheet: str) -> dict[str, str]:
    book = load(data)
    found = {c.coordinate: c.comment.text for row in book[sheet].iter_rows() for c in row if c.comment}
    book.close()
    return found


def marks(data: bytes, sheet: str) -> list[str]:
    """Cells under a colour of ours."""
    book = load(data)
    ours = [f for f in book[sheet].conditional_formatting if [rule.formula for rule in f.rules] == [[MARK]]]
    book.close()
    return sorted(cell for format_ in ours for cell in str(format_.sqref).split())


# --- sent back


@pytest.mark.parametrize("kind", WRITERS)
def test_sent_back_unfixed_it_reads_as_the_original_did(project: Project, kind: str) -> None:
    original = WRITERS[kind]()
    before = read(project, original)
    assert before.findings

    sent_back = feedback_of(project, original, finding(), finding("warning", cell="B4"))
    after = read(project, sent_back)

    assert after.findings == before.findings
    assert (after.cover, after.cover_texts, after.cover_cells) == (
        before.cover,
        before.cover_texts,
        before.cover_cells,
    )
    assert after.rows == before.rows
    assert {name: after.layouts[name] for name in before.layouts if before.layouts[name]["fields"]} == {
        name: layout for name, layout in before.layouts.items() if layout["fields"]
    }


def test_every_wrong_sample_return_reads_the_same_when_sent_back(project: Project) -> None:
    sample, writer = build_sample(project), Writer(project)
    wrong = [parcel for parcel in sample.parcels() if parcel.fault is not None]
    assert len(wrong) >= 20
    for parcel in wrong:
        data, expected = render(parcel, sample, writer)
        found = [finding(rule=e.rule, form=e.form, field=e.field, sheet_row=e.sheet_row) for e in expected]
        if parcel.status == "refused":
            continue
        try:
            raw = raw_of(data)
        except Refusal:
            fed_back = build_feedback(project, facts(status=parcel.status), found, data)
            assert load(fed_back).sheetnames == ["校验结果"]
            continue
        fed_back = build_feedback(project, facts(), found, data, raw["kind"], raw["sheets"])
        before, after = read(project, data), read(project, fed_back)
        assert (after.rows, after.findings) == (before.rows, before.findings), parcel.purpose
        assert len(front_rows(fed_back)) == len(found)


def test_the_cells_of_a_copied_workbook_stay_byte_for_byte(project: Project) -> None:
    original = xlsx()
    copy = parts(feedback_of(project, original, finding(), finding("info", sheet=COOPERATION, cell="I4")))
    before = parts(original)

    sheets = [name for name in before if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
    assert sheets
    for name in sheets:
        assert CELLS.findall(copy[name]) == CELLS.findall(before[name])
    kept = [
        name for name in before if name.startswith(("xl/drawings/drawing", "xl/charts/", "xl/sharedStrings"))
    ]
    assert len(kept) >= 3
    assert {name: copy[name] for name in kept} == {name: before[name] for name in kept}
    summary = copy[sheets[list(SHEETS).index(SUMMARY)]]
    assert b"sparklineGroup" in summary
    assert "第一行&#10;第二行".encode() in summary
    assert b"sheetProtection" in summary


def test_what_lies_beside_the_cells_is_named(project: Project) -> None:
    text = front_text(feedback_of(project, xlsx(), finding()))
    assert all(name in text for name in ("文本框", "迷你图", "图表", "批注", "原样保留", "逐字节保存在档案"))


def test_a_fixed_cell_and_an_explanation_are_all_that_changes(project: Project) -> None:
    original = WRITERS["csv.zip"]()
    warning = finding("warning", cell="D2", sheet_row=2)
    book = load(feedback_of(project, original, finding(cell="F2", field="key_enterprise_count"), warning))
    book[SUMMARY]["F2"] = 20
    front = book["校验结果"]
    (row,) = [cell.row for cell in front["B"] if cell.value == "需要说明"]
    front.cell(row, 10).value = "本月集中接收毕业生党员"

    before, after = read(project, original), read(project, save(book))

    assert before.findings != ()
    assert after.findings == ()
    assert [(e.key, e.text) for e in after.explanations] == [(finding_key(warning), "本月集中接收毕业生党员")]
    values = [row.values["key_enterprise_count"] for row in after.rows["unit_summary"]]
    assert values == [20]
    assert after.rows[
        "chain_cooperation"
    ] == before.rows["chain_cooperation"]  # fmt: skip


def test_marks_do_not_pile_up_and_a_clerks_comment_stays(project: Project) -> None:
    data = xlsx()
    own = comments(data, SUMMARY)
    assert own.keys() == {"B4", "D4"}
    for _ in range(3):
        data = feedback_of(project, data, finding(), finding("warning", cell="G4"))
    said = comments(data, SUMMARY)
    assert marks(data, SUMMARY) == ["D4", "G4"]
    assert said.keys() == {"B4", "D4", "G4"}
    assert said["B4"] == own["B4"]
    assert said["D4"].startswith(own["D4"])
    assert said["D4"].count("US-205") == said["G4"].count("US-205") == 1
    assert [load(data).sheetnames.count("校验结果"), load(data).sheetnames[0]] == [1, "校验结果"]

    data = feedback_of(project, data, status="accepted")
    assert marks(data, SUMMARY) == []
    assert comments(data, SUMMARY) == own
    shapes = [text.count(b'ObjectType="Note"') for name, text in parts(data).items() if "vmlDrawing" in name]
    assert shapes == [2]


def test_an_office_program_may_have_saved_it_anew(project: Project) -> None:
    again = save(load(feedback_of(project, WRITERS["csv.zip"](), finding(cell="D2", sheet_row=2))))
    twice = feedback_of(project, again, finding(cell="G2", sheet_row=2))
    assert marks(twice, SUMMARY) == ["G2"]
    assert comments(twice, SUMMARY).keys() == {"G2"}
    assert load(twice).sheetnames == load(again).sheetnames


def test_a_comment_is_taken_apart_again_however_its_breaks_are_written(project: Project) -> None:
    members = parts(feedback_of(project, xlsx(), finding()))
    name = next(name for name in members if name.startswith("xl/comments"))
    members[name] = members[name].replace(b"\n\n", b"&#10;&#xA;")
    assert comments(feedback_of(project, repack(members)), SUMMARY) == comments(xlsx(), SUMMARY)


def test_names_of_one_sheet_go_with_it(project: Project) -> None:
    book = load(feedback_of(project, xlsx(), finding()))
    assert "本表范围" in book[COOPERATION].defined_names
    assert book["校验结果"].print_title_rows == "$6:$6"
    assert book.active.title == "校验结果"
    assert [sheet.title for sheet in book.worksheets if sheet.sheet_view.tabSelected] == ["校验结果"]


# --- the front sheet


def test_the_front_sheet_leads_to_each_cell_by_severity(project: Project) -> None:
    findings = [
        finding("info", sheet=COOPERATION, cell="I4", code="CC-400"),
        finding("warning", cell="G4", code="US-206"),
        finding("critical", sheet=COOPERATION, cell=None, sheet_row=5, code="CC-REQ"),
        finding("critical", cell="B10", code="US-3"),
        finding("critical", cell="B4", code="US-1"),
        finding("critical", sheet=None, cell=None, sheet_row=None, field=None, code="FI-002"),
        finding("critical", sheet="没有的表", cell="A1", code="FI-013"),
    ]
    data = feedback_of(project, xlsx(), *findings)
    rows = front_rows(data)
    assert [row["问题代码"] for row in rows] == [
        "FI-002", "US-1", "US-3", "CC-REQ", "FI-013", "US-206", "CC-400",
    ]  # fmt: skip
    assert [row["严重程度"] for row in rows] == ["必须改正"] * 5 + ["需要说明", "仅供参考"]
    book = load(data)
    links = {
        cell.row: cell.hyperlink.location for cell in book["校验结果"]["E"] if cell.hyperlink is not None
    }
    assert list(links.values()) == [
        f"'{SUMMARY}'!B4", f"'{SUMMARY}'!B10", f"'{COOPERATION}'!A5", f"'{SUMMARY}'!G4", f"'{COOPERATION}'!I4",
    ]  # fmt: skip
    assert rows[3]["单元格"] == "第 5 行"
    assert (rows[1]["字段"], rows[1]["填报值"], rows[1]["对比值／应为"]) == (
        "当月新发展党员数",
        "41",
        f"应为：≤ 20\n累计新发展党员数：99\n见 {SUMMARY}!E4=99",
    )
    assert rows[5]["问题标识"] == finding_key(findings[1])


def test_the_front_sheet_says_whose_it_is_and_what_to_do(project: Project) -> None:
    cause = "整列疑似按元填报，请除以 10000"
    text = front_text(feedback_of(project, xlsx(), finding(), finding("warning"), probable_cause=cause))
    for said in (
        "佘山镇", "2021年12月", "已退回", "必须改正 1 条，需要说明 1 条", "SJ-2021-12-0007", "ab" * 32, cause,
        "2022-01-05 04:15（北京时间）", project.feedback.verdicts["returned"].next,
    ):  # fmt: skip
        assert said in text


def test_only_explanations_can_be_typed_in(project: Project) -> None:
    sheet = load(feedback_of(project, xlsx(), finding(), finding("warning", cell="G4")))["校验结果"]
    unlocked = {
        cell.coordinate: cell.fill.fgColor.rgb
        for row in sheet.iter_rows()
        for cell in row
        if not cell.protection.locked
    }
    assert sheet.protection.sheet
    assert unlocked == {"J7": "00000000", "J8": "FFFFF2CC"}
    assert sheet.column_dimensions["K"].hidden
    assert sheet.freeze_panes == "A7"


def test_earlier_explanations_are_shown_again(project: Project) -> None:
    warning = finding("warning")
    data = feedback_of(project, xlsx(), warning, explanations={finding_key(warning): "=已说明"})
    assert front_rows(data)[0]["说明"] == "=已说明"
    assert [e.text for e in read(project, data).explanations] == ["=已说明"]


@pytest.mark.parametrize(
    ("status", "said"),
    [("accepted", "已接受"), ("awaiting_explanation", "待说明"), ("returned", "已退回")],
)
def test_every_verdict_is_said(project: Project, status: str, said: str) -> None:
    text = front_text(feedback_of(project, xlsx(), status=status))
    assert said in text
    assert "没有发现问题" in text


def test_a_long_list_ends_with_what_is_left(project: Project) -> None:
    many = [finding(cell=f"D{row}", sheet_row=row, row_key=str(row)) for row in range(4, 2104)]
    data = feedback_of(project, xlsx(), *many)
    assert len(front_rows(data)) == 2000
    assert "另有 100 条未列出" in front_text(data)
    assert "必须改正 2100 条" in front_text(data)


def test_two_findings_of_a_cell_share_its_comment(project: Project) -> None:
    data = feedback_of(
        project, xlsx(), finding("warning", cell="G4", code="US-2"), finding(cell="G4", code="US-1")
    )
    said = comments(data, SUMMARY)["G4"]
    assert said.index("US-1 必须改正") < said.index("US-2 需要说明")
    assert marks(data, SUMMARY) == ["G4"]


# --- what must not come back


@pytest.mark.parametrize("kind", WRITERS)
def test_no_text_of_a_return_becomes_a_formula(project: Project, kind: str) -> None:
    texts = [
        HOSTILE,
        "+1+1",
        "-2",
        "@SUM(A1)",
        '=HYPERLINK("http://x")',
        "\t=1",
        "</t><f>1+1</f>",
        "\x01=1",
        "_x003D_1",
    ]
    found = [
        finding(value=text, row_key=text, message_zh=text, compared_with={"member_count": text})
        for text in texts
    ]
    original = WRITERS[kind]()
    data = feedback_of(project, original, *found, file_name=HOSTILE, probable_cause=HOSTILE)

    known = formulas(original) if kind == "xlsx" else []
    assert [f for f in formulas(data) if "#N/A" not in f] == known
    book = load(data)
    shown = [cell for row in book["校验结果"].iter_rows() for cell in row if isinstance(cell.value, str)]
    assert {cell.data_type for cell in shown} == {"s"}
    assert all(cell.quotePrefix for cell in shown if cell.value.startswith(("=", "+", "-", "@")))
    cells = [
        c for sheet in book.worksheets[1:] for row in sheet.iter_rows() for c in row if c.data_type == "s"
    ]
    assert HOSTILE in [cell.value for cell in cells]
    if kind != "xlsx":
        assert all(cell.quotePrefix for cell in cells if cell.value.startswith(("=", "+", "-", "@")))


def test_nothing_of_a_refused_return_is_given_back(project: Project) -> None:
    number = "310117190001019990"
    rows = {**SHEETS, "封面": [*SHEETS["封面"], ["报送单位名称", number]]}
    original = xlsx(rows)
    said = finding(
        value=number,
        compared_with={"x": number},
        sheet="封面",
        cell="B6",
        message_zh="含有疑似居民身份证号。",
    )
    raw = raw_of(original)
    data = build_feedback(project, facts(status="refused"), [said], original, raw["kind"], raw["sheets"])
    assert load(data).sheetnames == ["校验结果"]
    assert not any(number.encode() in part for part in parts(data).values())
    assert front_rows(data)[0]["单元格"] == "B6"
    assert "档案" not in front_text(data)


def test_an_unreadable_file_gets_the_front_sheet_alone(project: Project) -> None:
    data = build_feedback(project, facts(status="unreadable", unit_name=None, unit_code=None, period=None), [
        finding(form=None, sheet=None, cell=None, field=None, sheet_row=None, row_key=None, message_zh="文件无法读取。")
    ], b"\x89PNG", None)  # fmt: skip
    assert load(data).sheetnames == ["校验结果"]
    assert "报送单位不明" in front_text(data)
    assert "文件无法读取。" in front_text(data)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_long_amount_is_not_taken_for_a_phone_number(project: Project, kind: str) -> None:
    amount = "13800138000"
    found = finding(
        sheet=COOPERATION, cell="I4", value=amount, message_zh=f"金额 {amount}，应为 {amount}.5。",
        compared_with={"金额": amount}, related_cells=[f"{COOPERATION}!I4={amount}"], expected=f"≤ {amount}",
    )  # fmt: skip
    data = feedback_of(project, WRITERS[kind](), found, probable_cause=f"金额 {amount}")
    raw = raw_of(data)
    assert find_personal_numbers(raw, "佘山镇.xlsx", amount_columns(project, raw)) == []
    assert front_rows(data)[0]["填报值"] == "13,800,138,000"


# --- workbooks that are odd


def _without_styles(members: dict[str, bytes]) -> None:
    del members["xl/styles.xml"]


def _strict(members: dict[str, bytes]) -> None:
    name = "xl/workbook.xml"
    members[name] = members[name].replace(
        b"schemas.openxmlformats.org/spreadsheetml/2006/main", b"purl.oclc.org/ooxml/spreadsheetml/main"
    )


def _entities(members: dict[str, bytes]) -> None:
    name = "xl/styles.xml"
    members[name] = members[name].replace(b"<styleSheet", b'<!DOCTYPE x [<!ENTITY a "b">]><styleSheet', 1)


def _deep(members: dict[str, bytes]) -> None:
    name = "xl/styles.xml"
    deep = b"<extLst>" + b"<x>" * 5000 + b"</x>" * 5000 + b"</extLst></styleSheet>"
    members[name] = members[name].replace(b"</styleSheet>", deep)


@pytest.mark.parametrize("spoil", [_without_styles, _strict, _entities, _deep])
def test_a_workbook_that_cannot_be_copied_is_written_anew(project: Project, spoil: Any) -> None:
    members = parts(xlsx())
    spoil(members)
    original = repack(members)
    before = read(project, original)
    data = feedback_of(project, original, finding(cell="G4"))
    assert "副本未保留：" in front_text(data)
    assert "文本框" in front_text(data)
    after = read(project, data)
    assert (after.rows, after.findings) == (before.rows, before.findings)


def test_prefixes_and_old_marks_of_another_writer_are_understood(project: Project) -> None:
    members = parts(xlsx())
    for name in [
        name for name in members if re.fullmatch(r"xl/(worksheets/sheet\d+|styles|workbook)\.xml", name)
    ]:
        text = re.sub(rb"<(/?)(?![?!/]|\w+:)", rb"<\1s:", members[name])
        members[name] = text.replace(b" xmlns=", b" xmlns:s=", 1)
    original = repack(members)
    data = feedback_of(project, original, finding("warning", cell="G4"))
    assert "原样保留" in front_text(data)
    assert read(project, data).rows == read(project, original).rows
    assert marks(data, SUMMARY) == ["G4"]


def test_odd_names_of_sheets_do_not_stop_the_fresh_workbook(project: Project) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("封面.csv", "报送单位代码,310117103\n报送期,2021-12\n模板版本,2021.1\n")
        for name in ("历史记录:[一]'", "校验结果", "a" * 40, "a" * 41, "  "):
            archive.writestr(f"{name}.csv", "甲,乙\n1,2\n")
    data = feedback_of(project, buffer.getvalue(), finding(sheet="a" * 40, cell="A1"))
    assert len(load(data).sheetnames) == 6
    assert read(project, data).cover["unit_code"] == "310117103"


def test_the_same_findings_give_the_same_bytes(project: Project) -> None:
    for kind in ("xlsx", "json"):
        original = WRITERS[kind]()
        assert feedback_of(project, original, finding()) == feedback_of(project, original, finding())
