"""Asset `report/briefing`: one offline page per month, written under a temporary name and renamed when it is whole."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from g60pipeline.defs.metadata import spec
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, WRITER, months_of
from g60pipeline.defs.resources import House, project
from g60pipeline.files import write_whole
from g60pipeline.operations.board import SYNTHETIC_MARK

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.reports.briefing_data import BriefingData, FigureReading, MonthFigure

BRIEFING = dg.AssetKey(["report", "briefing"])


def _is_shown(house: House, month_figure: "MonthFigure") -> bool:
    """Say whether a figure may stand on a page: a protected one only where the district published it itself."""
    from g60pipeline.operations.disclosure import protected_indicators

    protected = protected_indicators(house.project)
    return month_figure.has_reference or month_figure.figure.read.indicator not in protected


def _reading(house: House, month_figure: "MonthFigure", found: dict[str, Any] | None) -> "FigureReading":
    from g60pipeline.indicators.figures import compare
    from g60pipeline.reports.briefing_data import FigureReading

    figure = month_figure.figure
    if found is not None and not _is_shown(house, month_figure):
        found = {**found, "value": None, "coverage_ratio": None, "status": "withheld"}
    comparison = compare(house.project, figure, found["value"] if found else None)
    return FigureReading(
        figure=figure,
        ours=comparison.ours,
        met=comparison.met if month_figure.has_reference else None,
        status=found["status"] if found else "no_value",
        expected_unit_count=found["expected_unit_count"] if found else 0,
        reporting_unit_count=found["reporting_unit_count"] if found else 0,
        coverage_ratio=found["coverage_ratio"] if found else None,
    )


def _readings(house: House, months: list[str]) -> "dict[str, tuple[FigureReading, ...]]":
    """Figures of each month, read in one question."""
    from g60pipeline.reports.briefing_data import figures_of
    from g60pipeline.warehouse.summary import read_bindings

    published = house.project.figures.figures if house.project.figures else ()
    entries = [(month, entry) for month in months for entry in figures_of(published, month)]
    found = read_bindings(house.warehouse, [entry.figure.read for _, entry in entries])
    readings: dict[str, list[FigureReading]] = {month: [] for month in months}
    for (month, entry), row in zip(entries, found, strict=True):
        readings[month].append(_reading(house, entry, row))
    return {month: tuple(of_month) for month, of_month in readings.items()}


def _briefing_data(
    house: House, month: str, figures: "tuple[FigureReading, ...]", values: "pd.DataFrame", run_id: str
) -> "BriefingData":
    from g60pipeline.reports.briefing_data import BriefingData
    from g60pipeline.warehouse.summary import is_synthetic, returns_with_messages

    return BriefingData(
        project=house.project,
        period=month,
        is_synthetic=is_synthetic(house.warehouse, month, SYNTHETIC_MARK),
        figures=figures,
        values=values[values["period"] <= month],
        returns=returns_with_messages(house.warehouse, month),
        run_id=run_id,
        rules_version=house.project.rules_version,
        generated_by="g60pipeline",
    )


@dg.multi_asset(
    name="briefing",
    specs=[
        spec(
            list(BRIEFING.path),
            deps=[
                *(dg.AssetKey(["indicator", file.theme]) for file in project().indicator_files),
                *(dg.AssetKey(["mart", scorecard.name]) for scorecard in project().scorecards),
            ],
            group="reports",
            description="月度简报：离线网页，中英文。\n\nMonthly briefing: one offline page, Chinese and English.",
            kinds={"html", "jinja"},
            partitions_def=MONTHS,
        )
    ],
    backfill_policy=ONE_RUN,
    pool=WRITER,
)
def briefing(context: dg.AssetExecutionContext, house: House) -> Any:
    """Write the page of each of the run's months."""
    from g60pipeline.reports.briefing import build_briefing
    from g60pipeline.reports.briefing_data import CHART_INDICATORS
    from g60pipeline.warehouse.summary import indicator_values

    folder = house.settings.out / "briefing"
    months = months_of(context)
    values = indicator_values(house.warehouse, CHART_INDICATORS, months[-1])
    readings = _readings(house, months)
    for month in months:
        data = _briefing_data(house, month, readings[month], values, context.run.run_id)
        write_whole(folder / f"{month}.html", build_briefing(data))
    page = (folder / f"{months[-1]}.html").resolve()
    written = datetime.now(UTC).isoformat(timespec="seconds")
    yield dg.MaterializeResult(
        asset_key=BRIEFING,
        metadata={"page": dg.MetadataValue.path(page), "pages": len(months), "written_at": written},
    )
