"""Files in an inbox → what is received, archived, refused; every rule fires on its bad file and on no good one."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import intake_samples as samples
import pytest
from intake_samples import COOPERATION, SUMMARY, WRITERS, Sheets, good_sheets
from openpyxl.workbook.workbook import Workbook

from g60pipeline.contracts.project import Project
from g60pipeline.intake.archive import Archive
from g60pipeline.intake.findings import IntakeFinding, message
from g60pipeline.intake.inbox import Inbox
from g60pipeline.intake.receive import Received, receive
from g60pipeline.intake.returns import ParsedReturn, read_return
from g60pipeline.settings import Settings


def put(settings: Settings, name: str, data: bytes) -> None:
    (Path(settings.inbox) / name).write_bytes(data)


def receive_one(settings: Settings, project: Project, data: bytes, name: str = "报表") -> Received:
    put(settings, name, data)
    (received,) = receive(settings, project, ())
    return received


def read_one(settings: Settings, project: Project, data: bytes) -> ParsedReturn:
    received = receive_one(settings, project, data)
    assert received.status == "received", received.findings
    return read_return(project, Archive(settings.archive).get_cells(received.sha256), received.file_name)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_good_return_of_every_kind_is_received_without_findings(
    settings: Settings, project: Project, kind: str
) -> None:
    data = WRITERS[kind](good_sheets())
    received = receive_one(settings, project, data)
    assert (received.kind, received.status, received.findings) == (kind, "received", ())
    assert (received.unit_code, received.period) == ("310117103", "2021-12")
    assert (received.template_version, received.sequence_number) == ("2021.1", 1)
    assert received.byte_count == len(data)
    archive = Archive(settings.archive)
    assert archive.get(received.sha256) == data
    parsed = read_return(project, archive.get_cells(received.sha256), received.file_name)
    assert parsed.findings == ()
    assert set(parsed.forms) == {"unit_summary", "chain_cooperation"}
    assert parsed.forms["unit_summary"]["member_count"].tolist() == [1200]
    assert str(parsed.forms["unit_summary"]["above_scale_output_wan_yuan"][0]) == "1234567.5"
    assert [str(v) for v in parsed.forms["chain_cooperation"]["amount_wan_yuan"]] in (["30", "50.0000"],)
    assert parsed.forms["chain_cooperation"]["amount_unit"].tolist() == ["wan_yuan", "wan_yuan"]


def _cover(label: str, value: Any) -> Callable[[Sheets], None]:
    def spoil(sheets: Sheets) -> None:
        sheets["封面"] = [row for row in sheets["封面"] if row[0] != label] + (
            [[label, value]] if value else []
        )

    return spoil


def _summary(heading: str, value: Any) -> Callable[[Sheets], None]:
    def spoil(sheets: Sheets) -> None:
        headings, row = sheets[SUMMARY]
        row[headings.index(heading)] = value

    return spoil


def _rename(heading: str, new: str) -> Callable[[Sheets], None]:
    def spoil(sheets: Sheets) -> None:
        headings = sheets[SUMMARY][0]
        headings[headings.index(heading)] = new

    return spoil


def _total(amount: Any) -> Callable[[Sheets], None]:
    def spoil(sheets: Sheets) -> None:
        for row in sheets[COOPERATION][1:]:
            row[9] = "万元"
        sheets[COOPERATION].append(["合 计", *[None] * 7, amount, None, None, None])

    return spoil


UNREADABLE: list[tuple[str, Callable[[Sheets], None]]] = [
    ("cover_is_present", lambda sheets: sheets.pop("封面") and None),
    ("cover_is_present", _cover("报送期", None)),
    ("unit_is_known", _cover("报送单位代码", "999999999")),
    ("period_is_known", _cover("报送期", "2021-13")),
    ("period_is_known", _cover("报送期", "去年十二月")),
    ("template_version_is_known", _cover("模板版本", "2019.9")),
    ("template_version_is_known", _cover("模板版本", None)),
]


@pytest.mark.parametrize(("rule", "spoil"), UNREADABLE)
@pytest.mark.parametrize("kind", ["xlsx", "json"])
def test_a_return_that_cannot_be_placed_is_unreadable_and_archived(
    settings: Settings, project: Project, kind: str, rule: str, spoil: Callable[[Sheets], None]
) -> None:
    sheets = good_sheets()
    spoil(sheets)
    data = WRITERS[kind](sheets)
    received = receive_one(settings, project, data)
    assert received.status == "unreadable"
    assert [finding.rule for finding in received.findings] == [rule]
    assert Archive(settings.archive).get(received.sha256) == data


def test_a_stale_template_is_placed_and_its_forms_are_not_read(settings: Settings, project: Project) -> None:
    sheets = good_sheets()
    _cover("模板版本", "2019.9")(sheets)
    received = receive_one(settings, project, samples.xlsx(sheets))
    assert (received.unit_code, received.period, received.template_version) == (
        "310117103",
        "2021-12",
        "2019.9",
    )
    raw = Archive(settings.archive).get_cells(received.sha256)
    assert read_return(project, raw, "x").forms == {}


TYPED: list[tuple[str, str | None, str | None, Callable[[Sheets], None]]] = [
    ("value_has_the_declared_type", "B4", "约20余家", _summary("党员总数", "约20余家")),
    ("value_has_the_declared_type", "B4", "近千项", _summary("党员总数", "近千项")),
    ("value_has_the_declared_type", "B4", "20家", _summary("党员总数", "20家")),
    ("value_has_the_declared_type", "B4", "—", _summary("党员总数", "—")),
    ("value_has_the_declared_type", "B4", "-", _summary("党员总数", "-")),
    ("value_has_the_declared_type", "B4", "12.5", _summary("党员总数", 12.5)),
    ("value_has_the_declared_type", "B4", "TRUE", _summary("党员总数", True)),
    ("value_has_the_declared_type", "H4", "1e+300", _summary("规上工业产值", 1e300)),
    ("value_may_be_not_applicable", "B4", "不适用", _summary("党员总数", "不适用")),
    ("cell_is_not_an_error", "B4", "#DIV/0!", _summary("党员总数", "#DIV/0!")),
    ("formula_has_a_stored_value", "B4", "", _summary("党员总数", "=1+1")),
    ("unit_of_measure_is_known", "I4", "两", _summary("产值计量单位", "两")),
    ("unit_of_measure_is_known", "I4", "吨", _summary("产值计量单位", "吨")),
    ("headings_are_all_present", "A3", None, _rename("党员总数", "党员大数")),
    ("headings_are_all_present", "A3", None, _rename("规上工业产值", "规上工业产值（亿元）")),
    ("headings_are_unique", "I3", "党员人数", _rename("产值计量单位", "党员人数")),
    ("total_row_agrees", "I6", "500032", _total(500032)),
]


@pytest.mark.parametrize(("rule", "cell", "value", "spoil"), TYPED)
def test_a_fault_in_a_form_is_found_at_its_cell(
    settings: Settings,
    project: Project,
    rule: str,
    cell: str | None,
    value: str | None,
    spoil: Callable[[Sheets], None],
) -> None:
    sheets = good_sheets()
    spoil(sheets)
    parsed = read_one(settings, project, samples.xlsx(sheets))
    assert [(finding.rule, finding.cell, finding.value) for finding in parsed.findings] == [
        (rule, cell, value)
    ]
    text = message(project, parsed.findings[0])
    assert "{" not in text.zh + text.en


def _merge(book: Workbook) -> None:
    book[COOPERATION].merge_cells("F4:F5")


def _hide_row(book: Workbook) -> None:
    book[COOPERATION].row_dimensions[5].hidden = True


def _hide_column(book: Workbook) -> None:
    book[COOPERATION].column_dimensions["E"].hidden = True


def _hide_sheet(book: Workbook) -> None:
    book[COOPERATION].sheet_state = "hidden"


def _hide_very(book: Workbook) -> None:
    book[COOPERATION].sheet_state = "veryHidden"


def _hide_other_sheet(book: Workbook) -> None:
    sheet = book.create_sheet("附表")
    sheet["A1"] = 1
    sheet.sheet_state = "hidden"


CONCEALED: list[tuple[str, str | None, str, Callable[[Workbook], None]]] = [
    ("cells_are_not_merged", "F4", "F4:F5", _merge),
    ("value_is_not_hidden", "A5", "5", _hide_row),
    ("value_is_not_hidden", "E3", "E", _hide_column),
    ("value_is_not_hidden", None, COOPERATION, _hide_sheet),
    ("value_is_not_hidden", None, COOPERATION, _hide_very),
    ("value_is_not_hidden", None, "附表", _hide_other_sheet),
]


@pytest.mark.parametrize(("rule", "cell", "value", "spoil"), CONCEALED)
def test_what_a_spreadsheet_conceals_is_found(
    settings: Settings,
    project: Project,
    rule: str,
    cell: str | None,
    value: str,
    spoil: Callable[[Workbook], None],
) -> None:
    parsed = read_one(settings, project, samples.xlsx(good_sheets(), spoil))
    assert [(finding.rule, finding.cell, finding.value) for finding in parsed.findings] == [
        (rule, cell, value)
    ]
    assert value in message(project, parsed.findings[0]).zh


def _harmless(book: Workbook) -> None:
    sheet = book[COOPERATION]
    sheet.merge_cells("A1:L1")
    sheet.row_dimensions[2].hidden = True
    sheet.row_dimensions[400].hidden = True
    sheet.column_dimensions["Z"].hidden = True
    sheet["N3"] = "经办处室"
    lists = book.create_sheet("_lists")
    lists["A1"] = "党委"
    lists.sheet_state = "veryHidden"
    book.create_sheet("说明")["A1"] = "填表说明"


def test_a_templates_own_hidden_parts_are_no_findings(settings: Settings, project: Project) -> None:
    parsed = read_one(settings, project, samples.xlsx(good_sheets(), _harmless))
    assert parsed.findings == ()
    assert parsed.layouts["chain_cooperation"]["ignored"] == ["经办处室"]
    fields: Any = parsed.layouts["chain_cooperation"]["fields"]
    assert fields["amount_wan_yuan"] == {"column": "I", "heading": "金额"}


@pytest.mark.parametrize("amount", [500030, "500,030", "５０００３０"])
def test_a_row_of_totals_that_agrees_is_dropped(settings: Settings, project: Project, amount: Any) -> None:
    sheets = good_sheets()
    _total(amount)(sheets)
    parsed = read_one(settings, project, samples.xlsx(sheets))
    assert parsed.findings == ()
    assert parsed.forms["chain_cooperation"]["sheet_row"].tolist() == [4, 5]


def test_headings_are_found_wherever_they_stand(settings: Settings, project: Project) -> None:
    def move(book: Workbook) -> None:
        sheet = book[SUMMARY]
        sheet.insert_rows(1, 4)
        sheet.insert_cols(1, 2)
        sheet["D7"] = " 党员 总数（人）＊"

    parsed = read_one(settings, project, samples.xlsx(good_sheets(), move))
    assert parsed.findings == ()
    assert parsed.forms["unit_summary"]["member_count"].tolist() == [1200]
    assert parsed.forms["unit_summary"]["sheet_row"].tolist() == [8]


REFUSED: list[tuple[str, bytes, str, str]] = [
    ("resident ID", samples.xlsx({"封面": samples.COVER, "x": [[None], [None, "证件 310117199001011234"]]}), "B4", "x"),
    ("ID as number", samples.xlsx({"封面": samples.COVER, "x": [[310117199001011234.0]]}), "A3", "x"),
    ("phone", samples.json_document(good_sheets()).replace("佘山镇".encode(), b"13812345678"), "B5", "封面"),
    ("broken JSON", b'{"a": "310117199001011234"', "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "data", "cell", "sheet"), REFUSED)
def test_a_file_with_a_personal_number_is_refused_and_nothing_of_it_is_kept(
    settings: Settings, project: Project, what: str, data: bytes, cell: str, sheet: str
) -> None:
    received = receive_one(settings, project, data, "李四_13812345678.xlsx")
    assert received.status == "refused"
    rules = {finding.rule for finding in received.findings}
    assert rules == {"no_personal_number_is_sent"}
    assert (cell or None, sheet or None) in {(finding.cell, finding.sheet) for finding in received.findings}
    assert received.file_name == "李四_***.xlsx"
    said = repr(received) + "".join(message(project, finding).zh for finding in received.findings)
    assert "13812345678" not in said
    assert "31011719900101" not in said
    assert not Path(settings.archive).exists()


def test_a_file_refused_for_its_name_may_be_sent_under_another(settings: Settings, project: Project) -> None:
    data = WRITERS["xlsx"](good_sheets())
    refused = receive_one(settings, project, data, "13812345678.xlsx")
    assert (refused.status, refused.file_name) == ("refused", "***.xlsx")
    known = {f"{refused.sha256} {refused.file_name}"}
    assert receive(settings, project, known) == []

    (Path(settings.inbox) / "13812345678.xlsx").rename(Path(settings.inbox) / "return.xlsx")
    assert [one.status for one in receive(settings, project, known)] == ["received"]


def test_a_comment_with_a_phone_number_is_refused(settings: Settings, project: Project) -> None:
    def comment(book: Workbook) -> None:
        from openpyxl.comments import Comment

        book[SUMMARY]["B4"].comment = Comment("问 138-1234-5678", "x")

    received = receive_one(settings, project, samples.xlsx(good_sheets(), comment))
    assert received.status == "refused"


def test_an_amount_in_yuan_is_no_phone_number_but_a_count_is(settings: Settings, project: Project) -> None:
    sheets = good_sheets()
    _summary("规上工业产值", 13812345678)(sheets)
    _summary("产值计量单位", "元")(sheets)
    parsed = read_one(settings, project, samples.xlsx(sheets))
    assert str(parsed.forms["unit_summary"]["above_scale_output_wan_yuan"][0]) == "1381234.5678"
    _summary("党员总数", 13812345678)(sheets)
    put(settings, "报表", samples.xlsx(sheets))
    assert [one.status for one in receive(settings, project, ())] == ["refused"]


def test_known_content_is_not_received_again_and_the_same_content_once(
    settings: Settings, project: Project
) -> None:
    data = samples.json_document(good_sheets())
    for name in ("a.json", "b.json", ".c.json", "~$d.xlsx"):
        put(settings, name, data if name != ".c.json" else b"{}")
    (received,) = receive(settings, project, ())
    assert receive(settings, project, {received.sha256}) == []


def test_the_order_is_period_unit_sequence_and_unplaced_files_come_last(
    settings: Settings, project: Project
) -> None:
    returns = [
        ("310117104", "2021-12", 1),
        ("310117103", "2021-12", 2),
        ("310117103", "2021-12", 1),
        ("310117104", "2021-11", 9),
    ]
    for name, (unit, period, number) in zip("dcba", returns, strict=True):
        sheets = good_sheets()
        for label, value in (("报送单位代码", unit), ("报送期", period), ("报送序号", number)):
            _cover(label, value)(sheets)
        put(settings, name, samples.json_document(sheets))
    put(settings, "0", b"what is this")
    told: list[tuple[int, int]] = []
    received = receive(settings, project, (), lambda done, total: told.append((done, total)))
    assert [(one.unit_code, one.period, one.sequence_number) for one in received] == [
        ("310117104", "2021-11", 9), ("310117103", "2021-12", 1), ("310117103", "2021-12", 2), ("310117104", "2021-12", 1),
        (None, None, None),
    ]  # fmt: skip
    assert told[-1] == (5, 5)


def test_a_file_beyond_the_size_is_kept_unparsed(settings: Settings, project: Project) -> None:
    small = dataclasses.replace(settings, max_file_bytes=100)
    data = samples.json_document(good_sheets())
    received = receive_one(small, project, data)
    assert (received.status, received.findings[0].quoted) == ("unreadable", {"reason": "file_size"})
    assert Archive(settings.archive).get(received.sha256) == data
    assert receive(small, project, {received.sha256}) == []


def test_the_kept_cells_are_plain_json(settings: Settings, project: Project) -> None:
    received = receive_one(settings, project, samples.xlsx(good_sheets()))
    (path,) = Path(settings.archive).glob(f"{received.sha256[:2]}/{received.sha256}.cells.json.gz")
    assert json.loads(gzip.decompress(path.read_bytes()))["kind"] == "xlsx"


@pytest.mark.parametrize(
    ("encoding", "is_read"),
    [
        ("utf-8", True),
        ("utf-8-sig", True),
        ("gb18030", True),
        ("utf-16", True),
        ("big5", False),
        ("shift_jis", False),
    ],
)
def test_csv_is_decoded_strictly(settings: Settings, project: Project, encoding: str, is_read: bool) -> None:
    sheets = {name: rows for name, rows in good_sheets().items() if name == "封面"}
    members = {"封面.csv": samples.csv_text(sheets["封面"]).encode("gb18030")}
    text = samples.csv_text([["报送单位名称", "佘山鎮" if not is_read else "佘山镇"]])
    if encoding == "big5":  # bytes that are neither UTF-8 nor GB18030
        members["x.csv"] = b"\xff\xff" + text.encode(encoding, "ignore")
    elif encoding == "shift_jis":
        members["x.csv"] = b"\x83\x7f\x81\x39"
    else:
        members["x.csv"] = text.encode(encoding)
    received = receive_one(settings, project, samples.pack(members))
    assert received.status == ("received" if is_read else "unreadable")
    if not is_read:
        assert received.findings[0] == IntakeFinding("file_is_readable", quoted={"reason": "encoding"})


def test_names_in_a_zip_may_be_gb18030(settings: Settings, project: Project) -> None:
    data = samples.pack({"AAAA.csv": samples.csv_text(samples.COVER).encode()})
    assert len("封面".encode("gb18030")) == 4
    received = receive_one(settings, project, data.replace(b"AAAA", "封面".encode("gb18030")))
    assert received.status == "received"


def test_every_intake_rule_is_seen_to_fire(project: Project) -> None:
    seen = {rule for rule, _ in UNREADABLE} | {case[0] for case in (*TYPED, *CONCEALED)}
    seen |= {"no_personal_number_is_sent"}  # test_a_file_with_a_personal_number…
    seen |= {"template_version_is_current"}  # test_older_templates.py
    seen |= {
        "file_is_readable",
        "file_is_a_known_kind",
        "file_is_within_limits",
    }  # tests/faults/test_bad_files.py
    assert seen == set(project.messages.intake)


def test_a_password_protected_zip_is_unreadable(settings: Settings, project: Project) -> None:
    data = bytearray(samples.csv_zip({"封面": samples.COVER}))
    with zipfile.ZipFile(Path(settings.inbox) / "x", "w"):
        pass
    (Path(settings.inbox) / "x").unlink()
    central = data.index(b"PK\1\2")
    data[6] |= 1
    data[central + 8] |= 1
    received = receive_one(settings, project, bytes(data))
    assert received.findings[0].quoted == {"reason": "encrypted"}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("泗泾镇.xlsx".encode(), "泗泾镇.xlsx"),
        ("泗泾镇.xlsx".encode("gb18030"), "泗泾镇.xlsx"),
        (b"bad\xff\xfename.xlsx", r"bad\xff\xfename.xlsx"),
    ],
)
def test_a_file_whose_name_is_not_utf_8_is_taken_like_any_other(
    tmp_path: Path, raw: bytes, shown: str
) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw)).write_bytes(b"rows")
    (file,) = Inbox(str(tmp_path)).list_files()
    assert file.name == shown
    assert Inbox(str(tmp_path)).read_file(file) == b"rows"
