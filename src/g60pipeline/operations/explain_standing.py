"""Which units a figure waits for, which of them count, and what the others have not brought in.

Belongs here: who is expected. Not here: what those who are in reported (explain_cells.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.explain import build_standing
from g60pipeline.indicators.plan import AREA_COLUMNS, Plan
from g60pipeline.operations.explain_cells import label_of
from g60pipeline.operations.recompute import FigureKey, World
from g60pipeline.reports.explain_data import UnitStanding

Row = Mapping[str, Any]


def read_standings(world: World, plan: Plan, key: FigureKey) -> tuple[UnitStanding, ...]:
    """Return the units that are expected for a figure, and what those have not brought in that do not count.

    The plan's units must be prepared.
    """
    rows = [row for row in world.records(build_standing(plan)) if _belongs(world, row, key)]
    gaps = [] if all(row["is_matched"] for row in rows) else _gaps(world)
    return tuple(
        UnitStanding(
            row["reporting_unit_code"],
            label_of(world.project, "units", row["reporting_unit_code"]),
            bool(row["is_matched"]),
            () if row["is_matched"] else tuple(_missing(world.project, plan, row, gaps)),
        )
        for row in sorted(rows, key=lambda row: row["reporting_unit_code"])
    )


def _belongs(world: World, row: Row, key: FigureKey) -> bool:
    if key.level in AREA_COLUMNS:
        return row[AREA_COLUMNS[key.level]] == key.subject_code
    unit = key.subject_code
    if key.level == "cluster":
        unit = world.project.attribute_in("clusters", "host_unit", unit, Period.parse(key.period))
    return row["reporting_unit_code"] == unit


def _gaps(world: World) -> list[dict[str, Any]]:
    from g60pipeline.warehouse.engine import read_frame

    query = "SELECT reporting_unit_code, form, month_index FROM run_return WHERE is_received = 0"
    return [
        {str(n): v for n, v in row.items()} for row in read_frame(world.connection, query).to_dict("records")
    ]


def _missing(project: Project, plan: Plan, row: Row, gaps: Sequence[Row]) -> list[str]:
    windows = [("first_index", "month_index")] + (
        [("base_first_index", "base_last_index")] if plan.has_base else []
    )
    months = {at for first, last in windows for at in range(int(row[first]), int(row[last]) + 1)}
    return [
        f"{project.forms[gap['form']].title.zh} {_month(int(gap['month_index']))}"
        for gap in sorted(gaps, key=lambda gap: (gap["month_index"], gap["form"]))
        if gap["reporting_unit_code"] == row["reporting_unit_code"]
        and (not plan.forms or gap["form"] in plan.forms)
        and int(gap["month_index"]) in months
    ]


def _month(index: int) -> str:
    year, month = divmod(index, 12)
    return Period(year, month + 1).key
