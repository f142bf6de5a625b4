"""The probable cause: every kind of slip is named with its cell, and nothing is named where it could be anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from g60pipeline.contracts.feedback import CauseKind
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.quality.cause import Cause
from g60pipeline.quality.judge import Judgement, Staged, judge
from g60pipeline.quality.suites import Expectations

UNIT, OTHER = "310117001", "310117002"
COLUMNS = {
    "unit_code": "A", "member_count": "B", "organisation_count": "C", "new_member_count": "D",
    "new_member_count_ytd": "E", "key_enterprise_count": "F", "above_scale_enterprise_count": "G",
    "above_scale_output_wan_yuan": "H", "output_unit": "I",
}  # fmt: skip
LAYOUT = {"sheet": "单位汇总表", "fields": {name: {"column": column} for name, column in COLUMNS.items()}}
Row = dict[str, Any]


def summary(number: int, month: int, unit: str = UNIT, **changes: Any) -> Row:
    """A unit's true summary of a month of 2021, with what is written otherwise."""
    scale = 1 if unit == UNIT else 3
    return {
        "submission_id": number, "reporting_unit_code": unit, "period": f"2021-{month:02d}", "unit_code": unit,
        "member_count": scale * (1000 + 3 * month), "organisation_count": 50, "new_member_count": 4 * scale,
        "new_member_count_ytd": 4 * month * scale, "key_enterprise_count": 7,
        "above_scale_enterprise_count": 20, "above_scale_output_wan_yuan": (8000.0 + month) * scale,
        "output_unit": None, **changes,
    }  # fmt: skip


BEFORE = [summary(n, n) for n in range(1, 6)] + [summary(n + 10, n, OTHER) for n in range(1, 6)]


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    texts = [
        {name: format(value, "g" if abs(value) < 1e5 else ".0f") if isinstance(value, float) else str(value)
         for name, value in row.items() if value is not None}
        for row in rows
    ]  # fmt: skip
    return pd.DataFrame(rows, dtype=object).assign(sheet_row=4, raw_text=texts)


def _cover(row: Row) -> pd.DataFrame:
    written = {"template_version": "2021.1", "sequence_number": 1, "unit_name": None, "remark": None}
    return pd.DataFrame([{
        **written, "submission_id": row["submission_id"], "reporting_unit_code": row["reporting_unit_code"],
        "period": row["period"], "unit_code": row["reporting_unit_code"], "file_name": "a.xlsx", "sheet_row": 0,
        "month_index": Period.parse(row["period"]).month_index, "received_at": datetime(2021, 2, 1),
        "cell_addresses": {}, "raw_text": dict.fromkeys(("unit_code", "period", *written), "1"),
    }])  # fmt: skip


def _recognition(row: Row, day: date) -> pd.DataFrame:
    entry = {
        "submission_id": row["submission_id"], "reporting_unit_code": row["reporting_unit_code"],
        "period": row["period"], "title": "先进", "awarding_level": "district", "awarding_city": None,
        "awarding_body": "松江区", "awarded_on": day, "rank": None, "out_of": None,
    }  # fmt: skip
    return _frame([entry])


def judged(
    project: Project,
    expectations: Expectations,
    row: Row,
    before: Sequence[Row] = BEFORE,
    **more: Any,
) -> Judgement:
    """Judge one summary after those that are in force; `more`: other fields of what was staged."""
    accepted = [
        (b["reporting_unit_code"], "unit_summary", Period.parse(b["period"]).month_index, b["submission_id"])
        for b in before
    ]
    number, owed = row["submission_id"], project.owed_forms(UNIT, Period.parse(row["period"]))
    forms = {"unit_summary": _frame([row]), **more.pop("forms", {})}
    staged = Staged(
        cover=_cover(row),
        forms=forms,
        present=frozenset((number, form) for form in owed),
        layouts={"unit_summary": {number: LAYOUT}},
        intake_findings=more.pop("intake_findings", []),
        accepted=pd.DataFrame(
            accepted, columns=["reporting_unit_code", "form", "month_index", "submission_id"]
        ),
        fetch_rows=lambda form, numbers: _frame([b for b in before if b["submission_id"] in numbers]),
        **more,
    )
    was = {name: frame.to_dict("records") for name, frame in forms.items()}
    judgement = judge(project, staged, expectations)
    assert {name: frame.to_dict("records") for name, frame in forms.items()} == was
    return judgement


