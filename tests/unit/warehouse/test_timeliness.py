"""States of obligations at an instant: due, end of grace and lock are three days in Beijing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from ledger_world import DUE, GRACE_END, HOST, LOCK, MONTH, TOWN, Ledger

from g60pipeline.contracts.deadlines import Opening
from g60pipeline.warehouse.openings import append_opening
from g60pipeline.warehouse.timeliness import read_contents, read_form_status

LATER = datetime(2022, 3, 1)
MIDNIGHT = timedelta(hours=16)  # of the day's end in Beijing, on the day's own date in UTC
SECOND = timedelta(seconds=1)


def states(ledger: Ledger, unit: str, at: datetime = LATER, column: str = "state") -> dict[str, Any]:
    frame = read_form_status(ledger.warehouse, MONTH, MONTH, at)
    return {
        row["form"]: row[column] for row in frame.to_dict("records") if row["reporting_unit_code"] == unit
    }


def state(ledger: Ledger, at: datetime = LATER, column: str = "state") -> Any:
    return states(ledger, TOWN, at, column)["unit_summary"]


@pytest.mark.parametrize(
    ("received_at", "expected"),
    [
        (DUE + MIDNIGHT - SECOND, "on_time"),
        (DUE + MIDNIGHT, "in_grace"),
        (GRACE_END + MIDNIGHT - SECOND, "in_grace"),
        (GRACE_END + MIDNIGHT, "late"),
        (LOCK, "late"),
    ],
)
def test_an_accepted_form_is_timed_by_the_day_in_beijing(
    ledger: Ledger, received_at: datetime, expected: str
) -> None:
    ledger.submit(TOWN, received_at)

    assert state(ledger) == expected
    assert not state(ledger, column="is_overdue")


@pytest.mark.parametrize(
    ("at", "expected", "is_overdue"),
    [
        (DUE + MIDNIGHT - SECOND, "awaited", False),
        (DUE + MIDNIGHT, "missing", False),
        (GRACE_END + MIDNIGHT - SECOND, "missing", False),
        (GRACE_END + MIDNIGHT, "overdue", True),
    ],
)
def test_what_did_not_come_is_awaited_then_missing_then_overdue(
    ledger: Ledger, at: datetime, expected: str, is_overdue: bool
) -> None:
    assert state(ledger, at) == expected
    assert bool(state(ledger, at, "is_overdue")) is is_overdue
    assert bool(state(ledger, at, "is_missing")) is (expected != "awaited")


def test_a_returned_form_is_received_and_becomes_overdue_when_grace_is_over(ledger: Ledger) -> None:
    ledger.submit(TOWN, DUE, "returned")

    assert state(ledger, GRACE_END) == "returned"
    assert state(ledger) == "returned_overdue"
    assert (state(ledger, column="is_received"), state(ledger, column="is_missing")) == (True, False)


def test_what_is_not_judged_is_received_and_no_more(ledger: Ledger) -> None:
    ledger.submit(TOWN, DUE, None)

    assert state(ledger) == "received"
    assert state(ledger, column="is_overdue")


def test_the_first_accepted_submission_counts_for_the_time_and_the_last_one_is_told(ledger: Ledger) -> None:
    ledger.submit(TOWN, DUE - timedelta(days=2), "returned")
    accepted = ledger.submit(TOWN, DUE + timedelta(days=2))
    last = ledger.submit(TOWN, LOCK - timedelta(days=2), "returned")

    assert state(ledger) == "in_grace"
    assert state(ledger, column="accepted_submission_id") == accepted
    assert state(ledger, column="last_submission_id") == last
    assert state(ledger, column="last_status") == "returned"
    assert (state(ledger, column="submission_count"), state(ledger, column="returned_count")) == (3, 2)


def test_an_earlier_instant_sees_neither_what_came_nor_what_was_judged_later(ledger: Ledger) -> None:
    number = ledger.submit(TOWN, DUE, "returned")
    ledger.judge(number, "accepted", LOCK)

    assert state(ledger, DUE - SECOND) == "awaited"
    assert state(ledger, LOCK - SECOND) == "returned_overdue"
    assert state(ledger, LOCK) == "on_time"


@pytest.mark.parametrize("verdict", ["unreadable", "refused"])
def test_a_file_that_was_not_read_stands_for_every_form_owed(ledger: Ledger, verdict: str) -> None:
    ledger.submit(HOST, DUE, verdict, forms=())

    assert set(states(ledger, HOST).values()) == {"returned_overdue"}
    assert len(states(ledger, HOST)) == 9
    assert state(ledger) == "overdue"


def test_a_form_left_out_of_a_return_is_missing_while_the_others_are_returned(ledger: Ledger) -> None:
    ledger.submit(HOST, DUE, "returned", forms=("unit_summary", "activity"))

    found = states(ledger, HOST, GRACE_END)
    assert (found["unit_summary"], found["activity"], found["recognition"]) == (
        "returned",
        "returned",
        "missing",
    )


def test_a_form_that_is_not_owed_is_shown_and_never_counted_as_expected(ledger: Ledger) -> None:
    ledger.submit(TOWN, DUE, "returned", forms=("unit_summary", "district_economy"))

    assert states(ledger, TOWN)["district_economy"] == "not_owed"
    assert states(ledger, TOWN, column="is_expected") == {"unit_summary": True, "district_economy": False}
    assert not states(ledger, TOWN, column="is_overdue")["district_economy"]


def test_a_month_is_locked_from_its_lock_day_on_unless_it_is_open(ledger: Ledger) -> None:
    opening = Opening(
        unit_code=TOWN, first_period=MONTH, last_period=MONTH, opened_from=date(2022, 1, 10),
        opened_until=date(2022, 1, 20), reason="补报遗漏", opened_by="区委组织部",
    )  # fmt: skip
    append_opening(ledger.warehouse, opening)
    # Entered now: at that time nobody knew of it.
    assert state(ledger, datetime(2022, 1, 15), "is_locked")
    ledger.clear()
    ledger.insert(
        "ops.opening", {**opening.model_dump(), "opening_id": 1, "entered_at": datetime(2022, 1, 10)}
    )

    locked = {day: bool(state(ledger, day, "is_locked")) for day in (
        LOCK - timedelta(days=1) + MIDNIGHT - SECOND, LOCK - timedelta(days=1) + MIDNIGHT,
        datetime(2022, 1, 10), datetime(2022, 1, 20), datetime(2022, 1, 21),
    )}  # fmt: skip
    assert list(locked.values()) == [False, True, False, False, True]
    assert states(ledger, HOST, datetime(2022, 1, 15), "is_locked")["unit_summary"]


def test_content_is_counted_by_required_cells_and_by_the_clusters_that_the_unit_hosts(ledger: Ledger) -> None:
    number = ledger.submit(HOST, DUE, "returned")
    form = ledger.warehouse.project.forms["cluster_organisation"]
    required = {field.name for field in form.fields if field.is_required}
    whole: dict[str, Any] = dict.fromkeys(required, 1)
    whole |= {"cluster_code": "C04", "organisation_form": "committee", "founded_on": date(2018, 1, 1),
              "lead_enterprise_uscc": "x"}  # fmt: skip
    ledger.stage(number, form.name, HOST, whole, {**whole, "member_count": None, "branch_count": None})

    contents = read_contents(ledger.warehouse, read_form_status(ledger.warehouse, MONTH, MONTH, LATER))
    row = contents[contents["form"] == form.name].iloc[0]
    assert row["required_cell_count"] == 2 * len(required)
    assert row["filled_cell_count"] == 2 * len(required) - len(required & {"member_count", "branch_count"})
    assert (row["present_key_count"], row["expected_key_count"]) == (0, 1)  # C03 is the host's, C04 is not
    assert len(contents) == 9


def test_nothing_received_has_no_content(ledger: Ledger) -> None:
    assert read_contents(ledger.warehouse, read_form_status(ledger.warehouse, MONTH, MONTH, LATER)).empty
