"""Command about the district's corrections: corrections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from g60pipeline.cli.common import Json, app, fail, load, with_warehouse
from g60pipeline.contracts.base import ContractError

if TYPE_CHECKING:
    from g60pipeline.warehouse.correction_states import CorrectionState


@app.command()
def corrections(as_json: Json = False) -> None:
    """List the district's corrections, each with its state: waiting, applied, stale, unmatched, ambiguous or retired.

    Exit code 1 when one did not take: its old value is no longer the expected one, or it does not match one row.

    Example: g60 corrections --json
    """
    from g60pipeline.operations.corrections import refuse_personal_numbers
    from g60pipeline.warehouse.correction_states import read_states

    settings, project = load()
    try:
        refuse_personal_numbers(project)
    except ContractError as error:
        raise fail(str(error)) from error
    states = with_warehouse(settings, project, read_states)
    if as_json:
        typer.echo(json.dumps({"corrections": [_record(state) for state in states]}, ensure_ascii=False))
    else:
        typer.echo("\n".join(_line(state) for state in states) or "no corrections")
    failed = [state.message for state in states if state.has_failed]
    if failed:
        raise fail("\n".join(failed))


def _record(state: CorrectionState) -> dict[str, Any]:
    """Everything that the correction says, and how it stands."""
    shown = ("state", "submission_id", "cell", "expected", "found", "message")
    correction = state.correction
    return {
        "file": correction.file,
        **correction.definition,
        **{name: getattr(state, name) for name in shown},
    }


def _line(state: CorrectionState) -> str:
    correction = state.correction
    what = correction.action.field or "the row"
    place = f"{correction.unit} {correction.period} {correction.form} {state.cell or what}"
    return f"{state.state:<9}  {correction.id}  {place}  ({correction.decided_by}, {correction.decided_on})"
