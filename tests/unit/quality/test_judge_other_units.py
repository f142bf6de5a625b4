"""What a verdict says of other units: the bureau's figure against the units in force when it came, no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.quality.judge import Staged, judge
from g60pipeline.quality.suites import Expectations

BUREAU, YUEYANG, PERIOD = "310117U03", "310117001", "2021-02"
MONTH = Period.parse(PERIOD).month_index
RULE = "the_units_add_up_to_the_bureaus_figure"
Row = dict[str, Any]


def summary(number: int, unit: str, count: int | None) -> Row:
    return {
        "submission_id": number, "reporting_unit_code": unit, "period": PERIOD, "unit_code": unit,
        "member_count": 1000, "organisation_count": 50, "new_member_count": 1, "new_member_count_ytd": 2,
        "key_enterprise_count": 2, "above_scale_enterprise_count": count,
        "above_scale_output_wan_yuan": 800, "output_unit": "wan_yuan",
    }  # fmt: skip


def figure(number: int, value: int) -> Row:
    return {
        "submission_id": number, "reporting_unit_code": BUREAU, "period": PERIOD,
        "measure_code": "above_scale_enterprise_count", "value": value, "value_ytd": None, "base_value": value,
        "base_value_ytd": None, "unit_of_measure": "enterprise", "rank_in_city": None,
    }  # fmt: skip


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    texts = [{name: str(value) for name, value in row.items() if value is not None} for row in rows]
    return pd.DataFrame(rows, dtype=object).assign(sheet_row=4, raw_text=texts)


def _cover(rows: Sequence[Row]) -> pd.DataFrame:
    written = {"template_version": "2021.1", "sequence_number": 1, "unit_name": None, "remark": None}
    return pd.DataFrame([
        {
            **written, "submission_id": row["submission_id"], "reporting_unit_code": row["reporting_unit_code"],
            "period": PERIOD, "unit_code": row["reporting_unit_code"], "month_index": MONTH, "file_name": "a.xlsx",
            "sheet_row": 0, "received_at": datetime(2021, 3, 1), "cell_addresses": {},
            "raw_text": dict.fromkeys(("unit_code", "period", *written), "1"),
        }
        for row in rows
    ])  # fmt: skip


def findings(
    project: Project, expectations: Expectations, bureau: Row, units: Sequence[Row], before: Sequence[Row]
) -> list[Row]:
    """Findings of the rule where `before` was accepted earlier and the others are judged together."""
    accepted = [(row["reporting_unit_code"], "unit_summary", MONTH, row["submission_id"]) for row in before]
    staged = Staged(
        cover=_cover([*units, bureau]),
        forms={"district_economy": _frame([bureau]), **({"unit_summary": _frame(units)} if units else {})},
        present=frozenset(
            {
                (bureau["submission_id"], "district_economy"),
                *((row["submission_id"], "unit_summary") for row in units),
            }
        ),
        layouts={"unit_summary": {}},
        intake_findings=[],
        accepted=pd.DataFrame(
            accepted, columns=["reporting_unit_code", "form", "month_index", "submission_id"]
        ),
        fetch_rows=lambda form, numbers: _frame([row for row in before if row["submission_id"] in numbers]),
    )
    return [finding for finding in judge(project, staged, expectations).findings if finding["rule"] == RULE]


@pytest.fixture
def before(project: Project) -> list[Row]:
    """Summaries of all 20 units, submissions 1 to 20, of 5 enterprises each."""
    units = [o.unit_code for o in project.obligations if o.form == "unit_summary"]
    return [summary(number, unit, 5) for number, unit in enumerate(units, 1)]


@pytest.mark.parametrize(
    ("value", "fails"), [(100, False), (102, False), (103, True), (98, False), (97, True)]
)
def test_the_sum_of_the_units_may_lie_two_in_a_hundred_away(
    project: Project, expectations: Expectations, before: list[Row], value: int, fails: bool
) -> None:
    found = findings(project, expectations, figure(60, value), [], before)
    assert len(found) == fails
    for finding in found:
        assert (finding["severity"], finding["level"], finding["expected"]) == ("warning", 5, "100 ± 2%")
        assert finding["compared_with"] == {"各单位合计": "100"}
        assert len(finding["related_cells"]) == 10
        assert all(part.endswith("=5") for part in finding["related_cells"])


@pytest.mark.parametrize(
    ("number", "count", "fails"),
    [
        (50, 30, True),  # corrected before the bureau sent its figure
        (70, 30, False),  # after it: nothing reaches back
        (50, None, False),  # returned, so that the one before stays in force
    ],
)
def test_what_counts_is_what_was_in_force_when_the_bureaus_return_came(
    project: Project,
    expectations: Expectations,
    before: list[Row],
    number: int,
    count: int | None,
    fails: bool,
) -> None:
    again = summary(number, YUEYANG, count)
    found = findings(project, expectations, figure(60, 100), [again], before)
    assert [finding["compared_with"] for finding in found] == ([{"各单位合计": "125"}] if fails else [])


def test_nothing_is_said_before_all_units_have_come(
    project: Project, expectations: Expectations, before: list[Row]
) -> None:
    assert findings(project, expectations, figure(60, 900), [], before[1:]) == []
    assert len(findings(project, expectations, figure(60, 900), [summary(50, YUEYANG, 5)], before[1:])) == 1
    assert findings(project, expectations, figure(60, 900), [summary(70, YUEYANG, 5)], before[1:]) == []
