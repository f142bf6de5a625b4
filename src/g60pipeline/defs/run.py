"""Running months from a command: the same job and the same assets as the schedule and the sensor use.

Belongs here: one Dagster run per span of months (plan.py), in this process. Not here: what is printed (cli).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from g60pipeline.contracts.periods import Period
from g60pipeline.defs.abandoned import end_abandoned_runs
from g60pipeline.defs.alerts import read_errors
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.automation import month_job
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.keys import RECEIVED
from g60pipeline.defs.plan import Span, plan_spans, select_assets
from g60pipeline.defs.resources import project
from g60pipeline.settings import Settings

# A failure is told by `failures`, in a line; its stack is in Dagster's pages.
_QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunResult:
    """One Dagster run."""

    run_id: str
    first: str
    last: str
    success: bool


def _tags(span: Span) -> dict[str, str]:
    return {
        "dagster/asset_partition_range_start": span.first.key,
        "dagster/asset_partition_range_end": span.last.key,
    }


Step = Callable[[Span, int, int], None]


def run_months(
    settings: Settings,
    first: Period,
    last: Period,
    step: Step | None = None,
    without: Collection[dg.AssetKey] = (),
) -> list[RunResult]:
    """Run the months from first to last and stop at the first run that fails; `step` is told before each run."""
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    graph = build_definitions()
    job = graph.resolve_job_def(month_job.name)
    instance = open_instance(settings.home)
    end_abandoned_runs(instance)
    results: list[RunResult] = []
    spans = plan_spans(project(), first, last)
    for n, span in enumerate(spans, 1):
        if step is not None:
            step(span, n, len(spans))
        single = span.first == span.last
        result = job.execute_in_process(
            instance=instance,
            partition_key=span.first.key if single else None,
            tags=None if single else _tags(span),
            asset_selection=[key for key in select_assets(graph, span.forms) if key not in without],
            run_config=_QUIET,
            raise_on_error=False,
        )
        results.append(RunResult(result.run_id, span.first.key, span.last.key, result.success))
        if not result.success:
            break
    return results


def backfill_months(
    settings: Settings, first: Period, last: Period, step: Step | None = None
) -> list[RunResult]:
    """Run months again from what the ledger holds, as after a changed rule, definition or grouping.

    Whatever has no verdict under the present rules is judged, and every value computed whose inputs or definition changed;
    the inbox is left alone.
    """
    return run_months(settings, first, last, step, without=(RECEIVED,))


def count_work(settings: Settings, results: Sequence[RunResult]) -> dict[str, int]:
    """Count what runs judged and changed, as their assets said: `judged`, `values_changed`."""
    counts = Counter(judged=0, values_changed=0)
    for result in results:
        records = (
            open_instance(settings.home)
            .get_records_for_run(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
            .records
        )
        made = [made for record in records if (made := record.asset_materialization) is not None]
        # Each month of a range says the same: what the whole run did.
        of_asset = {one.asset_key: one.metadata for one in made if counts.keys() & one.metadata.keys()}
        for said in of_asset.values():
            found = {name: said[name].value for name in counts.keys() & said.keys()}
            counts.update({name: value for name, value in found.items() if isinstance(value, int)})
    return dict(counts)


def failures(result: RunResult, settings: Settings) -> list[str]:
    """What went wrong in a run: step and error, one line each."""
    errors = read_errors(open_instance(settings.home), result.run_id)
    return [f"{step}: {error}" if step else error for step, error in errors]