def cause_of(judgement: Judgement) -> Cause | None:
    return judgement.causes.get(judgement.verdicts[0]["submission_id"])


def text_of(judgement: Judgement) -> str | None:
    return judgement.verdicts[0]["probable_cause"]


JUNE = summary(30, 6)
ONE_CELL: list[tuple[CauseKind, Row, str, float | str]] = [
    ("divided", {"above_scale_output_wan_yuan": 80060000.0}, "above_scale_output_wan_yuan", 8006),
    ("divided", {"above_scale_output_wan_yuan": 8006000.0}, "above_scale_output_wan_yuan", 8006),
    ("divided", {"member_count": 10180}, "member_count", 1018),
    ("multiplied", {"above_scale_output_wan_yuan": 0.8006}, "above_scale_output_wan_yuan", 8006),
    ("multiplied", {"new_member_count": 0, "new_member_count_ytd": 2}, "new_member_count_ytd", 20),
    ("negated", {"member_count": -1018}, "member_count", 1018),
    ("month_from_since_january", {"new_member_count": 24}, "new_member_count", 4),
    ("since_january_from_month", {"new_member_count_ytd": 4}, "new_member_count_ytd", 24),
    ("own_code", {"unit_code": OTHER}, "unit_code", UNIT),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "wrong", "field", "right"), ONE_CELL)
def test_the_cell_is_named_with_what_it_should_hold(
    project: Project, expectations: Expectations, kind: CauseKind, wrong: Row, field: str, right: Any
) -> None:
    judgement = judged(project, expectations, {**JUNE, **wrong})
    cause, text = cause_of(judgement), text_of(judgement)
    assert cause is not None
    assert text is not None
    [change] = cause.edit.changes
    assert (cause.edit.kind, change.cell, change.value) == (kind, ("unit_summary", 4, field), right)
    assert (cause.cleared, cause.total, cause.raised) == (len(judgement.findings), len(judgement.findings), 0)
    assert f"《单位汇总表》{COLUMNS[field]}4" in text
    assert f"{len(judgement.findings)} 个问题全部消失" in text


def test_the_text_says_what_may_have_happened(project: Project, expectations: Expectations) -> None:
    judgement = judged(project, expectations, {**JUNE, "above_scale_output_wan_yuan": 80060000.0})
    assert text_of(judgement) == (
        "《单位汇总表》H4“规上工业产值”填 80060000，除以 10000 得 8006（可能把元当作万元）；"
        "照此改正后，2 个问题全部消失。请核对。"
    )


def test_a_unit_of_measure_that_was_chosen_is_the_likelier_slip(
    project: Project, expectations: Expectations
) -> None:
    """Its amount was converted to 万元 when it was read."""
    row = {**JUNE, "above_scale_output_wan_yuan": 8006.0, "output_unit": "亿元"}
    frame = _frame([row]).assign(above_scale_output_wan_yuan=80060000.0, output_unit="wan_yuan")
    cause = cause_of(judged(project, expectations, row, forms={"unit_summary": frame.astype(object)}))
    assert cause is not None
    assert (cause.edit.kind, cause.edit.changes[0].text) == ("unit_of_measure", "万元")


def test_neighbours_that_were_exchanged(project: Project, expectations: Expectations) -> None:
    wrong = {"member_count": 50, "organisation_count": 1018}
    cause = cause_of(judged(project, expectations, {**JUNE, **wrong}))
    assert cause is not None
    assert cause.edit.kind == "swapped"
    assert {change.cell.field: change.value for change in cause.edit.changes} == {
        "member_count": 1018, "organisation_count": 50,
    }  # fmt: skip


def _shifted(fields: Sequence[str], to: Sequence[str | None]) -> Row:
    return {field: None if source is None else JUNE[source] for field, source in zip(fields, to, strict=True)}


def test_a_row_with_a_cell_too_many(project: Project, expectations: Expectations) -> None:
    """What belongs to the last column stands in the column of units, where intake finds it."""
    names = list(COLUMNS)[1:]
    row = {**JUNE, **_shifted(names, [None, *names[:-1]])}
    finding = {
        "submission_id": 30, "reporting_unit_code": UNIT, "period": "2021-06", "form": "unit_summary",
        "rule": "unit_of_measure_is_known", "code": "FI-017", "level": 1, "severity": "critical",
        "sheet": "单位汇总表", "sheet_row": 4, "cell": "I4", "field": "output_unit", "row_key": None,
        "value": "8006", "expected": None, "compared_with": {}, "related_cells": [], "message_zh": "",
        "message_en": "",
    }  # fmt: skip
    frame = _frame([row]).assign(above_scale_output_wan_yuan=None, output_unit="8006").astype(object)
    judgement = judged(project, expectations, row, forms={"unit_summary": frame}, intake_findings=[finding])
    cause = cause_of(judgement)
    assert cause is not None
    assert (cause.edit.kind, cause.cleared) == ("shifted_left", len(judgement.findings))
    values = {change.cell.field: change.value for change in cause.edit.changes}
    assert values == {**{name: JUNE[name] for name in names[:-1]}, "output_unit": None}


