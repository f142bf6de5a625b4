from __future__ import annotations

from pathlib import Path

import pytest

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.codelists import CodeList, Obligation, read_code_list, read_obligations
from g60pipeline.contracts.periods import Period

LIST = """\
code,label_zh,label_en,aliases,valid_from,valid_to,kind
a,甲镇,Town A,甲;甲乡,,,town
b,乙镇,Town B,,2018-06-15,2020-12-31,town
c,丙街道,Subdistrict C,甲,2021-01-01,,subdistrict
"""
OBLIGATIONS = """\
unit_code,form,valid_from,valid_to,due_day,grace_days,lock_day
a,unit_summary,2020-12,2021-02,5,3,20
"""


@pytest.fixture
def towns(tmp_path: Path) -> CodeList:
    path = tmp_path / "towns.csv"
    path.write_text(LIST, "utf-8")
    return read_code_list(path)


@pytest.mark.parametrize(
    ("period", "valid"),
    [
        (Period(2018, 5), ("a",)),
        (Period(2018, 6), ("a", "b")),
        (Period(2020, 12), ("a", "b")),
        (Period(2021, 1), ("a", "c")),
    ],
)
def test_a_code_is_valid_at_the_end_of_the_months_between_its_dates(
    towns: CodeList, period: Period, valid: tuple[str, ...]
) -> None:
    assert towns.valid_codes(period) == valid


def test_a_code_is_found_by_whatever_a_clerk_may_write(towns: CodeList) -> None:
    found = {text: towns.by_text.get(text) for text in ("a", "甲镇", "Town A", "甲乡", "丙街道", "丁镇")}

    assert found == {"a": "a", "甲镇": "a", "Town A": "a", "甲乡": "a", "丙街道": "c", "丁镇": None}


def test_of_two_codes_with_one_alias_the_first_is_meant(towns: CodeList) -> None:
    assert towns.by_text["甲"] == "a"


def test_a_code_has_its_label_or_itself(towns: CodeList) -> None:
    assert towns.label_zh("b") == "乙镇"
    assert towns.label_zh("z") == "z"


def test_other_columns_are_attributes(towns: CodeList) -> None:
    assert towns.codes_where("kind", "town") == ("a", "b")
    assert towns.codes_where("colour", "red") == ()


def test_a_mark_at_the_files_start_is_no_part_of_the_first_heading(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text(LIST, "utf-8-sig")

    assert read_code_list(path).codes[0].code == "a"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,又一镇,Town Z,,,,town", "code a stands twice"),
        (",丁镇,Town D,,,,town", "code: "),
        ("d,丁镇", "label_en: "),
        ("d,丁镇,Town D,,,,town,one too many", "attributes: "),
    ],
)
def test_a_broken_row_is_refused_at_its_line(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "towns.csv"
    path.write_text(LIST + row + "\n", "utf-8")

    with pytest.raises(ContractError) as refusal:
        read_code_list(path)

    assert str(refusal.value).startswith(f"{path}:5: {said}")


def test_a_form_is_owed_in_both_of_its_end_months(tmp_path: Path) -> None:
    path = tmp_path / "obligations.csv"
    path.write_text(OBLIGATIONS, "utf-8")
    (obligation,) = read_obligations(path)

    owed = [
        key
        for key in ("2020-11", "2020-12", "2021-02", "2021-03")
        if obligation.is_owed_in(Period.parse(key))
    ]

    assert owed == ["2020-12", "2021-02"]


def test_an_open_obligation_does_not_end() -> None:
    obligation = Obligation(
        unit_code="a", form="f", valid_from="2020-12", due_day=5, grace_days=3, lock_day=20
    )

    assert obligation.is_owed_in(Period(2099, 12))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",5,3,20", ",0,3,20", "due_day: "),
        (",5,3,20", ",5,16,20", "grace_days: "),
        (",5,3,20", ",5,3,x", "lock_day: "),
    ],
)
def test_impossible_dates_are_refused_at_their_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "obligations.csv"
    path.write_text(OBLIGATIONS.replace(old, new), "utf-8")

    with pytest.raises(ContractError) as refusal:
        read_obligations(path)

    assert str(refusal.value).startswith(f"{path}:2: {said}")
