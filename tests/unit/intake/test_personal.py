"""Resident-ID and phone numbers are found wherever they stand; credit codes and amounts are left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g60pipeline.intake.personal import is_credit_code, kinds_in_cell, kinds_in_text, mask

CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(first: str) -> str:
    total = sum(CHARACTERS.index(c) * pow(3, place, 31) for place, c in enumerate(first))
    return first + CHARACTERS[(31 - total % 31) % 31]


DAYS = st.dates().map(lambda day: f"{day.year % 100:02d}{day:%m%d}")
IDS = st.builds(
    lambda area, century, day, serial, last: f"{area}{century}{day}{serial:03d}{last}",
    st.sampled_from(["310117", "110101", "440305", "320102", "650102"]),
    st.sampled_from(["19", "20"]),
    DAYS,
    st.integers(0, 999),
    st.sampled_from("0123456789Xx"),
)
# the last six digits of the division may be 19…, 20…, so that a birth date can stand by chance
CODES = st.builds(
    lambda kind, division, rest: credit_code(kind + division + rest),
    st.sampled_from(["91", "92", "93", "11", "12", "31", "51", "52", "53"]),
    st.sampled_from(["310117", "310120", "310119", "330420", "100000"]),
    st.one_of(
        st.from_regex(r"\A[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])[0-9]{3}\Z"),
        st.from_regex(r"\A[0-9A-HJ-NPQRTUWXY]{9}\Z"),
    ),
)
PHONES = st.from_regex(r"\A1[3-9][0-9]{9}\Z")
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


@given(IDS, st.sampled_from(["{}", "证件：{}。", "{}（本人）", "x {} y", "_{}.xlsx"]), st.booleans())
def test_resident_ids_are_found_and_masked(number: str, around: str, wide: bool) -> None:
    text = around.format(number.translate(WIDE) if wide else number)
    assert "resident_id" in kinds_in_text(text)
    assert not any(digits in mask(text) for digits in (number, number.translate(WIDE), number[6:14]))


@given(CODES)
def test_a_valid_credit_code_is_never_taken_for_an_id(code: str) -> None:
    assert "resident_id" not in kinds_in_text(code)
    assert "resident_id" not in kinds_in_text(f"代码{code}")


@given(st.from_regex(r"\A9[123]310117[0-9]{10}\Z"))
def test_a_mistyped_code_of_an_enterprise_is_no_id(code: str) -> None:
    assert kinds_in_text(code) == set()


@given(
    PHONES,
    st.sampled_from(["{}", "电话{}", "+86{}", "+86 {}", "0086-{}", "（{}）", "张三_{}.xlsx"]),
    st.booleans(),
)
def test_phone_numbers_are_found_and_masked(number: str, around: str, wide: bool) -> None:
    text = around.format(number.translate(WIDE) if wide else number)
    assert kinds_in_text(text) == {"phone"}
    assert number[3:] not in mask(text).translate(str.maketrans("０１２３４５６７８９", "0123456789"))


@given(PHONES, st.sampled_from(["A{}", "{}B", "1{}", "{}0", "0.{}", "{}.5"]))
def test_digits_within_a_longer_run_are_no_phone_number(number: str, around: str) -> None:
    assert kinds_in_text(around.format(number)) == set()


@given(IDS.filter(lambda number: number[-1].isdigit()))
def test_an_id_that_excel_made_a_float_is_found(number: str) -> None:
    assert kinds_in_cell(float(number)) == {"resident_id"}
    assert kinds_in_cell(int(number)) == {"resident_id"} or is_credit_code(number)


@pytest.mark.parametrize(
    "text", ["310117 19900101 1234", "310117-19900101-123x", "138 1234 5678", "138-1234-5678"]
)
def test_numbers_written_in_groups_are_found(text: str) -> None:
    assert kinds_in_text(text)


@pytest.mark.parametrize(
    "cell",
    ["", None, True, 0, 12, 1.5, 1e10, 2.5e11, 9.13101171234567e17, 1e300, "310117199013011234", "990117199001011234",
     "C03-2021-001", "2021-12-05", "12345678901", "021-57712345", {"date": "2021-01-01"}, "0.13812345678", 0.13812345678],
)  # fmt: skip
def test_what_is_none_is_left_alone(cell: Any) -> None:
    assert kinds_in_cell(cell) == set()


@given(st.text())
def test_text_without_a_number_stays_as_it_is(text: str) -> None:
    if not kinds_in_text(text):
        assert mask(text) == text
