"""Command that leads readers to what was released: publish."""

from __future__ import annotations

import json

import typer

from g60pipeline.cli.common import Json, app, fail, load, with_warehouse


@app.command()
def publish(as_json: Json = False) -> None:
    """Write everything that was released as DuckDB, Parquet, CSV and a workbook, and lead readers to it at once.

    Readers find it through published/current.json below G60_HOME. What has not changed is not written again.

    Example: g60 publish --json
    """
    from g60pipeline.operations.publish import PublishError
    from g60pipeline.operations.publish import publish as publish_snapshot

    settings, project = load()
    try:
        done = with_warehouse(
            settings, project, lambda warehouse: publish_snapshot(settings, project, warehouse)
        )
    except PublishError as error:
        raise fail(str(error)) from error
    summary = {
        "snapshot": done.snapshot,
        "folder": str(done.folder),
        "released_at": f"{done.released_at.isoformat()}Z",
        "releases": list(done.releases),
        "files": done.file_count,
        "is_new": done.is_new,
    }
    text = f"{done.folder}: {done.file_count} files" + ("" if done.is_new else ", published before")
    typer.echo(json.dumps(summary) if as_json else text)
