"""What is computed bit by bit, in whatever order returns come, is what is computed at once from all of them."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_world import Ledger

from g60pipeline.contracts.project import Project
from g60pipeline.intake.forms import TypedRow, hash_content
from g60pipeline.operations.compute import update_indicators
from g60pipeline.warehouse.ledger import append_accepted

UNITS = ("310117001", "310117102")
MONTHS = ("2020-12", "2021-01", "2021-02", "2021-12", "2022-01")
THEMES = ("membership", "reporting")
START = datetime(2022, 3, 1)
arrivals = st.lists(
    st.tuples(
        st.sampled_from(UNITS),
        st.sampled_from(MONTHS),
        st.integers(0, 2),  # so that returns are also sent again as they were
        st.sampled_from(["accepted", "accepted", "returned"]),
    ),
    min_size=1,
    max_size=5,
)


def arrive(ledger: Ledger, step: int, unit: str, month: str, count: int, verdict: str) -> None:
    number = ledger.submit(unit, START + timedelta(hours=step), verdict, month, ["unit_summary"])
    row: dict[str, Any] = {
        "member_count": 100 + count,
        "new_member_count": count,
        "new_member_count_ytd": count,
    }
    ledger.stage(number, "unit_summary", unit, row, period=month)
    form = ledger.warehouse.table("ops.submission_form")
    with ledger.warehouse.transaction() as connection:
        told = {"content_hash": hash_content([TypedRow(1, row, {})])}
        connection.execute(sa.update(form).where(form.c.submission_id == number).values(told))
    if verdict == "accepted":
        with ledger.warehouse.transaction() as connection:
            append_accepted(connection, ledger.warehouse, "unit_summary", [number])


def values(ledger: Ledger) -> list[tuple[Any, ...]]:
    frame = ledger.warehouse.read("SELECT * FROM mart.indicator_value")
    plain = frame.astype(object).where(frame.notna(), None)
    return sorted(plain.itertuples(index=False, name=None), key=repr)


@settings(
    max_examples=int(os.environ.get("HISTORIES", "3")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(history=arrivals)
def test_any_order_of_arrivals_ends_where_a_full_rebuild_ends(
    ledger: Ledger, history: list[tuple[str, str, int, str]]
) -> None:
    ledger.clear()
    update_indicators(ledger.warehouse, MONTHS, THEMES)
    for step, (unit, month, count, verdict) in enumerate(history):
        arrive(ledger, step, unit, month, count, verdict)
        update_indicators(ledger.warehouse, [month], THEMES)
    step_by_step = values(ledger)
    update_indicators(ledger.warehouse, MONTHS, THEMES, rebuild=True)
    assert values(ledger) == step_by_step
    assert step_by_step


def test_a_late_return_computes_only_the_months_that_it_can_touch(ledger: Ledger) -> None:
    for unit in UNITS:
        for month in MONTHS:
            arrive(ledger, 0, unit, month, 5, "accepted")
    done = update_indicators(ledger.warehouse, MONTHS, ("reporting", "membership"))
    assert [item.months for item in done] == [MONTHS, MONTHS] or {item.months for item in done} == {MONTHS}
    assert all(not item.months for item in update_indicators(ledger.warehouse, MONTHS, THEMES))
    arrive(ledger, 9, UNITS[0], "2021-02", 7, "accepted")
    touched = {
        item.theme: set(item.months) for item in update_indicators(ledger.warehouse, ["2021-02"], THEMES)
    }
    assert touched["reporting"] == {
        "2021-02",
        "2021-12",
    }  # the month, and what has been reported since January
    assert "2021-01" not in touched["membership"]
    assert "2020-12" not in touched["membership"]


def test_a_form_sent_again_unchanged_computes_only_what_rests_on_the_ledger(ledger: Ledger) -> None:
    arrive(ledger, 0, UNITS[0], "2021-02", 5, "accepted")
    update_indicators(ledger.warehouse, MONTHS, THEMES)
    arrive(ledger, 1, UNITS[0], "2021-02", 5, "accepted")
    touched = {item.theme: item.months for item in update_indicators(ledger.warehouse, MONTHS, THEMES)}
    assert touched["membership"] == ()
    assert "2021-02" in touched["reporting"]
    arrive(ledger, 2, UNITS[0], "2021-02", 6, "accepted")
    touched = {item.theme: item.months for item in update_indicators(ledger.warehouse, MONTHS, THEMES)}
    assert "2021-02" in touched["membership"]


def test_what_does_not_change_is_not_stored_again(ledger: Ledger) -> None:
    arrive(ledger, 0, UNITS[0], "2021-12", 5, "accepted")
    update_indicators(ledger.warehouse, ["2021-12"], ["membership"])
    rows = ledger.warehouse.read("SELECT count(*) AS n FROM mart.indicator_vintage")["n"].iloc[0]
    (again,) = update_indicators(ledger.warehouse, ["2021-12"], ["membership"], rebuild=True)
    assert again.changed_count == 0
    assert ledger.warehouse.read("SELECT count(*) AS n FROM mart.indicator_vintage")["n"].iloc[0] == rows


def test_a_value_that_changed_is_there_as_of_before(ledger: Ledger) -> None:
    query = "SELECT value FROM {} WHERE indicator_id = 'unit_member_count' AND period = '2021-12' AND level = 'unit'"
    query += f" AND subject_code = '{UNITS[0]}' AND dimension = ''"
    arrive(ledger, 0, UNITS[0], "2021-12", 5, "accepted")
    update_indicators(ledger.warehouse, ["2021-12"], ["membership"])
    known = ledger.warehouse.read("SELECT max(known_from) AS at FROM mart.indicator_vintage")["at"].iloc[0]
    arrive(ledger, 1, UNITS[0], "2021-12", 6, "accepted")
    update_indicators(ledger.warehouse, ["2021-12"], ["membership"])
    before = ledger.warehouse.read(query.format("mart.indicator_value_as_of(:at)"), {"at": known})
    assert list(before["value"]) == [105]
    assert list(ledger.warehouse.read(query.format("mart.indicator_value"))["value"]) == [106]


def without(project: Project, gone: str) -> Project:
    """The project without an indicator."""
    files = tuple(
        file.model_copy(update={"indicators": tuple(one for one in file.indicators if one.id != gone)})
        for file in project.indicator_files
    )
    less = project.model_copy(update={"indicator_files": files, "scorecards": (), "figures": None})
    vars(less).pop("indicators", None)  # remembered of the whole project
    return less


def test_a_new_indicator_is_computed_of_every_month_that_the_others_of_its_file_have(ledger: Ledger) -> None:
    for month in MONTHS:
        arrive(ledger, 0, UNITS[0], month, 5, "accepted")
    project = ledger.warehouse.project
    ledger.warehouse.project = without(project, "unit_member_count")
    try:
        update_indicators(ledger.warehouse, MONTHS, ["membership"])
    finally:
        ledger.warehouse.project = project
    update_indicators(ledger.warehouse, ["2021-12"], ["membership"])
    step_by_step = values(ledger)
    assert {row.period for row in members(ledger)} == set(MONTHS)
    update_indicators(ledger.warehouse, MONTHS, ["membership"], rebuild=True)
    assert values(ledger) == step_by_step


def members(ledger: Ledger) -> list[Any]:
    query = "SELECT DISTINCT period FROM mart.indicator_value WHERE indicator_id = 'unit_member_count'"
    return list(ledger.warehouse.read(query).itertuples())


def test_an_indicator_that_is_defined_no_longer_ends_and_one_put_back_is_computed_anew(
    ledger: Ledger,
) -> None:
    def present() -> set[str]:
        return set(
            ledger.warehouse.read("SELECT DISTINCT indicator_id FROM mart.indicator_value")["indicator_id"]
        )

    def ids_as_of(instant: Any) -> set[str]:
        query = "SELECT DISTINCT indicator_id FROM mart.indicator_value_as_of(:at)"
        return set(ledger.warehouse.read(query, {"at": instant})["indicator_id"])

    arrive(ledger, 0, UNITS[0], "2021-12", 5, "accepted")
    update_indicators(ledger.warehouse, ["2021-12"], ["membership"])
    known = ledger.warehouse.read("SELECT max(known_from) AS at FROM mart.indicator_vintage")["at"].iloc[0]
    before = values(ledger)
    project = ledger.warehouse.project
    ledger.warehouse.project = without(project, "unit_member_count")
    try:
        update_indicators(ledger.warehouse, ["2021-12"], ["membership"])
        assert "unit_member_count" not in present()
        assert present()
        assert "unit_member_count" in ids_as_of(known)
    finally:
        ledger.warehouse.project = project
    update_indicators(ledger.warehouse, ["2021-12"], ["membership"])
    assert values(ledger) == before
