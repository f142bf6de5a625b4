"""After a run: operators are told of what failed, and the counts that they watch are written.

Belongs here: what Dagster knows of runs, as plain data, and the sensors that follow their ends. Not here: what is told and
how (operations.alerts), which counts (operations.metrics). `g60 alert` and `g60 metrics` do the same by hand.
"""

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from g60pipeline.contracts.project import Project
from g60pipeline.defs.board import status_job
from g60pipeline.defs.resources import House
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.operations.metrics import LastRun
    from g60pipeline.reports.alerts import FailedRun

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_LOOKED_BACK_SECONDS = 7 * 24 * 3600
_LONGEST = 300
_WILL_RETRY = "dagster/will_retry"
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_GATE = "release"
_CLASS = re.compile(r"^(\w+\.)+\w+: ")  # an error's class says nothing to operators


def _instant(seconds: float | None) -> datetime:
    return datetime.fromtimestamp(seconds or 0, UTC).replace(tzinfo=None)


def read_last_runs(instance: dg.DagsterInstance, looked_at: int = 200) -> "list[LastRun]":
    """The last run of every job that has ended, of the newest runs."""
    from g60pipeline.operations.metrics import LastRun

    last: dict[str, LastRun] = {}
    for record in instance.get_run_records(dg.RunsFilter(statuses=_ENDED), limit=looked_at):
        job, has_succeeded = record.dagster_run.job_name, record.dagster_run.is_success
        run = LastRun(job, _instant(record.end_time), has_succeeded)
        if job not in last or last[job].at < run.at:
            last[job] = run
    return [last[job] for job in sorted(last)]


def _months(run: dg.DagsterRun) -> str:
    months = [run.tags[name] for name in _RANGE if name in run.tags] or [
        run.tags.get("dagster/partition", "")
    ]
    return " 至 ".join(dict.fromkeys(months))


def read_errors(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str]]:
    """What went wrong in a run: step and error, in a line each; where no step failed, what ended the run."""
    kinds = (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE)
    for kind in kinds:
        records = instance.get_records_for_run(run_id, of_type=kind).records
        if records:
            events: list[Any] = [record.event_log_entry.dagster_event for record in records]
            return [(event.step_key or "", _say(event)) for event in events]
    return []


def _say(event: Any) -> str:
    data = event.event_specific_data
    error = None if data is None else data.error
    return event.message if error is None else (error.cause or error).message.strip()


def read_failed_runs(instance: dg.DagsterInstance) -> "list[FailedRun]":
    """Runs of the last week that failed for good, and that no later run of the same job and months made good."""
    since = _instant(time.time() - _LOOKED_BACK_SECONDS).replace(tzinfo=UTC)
    seen: set[tuple[str, str]] = set()
    failed: list[FailedRun] = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_ENDED, updated_after=since)):
        run = record.dagster_run
        key = (run.job_name, _months(run))
        if key not in seen and run.tags.get(_WILL_RETRY) != "true":
            seen.add(key)
            if run.status == dg.DagsterRunStatus.FAILURE:
                failed.append(_describe(instance, run, _instant(record.end_time)))
    return failed


def _describe(instance: dg.DagsterInstance, run: dg.DagsterRun, at: datetime) -> "FailedRun":
    from g60pipeline.intake.personal import mask
    from g60pipeline.reports.alerts import FailedRun

    step, error = next(
        iter(read_errors(instance, run.run_id)), ("", "the run ended without a word; see its page")
    )
    is_gate = step == _GATE
    text = " ".join(mask(_CLASS.sub("", error)).split())[:_LONGEST]
    return FailedRun(
        run.run_id, run.job_name, _months(run), text if is_gate else f"{step} {text}".strip(), at, is_gate
    )


def write_metrics_of(instance: dg.DagsterInstance, settings: Settings, project: Project) -> None:
    """Write the counts as they are now."""
    from g60pipeline.operations.metrics import write_metrics_file

    write_metrics_file(settings, project, read_last_runs(instance))


@dg.run_failure_sensor(
    name="tell_of_failures",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells operators of runs that failed for good, of releases that the gate stopped and of overdue units.",
)
def tell_of_failures(context: dg.RunFailureSensorContext, house: House) -> Any:
    """One digest of all that stands; none for a run that will be tried again."""
    from g60pipeline.operations.alerts import alert

    write_metrics_of(context.instance, house.settings, house.project)
    if context.dagster_run.tags.get(_WILL_RETRY) == "true":
        return dg.SkipReason("the run will be tried again")
    told = alert(house.settings, house.project, read_failed_runs(context.instance))
    return dg.SkipReason(told.subject or "made good meanwhile")


@dg.run_status_sensor(
    name="follow_runs",
    run_status=dg.DagsterRunStatus.SUCCESS,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Writes the counts that operators watch; after the morning's look at the board, tells of overdue units.",
)
def follow_runs(context: dg.RunStatusSensorContext, house: House) -> Any:
    """What stands is told once a day, by the calendar, not after each run."""
    from g60pipeline.operations.alerts import alert

    write_metrics_of(context.instance, house.settings, house.project)
    if context.dagster_run.job_name != status_job.name:
        return dg.SkipReason("counts are written")
    told = alert(house.settings, house.project, read_failed_runs(context.instance))
    return dg.SkipReason(told.subject or "nothing to tell of")


RUN_SENSORS = [tell_of_failures, follow_runs]
