"""Openings of locked months in the ledger: append-only, so that what was let in can always be accounted for.

Belongs here: entering and reading them. Not here: what an opening lets through (contracts.deadlines, quality.locks).
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from g60pipeline.contracts.deadlines import Opening
from g60pipeline.warehouse.engine import Warehouse, append_rows


def read_openings(warehouse: Warehouse) -> tuple[Opening, ...]:
    """Every opening, in the order in which they were entered."""
    table = warehouse.table("ops.opening")
    columns = [table.c[name] for name in Opening.model_fields]
    with warehouse.engine.connect() as connection:
        rows = connection.execute(sa.select(*columns).order_by(table.c.opening_id)).mappings()
        return tuple(Opening.model_validate(dict(row)) for row in rows)


def append_opening(warehouse: Warehouse, opening: Opening) -> int:
    """Enter an opening and return its number; the same one is entered once."""
    table = warehouse.table("ops.opening")
    values = opening.model_dump()
    with warehouse.transaction() as connection:
        same = sa.select(table.c.opening_id).where(
            *(table.c[name] == value for name, value in values.items())
        )
        known = connection.execute(same).scalar()
        if known is not None:
            return int(known)
        last = connection.execute(
            sa.select(sa.func.coalesce(sa.func.max(table.c.opening_id), 0))
        ).scalar_one()
        now = datetime.now(UTC).replace(tzinfo=None)
        append_rows(connection, table, [{**values, "opening_id": int(last) + 1, "entered_at": now}])
    return int(last) + 1
