"""Commands that read values and rows: latest, as of an instant, as published."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import Annotated

import typer

from g60pipeline.cli.common import Json, app, load, parse_period, with_warehouse

AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"], help="As it was known at this instant (UTC)."),
]
ReleaseId = Annotated[str | None, typer.Option("--release", help="As published in this release.")]


@app.command()
def values(
    indicator: Annotated[str, typer.Argument(help="Id of the indicator.")],
    period: Annotated[str, typer.Option(help="Month, YYYY-MM.")],
    as_of: AsOf = None,
    release_id: ReleaseId = None,
    as_now: Annotated[bool, typer.Option("--as-now", help="On today's boundaries.")] = False,
    as_json: Json = False,
) -> None:
    """Print an indicator's values of a month: the latest, those known at an instant, or those of a release.

    Example: g60 values key_enterprise_organisation_coverage --period 2021-12 --as-of 2022-01-10
    """
    from g60pipeline.operations.values import read_indicator_values

    month = parse_period(period).key
    settings, project = load()
    if indicator not in project.indicators:
        near = difflib.get_close_matches(indicator, project.indicators, n=3)
        raise typer.BadParameter(
            f"{indicator} is no indicator" + (f"; did you mean {', '.join(near)}?" if near else "")
        )
    if sum((as_of is not None, release_id is not None, as_now)) > 1:
        raise typer.BadParameter("give one of --as-of, --release and --as-now")
    found = with_warehouse(
        settings,
        project,
        lambda warehouse: read_indicator_values(
            warehouse, indicator, month, as_of=as_of, release_id=release_id, is_as_now=as_now
        ),
    )
    if as_json:
        typer.echo(found.to_json(orient="records", force_ascii=False))
    else:
        from g60pipeline.terminal import print_values

        print_values(found.astype(object).where(found.notna(), None).to_dict("records"))


@app.command()
def rows(
    name: Annotated[str, typer.Argument(help="A form, a mart, a scorecard or a dimension.")],
    period: Annotated[str, typer.Option(help="Month, YYYY-MM.")],
    as_of: AsOf = None,
    release_id: ReleaseId = None,
    as_json: Json = False,
) -> None:
    """Print the rows in force of a form, or those of a mart, scorecard or dimension, as CSV: now, at an instant or in a release.

    Example: g60 rows cluster_enterprise --period 2021-12 --release 2021-12.1
    """
    from g60pipeline.operations.values import read_rows
    from g60pipeline.warehouse.tables import DIMENSIONS

    month = parse_period(period).key
    settings, project = load()
    scorecards = [scorecard.name for scorecard in project.scorecards]
    known = [*project.forms, *project.marts, *scorecards, *DIMENSIONS]
    if name not in known:
        raise typer.BadParameter(
            f"{name} is no form, mart, scorecard or dimension; there are {', '.join(known)}"
        )
    if as_of is not None and release_id is not None:
        raise typer.BadParameter("give one of --as-of and --release")
    found = with_warehouse(
        settings,
        project,
        lambda warehouse: read_rows(warehouse, name, month, as_of=as_of, release_id=release_id),
    )
    text = (
        found.to_json(orient="records", force_ascii=False, date_format="iso")
        if as_json
        else found.to_csv(index=False)
    )
    typer.echo(text.rstrip())
