"""Openings are entered once each and come back as they were."""

from __future__ import annotations

from datetime import date

from ledger_world import TOWN, Ledger

from g60pipeline.contracts.deadlines import Opening
from g60pipeline.warehouse.openings import append_opening, read_openings

FIRST = Opening(
    unit_code=TOWN, form="activity", first_period="2021-11", last_period="2021-12", opened_from=date(2022, 1, 10),
    opened_until=date(2022, 1, 20), reason="补报遗漏的活动", opened_by="区委组织部",
)  # fmt: skip


def test_openings_are_read_back_in_order_and_the_same_one_is_entered_once(ledger: Ledger) -> None:
    second = FIRST.model_copy(update={"form": "*", "reason": "更正党员数"})

    assert [append_opening(ledger.warehouse, o) for o in (FIRST, second, FIRST)] == [1, 2, 1]
    assert read_openings(ledger.warehouse) == (FIRST, second)
