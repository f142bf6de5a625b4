"""The district is complete for last month, or Dagster shows that it is not; on a real warehouse and instance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from world import World

from g60pipeline.contracts.deadlines import BEIJING_OFFSET
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import load_project
from g60pipeline.defs.keys import COMPLETENESS
from g60pipeline.defs.partitions import month_before
from g60pipeline.defs.resources import project
from g60pipeline.operations.marts import prepare
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse import ledger
from g60pipeline.warehouse.engine import Warehouse, append_rows

LAST_MONTH = month_before(datetime.now(UTC) + BEIJING_OFFSET)


def _accept(world: World, owed: dict[str, list[str]]) -> None:
    """Enter an accepted submission of last month for each unit, with its forms."""
    with Warehouse(
        f"duckdb:///{world.home / 'warehouse.duckdb'}", load_project(find_project_root())
    ) as warehouse:
        prepare(warehouse)
        rows = [
            {
                "sha256": f"{LAST_MONTH}-{unit}", "file_name": f"{unit}.xlsx", "kind": "xlsx", "byte_count": 1,
                "period": LAST_MONTH, "status": "received", "reporting_unit_code": unit,
            }
            for unit in owed
        ]  # fmt: skip
        with warehouse.transaction() as connection:
            ids = ledger.append_submissions(connection, warehouse, rows)
            verdict = {"status": "accepted", "critical_count": 0, "warning_count": 0}
            verdicts = [{**verdict, "submission_id": number} for number in ids]
            ledger.append_verdicts(connection, warehouse, verdicts, [])
            forms = [
                {
                    "submission_id": number,
                    "form": form,
                    "sheet": form,
                    "row_count": 0,
                    "layout": {},
                    "content_hash": "",
                }
                for number, unit in zip(ids, owed, strict=True)
                for form in owed[unit]
            ]
            append_rows(connection, warehouse.table("ops.submission_form"), forms)


def _owed_last_month() -> dict[str, list[str]]:
    owed: dict[str, list[str]] = {}
    for obligation in project().obligations:
        if obligation.is_owed_in(Period.parse(LAST_MONTH)):
            owed.setdefault(obligation.unit_code, []).append(obligation.form)
    return owed


def _run(world: World) -> dg.EventLogRecord | None:
    job = world.graph.resolve_job_def("status")
    result = job.execute_in_process(
        instance=world.instance, partition_key=LAST_MONTH, asset_selection=[COMPLETENESS],
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )  # fmt: skip
    assert result.success
    return next(iter(world.instance.fetch_materializations(COMPLETENESS, limit=1).records), None)


def test_it_is_made_only_when_nothing_that_is_owed_is_missing(empty: World) -> None:
    owed = _owed_last_month()
    last = sorted(owed)[-1]
    assert _run(empty) is None

    _accept(empty, {unit: forms for unit, forms in owed.items() if unit != last})
    assert _run(empty) is None

    _accept(empty, {last: owed[last]})
    made: Any = _run(empty)
    assert made.asset_materialization.metadata["month"].value == LAST_MONTH


def test_it_is_stale_from_the_end_of_grace_until_it_is_made_again(empty: World) -> None:
    spec = next(spec for spec in empty.graph.resolve_all_asset_specs() if spec.key == COMPLETENESS)
    policy: Any = spec.freshness_policy
    owed = [obligation for obligation in project().obligations if not obligation.valid_to]
    last_day = max(obligation.due_day + obligation.grace_days for obligation in owed)
    assert policy.deadline_cron == f"0 0 {last_day + 1} * *"
    assert policy.timezone == "Asia/Shanghai"
    # What was made last month, for the month before, does not count.
    assert policy.lower_bound_delta.days == last_day
