"""The command `g60`. Belongs here: arguments, what is printed, exit codes. Not here: the work.

Exit codes: 0 fine, 1 a failure that is explained on stderr, 2 wrong usage, 3 ran, but submissions were returned.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
RETURNED = 3


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        typer.echo(text, err=True)


def _fail(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(1)


def _load() -> tuple[Settings, Project]:
    settings = load_settings()
    try:
        return settings, load_project(settings.project_root)
    except ContractError as error:
        raise _fail(str(error)) from error


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def sample(
    seed: Annotated[int, typer.Option(help="The same seed gives the same files, byte for byte.")] = 2021,
    as_json: Json = False,
) -> None:
    """Write synthetic returns of a year, right and wrong ones, into the inbox.

    Example: g60 sample --seed 2021
    """
    from pathlib import Path

    from g60pipeline.sample.generate import write_sample

    settings, project = _load()
    manifest = write_sample(
        project, Path(settings.inbox), seed, manifest_path=settings.home / "sample-manifest.json"
    )
    summary = {"files": len(manifest.files), "inbox": settings.inbox}
    typer.echo(
        json.dumps(summary) if as_json else f"{summary['files']} synthetic returns in {settings.inbox}"
    )


@app.command()
def run(
    first: Annotated[str, typer.Option("--from", help="First month, YYYY-MM.")],
    last: Annotated[str, typer.Option("--to", help="Last month, YYYY-MM.")],
    as_json: Json = False,
) -> None:
    """Run months from the inbox to the briefing, over all units, and print what came out.

    Example: g60 run --from 2021-01 --to 2021-12
    """
    start, end = _period(first), _period(last)
    if start > end:
        raise typer.BadParameter(f"{first} is after {last}")
    settings, project = _load()
    from g60pipeline.defs.run import failures, run_months

    def step(span: Any, n: int, of: int) -> None:
        _progress(f"run {n} of {of}: {span.first.key} to {span.last.key}, {len(span.forms)} forms")

    results = run_months(settings, start, end, step)
    if not results:
        raise _fail(f"nobody owes anything from {first} to {last}")
    if not results[-1].success:
        raise _fail("\n".join([f"run {results[-1].run_id} failed", *failures(results[-1], settings)]))
    raise typer.Exit(_report(settings, project, first, last, as_json))


@app.command()
def status(
    first: Annotated[str, typer.Option("--from", help="First month, YYYY-MM.")],
    last: Annotated[str, typer.Option("--to", help="Last month, YYYY-MM.")],
    as_json: Json = False,
) -> None:
    """Print submissions by month and the published figures, from the warehouse as it is.

    Example: g60 status --from 2021-01 --to 2021-12 --json
    """
    for month in (first, last):
        _period(month)
    settings, project = _load()
    raise typer.Exit(_report(settings, project, first, last, as_json))


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000) -> None:
    """Open Dagster's pages on this machine only: lineage, runs, checks, the sensor and the schedule.

    Example: g60 ui --port 3000
    """
    settings, _ = _load()
    from g60pipeline.defs.instance import serve

    serve(settings, port)


def _report(settings: Settings, project: Project, first: str, last: str, as_json: bool) -> int:
    from g60pipeline.warehouse.engine import Warehouse, WarehouseError
    from g60pipeline.warehouse.summary import submissions_by_month, unplaced_files

    try:
        with Warehouse(settings.warehouse_url, project) as warehouse:
            warehouse.create()
            months = submissions_by_month(warehouse, first, last).to_dict("records")
            unplaced = unplaced_files(warehouse)
            figures = _figures(project, warehouse, first, last)
    except WarehouseError as error:
        raise _fail(str(error)) from error
    outcome = {
        "months": months,
        "unplaced_files": unplaced,
        "figures": figures,
        "where": _where(settings, last),
    }
    if as_json:
        typer.echo(json.dumps(outcome, ensure_ascii=False, default=str))
    else:
        from g60pipeline.terminal import print_outcome

        print_outcome(outcome)
    return RETURNED if any(month["returned"] for month in months) or unplaced else 0


def _figures(project: Project, warehouse: Warehouse, first: str, last: str) -> list[dict[str, Any]]:
    from g60pipeline.indicators.figures import compare
    from g60pipeline.warehouse.summary import read_bindings

    published = project.figures.figures if project.figures else ()
    figures = [figure for figure in published if first <= figure.read.period <= last]
    rows: list[dict[str, Any]] = []
    for figure, found in zip(figures, read_bindings(warehouse, [f.read for f in figures]), strict=True):
        comparison = compare(project, figure, found["value"] if found else None)
        rows.append({
            "id": figure.id,
            "measure": figure.measure.en,
            "period": figure.read.period,
            "ours": None if comparison.ours is None else float(comparison.ours),
            "theirs": figure.value,
            "comparator": figure.comparator,
            "unit": figure.unit,
            "met": comparison.met,
            "coverage": f"{found['reporting_unit_count']} of {found['expected_unit_count']}" if found else "",
            "indicator": figure.read.indicator,
        })  # fmt: skip
    return rows


def _where(settings: Settings, last: str) -> dict[str, str]:
    return {
        "dagster": "make ui",
        "briefing": str(settings.out / "briefing" / f"{last}.html"),
        "warehouse": settings.warehouse_url,
    }


def main() -> None:
    """Run the command and leave at once.

    With Great Expectations loaded, DuckDB's binding prints a page of leaked objects while the interpreter is taken
    down, below what the user came to read. Everything is closed by then, so nothing is lost by leaving before.
    """
    code = 0
    try:
        app()
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
