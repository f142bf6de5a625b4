"""Who is told what, and that nobody is told the same twice."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from board_world import AT, HOST, PERIOD, make_status, status_row

from g60pipeline.contracts.project import Project
from g60pipeline.reports.outbox import mark_sent, put_digest, unsent
from g60pipeline.reports.reminders import DISTRICT, Digest, build_digests

NEXT_DAY = AT + timedelta(days=1)


@pytest.fixture(scope="module")
def digests(project: Project) -> dict[str, Digest]:
    return {digest.addressee: digest for digest in build_digests(project, make_status(project), AT)}


def one(project: Project, state: str, at: datetime = AT, **changes: object) -> list[Digest]:
    return build_digests(project, pd.DataFrame([status_row(HOST, "activity", PERIOD, state, **changes)]), at)


def test_units_with_missing_or_returned_forms_are_told_and_the_district(digests: dict[str, Digest]) -> None:
    assert list(digests) == ["310117002", "310117003", HOST, "310117105", DISTRICT]


def test_a_unit_is_told_its_forms_and_what_to_do(digests: dict[str, Digest]) -> None:
    told = digests[HOST]
    assert told.subject == "【报送提醒】佘山镇：2021年12月有 1 张报表待报送"
    assert "组织活动情况" in told.body or "组织活动表" in told.body
    for said in ("已退回（严重问题 2 个）", "截止 2022-01-05", "宽限期已过", "申请开放", "截至 2022-01-25"):
        assert said in told.body
    assert "310117002" not in told.body
    assert "\n\n\n" not in told.body


def test_the_district_is_told_of_all_units(digests: dict[str, Digest]) -> None:
    told = digests[DISTRICT]
    assert told.subject == "【报送提醒】4 家单位有 4 张报表待报送"
    for name in ("永丰街道", "方松街道", "佘山镇", "新桥镇"):
        assert name in told.body


@pytest.mark.parametrize("state", ["on_time", "in_grace", "late", "received", "awaited", "not_owed"])
def test_nobody_is_told_of_what_needs_nothing(project: Project, state: str) -> None:
    assert one(project, state) == []


def test_a_form_returned_before_its_due_day_is_no_reminders_business(project: Project) -> None:
    assert one(project, "returned", datetime(2022, 1, 5, 15, 59)) == []
    assert len(one(project, "returned", datetime(2022, 1, 5, 16, 0))) == 2


def test_what_is_open_need_not_be_opened(project: Project) -> None:
    assert "申请开放" not in one(project, "overdue", is_locked=False)[0].body


def test_the_outbox_holds_a_text_and_json(
    project: Project, digests: dict[str, Digest], tmp_path: Path
) -> None:
    path = put_digest(tmp_path, digests[HOST], PERIOD, AT)
    assert path is not None
    assert path.name == f"2022-01-25_{HOST}_{PERIOD}_{digests[HOST].key}.json"
    entry = json.loads(path.read_text("utf-8"))
    assert (entry["addressee"], entry["subject"], entry["body"]) == (
        HOST,
        digests[HOST].subject,
        digests[HOST].body,
    )
    assert entry["items"][0] == {
        "unit": HOST, "period": PERIOD, "form": "activity", "state": "returned_overdue",
        "submission": entry["items"][0]["submission"], "is_locked": "True",
    }  # fmt: skip
    assert path.with_suffix(".txt").read_text("utf-8").startswith(digests[HOST].subject)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_same_state_is_told_once_however_many_days_pass(project: Project, tmp_path: Path) -> None:
    days = [AT, AT, NEXT_DAY, AT + timedelta(days=30)]
    put = [put_digest(tmp_path, one(project, "overdue", at)[0], PERIOD, at) for at in days]
    assert [path is not None for path in put] == [True, False, False, False]


def test_a_changed_state_is_told_on_the_next_day_but_not_twice_a_day(
    project: Project, tmp_path: Path
) -> None:
    assert put_digest(tmp_path, one(project, "overdue")[0], PERIOD, AT)
    changed = one(project, "returned_overdue")[0]
    assert put_digest(tmp_path, changed, PERIOD, AT + timedelta(hours=2)) is None
    assert put_digest(tmp_path, changed, PERIOD, NEXT_DAY)


def test_another_return_of_the_same_form_is_another_state(project: Project) -> None:
    keys = {one(project, "returned_overdue", number=number)[0].key for number in (7, 8, 8)}
    assert len(keys) == 2


def test_one_unit_does_not_silence_another(digests: dict[str, Digest], tmp_path: Path) -> None:
    assert all(put_digest(tmp_path, digest, PERIOD, AT) for digest in digests.values())
    assert len(unsent(tmp_path)) == len(digests)


def test_what_was_sent_is_not_waiting_any_more(digests: dict[str, Digest], tmp_path: Path) -> None:
    path = put_digest(tmp_path, digests[HOST], PERIOD, AT)
    assert path is not None
    mark_sent(path, AT)
    assert unsent(tmp_path) == []
