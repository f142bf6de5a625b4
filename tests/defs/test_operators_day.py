"""What an operator sees of real runs: submissions put in and run, ids in both logs, failures told of once, counts."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import Result
from small_inbox import PARCELS, put
from typer.testing import CliRunner

from g60pipeline.cli import app
from g60pipeline.defs.alerts import follow_runs, read_failed_runs, read_last_runs, tell_of_failures
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.board import status_job
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.resources import House

QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture(autouse=True)
def console_as_before() -> Iterator[None]:
    """`g60 run` silences Dagster's console for its process, which here is the tests'."""
    logger = logging.getLogger("dagster")
    level = logger.level
    yield
    logger.setLevel(level)


class World:
    """A home with an instance."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.graph = build_definitions(resource_overrides={"house": House(home=str(home))})
        self.instance = open_instance(home)

    def run(self, job: str, month: str) -> dg.DagsterRun:
        """Run a job, whatever comes of it."""
        done = self.graph.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=month, run_config=QUIET, raise_on_error=False
        )
        return done.dagster_run

    def end(self, run: dg.DagsterRun, tags: dict[str, str] | None = None) -> Any:
        """Let the sensor of the run's end look at it."""
        run = run.with_tags({**run.tags, **(tags or {})})
        of_type = dg.DagsterEventType.RUN_SUCCESS if run.is_success else dg.DagsterEventType.RUN_FAILURE
        (record,) = self.instance.get_records_for_run(run.run_id, of_type=of_type).records
        event: Any = record.event_log_entry.dagster_event
        with dg.build_run_status_sensor_context(
            "sensor", dagster_event=event, dagster_instance=self.instance, dagster_run=run,
            resources={"house": House(home=str(self.home))},
        ) as context:  # fmt: skip
            if run.is_success:
                return follow_runs(context)
            return tell_of_failures(context.for_run_failure())

    def told(self) -> list[dict[str, Any]]:
        """Alerts of the outbox, oldest first."""
        files = sorted(
            (self.home / "outbox").glob("*_operators_*.json"), key=lambda path: path.stat().st_mtime
        )
        return [json.loads(path.read_text("utf-8")) for path in files]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # restored afterwards: opening the instance sets it
        patch.setenv("G60_HOME", str(tmp_path / "home"))
        world = World(tmp_path / "home")
        yield world
        world.instance.dispose()


def g60(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_returns_submitted_and_run_are_found_by_their_ids_in_both_logs(world: World, tmp_path: Path) -> None:
    put(tmp_path / "home" / "inbox", "march")
    desk = tmp_path / "desk"
    (tmp_path / "home" / "inbox").rename(desk)
    files = [desk / parcel.name for parcel in PARCELS["march"]]
    done = g60("submit", *map(str, files), "--run", "--json")
    assert done.exit_code == 3, done.output
    said = json.loads(done.stdout)
    assert [(f["outcome"], f["month"], f["verdict"]) for f in said["files"]] == [
        ("put", "2021-03", "accepted"), ("put", "2021-03", "returned"),
    ]  # fmt: skip
    (run_id,) = said["runs"]

    lines = (world.home / "logs" / "g60.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    of_second = [event for event in events if event.get("submission") == 2]
    assert [event["event"] for event in of_second] == ["received", "judged", "sent_back"]
    for event in of_second:
        assert (event["run"], event["unit"], event["month"]) == (run_id, "310117U02", "2021-03")
    loaded = next(event for event in events if event["event"] == "loaded")
    assert (loaded["submission"], loaded["unit"]) == (1, "310117001")
    assert {event["theme"] for event in events if event["event"] == "computed"}

    messages = [entry.user_message for entry in world.instance.all_logs(run_id)]
    judged = f"judged run={run_id} submission=2 unit=310117U02 month=2021-03 verdict=returned"
    assert any(message.startswith(judged) for message in messages)

    again = json.loads(g60("submit", str(files[0]), "--json").stdout)["files"]
    assert again[0]["outcome"] == "received_before"
    assert [(run.job, run.has_succeeded) for run in read_last_runs(world.instance)] == [("month", True)]
    assert 'g60_last_run_success{job="month"} 1' in g60_metrics(world)
    assert g60("doctor", "--port", "1").exit_code == 0


def g60_metrics(world: World) -> str:
    assert g60("metrics").exit_code == 0
    return (world.home / "metrics" / "g60.prom").read_text("utf-8")


def test_a_run_that_fails_is_told_of_once_until_it_is_made_good(world: World) -> None:
    warehouse = world.home / "warehouse.duckdb"
    warehouse.write_bytes(b"no database" * 999)
    failed = world.run(status_job.name, "2021-03")
    assert world.end(failed, {"dagster/will_retry": "true"}).skip_message == "the run will be tried again"
    assert world.told() == []

    world.end(failed)
    (told,) = world.told()
    assert told["subject"] == "【运行告警】1 个任务失败"
    assert failed.run_id in told["body"]
    assert f"status 2021-03：board {warehouse} cannot be opened" in told["body"]
    world.end(world.run(status_job.name, "2021-03"))  # fails for the same reason, on the same day
    assert len(world.told()) == 1
    assert 'g60_last_run_success{job="status"} 0' in (world.home / "metrics" / "g60.prom").read_text("utf-8")

    warehouse.unlink()
    good = world.run(status_job.name, "2021-03")
    assert read_failed_runs(world.instance) == []
    world.end(good)
    assert world.told()[-1]["subject"].endswith("家单位逾期")  # and nothing else
    assert "g60_warehouse_readable 1" in (world.home / "metrics" / "g60.prom").read_text("utf-8")


def test_a_release_that_the_gate_stops_is_told_of_as_such(world: World) -> None:
    stopped = world.run("publish", "2021-03")
    assert not stopped.is_success
    (failed,) = read_failed_runs(world.instance)
    assert (failed.is_gate, failed.months) == (True, "2021-03")
    dry = json.loads(g60("alert", "--dry-run", "--json").stdout)
    assert dry["is_new"]
    assert world.told() == []
    done = g60("alert")
    assert done.exit_code == 0, done.output
    (told,) = world.told()
    assert told["subject"].startswith("【运行告警】1 次发布未过闸门")
    assert "told before" in g60("alert").stdout


@pytest.mark.parametrize(
    "command", [("run", "--from", "2021-03", "--to", "2021-03"), ("metrics",), ("alert",)]
)
def test_run_storage_that_cannot_be_used_is_told_in_a_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    history = tmp_path / "dagster" / "history"
    history.mkdir(parents=True)
    (history / "runs.db").write_bytes(b"no database" * 999)
    environment = {**os.environ, "G60_HOME": str(tmp_path)}
    program = [sys.executable, "-m", "g60pipeline.cli", *command]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "file is not a database" in line
    assert "g60 doctor" in line
