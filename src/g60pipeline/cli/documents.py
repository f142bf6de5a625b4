"""Commands that write documents about the project itself: dictionary, lineage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from g60pipeline.cli.common import Json, app, fail, load
from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.project import Project


@app.command()
def dictionary(
    out: Annotated[
        Path | None, typer.Option(help="Folder for all of it; by default pages go to out below G60_HOME.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when docs/dictionary is stale.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the data dictionary: a page with search, the lineage page beside it, and Markdown.

    The Markdown goes to docs/dictionary of a checkout, or to dictionary below the folder.

    Example: g60 dictionary --out /tmp/dictionary
    """
    settings, project = load()
    from g60pipeline.operations.dictionary import find_markdown_folder, write_dictionary

    kept = find_markdown_folder(settings.project_root)
    if check:
        raise typer.Exit(_check(project, settings.project_root, kept, as_json))
    folder = kept if out is None and kept is not None else (out or settings.out) / "dictionary"
    try:
        written = write_dictionary(project, settings.project_root, out or settings.out, folder)
    except ContractError as error:
        raise fail(str(error)) from error
    if as_json:
        typer.echo(json.dumps(vars(written), default=str))
    else:
        typer.echo("\n".join(map(str, (*written.pages, written.folder))))


def _check(project: Project, root: Path, kept: Path | None, as_json: bool) -> int:
    from g60pipeline.operations.dictionary import find_stale_dictionary

    if kept is None:
        raise fail("--check compares docs/dictionary of a checkout, and this is none")
    try:
        stale = find_stale_dictionary(project, root, kept)
    except ContractError as error:
        raise fail(str(error)) from error
    if as_json:
        typer.echo(json.dumps({"stale": [str(path) for path in stale]}))
    else:
        for path in stale:
            typer.echo(f"{path}: stale; run `make dictionary`", err=True)
    return 1 if stale else 0


@app.command()
def lineage(
    out: Annotated[
        Path | None, typer.Option(help="File; by default out/lineage.html below G60_HOME.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the lineage page: from the forms' fields over marts and indicators to scorecards and published figures.

    Example: g60 lineage --out /tmp/lineage.html
    """
    settings, project = load()
    from g60pipeline.operations.dictionary import LINEAGE_PAGE, write_lineage

    try:
        page = write_lineage(project, out or settings.out / LINEAGE_PAGE)
    except ContractError as error:
        raise fail(str(error)) from error
    typer.echo(json.dumps({"page": str(page)}) if as_json else str(page))
