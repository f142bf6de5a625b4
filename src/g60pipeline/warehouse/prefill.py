"""What a template takes over: the rows in force of the month before, and which return of the month comes next.

Belongs here: reading them. Not here: which fields are taken over (contracts), what is made of them (reports).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.periods import Period
from g60pipeline.warehouse.engine import Warehouse

Rows = dict[str, list[dict[str, Any]]]


def read_last_month(warehouse: Warehouse, unit_code: str, period: Period) -> Rows:
    """Return the rows in force of the unit for the month before, by form, as far as the contracts prefill them.

    Values are typed, in the sheet's order. Units of measure stand as they were written, for a clerk who reports in
    亿元 goes on doing so. Forms without such rows are absent.
    """
    forms = warehouse.project.forms.values()
    read = {form.name: _read_form(warehouse, form, unit_code, period.plus(-1)) for form in forms}
    return {name: rows for name, rows in read.items() if rows}


def _read_form(warehouse: Warehouse, form: Form, unit_code: str, period: Period) -> list[dict[str, Any]]:
    names = [field.name for field in form.fields if field.is_prefilled]
    if not names:
        return []
    columns = [sa.column(name) for name in names]
    view = sa.table(
        f"{form.name}_latest",
        *columns,
        *(sa.column(name) for name in ("raw_text", "reporting_unit_code", "period", "sheet_row")),
        schema="core",
    )
    query = (
        sa.select(*columns, view.c.raw_text)
        .where(view.c.reporting_unit_code == unit_code, view.c.period == period.key)
        .order_by(view.c.sheet_row)
    )
    with warehouse.engine.connect() as connection:
        found = connection.execute(query).mappings().all()
    units = {field.unit_field for field in form.fields} & set(names)
    return [_row(names, units, row) for row in found]


def _row(names: Sequence[str], units: set[str | None], row: sa.RowMapping) -> dict[str, Any]:
    raw = row["raw_text"]
    texts: dict[str, str] = json.loads(raw) if isinstance(raw, str) else raw
    return {name: texts.get(name) if name in units else row[name] for name in names}


def next_sequence_number(warehouse: Warehouse, unit_code: str, period: Period) -> int:
    """Return the number of the unit's next return for the month: 1, or one more than it last wrote on a cover."""
    submission = warehouse.table("ops.submission")
    query = sa.select(sa.func.coalesce(sa.func.max(submission.c.sequence_number), 0)).where(
        submission.c.reporting_unit_code == unit_code, submission.c.period == period.key
    )
    with warehouse.engine.connect() as connection:
        return int(connection.execute(query).scalar_one()) + 1
