"""A home with an inbox, a warehouse and a Dagster instance of its own, and what tests ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
from small_inbox import MARCH

from g60pipeline.contracts.project import load_project
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.automation import inbox_sensor
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.plan import plan_spans, select_assets
from g60pipeline.defs.resources import House, project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse

QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
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
