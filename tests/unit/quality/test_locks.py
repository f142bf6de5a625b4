"""A return that comes after its lock is sent back, unless the district opened the month."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pandas as pd
import pytest
from quality_tables import batch

from g60pipeline.contracts.deadlines import Opening
from g60pipeline.contracts.project import Project
from g60pipeline.quality.locks import locked_forms

TOWN, HOST = "310117001", "310117103"
BEFORE, AFTER = (
    datetime(2021, 12, 19, 15, 59),
    datetime(2021, 12, 19, 16, 0),
)  # the lock is the 20th in Beijing


def opening(**changes: object) -> Opening:
    plain = {
        "unit_code": TOWN, "first_period": "2021-11", "last_period": "2021-11", "opened_from": date(2021, 12, 20),
        "opened_until": date(2021, 12, 31), "reason": "补报遗漏", "opened_by": "区委组织部",
    }  # fmt: skip
    return Opening.model_validate({**plain, **changes})


def locked(
    project: Project,
    received_at: datetime,
    *openings: Opening,
    unit: str = TOWN,
    forms: tuple[str, ...] = ("unit_summary",),
) -> str | None:
    frame = pd.DataFrame({
        "submission_id": [1], "reporting_unit_code": [unit], "period": ["2021-11"], "received_at": [received_at],
    })  # fmt: skip
    present = {(1, form) for form in forms}
    judged = replace(batch(project, present=present), openings=openings)
    return locked_forms(frame, judged, project.cover).iloc[0]


def test_the_lock_falls_at_midnight_in_beijing(project: Project) -> None:
    assert locked(project, BEFORE) is None
    assert locked(project, AFTER) == "《单位汇总表》"


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        ({}, True),
        ({"unit_code": "*"}, True),
        ({"form": "unit_summary"}, True),
        ({"form": "activity"}, False),
        ({"unit_code": HOST}, False),
        ({"first_period": "2021-10", "last_period": "2021-10"}, False),
        ({"opened_from": date(2021, 12, 21)}, False),
    ],
)
def test_only_an_opening_for_it_lets_it_in(
    project: Project, changes: dict[str, object], is_open: bool
) -> None:
    assert (locked(project, AFTER, opening(**changes)) is None) is is_open


def test_an_opening_of_one_form_does_not_let_the_others_in(project: Project) -> None:
    forms = ("unit_summary", "activity")
    found = locked(project, AFTER, opening(unit_code=HOST, form="activity"), unit=HOST, forms=forms)
    assert found == "《单位汇总表》"


def test_a_form_that_is_not_owed_has_no_lock(project: Project) -> None:
    assert locked(project, AFTER, forms=("activity",)) is None
