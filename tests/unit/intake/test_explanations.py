"""Explanations are read from a front sheet in every kind of file; the rest of that sheet is nobody's return."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from intake_samples import (
    SUMMARY,
    WRITERS,
    Sheets,
    csv_text,
    csv_zip,
    good_sheets,
    json_document,
    pack,
    unpack,
    xlsx,
)
from openpyxl.workbook.workbook import Workbook

from g60pipeline.contracts.findings import finding_key
from g60pipeline.contracts.project import Project
from g60pipeline.intake.explanations import read_explanations
from g60pipeline.intake.parsers import parse
from g60pipeline.intake.raw import RawReturn
from g60pipeline.intake.receive import receive
from g60pipeline.intake.returns import ParsedReturn, read_return
from g60pipeline.settings import Settings

KEY = "unit_summary/new_member_count_is_usual/new_member_count/310117103"
HEADINGS = ["序号", "问题代码", "说明", "问题标识"]
FRONT: list[list[Any]] = [
    HEADINGS,
    [1, "US-205", "  本月集中接收\n毕业生党员 ", KEY],
    [2, "US-206", None, f"{KEY}/2"],
    [3, "US-207", "没有标识", None],
    [4, "US-208", 2021, "cover/x/*/*"],
]
EXPECTED = [(KEY, "本月集中接收\n毕业生党员"), ("cover/x/*/*", "2021")]


def with_front(front: list[list[Any]] = FRONT, name: str = "校验结果") -> Sheets:
    return {name: copy.deepcopy(front), **good_sheets()}


def raw_of(data: bytes) -> RawReturn:
    raw: RawReturn = json.loads(json.dumps(parse(data)))
    return raw


def read(project: Project, data: bytes) -> ParsedReturn:
    return read_return(project, raw_of(data), "报表")


@pytest.mark.parametrize("kind", WRITERS)
def test_explanations_are_read_in_every_kind_of_file(project: Project, kind: str) -> None:
    write = WRITERS[kind]
    parsed = read(project, write(with_front()))
    assert [(e.key, e.text) for e in parsed.explanations] == EXPECTED
    plain = read(project, write(good_sheets()))
    assert plain.explanations == ()
    assert (parsed.rows, parsed.findings, parsed.layouts) == (plain.rows, plain.findings, plain.layouts)


def test_what_stands_above_the_headings_is_passed_over(project: Project) -> None:
    above = [["校验结果　佘山镇"], ["已退回"], ["请说明", "说明"], []]
    parsed = read(project, xlsx(with_front([*above, *FRONT])))
    assert [(e.key, e.text) for e in parsed.explanations] == EXPECTED
    # the helper puts a title and a help line above each sheet's rows
    assert parsed.explanations[0].cell == "C8"


def test_a_front_sheet_of_the_units_own_making_says_nothing(project: Project) -> None:
    data = xlsx(with_front([["事项", "说明"], ["党员数", "已核对"]]))
    parsed = read(project, data)
    assert (parsed.explanations, parsed.findings) == ((), ())


def test_the_same_explanation_counts_once_and_two_stay_two(project: Project) -> None:
    front = [HEADINGS, [1, "a", "甲", KEY], [2, "a", "甲", KEY], [3, "a", "乙", KEY]]
    assert [e.text for e in read(project, xlsx(with_front(front))).explanations] == ["甲", "乙"]


def test_errors_and_short_rows_are_no_explanations(project: Project) -> None:
    front = [["问题标识", "说明"], [KEY], [KEY, "#N/A"], [KEY, "  "]]
    assert read(project, xlsx(with_front(front))).explanations == ()


def test_neither_its_cells_nor_its_being_hidden_are_findings(project: Project) -> None:
    def spoil(book: Workbook) -> None:
        sheet = book["校验结果"]
        sheet.sheet_state = "hidden"
        sheet["A9"] = "=1/0"
        sheet.merge_cells("A4:B4")

    parsed = read(project, xlsx(with_front(), spoil))
    assert parsed.findings == ()
    assert len(parsed.explanations) == 2


def test_it_is_found_by_its_name_whatever_the_spaces(project: Project) -> None:
    assert len(read(project, csv_zip(with_front(name=" 校验 结果"))).explanations) == 2
    raw = raw_of(json_document(with_front()))
    assert len(read_explanations(project, raw)) == 2
    assert read_explanations(project, RawReturn(failure="file_is_readable")) == ()


def test_a_csv_of_the_front_sheet_alone_may_join_the_zip(project: Project) -> None:
    members = unpack(csv_zip(good_sheets()))
    members["校验结果.csv"] = csv_text([["校验结果　佘山镇"], [], *FRONT]).encode("gb18030")
    assert [(e.key, e.text) for e in read(project, pack(members)).explanations] == EXPECTED


def test_a_cover_on_the_front_sheet_is_no_cover(settings: Settings, project: Project) -> None:
    sheets = with_front([*FRONT, ["报送单位代码", "310117104"]])
    (Path(settings.inbox) / "报表.xlsx").write_bytes(xlsx(sheets))
    (received,) = receive(settings, project, ())
    assert (received.status, received.unit_code) == ("received", "310117103")


@pytest.mark.parametrize("kind", WRITERS)
def test_a_personal_number_in_an_explanation_is_refused(
    settings: Settings, project: Project, kind: str
) -> None:
    front = [HEADINGS, [1, "US-205", "联系电话13812345678", KEY]]
    (Path(settings.inbox) / "报表").write_bytes(WRITERS[kind](with_front(front)))
    (received,) = receive(settings, project, ())
    assert received.status == "refused"
    assert {finding.rule for finding in received.findings} == {"no_personal_number_is_sent"}
    assert "校验结果" in {finding.sheet for finding in received.findings}


def test_a_findings_name_stays_when_its_row_moves() -> None:
    row = {
        "form": "unit_summary",
        "rule": "r",
        "field": "f",
        "row_key": "C01|甲\n乙",
        "sheet": SUMMARY,
        "cell": "C4",
    }
    assert finding_key(row) == finding_key({**row, "cell": "C9"}) == "unit_summary/r/f/C01|甲 乙"
    for blank in ("|", "", None, float("nan")):
        assert finding_key({**row, "row_key": blank}) == f"unit_summary/r/f/@{SUMMARY}!C4"
    bare = {**dict.fromkeys(row), "rule": "file_is_readable"}
    assert finding_key(bare) == "*/file_is_readable/*/*"
    assert finding_key({**row, "field": "g"}) != finding_key(row) != finding_key({**row, "rule": "s"})
