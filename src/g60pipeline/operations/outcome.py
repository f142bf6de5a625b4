"""What came of some months: submissions, published figures, where to look. For the terminal and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse


def read_outcome(settings: Settings, warehouse: Warehouse, first: str, last: str) -> dict[str, Any]:
    """Submissions by month, files of no month, the published figures of the months, and where to look next."""
    from g60pipeline.warehouse.summary import submissions_by_month, unplaced_files

    return {
        "months": submissions_by_month(warehouse, first, last).to_dict("records"),
        "unplaced_files": unplaced_files(warehouse),
        "figures": _figures(warehouse, first, last),
        "where": {
            "dagster": "make ui",
            "briefing": str(settings.out / "briefing" / f"{last}.html"),
            "board": str(settings.out / "board" / f"{last}.html"),
            "feedback": str(settings.out / "feedback"),
            "dictionary": str(settings.out / "dictionary.html"),
            "warehouse": warehouse.url.render_as_string(hide_password=True),
        },
    }


def _figures(warehouse: Warehouse, first: str, last: str) -> list[dict[str, Any]]:
    from g60pipeline.indicators.figures import compare
    from g60pipeline.warehouse.summary import read_bindings

    project = warehouse.project
    published = project.figures.figures if project.figures else ()
    figures = [figure for figure in published if first <= figure.read.period <= last]
    rows: list[dict[str, Any]] = []
    for figure, found in zip(figures, read_bindings(warehouse, [f.read for f in figures]), strict=True):
        comparison = compare(project, figure, found["value"] if found else None)
        rows.append({
            "id": figure.id,
            "measure": figure.measure.en,
            "period": figure.read.period,
            "ours": None if comparison.ours is None else float(comparison.ours),
            "theirs": figure.value,
            "comparator": figure.comparator,
            "unit": figure.unit,
            "met": comparison.met,
            "coverage": f"{found['reporting_unit_count']} of {found['expected_unit_count']}" if found else "",
            "indicator": figure.read.indicator,
        })  # fmt: skip
    return rows
