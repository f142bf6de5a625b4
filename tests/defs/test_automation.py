"""What runs by itself, on a real instance and a real warehouse: sensor, schedule, the month's job."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from typing import Any

import dagster as dg
import pytest
from small_inbox import MARCH, put
from world import OF_THE_WHOLE, World

from g60pipeline.contracts.project import load_project
from g60pipeline.defs import automation
from g60pipeline.defs.automation import month_after_due_day, release_at_lock
from g60pipeline.defs.board import board_after_grace
from g60pipeline.defs.resources import project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse

HOLD = """
import duckdb, sys, time
c = duckdb.connect(sys.argv[1], read_only=len(sys.argv) > 2)
print('held', flush=True)
time.sleep(float(sys.argv[2])) if len(sys.argv) > 2 else sys.stdin.read()
"""


def test_the_sensor_asks_for_a_receipt_and_then_for_each_month_with_unjudged_returns(empty: World) -> None:
    assert empty.asked() == []
    put(empty.home / "inbox", "march")
    assert empty.asked() == [("receive", None)]
    empty.run_what_is_asked()
    assert empty.asked() == [("month", "2021-03")]

    put(empty.home / "inbox", "february")
    assert empty.asked() == [("receive", None)]
    empty.run_what_is_asked()
    assert empty.asked() == [("month", "2021-02"), ("month", "2021-03")]

    empty.run_what_is_asked()
    assert empty.tick() == ([], "nothing new in the inbox, nothing to judge in the ledger")


def test_a_file_replaced_by_one_of_the_same_name_and_size_is_seen(empty: World) -> None:
    put(empty.home / "inbox", "february")
    empty.run_what_is_asked()
    file = next((empty.home / "inbox").iterdir())
    file.write_bytes(file.read_bytes()[::-1])
    assert empty.asked() == [("receive", None)]


def test_the_same_tick_twice_asks_under_the_same_keys(empty: World) -> None:
    put(empty.home / "inbox", "february")
    (first, _), (second, _) = empty.tick(), empty.tick()
    assert [request.run_key for request in first] == [request.run_key for request in second]
    empty.run_what_is_asked()
    (first, _), (second, _) = empty.tick(), empty.tick()
    assert [request.run_key for request in first] == [request.run_key for request in second]
    assert project().rules_version in (first[0].run_key or "")


def test_a_run_that_failed_is_asked_for_again_after_a_pause(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(empty.home / "inbox", "february")
    (empty.home / "archive").write_text("a file where the archive's folder should be")
    with pytest.raises(AssertionError, match="Not a directory"):
        empty.run_what_is_asked()
    assert empty.asked() == []
    (empty.home / "archive").unlink()

    monkeypatch.setattr(automation, "PAUSE_SECONDS", 0)
    assert empty.asked() == [("receive", None)]
    empty.run_what_is_asked()
    assert empty.asked() == [("month", "2021-02")]


def test_the_sensor_waits_while_another_process_holds_the_warehouse(empty: World) -> None:
    empty.tick()  # makes the file
    file = empty.home / "warehouse.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        asked, reason = empty.tick()
        other.communicate("")
    assert asked == []
    assert str(file) in reason


def test_a_run_waits_while_another_process_reads_the_warehouse(empty: World) -> None:
    empty.tick()
    file = empty.home / "warehouse.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file, "2"], stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "held\n"
        empty.run("status", MARCH.key, layers=("report",))


@pytest.mark.parametrize(
    ("schedule", "at", "month"),
    [
        (month_after_due_day, "2021-03-06T06:00:00+08:00", "2021-02"),
        (month_after_due_day, "2022-01-06T06:00:00+08:00", "2021-12"),
        (board_after_grace, "2022-01-09T06:00:00+08:00", "2021-12"),
        (release_at_lock, "2022-01-20T06:00:00+08:00", "2021-12"),
    ],
)
def test_the_schedules_ask_for_last_month(
    empty: World, schedule: dg.ScheduleDefinition, at: str, month: str
) -> None:
    context = dg.build_schedule_context(
        instance=empty.instance,
        scheduled_execution_time=datetime.fromisoformat(at),
        repository_def=empty.graph.get_repository_def(),
    )
    requests = schedule.evaluate_tick(context).run_requests
    assert requests is not None
    assert [request.partition_key for request in requests] == [month]


def test_the_schedules_days_follow_from_the_obligations() -> None:
    owed = [obligation for obligation in project().obligations if not obligation.valid_to]
    after_due = {str(obligation.due_day + 1) for obligation in owed}
    after_grace = {str(obligation.due_day + obligation.grace_days + 1) for obligation in owed}
    last_lock = max(obligation.lock_day for obligation in owed)

    days = [
        schedule.cron_schedule.split()[2]
        for schedule in (month_after_due_day, board_after_grace, release_at_lock)
        if isinstance(schedule.cron_schedule, str)
    ]

    assert [set(of_one.split(",")) for of_one in days] == [after_due, after_grace, {str(last_lock)}]


def test_a_month_is_materialised_under_its_partition(judged: tuple[World, str]) -> None:
    world, _ = judged
    months = {
        spec.key: world.instance.get_materialized_partitions(spec.key)
        for spec in world.graph.resolve_all_asset_specs()
        if spec.key in world.all_keys()
    }
    partitioned = {spec.key for spec in world.graph.resolve_all_asset_specs() if spec.partitions_def}
    assert {key: found for key, found in months.items() if key in partitioned and found != {"2021-03"}} == {}


def test_a_wrong_return_fails_its_check_and_shows_its_rows(judged: tuple[World, str]) -> None:
    world, run_id = judged
    checks = world.checks(run_id)

    failed = {name for name, check in checks.items() if not check.passed}
    incomplete = ("quality/verdicts", "every_expected_return_is_in")
    assert failed == {("staged/innovation_carrier", "keys_are_unique"), incomplete}
    assert checks[incomplete].severity == dg.AssetCheckSeverity.WARN
    missing: Any = checks[incomplete].metadata["failing_rows"]
    states = {(r.data["reporting_unit_code"], r.data["form"]): r.data["state"] for r in missing.records}
    assert states["310117U02", "innovation_carrier"] == "returned_overdue"
    assert states["310117107", "unit_summary"] == "overdue"
    assert ("310117001", "unit_summary") not in states
    check = checks["staged/innovation_carrier", "keys_are_unique"]
    assert check.partition == "2021-03"
    assert check.severity == dg.AssetCheckSeverity.ERROR
    table: Any = check.metadata["failing_rows"]
    (row, *_) = table.records
    assert (row.data["reporting_unit_code"], row.data["period"]) == ("310117U02", "2021-03")
    assert row.data["cell"]
    assert "重复" in row.data["message_zh"]
    assert check.metadata["failing"].value == len(table.records)
    counted = {name: check.metadata[name].value for name in ("severity", "code", "units", "failing_by_month")}
    assert counted == {
        "severity": "critical", "code": row.data["code"], "units": 1, "failing_by_month": {"2021-03": len(table.records)}
    }  # fmt: skip


def test_every_check_of_a_month_has_a_verdict_for_that_month(judged: tuple[World, str]) -> None:
    world, run_id = judged
    checks = world.checks(run_id)
    of_receipt = {name for name, check in checks.items() if check.partition is None}
    assert {asset for asset, _ in of_receipt} == {"intake/received"}
    assert {check.partition for name, check in checks.items() if name not in of_receipt} == {"2021-03"}
    of_rules = {name for name in checks if name[1] not in OF_THE_WHOLE}
    assert all("rows_looked_at" in checks[name].metadata for name in of_rules - of_receipt)


def test_a_range_records_each_month_beside_the_whole(empty: World) -> None:
    put(empty.home / "inbox", "february", "march")

    first, last = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    run_id = empty.run("month", tags={first: "2021-03", last: "2021-05"})

    found = [
        (check.partition, check.passed)
        for check in empty.evaluations(run_id)
        if (check.asset_key.path[-1], check.check_name) == ("innovation_carrier", "keys_are_unique")
    ]
    assert sorted(found, key=str) == [("2021-03", False), ("2021-04", True), ("2021-05", True), (None, False)]


def test_running_a_month_again_changes_nothing(judged: tuple[World, str]) -> None:
    world, _ = judged
    before = world.counts()
    assert before["ops.submission"] == 4
    assert before["ops.verdict"] == 4
    assert before["core.unit_summary"] == 3

    world.run("month", MARCH.key)

    assert world.counts() == before


def test_assets_show_columns_that_their_tables_have(judged: tuple[World, str]) -> None:
    world, _ = judged
    contracts = load_project(find_project_root())
    shown = {
        spec.metadata["dagster/table_name"]: {c.name for c in spec.metadata["dagster/column_schema"].columns}
        for spec in world.graph.resolve_all_asset_specs()
        if "dagster/column_schema" in spec.metadata
    }
    with Warehouse(f"duckdb:///{world.home / 'warehouse.duckdb'}", contracts) as warehouse:
        columns = warehouse.read(
            "SELECT table_schema || '.' || table_name AS name, column_name FROM information_schema.columns"
        )
    real = columns.groupby("name")["column_name"].agg(set).to_dict()
    assert {
        name: wanted - real.get(name, set())
        for name, wanted in shown.items()
        if wanted - real.get(name, set())
    } == {}
