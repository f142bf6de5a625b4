"""Commands that make, run and show months: sample, run, backfill, status, ui."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from g60pipeline.cli.common import (
    RETURNED,
    First,
    Json,
    Last,
    app,
    fail,
    load,
    parse_ended,
    parse_range,
    progress,
    with_warehouse,
)  # fmt: skip
from g60pipeline.contracts.project import Project
from g60pipeline.settings import Settings


@app.command()
def sample(
    seed: Annotated[int, typer.Option(help="The same seed gives the same files, byte for byte.")] = 2021,
    as_json: Json = False,
) -> None:
    """Write synthetic returns of a year, right and wrong ones, into the inbox.

    Example: g60 sample --seed 2021
    """
    from g60pipeline.sample.generate import SAMPLE_OPENING, write_sample
    from g60pipeline.warehouse.openings import append_opening

    settings, project = load()
    manifest = write_sample(
        project, Path(settings.inbox), seed, manifest_path=settings.home / "sample-manifest.json"
    )
    with_warehouse(settings, project, lambda warehouse: append_opening(warehouse, SAMPLE_OPENING))
    summary = {"files": len(manifest.files), "inbox": settings.inbox}
    typer.echo(
        json.dumps(summary) if as_json else f"{summary['files']} synthetic returns in {settings.inbox}"
    )


@app.command()
def run(
    first: First,
    last: Last,
    as_json: Json = False,
) -> None:
    """Run months from the inbox to the briefing, over all units, and print what came out.

    Example: g60 run --from 2021-01 --to 2021-12
    """
    settings, project = load()
    from g60pipeline.defs.run import run_months

    _run(run_months, settings, project, first, last)
    raise typer.Exit(_report(settings, project, first, last, as_json))


@app.command()
def backfill(
    first: First,
    last: Last,
    as_json: Json = False,
) -> None:
    """Judge and compute months again after a changed rule, definition or grouping, and print what came out otherwise.

    Works on what the ledger holds; the inbox is left alone. Months of the same forms are one run, whatever the number of
    units. What is unchanged is not done again.

    Example: g60 backfill --from 2021-01 --to 2021-12
    """
    settings, project = load()
    from g60pipeline.defs.run import backfill_months, count_work
    from g60pipeline.warehouse.rejudged import last_verdict_id, read_changed_verdicts

    before = with_warehouse(settings, project, last_verdict_id)
    results = _run(backfill_months, settings, project, first, last)
    changed = with_warehouse(settings, project, lambda warehouse: read_changed_verdicts(warehouse, before))
    done = {"runs": len(results), **count_work(settings, results), "verdicts_changed": changed}
    if as_json:
        typer.echo(json.dumps(done, ensure_ascii=False))
    else:
        typer.echo(
            f"{done['runs']} runs, {done['judged']} submissions judged, {len(changed)} verdicts and "
            f"{done['values_changed']} values changed"
        )
        for row in changed:
            typer.echo(f"{row['reporting_unit_code']} {row['period']} {row['was']} -> {row['is_now']}")
    raise typer.Exit(RETURNED if any(row["is_now"] == "returned" for row in changed) else 0)


@app.command()
def status(
    first: First,
    last: Last,
    as_json: Json = False,
) -> None:
    """Print submissions by month and the published figures, from the warehouse as it is.

    Example: g60 status --from 2021-01 --to 2021-12 --json
    """
    parse_range(first, last)
    settings, project = load()
    raise typer.Exit(_report(settings, project, first, last, as_json))


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000) -> None:
    """Open Dagster's pages on this machine only: lineage, runs, checks, the sensor and the schedule.

    Example: g60 ui --port 3000
    """
    settings, _ = load()
    from g60pipeline.defs.instance import serve

    serve(settings, port)


def _run(run_months: Any, settings: Settings, project: Project, first: str, last: str) -> list[Any]:
    """Run months that are over; leaves with an explanation when a run fails."""
    start, end = parse_range(first, last)
    parse_ended(last)
    from g60pipeline.defs.alerts import write_metrics_of
    from g60pipeline.defs.instance import open_instance
    from g60pipeline.defs.run import failures

    def step(span: Any, n: int, of: int) -> None:
        progress(f"run {n} of {of}: {span.first.key} to {span.last.key}, {len(span.forms)} forms")

    results = run_months(settings, start, end, step)
    if not results:
        raise fail(f"nobody owes anything from {first} to {last}")
    write_metrics_of(open_instance(settings.home), settings, project)
    if not results[-1].success:
        raise fail("\n".join([f"run {results[-1].run_id} failed", *failures(results[-1], settings)]))
    return results


def _report(settings: Settings, project: Project, first: str, last: str, as_json: bool) -> int:
    from g60pipeline.operations.outcome import read_outcome
    from g60pipeline.warehouse.correction_states import read_states

    outcome, states = with_warehouse(
        settings,
        project,
        lambda warehouse: (read_outcome(settings, warehouse, first, last), read_states(warehouse)),
    )
    for state in states:
        if state.has_failed and first <= state.correction.period <= last:
            typer.echo(state.message, err=True)
    if as_json:
        typer.echo(json.dumps(outcome, ensure_ascii=False, default=str))
    else:
        from g60pipeline.terminal import print_outcome

        print_outcome(outcome)
    has_returned = any(month["returned"] for month in outcome["months"])
    return RETURNED if has_returned or outcome["unplaced_files"] else 0
