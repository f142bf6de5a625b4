"""Three days per form and month, and what an opening covers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from g60pipeline.contracts.codelists import Obligation
from g60pipeline.contracts.deadlines import Opening, beijing_day, deadlines_of
from g60pipeline.contracts.periods import Period

OBLIGATION = Obligation(unit_code="a", form="f", valid_from="2020-12", due_day=5, grace_days=3, lock_day=20)
OPENING = {
    "unit_code": "a", "form": "f", "first_period": "2021-01", "last_period": "2021-03",
    "opened_from": date(2021, 6, 1), "opened_until": date(2021, 6, 30), "reason": "补报遗漏", "opened_by": "区委组织部",
}  # fmt: skip


def test_the_days_of_december_lie_in_january() -> None:
    assert deadlines_of(OBLIGATION, Period(2021, 12)) == (
        date(2022, 1, 5),
        date(2022, 1, 8),
        date(2022, 1, 20),
    )


def test_grace_may_not_reach_the_lock() -> None:
    with pytest.raises(ValidationError, match="not after the end of grace, day 8"):
        Obligation.model_validate({**OBLIGATION.model_dump(), "lock_day": 8})


def test_the_day_changes_at_midnight_in_beijing() -> None:
    assert beijing_day(datetime(2021, 12, 5, 15, 59, 59)) == date(2021, 12, 5)
    assert beijing_day(datetime(2021, 12, 5, 16)) == date(2021, 12, 6)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("a", "f", "2021-01", date(2021, 6, 1)), True),
        (("a", "f", "2021-03", date(2021, 6, 30)), True),
        (("b", "f", "2021-01", date(2021, 6, 1)), False),
        (("a", "g", "2021-01", date(2021, 6, 1)), False),
        (("a", "f", "2020-12", date(2021, 6, 1)), False),
        (("a", "f", "2021-04", date(2021, 6, 1)), False),
        (("a", "f", "2021-01", date(2021, 5, 31)), False),
        (("a", "f", "2021-01", date(2021, 7, 1)), False),
    ],
)
def test_an_opening_covers_what_it_says(asked: tuple[str, str, str, date], expected: bool) -> None:
    assert Opening.model_validate(OPENING).covers(*asked) is expected


def test_a_star_covers_every_unit_and_form() -> None:
    opening = Opening.model_validate({**OPENING, "unit_code": "*", "form": "*"})
    assert opening.covers("z", "any", "2021-02", date(2021, 6, 15))


@pytest.mark.parametrize(
    ("key", "value"),
    [("reason", "  "), ("opened_by", ""), ("first_period", "2021-13"), ("last_period", "2020-12"),
     ("opened_until", date(2021, 5, 31))],
)  # fmt: skip
def test_an_opening_without_a_reason_or_in_disorder_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        Opening.model_validate({**OPENING, key: value})
