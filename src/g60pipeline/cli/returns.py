"""Commands about the units' returns: check, template, open, board, remind."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from g60pipeline.cli.common import (
    RETURNED,
    First,
    Json,
    Last,
    app,
    fail,
    load,
    parse_period,
    parse_range,
    with_warehouse,
)  # fmt: skip
from g60pipeline.contracts.deadlines import ANY, Opening, beijing_day

_CHECKED = {"accepted": 0, "returned": RETURNED, "awaiting_explanation": 4, "unreadable": 5, "refused": 5}


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Workbook, zip of CSV, or JSON.")],
    out: Annotated[Path | None, typer.Option(help="Feedback workbook; by default beside the file.")] = None,
    as_json: Json = False,
) -> None:
    """Check one return before it is sent, offline, by the same expectations, and write its feedback workbook.

    Nothing is archived or entered. Exit codes: 0 clean, 4 only warnings to be explained, 3 would be returned,
    5 unreadable or refused.

    Example: g60 check 310117107_2021-12.xlsx
    """
    if out is not None and out.resolve() == file.resolve():
        raise typer.BadParameter("--out is the file itself")
    settings, project = load()
    from g60pipeline.intake.sandbox import SandboxError
    from g60pipeline.operations.selfcheck import check_file
    from g60pipeline.warehouse.engine import WarehouseError

    try:
        checked = check_file(settings, project, file, out)
    except (OSError, SandboxError, WarehouseError) as error:
        raise fail(str(error)) from error
    if as_json:
        typer.echo(json.dumps(asdict(checked), ensure_ascii=False, default=str))
    else:
        from g60pipeline.terminal import print_check

        print_check(project, checked)
    raise typer.Exit(_CHECKED[checked.status])


@app.command()
def board(month: Annotated[str, typer.Option(help="Month, YYYY-MM.")], as_json: Json = False) -> None:
    """Write the status board of a month, units by forms and the twelve months up to it, from the warehouse as it is.

    Example: g60 board --month 2021-12
    """
    from g60pipeline.operations.board import write_board

    period = parse_period(month).key
    settings, project = load()
    page = with_warehouse(
        settings, project, lambda warehouse: write_board(settings, warehouse, period, "g60 board")
    )
    typer.echo(json.dumps({"page": str(page)}) if as_json else str(page))


@app.command()
def remind(
    first: First,
    last: Last,
    as_json: Json = False,
) -> None:
    """Put reminders of what is missing or returned into the outbox; send them where G60_NOTIFY_URLS says so.

    Example: g60 remind --from 2021-01 --to 2021-12
    """
    from g60pipeline.operations.board import write_reminders

    start, end = parse_range(first, last)
    settings, project = load()
    try:
        counts = with_warehouse(
            settings, project, lambda warehouse: write_reminders(settings, warehouse, start.key, end.key)
        )
    except ValueError as error:
        raise fail(str(error)) from error
    typer.echo(
        json.dumps(counts) if as_json else ", ".join(f"{count} {name}" for name, count in counts.items())
    )


@app.command()
def template(
    period: Annotated[str, typer.Option(help="Month to be reported, YYYY-MM.")],
    unit: Annotated[str | None, typer.Option(help="Code of the unit.")] = None,
    all_units: Annotated[bool, typer.Option("--all-units", help="Every unit that owes anything.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder; by default out/templates below G60_HOME.")] = None,
    as_json: Json = False,
) -> None:
    """Write the workbook that a unit fills in for a month, begun with what was accepted for the month before.

    Example: g60 template --unit 310117107 --period 2022-01
    """
    if (unit is None) == (not all_units):
        raise typer.BadParameter("give either --unit or --all-units")
    month = parse_period(period)
    settings, project = load()
    from g60pipeline.operations.templates import as_json_document, describe, write_templates
    from g60pipeline.reports.template_order import TemplateError
    from g60pipeline.warehouse.engine import WarehouseError

    units = project.reporting_units(month) if unit is None else (unit,)
    if not units:
        raise fail(f"nobody owes anything for {period}")
    try:
        written = write_templates(settings, project, units, month, out or settings.out / "templates")
    except (TemplateError, WarehouseError, OSError) as error:
        raise fail(str(error)) from error
    typer.echo(as_json_document(written) if as_json else "\n".join(describe(one) for one in written))


@app.command("open")
def open_months(
    unit: Annotated[str, typer.Option(help="Code of the unit, or * for every unit.")],
    first: First,
    last: Last,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day on which it is open.")],
    reason: Annotated[str, typer.Option(help="Why; shown on the board. No names of persons.")],
    office: Annotated[str, typer.Option(help="Office that opens it, never a person.")],
    form: Annotated[str, typer.Option(help="Form, or * for every form.")] = ANY,
    as_json: Json = False,
) -> None:
    """Let a unit send months again after their lock, from today on; the opening stays on record.

    Example: g60 open --unit 310117107 --from 2021-12 --to 2021-12 --until 2029-12-31 --reason 补报遗漏的活动 --office 区委组织部
    """
    settings, project = load()
    from g60pipeline.intake.personal import kinds_in_text
    from g60pipeline.warehouse.openings import append_opening

    if unit not in (ANY, *project.code_lists["units"].by_code):
        raise typer.BadParameter(f"{unit} is no unit")
    if form not in (ANY, *project.forms):
        raise typer.BadParameter(f"{form} is no form; there are {', '.join(project.forms)}")
    if kinds_in_text(reason + " " + office):
        raise typer.BadParameter("the reason or the office holds a personal number")
    start, end = parse_range(first, last)
    today = beijing_day(datetime.now(UTC))
    if until.date() < today:
        raise typer.BadParameter(f"--until {until.date()} is past")
    try:
        opening = Opening(
            unit_code=unit, form=form, first_period=start.key, last_period=end.key, opened_from=today,
            opened_until=until.date(), reason=reason, opened_by=office,
        )  # fmt: skip
    except ValidationError as error:
        fault = error.errors()[0]
        where = {"opened_by": "--office", "reason": "--reason"}.get(
            str(fault["loc"][-1]) if fault["loc"] else ""
        )
        raise typer.BadParameter(f"{where or 'opening'}: {fault['msg']}") from error
    number = with_warehouse(settings, project, lambda warehouse: append_opening(warehouse, opening))
    text = f"opening {number}: {unit}, {form}, {first} to {last}, until {opening.opened_until}"
    record = {"opening_id": number, **opening.model_dump(mode="json")}
    typer.echo(json.dumps(record, ensure_ascii=False) if as_json else text)
