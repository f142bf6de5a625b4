"""Corrections are read with the types of their fields, or refused with the file and the line of the fault."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.correction_values import read_valid_value, read_value, write_value
from g60pipeline.contracts.corrections import Correction, DropRow, SetValue, read_corrections
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import find_project_root

ONE = """\
corrections:
  - id: members
    unit: '310117103'
    period: 2021-12
    form: cluster_organisation
    match: {cluster_code: C04}
    action: {kind: set, field: member_count, expected: 1105, value: 1150}
    reason: {zh: 录入颠倒, en: Two digits are swapped}
    decided_by: 区委组织部
    decided_on: '2022-01-10'
    status: active
"""
TWO = ONE + ONE.removeprefix("corrections:\n").replace("id: members", "id: others")
SET = "{kind: set, field: member_count, expected: 1105, value: 1150}"
ORGANISATION = "form: cluster_organisation\n    match: {cluster_code: C04}\n    action: " + SET


def _with(form: str, match: str, action: str) -> str:
    return f"form: {form}\n    match: {match}\n    action: {action}"


# id: text that stands once in ONE, what replaces it, text on the line to be blamed, what must be said
BROKEN = {
    "unknown unit": ("'310117103'", "'310117999'", "unit:", "unit: 310117999 is no unit"),
    "a unit that is no text": ("'310117103'", "310117103", "unit:", "valid string"),
    "unknown form": ("cluster_organisation", "organisations", "form:", "form: organisations is no form"),
    "unknown field": ("field: member_count", "field: members", "action:", "members is no field"),
    "match on what is no field": ("cluster_code: C04", "cluster: C04", "match:", "cluster is no field"),
    "match on nothing": ("{cluster_code: C04}", "{}", "match:", "at least 1 item"),
    "match outside the code list": ("C04", "C99", "match:", "C99 is not in the code list clusters"),
    "text for a number": ("expected: 1105", "expected: 1105人", "action:", "'1105人' is no whole number"),
    "a number with a point": ("value: 1150", "value: 1150.5", "action:", "1150.5 is no whole number"),
    "yes for a number": ("value: 1150", "value: true", "action:", "True is no whole number"),
    "several values": ("value: 1150", "value: [1150]", "action:", "one value, not several"),
    "below the minimum": ("value: 1150", "value: -1", "action:", "-1 is below 0"),
    "value left out": (", value: 1150", "", "action:", "value: Field required"),
    "expected value left out": (", expected: 1105", "", "action:", "expected: Field required"),
    "nothing changes": ("value: 1150", "value: 1105", "action:", "nothing would change"),
    "unknown action": ("kind: set", "kind: add", "action:", "'drop_row'"),
    "unknown key": ("    status:", "    note: x\n    status:", "note: x", "note: Extra inputs"),
    "reason left out": ("    reason: {zh: 录入颠倒, en: Two digits are swapped}\n", "", "id:", "reason: Field required"),
    "reason in one language": (", en: Two digits are swapped", "", "reason:", "en: Field required"),
    "blank reason": ("zh: 录入颠倒", "zh: ' '", "reason:", "says nothing"),
    "a person's number for an office": ("区委组织部", "'１３９０００００００１'", "decided_by:", "the number of a person"),
    "another month's": ("period: 2021-12", "period: 2021-11", "period:", "2021-11 stands in the file of 2021-12"),
    "no month": ("period: 2021-12", "period: 2021-13", "period:", "is not a month"),
    "an id that cannot be listed": ("id: members", "id: a;b", "id:", "should match pattern"),
    "unknown status": ("status: active", "status: sleeping", "status:", "'active' or 'retired'"),
    "no date": ("'2022-01-10'", "'2022-02-30'", "decided_on:", "valid date"),
    "a drop that expects nothing": (SET, "{kind: drop_row, expected: {}}", "action:", "at least 1 item"),
    "a drop that expects what is no field": (
        SET, "{kind: drop_row, expected: {members: 1}}", "action:", "expected.members: members is no field"
    ),
    "key written twice": ("status: active", "status: active\n    status: retired", "status: retired", "stands twice"),
}  # fmt: skip


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(find_project_root())


def write(folder: Path, text: str, name: str = "2021-12.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def read(folder: Path, project: Project) -> tuple[Correction, ...]:
    return read_corrections(folder, project.forms, project.code_lists)


def test_a_correction_says_what_stands_in_its_file(tmp_path: Path, project: Project) -> None:
    write(tmp_path, ONE)

    (correction,) = read(tmp_path, project)

    assert correction.file == "assets/corrections/2021-12.yaml"
    assert correction.match == {"cluster_code": "C04"}
    assert correction.action == SetValue(kind="set", field="member_count", expected=1105, value=1150)
    assert correction.action.expectations == {"member_count": 1105}
    assert (correction.decided_by, correction.decided_on) == ("区委组织部", date(2022, 1, 10))
    assert correction.is_active


def test_values_get_the_types_of_their_fields(tmp_path: Path, project: Project) -> None:
    drop = "{kind: drop_row, expected: {quantity: '12345678901234567.123456', agreed_on: '2021-12-03', delivered_on: null}}"
    write(
        tmp_path,
        ONE.replace(ORGANISATION, _with("chain_cooperation", "{cooperation_no: 'X-1', quantity: 0.5}", drop)),
    )

    (correction,) = read(tmp_path, project)

    assert isinstance(correction.action, DropRow)
    assert correction.action.field is None
    assert correction.match == {"cooperation_no": "X-1", "quantity": Decimal("0.5")}
    assert correction.action.expected == {
        "quantity": Decimal("12345678901234567.123456"), "agreed_on": date(2021, 12, 3), "delivered_on": None
    }  # fmt: skip


def test_the_ledger_keeps_the_same_form_of_the_same_content(tmp_path: Path, project: Project) -> None:
    def definition(quantity: str, status: str = "active") -> dict[str, Any]:
        action = f"{{kind: set, field: quantity, expected: {quantity}, value: null}}"
        text = ONE.replace(ORGANISATION, _with("chain_cooperation", "{cooperation_no: X-1}", action))
        write(tmp_path, text.replace("active", status))
        return read(tmp_path, project)[0].definition

    assert definition("500.50") == definition("'500.5'") == definition("500.5", "retired")
    assert definition("500.5")["action"]["expected"] == "500.5"
    assert definition("500.5") != definition("500.6")


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_used_is_refused_with_its_line(kind: str, tmp_path: Path, project: Project) -> None:
    old, new, blamed, said = BROKEN[kind]
    assert ONE.count(old) == 1
    path = write(tmp_path, ONE.replace(old, new))
    lines = path.read_text("utf-8").splitlines()
    line = next(n for n, text in enumerate(lines, 1) if blamed in text)

    with pytest.raises(ContractError) as caught:
        read(tmp_path, project)

    assert f"{path}:{line}: " in str(caught.value)
    assert said in str(caught.value)


def test_an_id_stands_once_over_all_files(tmp_path: Path, project: Project) -> None:
    write(tmp_path, ONE)
    path = write(tmp_path, ONE.replace("2021-12", "2022-01"), "2022-01.yaml")

    with pytest.raises(ContractError, match=rf"{path}:2: members: id: stands twice"):
        read(tmp_path, project)


def test_two_active_corrections_of_one_cell_are_refused(tmp_path: Path, project: Project) -> None:
    path = write(tmp_path, TWO)

    with pytest.raises(ContractError, match=rf"{path}:16: others: match: another active correction"):
        read(tmp_path, project)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: active", "status: retired"),
        ("field: member_count, expected: 1105, value: 1150", "field: branch_count, expected: 1, value: 2"),
        ("cluster_code: C04", "cluster_code: C05"),
    ],
)
def test_one_cell_may_be_named_twice_where_only_one_is_active(
    old: str, new: str, tmp_path: Path, project: Project
) -> None:
    first, _, second = TWO.partition("id: others")
    write(tmp_path, first + "id: others" + second.replace(old, new))

    assert [correction.id for correction in read(tmp_path, project)] == ["members", "others"]


@pytest.mark.parametrize("name", ["december.yaml", "2021-13.yaml"])
def test_a_file_is_named_for_its_month(name: str, tmp_path: Path, project: Project) -> None:
    path = write(tmp_path, "corrections: []\n", name)

    with pytest.raises(ContractError, match=rf"{path}:1: .*named for its month"):
        read(tmp_path, project)


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path, project: Project) -> None:
    write(tmp_path, TWO.replace("C04", "C99"))
    write(tmp_path, "corrections: []\n", "x.yaml")

    with pytest.raises(ContractError) as caught:
        read(tmp_path, project)

    assert len(str(caught.value).splitlines()) == 3


def test_without_files_there_are_none(tmp_path: Path, project: Project) -> None:
    assert read(tmp_path / "missing", project) == ()


def test_corrections_do_not_judge_submissions_anew(project: Project) -> None:
    other = project.model_copy(update={"corrections": ()})

    assert project.corrections
    assert other.rules_version == project.rules_version


def test_no_correction_of_our_own_is_in_force(project: Project) -> None:
    assert [correction.id for correction in project.corrections if correction.is_active] == []


def _field(project: Project, form: str, name: str) -> Any:
    return project.forms[form].field_by_name[name]


@pytest.mark.parametrize(
    ("form", "field", "value", "typed"),
    [
        ("chain_cooperation", "quantity", 12, Decimal(12)),
        ("chain_cooperation", "quantity", 999_999_999.123456, Decimal("999999999.123456")),
        ("service_case", "accepted_at", "2021-12-03 09:30", datetime(2021, 12, 3, 9, 30)),
        ("cluster_enterprise", "is_key", False, False),
        ("cluster_organisation", "also_counted_in", "C01;C02", "C01;C02"),
        ("cluster_organisation", "founded_on", date(2021, 12, 3), date(2021, 12, 3)),
        ("cluster_organisation", "founded_on", None, None),
    ],
)
def test_a_value_is_read_exactly(form: str, field: str, value: Any, typed: Any, project: Project) -> None:
    found = read_value(_field(project, form, field), value, project.code_lists)

    assert (found, type(found)) == (typed, type(typed))


@pytest.mark.parametrize(
    ("form", "field", "value", "said"),
    [
        ("chain_cooperation", "quantity", 1e9 + 0.5, "in quotes"),
        ("chain_cooperation", "quantity", "1.1234567", "more than 6 places"),
        ("chain_cooperation", "quantity", "1e18", "no number that a column holds"),
        ("chain_cooperation", "quantity", float("nan"), "no number that a column holds"),
        ("chain_cooperation", "quantity", "many", "no number"),
        ("chain_cooperation", "quantity", True, "no number"),
        ("service_case", "accepted_at", "2021-12-03T09:30+08:00", "time zone"),
        ("service_case", "accepted_at", "today", "no time"),
        ("cluster_enterprise", "is_key", "是", "neither true nor false"),
        ("cluster_organisation", "also_counted_in", "C01;C99", "C99 is not in the code list"),
        ("cluster_organisation", "founded_on", "2021-12", "no date"),
        ("cluster_organisation", "founded_on", datetime(2021, 12, 3), "no date"),
        ("cluster_organisation", "lead_enterprise_uscc", 91310117, "no text"),
        ("cluster_organisation", "lead_enterprise_uscc", " x", "spaces around it"),
    ],
)
def test_a_value_that_is_none_is_refused(
    form: str, field: str, value: Any, said: str, project: Project
) -> None:
    with pytest.raises(ValueError, match=said):
        read_value(_field(project, form, field), value, project.code_lists)


@pytest.mark.parametrize("bound", [{"maximum": 5}, {"max_length": 3}, {"pattern": "^A"}])
def test_a_new_value_keeps_to_the_contracts_bounds(bound: dict[str, Any], project: Project) -> None:
    is_number = "maximum" in bound
    field = _field(project, "cluster_organisation", "member_count" if is_number else "lead_enterprise_uscc")
    value = 6 if is_number else "BCDE"

    assert read_value(field, value, project.code_lists) == value
    with pytest.raises(ValueError, match=r"above 5|longer than 3|does not match"):
        read_valid_value(field.model_copy(update=bound), value, project.code_lists)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), (True, "true"), (1150, "1150"), (Decimal("1150.500000"), "1150.5"), (Decimal("1E+2"), "100"),
        (date(2021, 12, 3), "2021-12-03"), (datetime(2021, 12, 3, 9, 30), "2021-12-03 09:30:00"), ("C04", "C04"),
    ],
)  # fmt: skip
def test_the_ledger_writes_a_value_as_one_text(value: Any, text: str | None) -> None:
    assert write_value(value) == text
