"""The views of marts and scorecards, created from their definitions on either engine; with them a warehouse is whole.

Belongs here: bringing the SQL to the warehouse. Not here: the SQL (indicators.marts), the views (warehouse.marts).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse


def prepare(warehouse: Warehouse) -> None:
    """Create what is missing of the warehouse and bring the rest up to date, the views of marts with it.

    Whoever may make the warehouse's views anew so leaves a whole one to those who may only read and load. WarehouseError
    when it cannot be used.
    """
    if warehouse.create():
        create_marts(warehouse)


def create_marts(warehouse: Warehouse) -> bool:
    """Create or replace the views of all marts and scorecards; returns whether anything was to be done.

    A view cannot be stale, whatever the order of runs. What does not change needs no right to create.
    """
    from g60pipeline.indicators.marts import mart_at_cut_sql, mart_view_sql, marts_in_order, scorecard_sql
    from g60pipeline.warehouse.marks import read_mark, write_mark
    from g60pipeline.warehouse.marts import create_mart_view, create_scorecard_view, dialect_name
    from g60pipeline.warehouse.structure import MARTS_MARK

    project, dialect = warehouse.project, dialect_name(warehouse)
    marts = [
        (mart, mart_view_sql(mart, dialect), mart_at_cut_sql(mart, dialect))
        for mart in marts_in_order(project)
    ]
    scorecards = [(scorecard, scorecard_sql(scorecard, dialect)) for scorecard in project.scorecards]
    fingerprint = hashlib.sha256(repr((marts, scorecards)).encode()).hexdigest()
    with warehouse.transaction() as connection:
        if read_mark(connection, MARTS_MARK) == fingerprint:
            return False
        for mart, select, at_cut in marts:
            create_mart_view(connection, mart, select, at_cut)
        for scorecard, selects in scorecards:
            create_scorecard_view(connection, project, scorecard, selects)
        write_mark(connection, MARTS_MARK, fingerprint)
    return True
