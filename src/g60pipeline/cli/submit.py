"""Command that takes returns to the inbox: submit. Not here: what is put and how (operations.submit, intake.inbox)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from g60pipeline.cli.common import (
    RETURNED,
    Json,
    app,
    fail,
    load,
    parse_ended,
    progress,
    with_warehouse,
)  # fmt: skip
from g60pipeline.contracts.project import Project
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.operations.submit import Submitted

_SAID = {
    "put": "put into the inbox as",
    "in_inbox": "lies in the inbox already as",
    "received_before": "was received before; not put again",
}


@app.command()
def submit(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Workbooks, zips of CSV, or JSON.")
    ],
    and_run: Annotated[
        bool, typer.Option("--run", help="Receive them and run their months at once.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put returns into the inbox as a person would drop them; no other file is ever overwritten.

    Exit codes: 0 all are in, or were before; 1 one cannot be put, or a run failed; with --run also 3, one was not accepted.

    Example: g60 submit 310117107_2021-12.xlsx --run
    """
    from g60pipeline.intake.inbox import is_ignored
    from g60pipeline.operations.submit import submit_files

    for file in files:
        if is_ignored(file.name):
            raise typer.BadParameter(f"{file.name}: the inbox takes no files with such a name")
    settings, project = load()
    try:
        submitted = submit_files(settings, files, _known(settings, project))
    except OSError as error:
        raise fail(f"cannot be put into the inbox: {error}") from error
    runs: list[str] = []
    if and_run:
        submitted, runs = _run(settings, project, submitted)
    if as_json:
        typer.echo(
            json.dumps({"files": [asdict(one) for one in submitted], "runs": runs}, ensure_ascii=False)
        )
    else:
        typer.echo("\n".join(_line(one) for one in submitted))
    if and_run and any(one.verdict != "accepted" for one in submitted):
        raise typer.Exit(RETURNED)


def _known(settings: Settings, project: Project) -> set[str]:
    """While a run writes the warehouse nobody can say what was received; intake takes nothing twice anyway."""
    from g60pipeline.operations.submit import read_known
    from g60pipeline.warehouse.engine import WarehouseError

    try:
        return read_known(settings, project)
    except WarehouseError as error:
        progress(f"what was received before is not known: {error}")
        return set()


def _run(
    settings: Settings, project: Project, submitted: Sequence[Submitted]
) -> tuple[list[Submitted], list[str]]:
    from g60pipeline.defs.run import failures, run_months
    from g60pipeline.intake.sandbox import SandboxError
    from g60pipeline.operations.submit import find_months, find_verdicts

    try:
        found = find_months(settings, project, submitted)
    except SandboxError as error:
        raise fail(str(error)) from error
    months = sorted({one.month for one in found if one.month is not None})
    if not months:
        raise fail("none of the files names a month that can be run; they lie in the inbox")
    periods = [parse_ended(month) for month in months]
    runs: list[str] = []
    for period in periods:
        progress(f"run {period.key}")
        results = run_months(settings, period, period)
        runs += [result.run_id for result in results]
        if not results:
            raise fail(f"nobody owes anything for {period.key}")
        if not results[-1].success:
            raise fail("\n".join([f"run {runs[-1]} failed", *failures(results[-1], settings)]))
    return with_warehouse(settings, project, lambda warehouse: find_verdicts(warehouse, found)), runs


def _line(one: Submitted) -> str:
    ran = f"; {one.month}: {one.verdict or 'not received'}" if one.month or one.verdict else ""
    return f"{one.file} {_SAID[one.outcome]}{f' {one.name}' if one.name else ''}{ran}"
