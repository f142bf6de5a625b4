"""What a verdict depends on: the submission itself, and what was in force before it, no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.quality.judge import Judgement, Staged, judge
from g60pipeline.quality.suites import Expectations

UNIT = "310117001"
FOLLOWS = "new_member_count_ytd_follows_from_last_months"
Row = dict[str, Any]


def submission(number: int, period: str, new: int, ytd: int, **changes: Any) -> Row:
    """A unit's summary of a month; None in `changes` blanks a cell."""
    return {
        "submission_id": number, "reporting_unit_code": UNIT, "period": period, "unit_code": UNIT,
        "member_count": 1000 + number, "organisation_count": 50, "new_member_count": new,
        "new_member_count_ytd": ytd, "key_enterprise_count": 2, "above_scale_enterprise_count": 4,
        "above_scale_output_wan_yuan": 800 + number, "output_unit": "wan_yuan", **changes,
    }  # fmt: skip


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    texts = [{name: str(value) for name, value in row.items() if value is not None} for row in rows]
    return pd.DataFrame(rows, dtype=object).assign(sheet_row=4, raw_text=texts)


def _cover(rows: Sequence[Row]) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "submission_id": row["submission_id"], "reporting_unit_code": UNIT, "period": row["period"],
            "month_index": Period.parse(row["period"]).month_index, "file_name": "a.xlsx", "unit_code": UNIT,
            "template_version": "2021.1", "sequence_number": 1, "unit_name": None, "remark": None,
            "sheet_row": 0,
            "received_at": row.get("received_at", datetime(2021, 1, 31)),
            "raw_text": dict.fromkeys(("unit_code", "period", "template_version", "sequence_number"), "1"),
            "cell_addresses": {},
        }
        for row in rows
    ])  # fmt: skip


def _accepted(rows: Sequence[Row]) -> pd.DataFrame:
    columns = ["reporting_unit_code", "form", "month_index", "submission_id"]
    months = [
        (UNIT, "unit_summary", Period.parse(row["period"]).month_index, row["submission_id"]) for row in rows
    ]
    return pd.DataFrame(months, columns=columns)


def judged(
    project: Project, expectations: Expectations, rows: Sequence[Row], accepted: Sequence[Row] = ()
) -> Judgement:
    def fetch_rows(form: str, numbers: Sequence[int]) -> pd.DataFrame:
        assert form == "unit_summary"
        return _frame([row for row in accepted if row["submission_id"] in numbers])

    staged = Staged(
        cover=_cover(rows),
        forms={"unit_summary": _frame(rows)},
        present=frozenset(
            (row["submission_id"], form)
            for row in rows
            for form in project.owed_forms(UNIT, Period.parse(row["period"]))
        ),
        layouts={"unit_summary": {}},
        intake_findings=[],
        accepted=_accepted(accepted),
        fetch_rows=fetch_rows,
    )
    return judge(project, staged, expectations)


def found(judgement: Judgement) -> list[tuple[int, str]]:
    return [(finding["submission_id"], finding["rule"]) for finding in judgement.findings]


def statuses(judgement: Judgement) -> dict[int, str]:
    return {verdict["submission_id"]: verdict["status"] for verdict in judgement.verdicts}


JANUARY = submission(1, "2021-01", 3, 3)
RETURNED_JANUARY = submission(1, "2021-01", 7, 7, organisation_count=None)
CORRECTED_JANUARY = submission(2, "2021-01", 3, 3)


@pytest.mark.parametrize(("ytd", "expected"), [(5, []), (6, [(3, FOLLOWS)])])
def test_february_is_compared_with_the_accepted_january(
    project: Project, expectations: Expectations, ytd: int, expected: list[Any]
) -> None:
    february = submission(3, "2021-02", 2, ytd)
    assert found(judged(project, expectations, [february], accepted=[JANUARY])) == expected
    assert found(judged(project, expectations, [JANUARY, february])) == expected


@pytest.mark.parametrize(("ytd", "expected"), [(5, []), (9, [(3, FOLLOWS)])])
def test_february_is_compared_with_the_correction(
    project: Project, expectations: Expectations, ytd: int, expected: list[Any]
) -> None:
    rows = [RETURNED_JANUARY, CORRECTED_JANUARY, submission(3, "2021-02", 2, ytd)]
    judgement = judged(project, expectations, rows)
    assert found(judgement) == [(1, "organisation_count_is_reported"), *expected]
    assert statuses(judgement) == {1: "returned", 2: "accepted", 3: "returned" if expected else "accepted"}


def test_nothing_is_compared_with_a_return_that_was_sent_back(
    project: Project, expectations: Expectations
) -> None:
    rows = [RETURNED_JANUARY, submission(3, "2021-02", 2, 500, member_count=9000)]
    judgement = judged(project, expectations, rows)
    assert statuses(judgement) == {1: "returned", 3: "accepted"}
    assert found(judgement) == [(1, "organisation_count_is_reported")]


def test_a_later_submission_does_not_reach_back(project: Project, expectations: Expectations) -> None:
    february = submission(1, "2021-02", 2, 500)
    assert (
        statuses(judged(project, expectations, [february, submission(2, "2021-01", 3, 3)]))[1] == "accepted"
    )
    later = submission(2, "2021-01", 3, 3)
    assert found(judged(project, expectations, [february], accepted=[later])) == []


def test_judging_again_stops_when_no_verdict_changes(project: Project, expectations: Expectations) -> None:
    """February falls by January, so that March, which would fall by February, stands."""
    rows = [
        JANUARY,
        submission(2, "2021-02", 2, 50),
        submission(3, "2021-03", 1, 6),
        submission(4, "2021-04", 1, 8),
    ]
    judgement = judged(project, expectations, rows)
    assert statuses(judgement) == {1: "accepted", 2: "returned", 3: "accepted", 4: "returned"}
    assert found(judgement) == [(2, FOLLOWS), (4, FOLLOWS)]


def test_checks_count_rows_and_failing_rows(project: Project, expectations: Expectations) -> None:
    judgement = judged(project, expectations, [RETURNED_JANUARY, CORRECTED_JANUARY])
    results = {(r["form"], r["check_name"], r["period"]): r for r in judgement.check_results}
    check = results["unit_summary", "required_cells_are_filled", "2021-01"]
    assert (check["element_count"], check["failing_count"]) == (2, 1)
    assert results["unit_summary", "keys_are_unique", "2021-01"]["failing_count"] == 0
