"""Commands for those who keep it running: doctor, migrate, alert, metrics. Not here: what is looked at (operations)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from g60pipeline.cli.common import DryRun, Json, app, fail, load, progress

if TYPE_CHECKING:
    from g60pipeline.settings import Settings


@app.command()
def doctor(
    port: Annotated[int, typer.Option(help="Port of Dagster's pages.")] = 3000,
    as_json: Json = False,
) -> None:
    """Check that everything is as a run needs it, and say what to do where it is not. Nothing is changed.

    Exit codes: 0 fine, warnings included; 1 something would stop or harm a run.

    Example: g60 doctor --json
    """
    settings, project = load()
    from g60pipeline.operations.doctor import examine

    checks = examine(settings, project, port, lambda: _open_instance(settings).get_runs_count())
    counts = Counter(check.status for check in checks)
    if as_json:
        record = {"checks": [asdict(check) for check in checks], **counts}
        typer.echo(json.dumps(record, ensure_ascii=False))
    else:
        from g60pipeline.terminal_checks import print_checks

        print_checks(checks)
    raise typer.Exit(1 if counts["fail"] else 0)


def _open_instance(settings: Settings) -> Any:
    from g60pipeline.defs.instance import open_instance

    return open_instance(settings.home)


@app.command()
def migrate(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Bring the warehouse up to this program's version; runs do so too, this does it when you choose.

    Exit codes: 0 it is up to date (with --dry-run: it is said what would be done), 1 it cannot be used, or a newer program
    made it.

    Example: g60 migrate --dry-run
    """
    settings, project = load()
    from g60pipeline.operations.marts import prepare
    from g60pipeline.warehouse.engine import Warehouse, WarehouseError, pending_migrations

    try:
        waiting = pending_migrations(settings.warehouse_url, project)
        if waiting and not dry_run:
            progress(_backup_hint(settings))
        if not dry_run:
            with Warehouse(settings.warehouse_url, project) as warehouse:
                prepare(warehouse)
    except WarehouseError as error:
        raise fail(str(error)) from error
    if as_json:
        typer.echo(json.dumps({"changes": waiting, "done": not dry_run}, ensure_ascii=False))
        return
    for change in waiting:
        typer.echo(change)
    typer.echo(_say_migrated(settings, waiting, dry_run))


def _say_migrated(settings: Settings, waiting: list[str], dry_run: bool) -> str:
    if not dry_run:
        return "done" if waiting else "tables are as they should be; views and dimensions too"
    if not waiting:
        return "no table would change"
    return f"nothing was changed; {_backup_hint(settings)}"


def _backup_hint(settings: Settings) -> str:
    from g60pipeline.warehouse.connect import file_of, parse_url

    file = file_of(parse_url(settings.warehouse_url))
    return f"backup first: {'pg_dump --format custom' if file is None else f'cp {file} {file}.before'}"


@app.command()
def alert(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Tell operators what stands: failed runs, releases that the gate stopped, overdue units; in one digest, once.

    It goes into the outbox, and to the addresses in G60_NOTIFY_URLS that are led by operators=, else to the district's.

    Example: g60 alert --dry-run
    """
    settings, project = load()
    from g60pipeline.defs.alerts import read_failed_runs
    from g60pipeline.operations.alerts import alert as tell
    from g60pipeline.operations.alerts import as_json_document, describe_alert

    try:
        told = tell(settings, project, read_failed_runs(_open_instance(settings)), dry_run=dry_run)
    except ValueError as error:
        raise fail(str(error)) from error
    typer.echo(as_json_document(told) if as_json else describe_alert(told))
    if told.failed:
        raise fail(f"{told.failed} messages could not be sent; they stay in {settings.outbox}")


@app.command()
def metrics(
    out: Annotated[
        Path | None, typer.Option(help="File; by default metrics/g60.prom below G60_HOME.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the counts that operators watch, in Prometheus' text format; every run does so too.

    Example: g60 metrics --out /var/lib/node_exporter/textfile/g60.prom
    """
    settings, project = load()
    from g60pipeline.defs.alerts import read_last_runs
    from g60pipeline.operations.metrics import write_metrics_file

    runs = read_last_runs(_open_instance(settings))
    try:
        file = write_metrics_file(settings, project, runs, out=out)
    except OSError as error:
        raise fail(f"{out or settings.metrics} cannot be written: {error.strerror}") from error
    typer.echo(json.dumps({"file": str(file)}) if as_json else str(file))
