"""A file in the inbox becomes values in the warehouse by itself: a real daemon, on both storages of Dagster's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from daemon import run_daemon, wait_for
from small_inbox import MARCH, put

from g60pipeline.contracts.project import load_project
from g60pipeline.defs.instance import POSTGRES_URL, open_instance
from g60pipeline.defs.keys import RETURN
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse


@pytest.fixture(params=["sqlite", "postgres"])
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


def test_a_file_that_is_dropped_becomes_values(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    def is_done() -> bool:
        (run,) = instance.get_runs(dg.RunsFilter(job_name="month"), limit=1) or (None,)
        return run is not None and run.is_finished

    put(tmp_path / "inbox", "march")
    with run_daemon(tmp_path) as daemon:
        wait_for(is_done, tmp_path, daemon)

    runs = instance.get_runs()
    assert [(run.job_name, run.status) for run in runs] == [
        ("month", dg.DagsterRunStatus.SUCCESS),
        ("receive", dg.DagsterRunStatus.SUCCESS),
    ]
    assert {run.tags["dagster/sensor_name"] for run in runs} == {"inbox_sensor"}
    assert runs[0].run_op_concurrency is not None
    assert runs[0].run_op_concurrency.all_pools == {"duckdb_writer"}
    cells = {f"{MARCH.key}|310117001", f"{MARCH.key}|310117U02"}
    assert instance.get_materialized_partitions(RETURN) == cells
    with Warehouse(
        f"duckdb:///{tmp_path / 'warehouse.duckdb'}", load_project(find_project_root())
    ) as warehouse:
        values = warehouse.read("SELECT DISTINCT period FROM mart.indicator_value WHERE value IS NOT NULL")
    assert list(values["period"]) == [MARCH.key]
