"""What the commands share: the application, common arguments, failures that are explained."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.deadlines import beijing_day
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.logs import configure_logs
from g60pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="""From the towns' returns to district indicators.

    \b
    Exit codes
      0  fine
      1  a failure, explained on stderr; or what was asked about is not well
         (contract-diff, corrections, dictionary, doctor, explain, release)
      2  wrong usage
      3  ran, but submissions were returned (run, status, check, submit --run)
      4  only warnings to be explained (check)
      5  unreadable or refused (check)
    """,
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]
First = Annotated[str, typer.Option("--from", help="First month, YYYY-MM.")]
Last = Annotated[str, typer.Option("--to", help="Last month, YYYY-MM.")]
RETURNED = 3
_PATIENCE_SECONDS = 5  # a sensor reads for a moment, a run writes for longer
T = TypeVar("T")


def progress(text: str) -> None:
    """Tell a person at a terminal how far it is."""
    if sys.stderr.isatty():
        typer.echo(text, err=True)


def fail(message: str) -> typer.Exit:
    """Explain a failure on stderr; to be raised."""
    typer.echo(message, err=True)
    return typer.Exit(1)


def load() -> tuple[Settings, Project]:
    """Settings and contracts; leaves with an explanation when a contract is wrong."""
    settings = load_settings()
    try:
        configure_logs(settings.home, settings.log)
        return settings, load_project(settings.project_root)
    except (ContractError, ValueError) as error:
        raise fail(str(error)) from error


def parse_period(text: str) -> Period:
    """Read a month; BadParameter when it is none."""
    try:
        return Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_range(first: str, last: str) -> tuple[Period, Period]:
    """Read two months in order; BadParameter when one is none or they are reversed."""
    start, end = parse_period(first), parse_period(last)
    if start > end:
        raise typer.BadParameter(f"{first} is after {last}")
    return start, end


def parse_ended(text: str) -> Period:
    """Read a month that is over; BadParameter when it is not."""
    period = parse_period(text)
    if period.end >= beijing_day(datetime.now(UTC)):
        raise typer.BadParameter(f"{text} is not over yet")
    return period


def with_warehouse(settings: Settings, project: Project, work: Callable[[Warehouse], T]) -> T:
    """Do something with the warehouse; leaves with an explanation when it cannot be opened."""
    from g60pipeline.operations.marts import prepare
    from g60pipeline.warehouse.engine import Warehouse, WarehouseError

    try:
        with Warehouse(settings.warehouse_url, project, patience_seconds=_PATIENCE_SECONDS) as warehouse:
            prepare(warehouse)
            return work(warehouse)
    except WarehouseError as error:
        raise fail(str(error)) from error
