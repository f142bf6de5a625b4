"""Assets `report/board` and `report/reminders`, and the schedule that refreshes them while nothing arrives.

Belongs here: which months they look at. Not here: reading and writing (operations.board). Both cost little and need
nothing but verdicts, so they are also run by themselves every morning: a form becomes overdue by the calendar, not by a
file.
"""

from typing import Any

import dagster as dg

from g60pipeline.defs.days import BEIJING, days_of, morning_of
from g60pipeline.defs.feedback import FEEDBACK
from g60pipeline.defs.keys import COMPLETENESS, VERDICTS
from g60pipeline.defs.metadata import spec
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, WRITER, month_before, months_of
from g60pipeline.defs.resources import House, project

BOARD = dg.AssetKey(["report", "board"])
REMINDERS = dg.AssetKey(["report", "reminders"])


@dg.multi_asset(
    name="board",
    specs=[
        spec(
            list(BOARD.path),
            deps=[VERDICTS, FEEDBACK],
            group="reports",
            description=(
                "报送进度：单位 × 报表，近十二个月，离线网页，中英文。\n\n"
                "Status board: units by forms for the run's last month, and twelve months; one offline page."
            ),
            kinds={"html", "jinja"},
            partitions_def=MONTHS,
        )
    ],
    backfill_policy=ONE_RUN,
    pool=WRITER,
)
def board(context: dg.AssetExecutionContext, house: House) -> Any:
    """Write the page of the run's last month."""
    from g60pipeline.operations.board import write_board

    page = write_board(house.settings, house.warehouse, months_of(context)[-1], context.run.run_id)
    yield dg.MaterializeResult(asset_key=BOARD, metadata={"page": dg.MetadataValue.path(page.resolve())})


@dg.multi_asset(
    name="reminders",
    specs=[
        spec(
            list(REMINDERS.path),
            deps=[VERDICTS],
            group="reports",
            description=(
                "催报：每个单位一份待报清单，另有区里一份汇总，写入发件箱；配置了地址才发送。\n\n"
                "Reminders into the outbox, one per unit and one for the district; sent only where addresses are configured."
            ),
            kinds={"jinja"},
            partitions_def=MONTHS,
        )
    ],
    backfill_policy=ONE_RUN,
    pool=WRITER,
)
def reminders(context: dg.AssetExecutionContext, house: House) -> Any:
    """Remind of the run's months; a reminder that cannot be sent stays in the outbox and does not fail the run."""
    from g60pipeline.operations.board import write_reminders

    months = months_of(context)
    counts = write_reminders(house.settings, house.warehouse, months[0], months[-1])
    if counts["failed"]:
        context.log.warning(f"{counts['failed']} reminders could not be sent; they stay in the outbox")
    folder = dg.MetadataValue.path(house.settings.outbox)
    yield dg.MaterializeResult(asset_key=REMINDERS, metadata={"outbox": folder, **counts})


status_job = dg.define_asset_job(
    "status",
    selection=dg.AssetSelection.assets(BOARD, REMINDERS, COMPLETENESS),
    description="Board, reminders and completeness of a month, without receiving or judging anything.",
)


@dg.schedule(
    job=status_job,
    cron_schedule="30 7 * * *",
    execution_timezone=BEIJING,
    description="Refreshes last month's board every morning and reminds of what has become due.",
)
def board_each_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Look at last month."""
    return dg.RunRequest(partition_key=month_before(context.scheduled_execution_time))


@dg.schedule(
    job=status_job,
    cron_schedule=morning_of(day + 1 for day in days_of(project()).grace_end),
    execution_timezone=BEIJING,
    description="Says on the morning after grace has ended what of last month is overdue, and whether it is complete.",
)
def board_after_grace(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Look at last month."""
    return dg.RunRequest(partition_key=month_before(context.scheduled_execution_time))
