"""A page of explanation per figure of a month's briefing, below `out/explain/<month>/`.

Belongs here: which figures, where the pages go. Not here: how one is explained (explain.py) or looks (reports).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g60pipeline.files import write_whole
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.operations.explain_world import Asked, ExplainError
    from g60pipeline.reports.explain_data import Explanation
    from g60pipeline.warehouse.engine import Warehouse


@dataclass(frozen=True)
class WrittenPage:
    """A figure's page. `outcome`: equal, differs, or none, and then `reason` says why."""

    figure_id: str
    outcome: str
    page: Path | None = None
    reason: str = ""


def page_of(settings: Settings, month: str, figure_id: str) -> Path:
    """Return where a figure's page lies."""
    return settings.out / "explain" / month / f"{figure_id}.html"


def write_pages(settings: Settings, warehouse: Warehouse, month: str) -> list[WrittenPage]:
    """Write the pages of a month's figures, link them from its briefing, and return what came of each.

    Pages of an earlier run are replaced. A briefing that is written anew has no links until this is called again: they
    would lead to what an earlier state of the warehouse said.
    """
    from g60pipeline.operations.explain import explain_many
    from g60pipeline.operations.explain_world import ExplainError
    from g60pipeline.reports.briefing_data import figures_of
    from g60pipeline.warehouse.summary import read_bindings

    published = warehouse.project.figures.figures if warehouse.project.figures else ()
    figures = [entry.figure for entry in figures_of(published, month)]
    rows = read_bindings(warehouse, [figure.read for figure in figures])
    found = {figure.id: row for figure, row in zip(figures, rows, strict=True) if row is not None}
    outcomes = explain_many(warehouse, [_asked(row) for row in found.values()])
    explained = dict(zip(found, outcomes, strict=True))
    nothing = ExplainError(f"no value in {month}")
    written = [_write(settings, month, figure.id, explained.get(figure.id, nothing)) for figure in figures]
    _link(settings, month, written)
    return written


def _link(settings: Settings, month: str, written: Sequence[WrittenPage]) -> None:
    """Link the pages from the month's briefing, where there is one."""
    from g60pipeline.reports.explain import link_figures

    briefing = settings.out / "briefing" / f"{month}.html"
    if briefing.exists():
        addresses = {w.figure_id: f"../explain/{month}/{w.page.name}" for w in written if w.page is not None}
        write_whole(briefing, link_figures(briefing.read_text(encoding="utf-8"), addresses))


def _write(
    settings: Settings, month: str, figure_id: str, outcome: Explanation | ExplainError
) -> WrittenPage:
    from g60pipeline.reports.explain import build_explanation
    from g60pipeline.reports.explain_data import Explanation

    page = page_of(settings, month, figure_id)
    if not isinstance(outcome, Explanation):
        page.unlink(missing_ok=True)
        return WrittenPage(figure_id, "none", reason=str(outcome).splitlines()[0])
    write_whole(page, build_explanation(outcome, f"../../briefing/{month}.html"))
    return WrittenPage(figure_id, "equal" if outcome.is_equal else "differs", page)


def _asked(row: Mapping[str, Any]) -> Asked:
    from g60pipeline.operations.explain_world import Asked

    return Asked(
        row["indicator_id"], row["period"], row["level"], row["subject_code"], row["time_basis"], row["dimension"],
        row["dimension_code"],
    )  # fmt: skip
