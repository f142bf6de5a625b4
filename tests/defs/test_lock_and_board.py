"""A return that comes after its lock: sent back, shown, reminded of; let in once the district opens the month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from small_inbox import FEBRUARY

from g60pipeline.contracts.deadlines import Opening, beijing_day
from g60pipeline.contracts.project import load_project
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.board import board_each_morning
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.resources import House
from g60pipeline.operations.board import write_board, write_reminders
from g60pipeline.sample.generate import Parcel, build_sample, render
from g60pipeline.sample.writers import Writer
from g60pipeline.settings import Settings, find_project_root, load_settings
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.openings import append_opening

UNIT = "310117001"
KEYS = ("intake", "staged", "quality", "core", "report/board", "report/reminders")
QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
REASON = "补报二月遗漏的党员数"


def _send(home: Path, sequence: int) -> None:
    contracts = load_project(find_project_root())
    parcel = Parcel(f"{UNIT}_{FEBRUARY.key}_{sequence}.zip", UNIT, FEBRUARY, sequence=sequence)
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / parcel.name).write_bytes(render(parcel, build_sample(contracts), Writer(contracts))[0])


def _run(home: Path) -> None:
    graph = build_definitions(resource_overrides={"house": House(home=str(home))})
    keys = [
        spec.key
        for spec in graph.resolve_all_asset_specs()
        if spec.key.path[0] in KEYS or spec.key.to_user_string() in KEYS
    ]
    with open_instance(home) as instance:
        job = graph.resolve_job_def("month")
        job.execute_in_process(
            instance=instance, partition_key=FEBRUARY.key, asset_selection=keys, run_config=QUIET
        )


def _settings(home: Path) -> Settings:
    return load_settings({"G60_HOME": str(home)})


def _warehouse(home: Path) -> Warehouse:
    return Warehouse(_settings(home).warehouse_url, load_project(find_project_root()))


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which a return came years after its lock, then a correction within an opening."""
    home = tmp_path_factory.mktemp("late")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # restored afterwards: opening the instance sets it
        _send(home, 1)
        _run(home)
        (home / "first.html").write_text(
            (home / "out" / "board" / f"{FEBRUARY.key}.html").read_text("utf-8"), "utf-8"
        )
        today = beijing_day(datetime.now(UTC))
        opening = Opening(
            unit_code=UNIT, first_period=FEBRUARY.key, last_period=FEBRUARY.key, opened_from=today,
            opened_until=date(2099, 1, 1), reason=REASON, opened_by="区委组织部",
        )  # fmt: skip
        with _warehouse(home) as warehouse:
            append_opening(warehouse, opening)
        _send(home, 2)
        _run(home)
        yield home


def test_without_an_opening_it_is_returned_and_nothing_is_loaded_and_with_one_it_is_let_in(
    late: Path,
) -> None:
    with _warehouse(late) as warehouse:
        verdicts = warehouse.read("SELECT submission_id, status FROM ops.verdict ORDER BY submission_id")
        findings = warehouse.read("SELECT submission_id, code, cell, message_zh FROM ops.finding").to_dict(
            "records"
        )
        loaded = warehouse.read("SELECT submission_id FROM core.unit_summary")
    assert list(verdicts.itertuples(index=False, name=None)) == [(1, "returned"), (2, "accepted")]
    assert [(f["submission_id"], f["code"]) for f in findings] == [(1, "FM-016")]
    assert findings[0]["cell"]
    assert "2021-02 报送期已锁定：《单位汇总表》" in findings[0]["message_zh"]
    assert list(loaded["submission_id"]) == [2]


def test_the_board_follows_and_tells_why_the_month_was_opened(late: Path) -> None:
    first = (late / "first.html").read_text("utf-8")
    now = (late / "out" / "board" / f"{FEBRUARY.key}.html").read_text("utf-8")
    line = 'data-unit="310117001"'
    assert "tile returned_overdue" in first.split(line)[1].split("</tr>")[0]
    assert "tile late" in now.split(line)[1].split("</tr>")[0]
    assert REASON in now
    assert REASON not in first


def test_the_unit_was_reminded_once_and_of_what_was_returned(late: Path) -> None:
    (told,) = (late / "outbox").glob(f"*_{UNIT}_*.txt")
    assert "单位汇总表：已退回" in told.read_text("utf-8")
    assert len(list((late / "outbox").glob("*_district_*.json"))) == 1  # the second run was on the same day


def test_the_board_can_be_asked_for_an_earlier_instant_and_links_to_feedback_where_there_is_some(
    late: Path,
) -> None:
    settings = _settings(late)
    (settings.out / "feedback" / UNIT / FEBRUARY.key).mkdir(parents=True)
    with _warehouse(late) as warehouse:
        page = write_board(settings, warehouse, FEBRUARY.key, "test", datetime(2021, 3, 5, 12)).read_text(
            "utf-8"
        )
    assert "tile awaited" in page.split('data-unit="310117001"')[1].split("</tr>")[0]
    assert f'href="../feedback/{UNIT}/{FEBRUARY.key}/"' in page


def test_wrong_addresses_are_said_before_anything_is_written(late: Path, tmp_path: Path) -> None:
    settings = load_settings({"G60_HOME": str(tmp_path), "G60_NOTIFY_URLS": "not-an-address"})
    assert "not-an-address" not in repr(settings)
    with _warehouse(late) as warehouse, pytest.raises(ValueError, match="entry 1"):
        write_reminders(settings, warehouse, FEBRUARY.key, FEBRUARY.key)
    assert not settings.outbox.exists()


def test_every_morning_last_months_board_is_asked_for() -> None:
    import dagster as dg

    with dg.build_schedule_context(scheduled_execution_time=datetime(2022, 1, 9, 7, 30)) as context:
        asked: Any = board_each_morning(context)
    assert asked.partition_key == "2021-12"
