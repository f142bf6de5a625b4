"""Templates as files: for whom, with what of last month, into which folder. No asset: a template is made when asked for.

Not here: what a template looks like (reports), reading the rows (warehouse).
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.files import write_whole
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.reports.template_order import Order
    from g60pipeline.warehouse.engine import Warehouse


@dataclass(frozen=True)
class WrittenTemplate:
    """A template that was written. `taken_over`: rows of the month before by form; `note`: what there was to take."""

    unit_code: str
    period: str
    file: str
    note: str
    taken_over: dict[str, int] = field(default_factory=dict[str, int])


@contextmanager
def _open(settings: Settings, project: Project) -> Generator[Warehouse | None]:
    """Open the warehouse if there is one; WarehouseError when it cannot be read."""
    from g60pipeline.warehouse.engine import Warehouse

    with Warehouse(settings.warehouse_url, project) as warehouse:
        if warehouse.exists():
            warehouse.create()
            yield warehouse
        else:
            yield None


def _order(project: Project, unit_code: str, period: Period, warehouse: Warehouse | None) -> Order:
    from g60pipeline.reports.template_order import Order
    from g60pipeline.warehouse.prefill import next_sequence_number, read_last_month

    if warehouse is None:
        return Order(project, unit_code, period)
    return Order(
        project,
        unit_code,
        period,
        read_last_month(warehouse, unit_code, period),
        next_sequence_number(warehouse, unit_code, period),
    )


def _note(order: Order, has_warehouse: bool) -> str:
    month = order.period.plus(-1).key
    if not has_warehouse:
        return "no warehouse yet: nothing taken over"
    return (
        f"taken over from {month}"
        if order.last_month
        else f"no accepted return of {month}: nothing taken over"
    )


def write_templates(
    settings: Settings, project: Project, units: Sequence[str], period: Period, folder: Path
) -> list[WrittenTemplate]:
    """Write a template per unit into the folder.

    TemplateError when a unit is unknown or owes nothing for the month, before anything is written; WarehouseError when
    there is a warehouse and it cannot be read.
    """
    from g60pipeline.reports.template import build_template, template_name

    with _open(settings, project) as warehouse:
        orders = [_order(project, unit, period, warehouse) for unit in units]
    written: list[WrittenTemplate] = []
    for order in orders:
        path = folder / template_name(order)
        write_whole(path, build_template(order))
        counts = {form: len(rows) for form, rows in order.last_month.items()}
        note = _note(order, warehouse is not None)
        written.append(WrittenTemplate(order.unit_code, period.key, str(path), note, counts))
    return written


def describe(written: WrittenTemplate) -> str:
    """Return the file and what it begins with, for the terminal."""
    rows = ", ".join(f"{form} {count}" for form, count in written.taken_over.items())
    return f"{written.file}: {written.note}" + (f" ({rows})" if rows else "")


def as_json_document(written: Sequence[WrittenTemplate]) -> str:
    """Return the same as JSON."""
    return json.dumps({"templates": [asdict(one) for one in written]}, ensure_ascii=False)
