"""Commands about who may read and write the warehouse: roles create. Not here: the rights (warehouse.roles)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from g60pipeline.cli.common import DryRun, Json, app, load, with_warehouse

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse

roles = typer.Typer(no_args_is_help=True, help="Roles of a warehouse on PostgreSQL.")
app.add_typer(roles, name="roles")


def _read_passwords(path: Path | None) -> dict[str, str]:
    """Lines `role=password`; blank ones are skipped."""
    if path is None:
        return {}
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    pairs = [line.partition("=") for line in lines]
    wrong = [number for number, (role, _, password) in enumerate(pairs, start=1) if not role or not password]
    if wrong:
        raise typer.BadParameter(f"{path}, entry {wrong[0]}: not role=password")
    return {role.strip(): password for role, _, password in pairs}


@roles.command()
def create(
    passwords: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, envvar="G60_ROLE_PASSWORDS",
            help="File of lines role=password: these roles may log in. Without it none can.",
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Create the roles owner, loader, reader and one per reporting unit, and bring their rights up to date.

    May be run again at any time, and should be after an upgrade. Drops nothing that others made. No password is printed.

    Example: g60 roles create --dry-run
    """
    from g60pipeline.operations.published import create_published
    from g60pipeline.warehouse.roles import create_roles, role_names

    settings, project = load()
    secrets = _read_passwords(passwords)

    def work(warehouse: Warehouse) -> list[str]:
        with warehouse.transaction() as connection:
            if connection.dialect.name == "postgresql" and not dry_run:
                create_published(connection, project)
            return create_roles(connection, project, secrets, dry_run)

    statements = with_warehouse(settings, project, work)
    names = list(role_names(project))
    if as_json:
        found = {"roles": names, "may_log_in": sorted(secrets), "dry_run": dry_run, "statements": statements}
        typer.echo(json.dumps(found, ensure_ascii=False))
    elif dry_run:
        typer.echo(";\n".join(statements) + ";")
    else:
        typer.echo(f"{len(names)} roles are up to date; {len(secrets)} got a password")
