"""Writes `graph_snapshot.txt` anew: `python tests/defs/refresh_graph_snapshot.py`, or `make snapshot`.

The snapshot is one line per fact, sorted, so that a change of lineage shows as a short diff. Read the diff before
you commit it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg

from g60pipeline.defs.assemble import build_definitions

SNAPSHOT = Path(__file__).with_name("graph_snapshot.txt")


def _partitions(definition: dg.PartitionsDefinition | None) -> str:
    """A description that does not grow with the calendar."""
    if definition is None:
        return "none"
    if isinstance(definition, dg.MultiPartitionsDefinition):
        parts = [f"{part.name} ({_partitions(part.partitions_def)})" for part in definition.partitions_defs]
        return " by ".join(parts)
    if isinstance(definition, dg.StaticPartitionsDefinition):
        return " ".join(definition.get_partition_keys())
    assert isinstance(definition, dg.TimeWindowPartitionsDefinition)
    return f"{definition.fmt} from {definition.start:{definition.fmt}} cron {definition.cron_schedule}"


def _list(keys: Iterable[dg.AssetKey]) -> str:
    return ", ".join(sorted(key.to_user_string() for key in keys)) or "none"


def _assets(graph: dg.Definitions) -> Iterator[str]:
    for spec in graph.resolve_all_asset_specs():
        name = f"asset {spec.key.to_user_string()}"
        yield f"{name} | deps {_list(dep.asset_key for dep in spec.deps)}"
        owners, kinds = ", ".join(spec.owners), ", ".join(sorted(spec.kinds))
        yield f"{name} | group {spec.group_name}; owners {owners}; kinds {kinds}"
        version = "yes" if spec.code_version else "no"
        yield f"{name} | partitions {_partitions(spec.partitions_def)}; code version {version}"
        condition = spec.automation_condition
        if condition is not None:
            yield f"{name} | automation {condition.get_label()}"
        if spec.freshness_policy is not None:
            yield f"{name} | freshness {spec.freshness_policy}"


def check_specs(graph: dg.Definitions) -> Iterator[dg.AssetCheckSpec]:
    """Every check of the graph."""
    for checks in [*(graph.asset_checks or []), *(graph.assets or [])]:
        if isinstance(checks, dg.AssetsDefinition):
            yield from checks.check_specs


def _checks(graph: dg.Definitions) -> Iterator[str]:
    for check in check_specs(graph):
        metadata = "; ".join(f"{name} {check.metadata[name]}" for name in sorted(check.metadata))
        blocking = "blocking" if check.blocking else "non-blocking"
        yield (
            f"check {check.asset_key.to_user_string()} {check.name} | {blocking}; "
            f"{metadata}; partitions {_partitions(check.partitions_def)}; "
            f"after {_list(dep.asset_key for dep in check.additional_deps)}"
        )


def _jobs(graph: dg.Definitions) -> Iterator[str]:
    repository = graph.get_repository_def()
    for name in repository.job_names:
        job = repository.get_job(name)
        if not name.startswith("__"):
            yield f"job {name} | partitions {_partitions(job.partitions_def)}"
            yield f"job {name} | assets {_list(job.asset_layer.selected_asset_keys)}"


def _automation(graph: dg.Definitions) -> Iterator[str]:
    repository = graph.get_repository_def()
    for sensor in repository.sensor_defs:
        jobs = ", ".join(sorted(target.job_name for target in sensor.targets))
        yield (
            f"sensor {sensor.name} | asks for {jobs}; every {sensor.minimum_interval_seconds} s; "
            f"{sensor.default_status.value}"
        )
    for schedule in repository.schedule_defs:
        yield (
            f"schedule {schedule.name} | asks for {schedule.job_name}; "
            f"cron {schedule.cron_schedule} {schedule.execution_timezone}; {schedule.default_status.value}"
        )


def render_graph(graph: dg.Definitions) -> str:
    """Return the graph as sorted lines."""
    lines = [*_assets(graph), *_checks(graph), *_jobs(graph), *_automation(graph)]
    return "\n".join(sorted(lines)) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(render_graph(build_definitions()), encoding="utf-8")
    print(f"written: {SNAPSHOT}")
