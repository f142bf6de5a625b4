"""A file in the inbox becomes values in the warehouse by itself: a real daemon, on both storages of Dagster's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from daemon import run_daemon, switch_on, wait_for
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.scheduler.instigation import ScheduleInstigatorData
from dagster._core.test_utils import freeze_time
from small_inbox import MARCH, put

from g60pipeline.contracts.deadlines import BEIJING_OFFSET
from g60pipeline.contracts.project import load_project
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.instance import POSTGRES_URL, open_instance
from g60pipeline.defs.keys import COMPLETENESS, RETURN
from g60pipeline.defs.partitions import MONTHS, month_before
from g60pipeline.defs.publish import SNAPSHOT
from g60pipeline.defs.release import RELEASE
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse

A_DAY = 24 * 3600.0
A_QUARTER = 90 * A_DAY


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.sweep)])
def instance(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of the home, on either storage."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    if request.param == "postgres":
        url = sa.make_url(request.getfixturevalue("postgres_url")).set(drivername="postgresql+psycopg2")
        monkeypatch.setenv(POSTGRES_URL, url.render_as_string(hide_password=False))
    with open_instance(tmp_path) as opened:
        yield opened


def _backfill(instance: dg.DagsterInstance) -> None:
    """Ask for February and March of everything that is by month, as the pages do."""
    graph = build_definitions().get_repository_def().asset_graph
    keys = graph.get_all_asset_keys() - {RETURN, RELEASE}
    instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id="a-year", asset_graph=graph, partition_names=["2021-02", "2021-03"],
            asset_selection=sorted(key for key in keys if graph.get(key).partitions_def == MONTHS),
            backfill_timestamp=time.time(), tags={}, dynamic_partitions_store=instance, all_partitions=False,
            title=None, description=None, run_config=None,
        )
    )  # fmt: skip


def _switch_on_since_yesterday(instance: dg.DagsterInstance, home: Path, schedule: str) -> None:
    """Switch a schedule on so that one of its times has passed: the daemon makes up for it at once."""
    switch_on("schedule", schedule, home)
    (state,) = (one for one in instance.all_instigator_state() if one.instigator_name == schedule)
    data = state.instigator_data
    assert isinstance(data, ScheduleInstigatorData)
    yesterday = ScheduleInstigatorData(data.cron_schedule, time.time() - A_DAY)
    instance.update_instigator_state(state.with_data(yesterday))


def _say_complete(instance: dg.DagsterInstance, at: float) -> None:
    """Make the district complete at an instant, as the asset does once every return is in."""
    with freeze_time(at):
        instance.report_runless_asset_event(dg.AssetMaterialization(COMPLETENESS))


def _freshness(instance: dg.DagsterInstance) -> FreshnessState | None:
    record = instance.get_freshness_state_records([COMPLETENESS]).get(COMPLETENESS)
    return None if record is None else record.freshness_state


# Dagster's own backfills call what it has deprecated.
@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources`:DeprecationWarning")
def test_what_is_dropped_late_due_released_or_asked_for_is_seen_to(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    def has_finished(of_these: dg.RunsFilter) -> bool:
        return any(run.is_finished for run in instance.get_runs(of_these))

    of_sensor = dg.RunsFilter(tags={"dagster/sensor_name": "inbox_sensor"})
    of_backfill = dg.RunsFilter(tags={"dagster/backfill": "a-year"})
    of_schedule = dg.RunsFilter(tags={"dagster/schedule_name": "board_each_morning"})
    of_condition = dg.RunsFilter(tags={"dagster/from_automation_condition": "true"})
    put(tmp_path / "inbox", "march")
    _say_complete(instance, time.time() - A_QUARTER)
    switch_on("sensor", "views_and_snapshot", tmp_path)
    _switch_on_since_yesterday(instance, tmp_path, "board_each_morning")
    with run_daemon(tmp_path) as daemon:
        wait_for(lambda: _freshness(instance) == FreshnessState.FAIL, tmp_path, daemon)
        _say_complete(instance, time.time())
        wait_for(lambda: _freshness(instance) == FreshnessState.PASS, tmp_path, daemon)
        wait_for(lambda: has_finished(dg.RunsFilter(job_name="month")), tmp_path, daemon)
        _backfill(instance)
        instance.report_runless_asset_event(dg.AssetMaterialization(RELEASE, partition=MARCH.key))
        for runs in (of_backfill, of_schedule, of_condition):
            wait_for(lambda runs=runs: has_finished(runs), tmp_path, daemon)

    (morning,) = instance.get_runs(of_schedule)
    last_month = month_before(datetime.now(UTC) + BEIJING_OFFSET)
    assert (morning.job_name, morning.tags["dagster/partition"]) == ("status", last_month)
    assert morning.status == dg.DagsterRunStatus.SUCCESS
    (asked,) = instance.get_runs(of_condition)
    assert asked.asset_selection == {SNAPSHOT}
    (again,) = instance.get_runs(of_backfill)
    assert again.status == dg.DagsterRunStatus.SUCCESS
    ends = [again.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    assert ends == ["2021-02", "2021-03"]
    runs = instance.get_runs(of_sensor)
    assert [(run.job_name, run.status) for run in runs] == [
        ("month", dg.DagsterRunStatus.SUCCESS),
        ("receive", dg.DagsterRunStatus.SUCCESS),
    ]
    assert runs[0].run_op_concurrency is not None
    assert runs[0].run_op_concurrency.all_pools == {"duckdb_writer"}
    cells = {f"{MARCH.key}|310117001", f"{MARCH.key}|310117U02"}
    assert instance.get_materialized_partitions(RETURN) == cells
    with Warehouse(
        f"duckdb:///{tmp_path / 'warehouse.duckdb'}", load_project(find_project_root())
    ) as warehouse:
        values = warehouse.read("SELECT DISTINCT period FROM mart.indicator_value WHERE value IS NOT NULL")
    assert list(values["period"]) == [MARCH.key]
