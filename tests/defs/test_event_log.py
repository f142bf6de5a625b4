"""Our SQLite event log writes what Dagster's own writes: the same runs leave the same rows in both."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from g60pipeline.defs.instance import open_instance

# Partitions of checks are a preview in Dagster.
pytestmark = pytest.mark.filterwarnings("ignore::dagster.PreviewWarning")

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2021-01", fmt="%Y-%m")
RANGE = {"dagster/asset_partition_range_start": "2021-01", "dagster/asset_partition_range_end": "2021-03"}
_KEEP_ALL = "SELECT dagster_event_type, step_key, asset_key, partition FROM event_logs ORDER BY id"
_CHECKS = """
    SELECT asset_key, check_name, partition, execution_status, evaluation_event_storage_id IS NOT NULL
    FROM asset_check_executions ORDER BY run_id = :first DESC, asset_key, check_name, partition
"""


TOWN = dg.AssetKey(["town"])


@dg.multi_asset(
    specs=[dg.AssetSpec(TOWN, partitions_def=MONTHS)], backfill_policy=dg.BackfillPolicy.single_run()
)
def town() -> Iterator[dg.MaterializeResult[None]]:
    yield dg.MaterializeResult(asset_key=TOWN, metadata={"rows": 1})


def _build_checks() -> dg.AssetChecksDefinition:
    specs = [dg.AssetCheckSpec(name=name, asset=TOWN, partitions_def=MONTHS) for name in ("right", "wrong")]

    @dg.multi_asset_check(specs=specs)
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        if RANGE.items() <= context.run.tags.items():
            for month in ("2021-01", "2021-02", "2021-03"):
                passed = month != "2021-02"
                record = dg.AssetCheckEvaluation(TOWN, "wrong", passed, {}, partition=month)
                context.op_execution_context.log_event(record)  # pyright: ignore[reportArgumentType]
        yield dg.AssetCheckResult(asset_key=TOWN, check_name="right", passed=True)
        yield dg.AssetCheckResult(asset_key=TOWN, check_name="wrong", passed=False)

    return checks


def _run_all(instance: dg.DagsterInstance) -> list[str]:
    month = dg.define_asset_job("month", selection="*")
    job = dg.Definitions(assets=[town], asset_checks=[_build_checks()], jobs=[month]).resolve_job_def("month")
    ranged = job.execute_in_process(instance=instance, tags=RANGE)
    single = job.execute_in_process(instance=instance, partition_key="2021-02")
    return [ranged.run_id, single.run_id]


def _rows(folder: Path, name: str, query: str, **parameters: str) -> list[Any]:
    with sqlite3.connect(folder / "history" / "runs" / f"{name}.db") as connection:
        return connection.execute(query, parameters).fetchall()


def _left_by(home: Path, instance: dg.DagsterInstance) -> dict[str, Any]:
    runs = _run_all(instance)
    left: dict[str, Any] = {
        f"run {n}": sorted(_rows(home, run, _KEEP_ALL), key=str) for n, run in enumerate(runs)
    }
    left["index"] = sorted(_rows(home, "index", _KEEP_ALL), key=str)
    left["checks"] = _rows(home, "index", _CHECKS, first=runs[0])
    left["assets"] = _rows(
        home, "index", "SELECT asset_key, last_run_id = :last FROM asset_keys", last=runs[1]
    )
    record = instance.get_latest_materialization_event(TOWN)
    assert record is not None
    assert record.asset_materialization is not None
    left["latest"] = (record.run_id == runs[1], record.asset_materialization.partition)
    left["partitions"] = sorted(instance.get_materialized_partitions(TOWN))
    instance.dispose()
    return left


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    home = tmp_path / "theirs"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
    return _left_by(home, dg.DagsterInstance.local_temp(str(home)))


def test_the_same_runs_leave_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: dict[str, Any]
) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
    monkeypatch.setenv("DAGSTER_HOME", "")
    ours = _left_by(tmp_path / "ours" / "dagster", open_instance(tmp_path / "ours"))
    assert ours["partitions"] == ["2021-01", "2021-02", "2021-03"]
    assert ours == theirs


def test_every_month_of_a_range_has_its_own_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    ours = _left_by(tmp_path / "dagster", open_instance(tmp_path))
    of_the_range = {row[2]: row[3] for row in ours["checks"] if row[1] == "wrong"}
    assert of_the_range["2021-01"] == "SUCCEEDED"
    assert of_the_range["2021-02"] == "FAILED"
    assert of_the_range["2021-03"] == "SUCCEEDED"
