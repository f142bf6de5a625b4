"""Where cited rows came from: files, sheets, columns, texts; and the value that is being explained.

Belongs here: reading those. Not here: which rows are cited (indicators), what is made of them (operations).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.warehouse.corrections import decode
from g60pipeline.warehouse.engine import Warehouse

Row = dict[str, Any]
_SOURCES = """
SELECT s.submission_id, s.file_name, s.sha256, s.reporting_unit_code, s.period, s.received_at, f.form, f.sheet, f.layout
FROM ops.submission s JOIN ops.submission_form f ON f.submission_id = s.submission_id
WHERE s.submission_id IN :numbers
"""
_LATEST = "SELECT * FROM mart.indicator_vintage WHERE known_to IS NULL AND boundaries = :boundaries AND period = :period"
_AS_OF = """
SELECT * FROM mart.indicator_vintage WHERE boundaries = :boundaries AND period = :period
  AND known_from <= :instant AND (known_to IS NULL OR known_to > :instant)
"""
_RELEASED = """
SELECT * FROM release.value WHERE release_id = :release AND boundaries = :boundaries AND period = :period
"""


def read_sources(connection: sa.Connection, submission_ids: Iterable[int]) -> dict[tuple[int, str], Row]:
    """Files and sheets by submission and form: file_name, sha256, sheet, layout, period, received_at."""
    query = sa.text(_SOURCES).bindparams(sa.bindparam("numbers", expanding=True))
    rows = connection.execute(
        query, {"numbers": sorted({int(number) for number in submission_ids})}
    ).mappings()
    return {
        (int(row["submission_id"]), str(row["form"])): {**row, "layout": decode(row["layout"]) or {}}
        for row in rows
    }


def read_texts(
    connection: sa.Connection, warehouse: Warehouse, form: str, rows: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], dict[str, str]]:
    """Texts as they stood in the cells, by submission and row: field → text."""
    wanted = set(rows)
    table = warehouse.table(f"core.{form}")
    columns = (table.c.submission_id, table.c.sheet_row, table.c.raw_text)
    query = sa.select(*columns).where(
        table.c.submission_id.in_({number for number, _ in wanted}), table.c.row_version == 0
    )
    found = ((int(number), int(at), texts) for number, at, texts in connection.execute(query))
    return {(number, at): decode(texts) for number, at, texts in found if (number, at) in wanted}


def read_stored(
    connection: sa.Connection,
    period: str,
    boundaries: Boundaries,
    instant: datetime | None = None,
    release: str | None = None,
) -> list[Row]:
    """The month's values as they stand, stood at an instant (UTC), or were released; on the boundaries asked for.

    Values on today's boundaries are stored only where a regrouping touches them; elsewhere they are those of their time.
    """
    query, at = (_LATEST, {}) if instant is None else (_AS_OF, {"instant": instant})
    if release is not None:
        query, at = _RELEASED, {"release": release}
    rows = _read(connection, query, period=period, boundaries=boundaries, **at)
    if boundaries == "as_now":
        touched = {row["indicator_id"] for row in rows}
        as_was = _read(connection, query, period=period, boundaries="as_was", **at)
        rows += [row for row in as_was if row["indicator_id"] not in touched]
    return rows


def _read(connection: sa.Connection, query: str, **parameters: Any) -> list[Row]:
    rows: Iterable[Mapping[Any, Any]] = connection.execute(sa.text(query), parameters).mappings()
    return [{str(name): value for name, value in row.items()} for row in rows]
