from __future__ import annotations

from collections import Counter

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sample_files import Written

from g60pipeline.contracts.project import Project
from g60pipeline.sample.faults import FAULTS, NOT_SENT, Fault
from g60pipeline.sample.generate import Sample
from g60pipeline.sample.model import Return
from g60pipeline.sample.writers import FILE_KINDS, FIRST_DATA_ROW

BY_KIND = {fault.kind: fault for fault in FAULTS}
HOSTS = (
    "310117102",
    "310117103",
    "310117105",
    "310117107",
    "310117121",
    "310117501",
    "310117U01",
    "310117U02",
)


def wrong(sample: Sample, kind: str) -> Return:
    fault = BY_KIND[kind]
    sent, _ = fault.apply(sample.correct_return(fault.unit_code, fault.period))
    assert isinstance(sent, Return)
    return sent


def sheet(written: Written, kind: str, name: str) -> Worksheet:
    return openpyxl.load_workbook(written.folder / BY_KIND[kind].file_name)[name]


def test_there_are_enough_kinds_each_on_a_return_of_its_own() -> None:
    places = Counter((fault.unit_code, fault.period) for fault in FAULTS)

    assert len(BY_KIND) == len(FAULTS) >= 14
    assert sum(fault.is_corrected for fault in FAULTS) >= 8
    assert max(places.values()) == 1
    assert not places.keys() & set(NOT_SENT)
    assert all(fault.month > 1 and fault.unit_code not in FILE_KINDS for fault in FAULTS)


def test_what_stays_missing_is_of_no_host_unit() -> None:
    missing = {fault.unit_code for fault in FAULTS if not fault.is_corrected} | {unit for unit, _ in NOT_SENT}

    assert not missing & set(HOSTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_expected_findings_are_of_rules_that_exist_and_mark_the_rules_cell(
    project: Project, sample: Sample, fault: Fault
) -> None:
    _, findings = fault.apply(sample.correct_return(fault.unit_code, fault.period))

    assert findings
    severities: set[str] = set()
    for finding in findings:
        if finding.rule in project.messages.intake:
            severities.add(project.messages.intake[finding.rule].severity)
            continue
        form = project.cover if finding.form == "cover" else project.forms[finding.form or ""]
        rule = next(rule for rule in form.rules if rule.id == finding.rule)
        assert finding.field == rule.cell
        severities.add(rule.severity)
    assert ("critical" in severities) == (fault.status != "awaiting_explanation")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_a_fault_leaves_the_correct_return_alone(sample: Sample, fault: Fault) -> None:
    correct = sample.correct_return(fault.unit_code, fault.period)
    fault.apply(correct)

    assert correct == sample.correct_return(fault.unit_code, fault.period)


def test_a_corrected_return_is_the_correct_one_with_the_next_number(sample: Sample, written: Written) -> None:
    book = openpyxl.load_workbook(written.folder / "310117106_2021-09_2.xlsx")
    cover = {row[0]: row[1] for row in book["封面"].iter_rows(values_only=True)}
    correct = sample.correct_return("310117106", BY_KIND["ytd_does_not_add_up"].period)

    assert cover["报送序号"] == 2
    assert book["单位汇总表"]["E4"].value == correct.forms["unit_summary"][0]["new_member_count_ytd"]


def test_new_members_of_the_unit_are_fewer_than_its_clusters_but_add_up(sample: Sample) -> None:
    row = wrong(sample, "clusters_exceed_unit").forms["unit_summary"][0]
    fault = BY_KIND["clusters_exceed_unit"]
    before = sample.correct_return(fault.unit_code, fault.period.plus(-1)).forms["unit_summary"][0]
    clusters = sample.correct_return(fault.unit_code, fault.period).forms["cluster_organisation"]
    months = [c["new_member_count"] for c in clusters]
    since_january = [c["new_member_count_ytd"] for c in clusters]

    assert row["new_member_count"] < sum(months)
    assert row["new_member_count_ytd"] == before["new_member_count_ytd"] + row["new_member_count"]
    assert row["new_member_count_ytd"] >= sum(since_january)


def test_slips_of_the_unit_are_by_ten_thousand(sample: Sample) -> None:
    fault = BY_KIND["unit_output_in_yuan"]
    correct = sample.correct_return(fault.unit_code, fault.period).forms["unit_summary"][0]
    slipped = wrong(sample, fault.kind).forms["unit_summary"][0]["above_scale_output_wan_yuan"]

    assert slipped == pytest.approx(correct["above_scale_output_wan_yuan"] * 10_000)
    assert len(str(slipped)) != 11  # as many digits as a phone number


def test_the_mistyped_code_differs_in_its_last_character_only(sample: Sample) -> None:
    fault = BY_KIND["bad_check_digit"]
    pairs = zip(
        sample.correct_return(fault.unit_code, fault.period).forms["cluster_enterprise"],
        wrong(sample, fault.kind).forms["cluster_enterprise"],
        strict=True,
    )
    changed = [(a["enterprise_uscc"], b["enterprise_uscc"]) for a, b in pairs if a != b]

    assert [(a[:-1] == b[:-1], a[-1] != b[-1]) for a, b in changed] == [(True, True)]


def test_formulas_are_stored_with_an_error_and_without_a_value(written: Written) -> None:
    for kind, value in (("error_cell", "#DIV/0!"), ("formula_without_value", None)):
        (finding,) = next(f for f in written.manifest.files if f.purpose == kind).expected_findings
        column = [cell.value for cell in sheet(written, kind, "链上协作表")[3]].index("金额") + 1
        formula = sheet(written, kind, "链上协作表").cell(finding.sheet_row, column).value
        values = openpyxl.load_workbook(written.folder / BY_KIND[kind].file_name, data_only=True)

        assert str(formula).startswith("=")
        assert values["链上协作表"].cell(finding.sheet_row, column).value == value


def test_a_row_is_hidden_and_a_heading_renamed(written: Written) -> None:
    headings = [cell.value for cell in sheet(written, "renamed_heading", "链上协作表")[3]]

    assert sheet(written, "hidden_row", "组织活动表").row_dimensions[FIRST_DATA_ROW].hidden
    assert "物资或服务" not in headings
    assert "货物名目" in headings


def test_the_contradicting_file_is_named_after_a_return_that_never_comes(written: Written) -> None:
    (file,) = [f for f in written.manifest.files if f.purpose == "file_name_contradicts_cover"]
    cover = openpyxl.load_workbook(written.folder / file.name)["封面"]

    assert cover["B1"].value == file.unit_code == "310117116"
    assert file.name == "310117002_2021-07_1.xlsx"
    assert [file.name[:9], file.period] in written.document["not_sent"]


def test_the_picture_is_no_workbook_and_the_personal_number_nobodys(written: Written) -> None:
    assert (written.folder / BY_KIND["not_a_workbook"].file_name).read_bytes().startswith(b"\x89PNG")
    remark = sheet(written, "personal_number", "封面")["B6"].value
    number = remark[-19:-1]
    weights = [2 ** (17 - place) % 11 for place in range(17)]
    check = "10X98765432"[sum(int(d) * w for d, w in zip(number, weights, strict=False)) % 11]

    assert number[6:14] == "19000101"
    assert number[17] != check
