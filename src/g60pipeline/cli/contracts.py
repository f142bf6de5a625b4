"""Commands about what readers are promised: contract-diff. Not here: the comparison (contracts.table_changes)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from g60pipeline.cli.common import Json, app, fail
from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.table_changes import Verdict, compare_tables
from g60pipeline.contracts.table_lock import LOCK, Tables, parse_lock, read_promises


def _of_revision(revision: str) -> Tables:
    """Contracts as a revision of the present git checkout locked them."""
    command = ["git", "show", f"{revision}:./schemas/tables/{LOCK}"]
    try:
        shown = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise fail(f"{revision} is no folder and no lock, and git is not installed") from None
    if shown.returncode:
        why = shown.stderr.decode(errors="replace").strip()
        raise fail(f"{revision} is no folder, no lock, and no revision with schemas/tables/{LOCK}: {why}")
    return parse_lock(shown.stdout.decode("utf-8"))


def _promises(place: str) -> Tables:
    path = Path(place)
    try:
        return read_promises(path) if path.exists() else _of_revision(place)
    except (ContractError, ValueError) as error:
        raise fail(f"{place}: {error}") from error


def _print(verdict: Verdict) -> None:
    for change in verdict.changes:
        where = f"{change.table}.{change.column}" if change.column else change.table
        typer.echo(f"{change.weight:<10}  {where} {change.text}")
    if not verdict.changes:
        typer.echo("nothing changed")
    for fault in verdict.faults:
        typer.echo(fault, err=True)


@app.command("contract-diff")
def contract_diff(
    old: Annotated[
        str, typer.Argument(help="Folder, lock file, or git revision of the checkout you stand in.")
    ],
    new: Annotated[str, typer.Argument(help="The same, of what came later.")] = ".",
    as_json: Json = False,
) -> None:
    """Say what changed in the promises of pub_v1, and whether that breaks readers.

    Exit code 1 when a breaking change has no new major version, or another one no new minor version.

    Example: g60 contract-diff HEAD~5 .
    """
    verdict = compare_tables(_promises(old), _promises(new))
    if as_json:
        typer.echo(verdict.model_dump_json())
    else:
        _print(verdict)
    raise typer.Exit(1 if verdict.faults else 0)
