"""What a clerk wrote → a typed value."""

# ruff: noqa: E501  one case a line
from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g60pipeline.intake.text import (
    is_blank,
    is_dash,
    is_not_applicable,
    parse_cell,
    parse_decimal,
    parse_integer,
    parse_period,
    raw_text,
)

FULL_WIDTH = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")
DECIMALS = st.decimals(min_value=-(10**15), max_value=10**15, places=4, allow_nan=False, allow_infinity=False)


@given(DECIMALS, st.booleans(), st.booleans(), st.sampled_from(["", " ", "\u3000", "\u00a0", "\t"]))
def test_number_text_makes_the_round_trip(number: Decimal, separated: bool, wide: bool, space: str) -> None:
    text = f"{number:,f}" if separated else f"{number:f}"
    assert parse_decimal(space + (text.translate(FULL_WIDTH) if wide else text) + space) == number


@given(st.integers(-(10**17), 10**17))
def test_whole_numbers_make_the_round_trip(number: int) -> None:
    assert parse_integer(number) == parse_integer(str(number)) == parse_integer(f"{number}.00") == number


@given(st.floats(min_value=-1e15, max_value=1e15))
def test_floats_keep_what_they_show(number: float) -> None:
    assert parse_decimal(number) == Decimal(repr(number))


GOOD: list[tuple[str, Any, Any]] = [
    ("integer", "１，２００", 1200),
    ("integer", "1 234 567", 1234567),
    ("integer", 12.0, 12),
    ("integer", "12.0", 12),
    ("decimal", "0.1", Decimal("0.1")),
    ("decimal", 0.1, Decimal("0.1")),
    ("decimal", "−3", Decimal(-3)),
    ("boolean", "是", True),
    ("boolean", " 否 ", False),
    ("boolean", "y", True),
    ("boolean", 0, False),
    ("boolean", True, True),
    ("date", "2021-12-05", date(2021, 12, 5)),
    ("date", "2021/12/5", date(2021, 12, 5)),
    ("date", "2021.12.5", date(2021, 12, 5)),
    ("date", "２０２１年１２月５日", date(2021, 12, 5)),
    ("date", "20211205", date(2021, 12, 5)),
    ("date", 20211205, date(2021, 12, 5)),
    ("date", {"date": "2021-12-05"}, date(2021, 12, 5)),
    ("timestamp", "2021-12-05 9:30", datetime(2021, 12, 5, 9, 30)),
    ("timestamp", "2021-12-05T09:30:15", datetime(2021, 12, 5, 9, 30, 15)),
    ("timestamp", "2021年12月5日 9时30分", datetime(2021, 12, 5, 9, 30)),
    ("timestamp", "2021年12月5日9:30", datetime(2021, 12, 5, 9, 30)),
    ("timestamp", "2021-12-05", datetime(2021, 12, 5)),
    ("timestamp", {"timestamp": "2021-12-05T09:30:00"}, datetime(2021, 12, 5, 9, 30)),
    ("text", " 佘山 镇 ", "佘山 镇"),
    ("text", 310117103, "310117103"),
]


@pytest.mark.parametrize(("type_", "cell", "value"), GOOD)
def test_what_is_meant_is_read(type_: Any, cell: Any, value: Any) -> None:
    read = parse_cell(cell, type_)
    assert read == value
    assert type(read) is type(value)


BAD: list[tuple[str, Any]] = [
    ("integer", "约20余家"), ("integer", "近千项"), ("integer", "20家"), ("integer", "12.5"), ("integer", 12.5),
    ("integer", "1,23"), ("integer", "1,2345"), ("integer", "12 34"), ("integer", "-"), ("integer", "—"), ("integer", True),
    ("integer", "1e5"), ("integer", "0x10"), ("integer", "二十"), ("integer", "①"), ("integer", "10²"), ("integer", {"date": "2021-12-05"}),
    ("integer", "9" * 19), ("decimal", 1e300), ("decimal", "12%"), ("decimal", "."), ("decimal", "1."), ("decimal", "nan"),
    ("decimal", "inf"), ("decimal", "1_000"), ("decimal", "٣"), ("boolean", "√"), ("boolean", "×"), ("boolean", 2),
    ("date", "2021-13-05"), ("date", "2021-02-29"), ("date", "2021-12"), ("date", 44535), ("date", "12月5日"),
    ("date", "2021-12/05"), ("timestamp", "2021-12-05 25:00"), ("timestamp", "2021-12-05 上午"), ("text", "——"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "cell"), BAD)
def test_what_is_not_meant_is_not_guessed(type_: Any, cell: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the message is nobody's business
        parse_cell(cell, type_)


@given(
    st.one_of(st.text(), st.integers(), st.floats(), st.booleans()),
    st.sampled_from([case[0] for case in GOOD]),
)
def test_nothing_but_value_error_is_raised(cell: Any, type_: Any) -> None:
    with suppress(ValueError):
        parse_cell(cell, type_)
    assert isinstance(raw_text(cell), str)


def test_blank_zero_not_applicable_and_dash_are_four_things() -> None:
    cells = [None, "\u3000", 0, "0", " 不适用 ", "无适用", "n/a", "—", "－", "无"]
    told = [(is_blank(cell), is_not_applicable(cell), is_dash(cell)) for cell in cells]
    blank, not_applicable, dash, value = (
        (True, False, False),
        (False, True, False),
        (False, False, True),
        (False,) * 3,
    )
    assert told == [blank] * 2 + [value] * 2 + [not_applicable] * 3 + [dash] * 2 + [value]


@pytest.mark.parametrize(
    "cell",
    [
        "2021-12",
        "2021/12",
        "2021年12月",
        "202112",
        202112,
        "２０２１－１２",
        {"date": "2021-12-01"},
        "2021.12",
    ],
)
def test_a_month_is_read_however_excel_left_it(cell: Any) -> None:
    assert parse_period(cell).key == "2021-12"


@pytest.mark.parametrize("cell", ["2021-13", "2021", "12", "2021-12-05", "1921-12", "", 2021.5, "去年"])
def test_what_is_no_month_is_refused(cell: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_period(cell)
