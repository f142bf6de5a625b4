"""Operators are told of what stands, in one digest, once, at an address that really answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from board_world import HOST
from local_servers import url

from g60pipeline.contracts.project import Project
from g60pipeline.operations.alerts import Alert, alert
from g60pipeline.reports.alerts import FailedRun, build_alert
from g60pipeline.settings import Settings, load_settings
from g60pipeline.warehouse.engine import Warehouse

# apprise looks for a module of the standard library under a name that Python 3.13 drops.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

AT = datetime(2021, 12, 20, 2)  # after the grace of November's returns
RUN = FailedRun("r1", "month", "2021-11", "received disk full", datetime(2021, 12, 6))
GATE = FailedRun("r2", "publish", "2021-11", "coverage is 80 %", datetime(2021, 12, 9), is_gate=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"G60_HOME": str(tmp_path)})


def send(settings: Settings, project: Project, *failed: FailedRun, at: datetime = AT) -> Alert:
    return alert(settings, project, failed, at)


def test_where_nothing_stands_nobody_is_told(settings: Settings, project: Project) -> None:
    assert send(settings, project).subject is None
    assert not settings.outbox.exists()


def test_all_that_stands_is_one_digest_in_chinese(project: Project) -> None:
    months = ["2021-10", "2021-11", "2021-11", "2021-09"]
    status = pd.DataFrame({"reporting_unit_code": [HOST] * 4, "period": months})
    digest = build_alert(project, [RUN, GATE], status, AT)
    assert digest is not None
    assert digest.subject == "【运行告警】1 个任务失败，1 次发布未过闸门，1 家单位逾期"
    assert "month 2021-11：received disk full\n    运行号 r1" in digest.body
    assert "  - 2021-11：coverage is 80 %" in digest.body
    assert "佘山镇（310117103）：2021-09 至 2021-11，4 张报表" in digest.body


def test_months_with_one_left_out_are_named_one_by_one(project: Project) -> None:
    status = pd.DataFrame({"reporting_unit_code": [HOST] * 3, "period": ["2021-08", "2021-09", "2021-11"]})
    digest = build_alert(project, [], status, AT)
    assert digest is not None
    assert "2021-08、2021-09、2021-11，3 张报表" in digest.body


def test_the_operators_server_gets_the_same_state_once(
    settings: Settings, project: Project, web: Any
) -> None:
    settings = replace(settings, notify_urls=f"operators={url(web)}")
    assert send(settings, project, RUN).sent == 1
    (posted,) = web.posted
    assert posted["title"] == "【运行告警】1 个任务失败"
    assert "disk full" in posted["message"]

    again = replace(RUN, run_id="r3")  # tried again on the same day, for the same reason
    told = send(settings, project, again, at=AT + timedelta(days=2))
    assert (told.is_new, told.sent, len(web.posted)) == (False, 0, 1)

    other = send(settings, project, RUN, GATE)
    assert (other.is_new, other.sent, len(web.posted)) == (True, 1, 2)
    next_day = replace(RUN, run_id="r4", at=RUN.at + timedelta(days=1))
    assert send(settings, project, next_day).is_new


def test_without_operators_the_district_is_told(settings: Settings, project: Project, web: Any) -> None:
    assert send(replace(settings, notify_urls=url(web)), project, RUN).sent == 1
    assert send(replace(settings, notify_urls=f"{HOST}={url(web)}"), project, GATE).kept == 1


def test_a_server_that_does_not_answer_leaves_it_in_the_outbox(
    settings: Settings, project: Project, web: Any
) -> None:
    web.answer = 503
    settings = replace(settings, notify_urls=url(web))
    assert send(settings, project, RUN).failed == 1
    web.answer = 200
    told = send(settings, project, RUN)
    assert (told.is_new, told.sent) == (False, 1)


def test_a_dry_run_leaves_no_trace(settings: Settings, project: Project, web: Any) -> None:
    told = alert(replace(settings, notify_urls=url(web)), project, [RUN], AT, dry_run=True)
    assert told.is_new
    assert told.body is not None
    assert not settings.outbox.exists()
    assert not web.posted


def test_overdue_units_are_read_from_the_warehouse_as_the_board_shows_them(
    settings: Settings, project: Project
) -> None:
    with Warehouse(settings.warehouse_url, project) as warehouse:
        warehouse.create()
    told = send(settings, project)
    assert told.is_warehouse_read
    assert told.subject is not None
    assert told.subject.endswith("家单位逾期")
    (file,) = settings.outbox.glob("*.json")
    items = json.loads(file.read_text("utf-8"))["items"]
    of_host = next(item for item in items if item["of"] == HOST)
    assert (of_host["kind"], of_host["months"][-7:]) == ("overdue", "2021-11")


def test_wrong_addresses_are_said_before_anything_is_put(settings: Settings, project: Project) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        send(replace(settings, notify_urls="nonsense"), project, RUN)
    assert not settings.outbox.exists()
