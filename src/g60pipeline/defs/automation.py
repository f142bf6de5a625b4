"""When things run: the month's job, the inbox sensor, the monthly schedules.

What is to be done is read from the inbox, the ledger and the instance's runs; the sensor remembers nothing itself. Not
here: what runs.
"""

import hashlib
import json
import time
from typing import Any

import dagster as dg

from g60pipeline.defs.abandoned import end_abandoned_runs
from g60pipeline.defs.days import BEIJING, days_of, morning_of
from g60pipeline.defs.keys import RECEIVED
from g60pipeline.defs.partitions import month_before
from g60pipeline.defs.resources import House, project

# What is released is decided by people, month by month.
_RELEASED = dg.AssetSelection.groups("release", "published")
month_job = dg.define_asset_job(
    "month",
    selection=dg.AssetSelection.all() - _RELEASED,
    description="One month over all units, from the inbox to the briefing; a range of months is one run too.",
)
publish_job = dg.define_asset_job(
    "publish",
    selection=_RELEASED,
    description="Freeze a month's values, if the gate lets them pass, and publish everything that was released.",
)
receive_job = dg.define_asset_job(
    "receive",
    selection=dg.AssetSelection.assets(RECEIVED),
    description="Take new files of the inbox into the archive and the ledger.",
)


# A failed run is tried again at once by the daemon, and after a pause by the sensor, so that a full disk or a locked
# file never holds a month back for good.
RETRIES = {"dagster/max_retries": "3"}
PAUSE_SECONDS = 600
_ASKED_FOR = "g60/asked_for"


def _request(
    context: dg.SensorEvaluationContext, job: str, key: str, month: str | None = None
) -> list[dg.RunRequest]:
    """Ask for a run once, and once more for each time that it failed and the pause is over."""
    asked = dg.RunsFilter(job_name=job, tags={_ASKED_FOR: key})
    last = next(iter(context.instance.get_run_records(asked, limit=1)), None)
    if last is not None:
        has_failed = last.dagster_run.status == dg.DagsterRunStatus.FAILURE
        if not has_failed or time.time() - (last.end_time or 0) < PAUSE_SECONDS:
            return []
    run_key = key if last is None else f"{key}-after-{last.dagster_run.run_id}"
    tags = {**RETRIES, _ASKED_FOR: key}
    return [dg.RunRequest(run_key=run_key, job_name=job, partition_key=month, tags=tags)]


def _listing_key(names: list[str]) -> str:
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]


@dg.sensor(
    jobs=[receive_job, month_job],
    minimum_interval_seconds=30,
    description="Receives what is new in the inbox; then judges each month that has submissions without a verdict.",
)
def inbox_sensor(context: dg.SensorEvaluationContext, house: House) -> Any:
    """Ask for a receipt when the inbox changed, and for a run of each month that has submissions without a verdict.

    Runs whose process is gone are ended first: the queue would wait behind them.
    """
    from g60pipeline.intake.inbox import Inbox
    from g60pipeline.warehouse import ledger
    from g60pipeline.warehouse.engine import WarehouseError

    end_abandoned_runs(context.instance)
    names = [f"{file.name} {file.state}" for file in Inbox(house.settings.inbox).list_files()]
    receive = _request(context, receive_job.name, f"receive-{_listing_key(names)}") if names else []
    if receive:
        return receive
    try:
        months = ledger.months_to_judge(house.warehouse)
    except WarehouseError as error:
        return dg.SkipReason(str(error))
    rules = house.project.rules_version  # new rules judge the same submissions anew
    return [
        request
        for month, known in months
        for request in _request(context, month_job.name, f"month-{month}-{known}-{rules}", month)
    ] or dg.SkipReason("nothing new in the inbox, nothing to judge in the ledger")


@dg.schedule(
    job=month_job,
    cron_schedule=morning_of(day + 1 for day in days_of(project()).due),
    execution_timezone=BEIJING,
    description="Runs last month on the morning after a due day, whatever has come in by then, and reminds of the rest.",
)
def month_after_due_day(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Run last month on the morning after a due day."""
    return dg.RunRequest(partition_key=month_before(context.scheduled_execution_time), tags=RETRIES)


@dg.schedule(
    job=publish_job,
    cron_schedule=morning_of(days_of(project()).lock[-1:]),
    execution_timezone=BEIJING,
    description="Releases last month as preliminary once everything of it is locked; fails when the gate refuses.",
)
def release_at_lock(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Release last month, which nobody can change any more without an opening."""
    return dg.RunRequest(partition_key=month_before(context.scheduled_execution_time))


# Which conditions these are is said for all assets in one place (policy.py).
views_and_snapshot = dg.AutomationConditionSensorDefinition(
    name="views_and_snapshot",
    target=dg.AssetSelection.groups("marts", "scorecards", "published"),
    description="Makes a view anew when its definition changed, and the snapshot when something was released.",
)
