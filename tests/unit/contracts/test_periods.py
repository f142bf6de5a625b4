from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g60pipeline.contracts.periods import Period, period_range

periods = st.builds(Period, st.integers(2000, 2099), st.integers(1, 12))


@given(periods)
def test_a_period_is_read_back_from_its_key(period: Period) -> None:
    assert Period.parse(period.key) == period


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2021",
        "2021-0",
        "2021-00",
        "2021-13",
        "2021-1",
        "202112",
        "1999-12",
        "2021-12 ",
        "2021-12-01",
        "２０２１-12",
    ],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("key", "end"),
    [("2020-02", date(2020, 2, 29)), ("2021-02", date(2021, 2, 28)), ("2021-12", date(2021, 12, 31))],
)
def test_a_period_ends_on_its_last_day(key: str, end: date) -> None:
    period = Period.parse(key)

    assert period.end == end
    assert period.start == end.replace(day=1)


@given(periods, st.integers(-120, 120))
def test_moving_by_months_moves_the_index_by_as_many(period: Period, months: int) -> None:
    moved = period.plus(months)

    assert moved.month_index - period.month_index == months
    assert moved.plus(-months) == period
    assert (moved > period) == (months > 0)


def test_january_follows_december() -> None:
    assert Period(2020, 12).plus(1) == Period(2021, 1)
    assert Period(2021, 1).plus(-1) == Period(2020, 12)


def test_a_range_has_both_ends() -> None:
    keys = [period.key for period in period_range(Period(2020, 11), Period(2021, 2))]

    assert keys == ["2020-11", "2020-12", "2021-01", "2021-02"]
    assert list(period_range(Period(2021, 2), Period(2021, 2))) == [Period(2021, 2)]
    assert list(period_range(Period(2021, 2), Period(2021, 1))) == []
