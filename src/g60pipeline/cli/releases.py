"""Commands about releases: create, list, verify, replay, what changed."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from g60pipeline.cli.common import Json, app, fail, load, parse_period, progress, with_warehouse
from g60pipeline.contracts.releases import STAGES, Stage


@contextmanager
def _solvers_are_silent() -> Generator[None]:
    """HiGHS now and then prints a line from C; what stands on stdout is the command's alone."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


release = typer.Typer(no_args_is_help=True, help="Freeze, verify and replay what is published.")
app.add_typer(release, name="release")
ReleaseId = Annotated[str, typer.Argument(help="Id of a release, such as 2021-12.1.")]


def _summary(item: Any) -> dict[str, Any]:
    values = item.manifest["values_by_status"]
    return {
        "release_id": item.release_id,
        "stage": item.stage,
        "created_at": item.manifest["created_at"],
        "previous_release_id": item.previous_release_id,
        "values_by_status": values,
        "inputs": len(item.manifest["inputs"]),
        "manifest_sha256": item.manifest_sha256,
        "note": item.note,
    }


def _line(item: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in item["values_by_status"].items())
    return (
        f"{item['release_id']}  {item['stage']}  {item['created_at']}  {counts}; from {item['inputs']} files"
    )


@release.command()
def create(
    month: Annotated[str, typer.Argument(help="Month, YYYY-MM.")],
    stage: Annotated[str, typer.Option(help=f"One of {', '.join(STAGES)}.")] = "preliminary",
    note: Annotated[str | None, typer.Option(help="Why it is made; readers see it.")] = None,
    as_json: Json = False,
) -> None:
    """Freeze the values of a month, if the gate lets it pass. Exit code 1 when it does not, with every reason.

    Example: g60 release create 2021-12 --stage preliminary
    """
    from g60pipeline.operations.freezing import ReleaseError
    from g60pipeline.operations.releases import create_release

    period = parse_period(month).key
    if stage not in STAGES:
        raise typer.BadParameter(f"{stage} is no stage; there are {', '.join(STAGES)}")
    chosen: Stage = stage
    settings, project = load()
    try:
        with _solvers_are_silent():
            made = with_warehouse(
                settings, project, lambda warehouse: create_release(warehouse, period, chosen, note, progress)
            )
    except ReleaseError as error:
        raise fail(str(error)) from error
    summary = _summary(made)
    typer.echo(json.dumps(summary, ensure_ascii=False) if as_json else _line(summary))


@release.command("list")
def list_releases(as_json: Json = False) -> None:
    """List every release, oldest first.

    Example: g60 release list
    """
    from g60pipeline.warehouse.releases import read_releases

    settings, project = load()
    made = [_summary(item) for item in with_warehouse(settings, project, read_releases)]
    if as_json:
        typer.echo(json.dumps(made, ensure_ascii=False))
    else:
        typer.echo("\n".join(_line(item) for item in made) or "no release yet")


@release.command()
def verify(
    release_id: Annotated[str | None, typer.Argument(help="Id of a release; all when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Compute releases again from their inputs and definitions, and say where they differ. Exit code 1 when one does.

    Example: g60 release verify 2021-12.1
    """
    from g60pipeline.intake.archive import Archive
    from g60pipeline.operations.verify import verify_release
    from g60pipeline.warehouse.releases import find_release, read_releases

    settings, project = load()

    def work(warehouse: Any) -> dict[str, Any]:
        wanted = read_releases(warehouse) if release_id is None else [find_release(warehouse, release_id)]
        archive = Archive(settings.archive)
        return {
            item.release_id: [asdict(found) for found in verify_release(warehouse, item, archive, progress)]
            for item in wanted
        }

    with _solvers_are_silent():
        differences = with_warehouse(settings, project, work)
    if as_json:
        typer.echo(json.dumps(differences, ensure_ascii=False))
    else:
        for name, found in differences.items():
            typer.echo(f"{name}: {'differs' if found else 'the same, to the last byte'}")
            for item in found:
                typer.echo(f"  {item['what']}  {item['key']}: {item['released']} -> {item['computed']}")
    if any(differences.values()):
        raise typer.Exit(1)


@release.command()
def replay(
    release_id: ReleaseId,
    out: Annotated[Path, typer.Option(help="File that the values are written to, as canonical CSV.")],
    as_json: Json = False,
) -> None:
    """Compute a past release again and write its values, byte for byte as they were released.

    Example: g60 release replay 2021-12.1 --out values.csv
    """
    from g60pipeline.operations.manifest import write_values
    from g60pipeline.operations.releases import replay_release
    from g60pipeline.warehouse.releases import find_release

    settings, project = load()

    def work(warehouse: Any) -> tuple[bytes, str]:
        item = find_release(warehouse, release_id)
        promised = item.manifest["outputs"]["values.csv"]["sha256"]
        return write_values(replay_release(warehouse, item, progress)), promised

    with _solvers_are_silent():
        data, promised = with_warehouse(settings, project, work)
    try:
        out.write_bytes(data)
    except OSError as error:
        raise fail(f"{out} cannot be written: {error.strerror}") from error
    _say_replayed(data, promised, out, as_json)


def _say_replayed(data: bytes, promised: str, out: Path, as_json: bool) -> None:
    import hashlib

    found = hashlib.sha256(data).hexdigest()
    if found != promised:
        raise fail(
            f"{out}: sha256 {found}, but the manifest says {promised}; g60 release verify names the first cell"
        )
    text = f"{out}: {len(data)} bytes, sha256 {found}, as the manifest says"
    record = {"file": str(out), "bytes": len(data), "sha256": found}
    typer.echo(json.dumps(record) if as_json else text)


@release.command()
def revisions(release_id: ReleaseId, as_json: Json = False) -> None:
    """Print which values changed since the release before it, and why, in parts that add up.

    Example: g60 release revisions 2021-12.2
    """
    from g60pipeline.contracts.releases import PARTS
    from g60pipeline.warehouse.releases import find_release, read_revisions

    settings, project = load()

    def work(warehouse: Any) -> list[dict[str, Any]]:
        find_release(warehouse, release_id)
        return read_revisions(warehouse, release_id)

    rows = with_warehouse(settings, project, work)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
    else:
        from g60pipeline.terminal import print_revisions

        print_revisions(rows, PARTS)
