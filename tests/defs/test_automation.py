"""What runs by itself, on a real instance and a real warehouse: sensor, schedule, the month's job."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from small_inbox import MARCH, put

from g60pipeline.contracts.project import load_project
from g60pipeline.defs import automation
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.automation import inbox_sensor, month_after_due_day
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.plan import plan_spans, select_assets
from g60pipeline.defs.resources import House, project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse

QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
OF_THE_WHOLE = ("corrections_meet_their_expected_value", "every_expected_return_is_in")
LAYERS = ("intake", "staged", "quality", "core")


class World:
    """A home with an inbox, a warehouse and a Dagster instance of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.graph = build_definitions(resource_overrides={"house": House(home=str(home))})
        self.instance = open_instance(home)

    def run(
        self,
        job: str,
        month: str | None = None,
        layers: tuple[str, ...] = LAYERS,
        tags: dict[str, str] | None = None,
    ) -> str:
        """Run a job in this process, as far as the layers; return the run's id."""
        keys = [key for key in self.all_keys() if key.path[0] in layers]
        result = self.graph.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            partition_key=month,
            tags=tags,
            asset_selection=keys if job == "month" else None,
            run_config=QUIET,
            raise_on_error=False,
        )
        failed = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
        assert result.success, [str(error and (error.cause or error)) for error in failed]
        return result.run_id

    def all_keys(self) -> list[dg.AssetKey]:
        """Assets that a command would run for March."""
        (span,) = plan_spans(project(), MARCH, MARCH)
        return select_assets(self.graph, span.forms)

    def tick(self) -> tuple[list[dg.RunRequest], str]:
        """Let the sensor look once: what it asks for, or why it asks for nothing."""
        with dg.build_sensor_context(
            instance=self.instance, resources={"house": House(home=str(self.home))}
        ) as context:
            asked: Any = inbox_sensor(context)
            return ([], asked.skip_message) if isinstance(asked, dg.SkipReason) else (asked, "")

    def asked(self) -> list[tuple[str | None, str | None]]:
        """Job and month of what the sensor asks for."""
        return [(request.job_name, request.partition_key) for request in self.tick()[0]]

    def run_what_is_asked(self) -> None:
        """Run everything that the sensor asks for, with the tags it gives."""
        for request in self.tick()[0]:
            assert request.job_name is not None
            self.run(request.job_name, request.partition_key, tags=dict(request.tags))

    def counts(self) -> dict[str, int]:
        """Rows of every table."""
        contracts = load_project(find_project_root())
        with Warehouse(f"duckdb:///{self.home / 'warehouse.duckdb'}", contracts) as warehouse:
            query = "SELECT count(*) AS n FROM "
            return {name: int(warehouse.read(query + name)["n"][0]) for name in warehouse.metadata.tables}

    def evaluations(self, run_id: str) -> list[dg.AssetCheckEvaluation]:
        """Evaluations of a run."""
        records = self.instance.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
        found: list[Any] = [record.event_log_entry.dagster_event for record in records]
        return [event.event_specific_data for event in found]

    def checks(self, run_id: str) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
        """Evaluations of a month's run by asset and check."""
        return {
            (check.asset_key.to_user_string(), check.check_name): check for check in self.evaluations(run_id)
        }


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # restored afterwards: opening the instance sets it
        world = World(tmp_path)
        yield world
        world.instance.dispose()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """Both months in the inbox, March run as a whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")
        world = World(tmp_path_factory.mktemp("judged"))
        put(world.home / "inbox", "february", "march")
        yield world, world.run("month", MARCH.key, (*LAYERS, "mart", "indicator", "report"))
        world.instance.dispose()


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


@pytest.mark.parametrize(
    ("at", "month"),
    [("2021-03-06T06:00:00+08:00", "2021-02"), ("2022-01-06T06:00:00+08:00", "2021-12")],
)
def test_the_schedule_asks_for_last_month(empty: World, at: str, month: str) -> None:
    context = dg.build_schedule_context(
        instance=empty.instance,
        scheduled_execution_time=datetime.fromisoformat(at),
        repository_def=empty.graph.get_repository_def(),
    )
    requests = month_after_due_day.evaluate_tick(context).run_requests
    assert requests is not None
    assert [request.partition_key for request in requests] == [month]


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
