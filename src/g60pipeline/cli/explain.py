"""Command that explains figures: explain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from g60pipeline.cli.common import Json, app, fail, load, parse_period, with_warehouse

if TYPE_CHECKING:
    from g60pipeline.contracts.project import Project
    from g60pipeline.operations.explain_world import Asked
    from g60pipeline.settings import Settings
    from g60pipeline.warehouse.engine import Warehouse

_TIMES, _BOUNDARIES = ("end", "month", "year_to_date"), ("as_was", "as_now")


@app.command()
def explain(
    indicator: Annotated[str | None, typer.Argument(help="Indicator, such as enterprise_count.")] = None,
    period: Annotated[str | None, typer.Option(help="Month, YYYY-MM.")] = None,
    unit: Annotated[str | None, typer.Option(help="Code of the unit.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Code of the cluster.")] = None,
    district: Annotated[str | None, typer.Option(help="Code of the district.")] = None,
    city: Annotated[str | None, typer.Option(help="Code of the city.")] = None,
    corridor: Annotated[str | None, typer.Option(help="Code of the corridor.")] = None,
    time: Annotated[
        str | None, typer.Option(help="end, month or year_to_date; the first one when left out.")
    ] = None,
    dimension: Annotated[str, typer.Option(help="Dimension that the figure is a part of.")] = "",
    code: Annotated[str, typer.Option(help="Code within the dimension.")] = "",
    boundaries: Annotated[
        str, typer.Option(help="as_was: units of the time; as_now: units of today.")
    ] = "as_was",
    as_of: Annotated[str | None, typer.Option(help="What was known then: 2022-01-10T08:00:00Z.")] = None,
    release: Annotated[str | None, typer.Option(help="What was published in this release.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows of each file that the terminal shows.")] = 5,
    html: Annotated[Path | None, typer.Option(help="Write the explanation as an offline page.")] = None,
    figures: Annotated[
        str | None, typer.Option(help="Month: write a page per figure of its briefing.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the cells that a figure rests on, and compute it again from them alone. Exit code 1 when it is not equal.

    Example: g60 explain key_enterprise_organisation_coverage --unit 310117107 --period 2021-12
    """
    settings, project = load()
    if figures is not None:
        _write_figures(settings, project, parse_period(figures).key, as_json)
        return
    levels = {"unit": unit, "cluster": cluster, "district": district, "city": city, "corridor": corridor}
    subjects = [(level, subject) for level, subject in levels.items() if subject is not None]
    if indicator is None or period is None or len(subjects) != 1:
        raise typer.BadParameter(
            "give an indicator, --period and one of --unit, --cluster, --district, --city, --corridor"
        )
    if bool(dimension) != bool(code):
        raise typer.BadParameter("--dimension and --code go together")
    if as_of is not None and release is not None:
        raise typer.BadParameter("give either --as-of or --release")
    from g60pipeline.operations.explain_world import Asked

    level, subject = subjects[0]
    asked = Asked(
        indicator, parse_period(period).key, level, subject, cast("Any", _one_of(time, "--time", _TIMES)), dimension, code,
        cast("Any", _one_of(boundaries, "--boundaries", _BOUNDARIES)), _instant(as_of), release,
    )  # fmt: skip
    _show(settings, project, asked, rows, html, as_json)


def _one_of(text: str | None, option: str, allowed: tuple[str, ...]) -> str | None:
    if text is not None and text not in allowed:
        raise typer.BadParameter(f"{option} is one of {', '.join(allowed)}")
    return text


def _instant(text: str | None) -> datetime | None:
    """Read an instant; one without a zone is UTC, as the ledgers are."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no instant such as 2022-01-10T08:00:00Z") from error
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def _with_warehouse(settings: Settings, project: Project, work: Callable[[Warehouse], Any]) -> Any:
    from g60pipeline.operations.explain_world import ExplainError

    try:
        return with_warehouse(settings, project, work)
    except ExplainError as error:
        raise fail(str(error)) from error


def _show(
    settings: Settings, project: Project, asked: Asked, rows: int, html: Path | None, as_json: bool
) -> None:
    from g60pipeline.operations.explain import explain as explain_figure

    explanation = _with_warehouse(settings, project, lambda warehouse: explain_figure(warehouse, asked))
    if html is not None:
        from g60pipeline.files import write_whole
        from g60pipeline.reports.explain import build_explanation

        write_whole(html, build_explanation(explanation))
    if as_json:
        record = {
            **asdict(explanation),
            "is_equal": explanation.is_equal,
            "disagreeing": explanation.disagreeing,
        }
        typer.echo(json.dumps(record, ensure_ascii=False, default=str))
    else:
        from g60pipeline.terminal_explain import print_explanation

        print_explanation(explanation, rows)
    if not explanation.is_equal:
        raise fail(
            f"NOT EQUAL: stored {explanation.stored['value']}, its cells give {explanation.recomputed}"
        )


def _write_figures(settings: Settings, project: Project, month: str, as_json: bool) -> None:
    from g60pipeline.operations.explain_pages import write_pages

    written = _with_warehouse(settings, project, lambda warehouse: write_pages(settings, warehouse, month))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in written], ensure_ascii=False, default=str))
    else:
        typer.echo(
            "\n".join(f"{one.figure_id}  {one.outcome:<9}  {one.page or one.reason}" for one in written)
        )
    if any(one.outcome == "differs" for one in written):
        raise fail("NOT EQUAL: some figures are not those that their cells give")