def test_a_row_with_a_cell_too_few(project: Project, expectations: Expectations) -> None:
    names = list(COLUMNS)[1:-1]
    cause = cause_of(judged(project, expectations, {**JUNE, **_shifted(names, [*names[1:], None])}))
    assert cause is not None
    assert cause.edit.kind == "shifted_right"
    assert cause.cleared > cause.raised == 1  # what stood in the first cell is lost


def test_last_months_file(project: Project, expectations: Expectations) -> None:
    again = {**summary(30, 5), "period": "2021-06"}
    judgement = judged(project, expectations, again)
    cause = cause_of(judgement)
    assert cause is not None
    assert (cause.edit.kind, cause.edit.period) == ("last_months_file", "2021-05")
    assert "2021-06 的数据" in str(text_of(judgement))


def test_the_unit_on_the_cover(project: Project, expectations: Expectations) -> None:
    sent = {**summary(30, 6, OTHER), "reporting_unit_code": UNIT}
    judgement = judged(project, expectations, sent)
    cause = cause_of(judgement)
    assert cause is not None
    assert (cause.edit.kind, cause.edit.unit, cause.raised) == ("unit", OTHER, 0)
    assert f"表中数据更像 {OTHER}" in str(text_of(judgement))


def test_the_month_on_the_cover(project: Project, expectations: Expectations) -> None:
    """May's return is in force; June's comes with May on its cover."""
    sent = {**summary(30, 6), "period": "2021-05"}
    award = _recognition(sent, date(2021, 6, 18))
    judgement = judged(project, expectations, sent, forms={"recognition": award})
    cause = cause_of(judgement)
    assert cause is not None
    assert (cause.edit.kind, cause.edit.period, cause.cleared) == (
        "period",
        "2021-06",
        len(judgement.findings),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {},  # nothing is wrong
        {"new_member_count_ytd": 27},  # off by three: no slip explains it
        {"organisation_count": None},  # a blank may be anything
        {"new_member_count": 1100, "new_member_count_ytd": 1120},  # 10 times what, of which cell?
    ],
)
def test_none_is_named_for_the_innocent_and_the_ambiguous(
    project: Project, expectations: Expectations, wrong: Row
) -> None:
    judgement = judged(project, expectations, {**JUNE, **wrong})
    assert bool(judgement.findings) == bool(wrong)
    assert text_of(judgement) is None


def test_without_history_any_factor_would_do_and_none_is_named(
    project: Project, expectations: Expectations
) -> None:
    """More new members than members: the one may be too many, the other too few, by any number of digits."""
    january = summary(30, 1, new_member_count=2000, new_member_count_ytd=2000)
    judgement = judged(project, expectations, january, before=())
    assert [finding["rule"] for finding in judgement.findings] == ["new_members_do_not_exceed_members"]
    assert text_of(judgement) is None


def test_an_explained_warning_needs_no_cause(project: Project, expectations: Expectations) -> None:
    wrong = {**JUNE, "above_scale_output_wan_yuan": 80060.0}
    key = "unit_summary/output_does_not_jump/above_scale_output_wan_yuan/310117001"
    assert text_of(judged(project, expectations, wrong)) is not None
    explained = judged(project, expectations, wrong, explanations={30: {key: "新厂投产"}})
    assert explained.verdicts[0]["status"] == "accepted"
    assert text_of(explained) is None


def test_a_cause_is_a_function_of_the_ledger_up_to_the_submission(
    project: Project, expectations: Expectations
) -> None:
    wrong = {**JUNE, "above_scale_output_wan_yuan": 80060000.0}
    later = [*BEFORE, *(summary(n + 40, n, above_scale_output_wan_yuan=8e7) for n in range(1, 6))]
    texts = {text_of(judged(project, expectations, wrong, before=before)) for before in (BEFORE, later)}
    assert len(texts) == 1
