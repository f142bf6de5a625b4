"""When things run: the month's job, the inbox sensor, the monthly schedule.

The sensor's cursor is only a hint; the truth is in the ledger. Not here: what runs.
"""

import hashlib
import json
from typing import Any

import dagster as dg

from g60pipeline.defs.intake import RECEIVED
from g60pipeline.defs.resources import House

month_job = dg.define_asset_job(
    "month",
    selection=dg.AssetSelection.all(),
    description="One month over all units, from the inbox to the briefing; a range of months is one run too.",
)
receive_job = dg.define_asset_job(
    "receive",
    selection=dg.AssetSelection.assets(RECEIVED),
    description="Take new files of the inbox into the archive and the ledger.",
)


# A failed run is tried again by the daemon, so that a full disk or a locked file does not hold a month back.
RETRIES = {"dagster/max_retries": "3"}


def _listing_key(names: list[str]) -> str:
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]


@dg.sensor(
    jobs=[receive_job, month_job],
    minimum_interval_seconds=30,
    description="Receives what is new in the inbox; then judges each month that has submissions without a verdict.",
)
def inbox_sensor(context: dg.SensorEvaluationContext, house: House) -> Any:
    """Ask for a receipt when the inbox changed, and for a run of each month that has submissions without a verdict."""
    from g60pipeline.intake.inbox import Inbox
    from g60pipeline.warehouse import ledger
    from g60pipeline.warehouse.engine import WarehouseError

    names = [f"{file.name} {file.byte_count}" for file in Inbox(house.settings.inbox).list_files()]
    listing = _listing_key(names)
    if names and listing != context.cursor:
        context.update_cursor(listing)
        return [dg.RunRequest(run_key=f"receive-{listing}", job_name=receive_job.name, tags=RETRIES)]
    try:
        months = ledger.months_to_judge(house.warehouse)
    except WarehouseError as error:
        return dg.SkipReason(str(error))
    if not months:
        return dg.SkipReason("nothing new in the inbox, nothing to judge in the ledger")
    rules = house.project.rules_version  # new rules judge the same submissions anew
    return [
        dg.RunRequest(
            run_key=f"month-{month}-{last}-{rules}",
            job_name=month_job.name,
            partition_key=month,
            tags=RETRIES,
        )
        for month, last in months
    ]


@dg.schedule(
    job=month_job,
    cron_schedule="0 6 6 * *",
    execution_timezone="Asia/Shanghai",
    description="Runs last month on the morning after its due day, whatever has come in by then.",
)
def month_after_due_day(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Run last month on the morning after its due day (the 5th)."""
    at = context.scheduled_execution_time
    year, month = (at.year, at.month - 1) if at.month > 1 else (at.year - 1, 12)
    return dg.RunRequest(partition_key=f"{year:04d}-{month:02d}", tags=RETRIES)
