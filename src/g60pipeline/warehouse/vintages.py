"""Indicator values over time: what was known from when to when, and what each computation rested on.

Belongs here: storing values so that nothing is overwritten, and remembering fingerprints. Not here: computing (indicators),
deciding what to compute (operations).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.knowledge import VALUE_KEY, Boundaries
from g60pipeline.warehouse.engine import Warehouse, append_rows

_OF_VINTAGE = ("definitions_version", "known_from", "known_to")


def value_columns(warehouse: Warehouse) -> tuple[str, ...]:
    """Columns of a value, as statements of indicators yield them."""
    columns = warehouse.table("mart.indicator_vintage").columns
    return tuple(column.name for column in columns if column.name not in _OF_VINTAGE)


def compute_values(connection: sa.Connection, warehouse: Warehouse, selects: Iterable[str]) -> None:
    """Put the rows of the SELECTs into the temporary table `run_value`, in place of what it held."""
    names = ", ".join(value_columns(warehouse))
    connection.exec_driver_sql("DROP TABLE IF EXISTS run_value")
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE run_value AS SELECT {names} FROM mart.indicator_vintage WHERE FALSE"
    )
    for select in selects:
        connection.exec_driver_sql(f"INSERT INTO run_value ({names}) SELECT {names} FROM ({select}) AS rows_")


def read_values(connection: sa.Connection, warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return the rows of `run_value`."""
    names = ", ".join(value_columns(warehouse))
    return [dict(row) for row in connection.exec_driver_sql(f"SELECT {names} FROM run_value").mappings()]


def store_values(
    connection: sa.Connection,
    warehouse: Warehouse,
    periods: Sequence[str],
    indicator_ids: Sequence[str],
    boundaries: Boundaries,
    now: datetime,
) -> int:
    """Make `run_value` what is known from now on of the indicators and months; what stays the same stays untouched.

    Returns the count of values that are new or changed.
    """
    vintage = warehouse.table("mart.indicator_vintage")
    value = sa.table("run_value", *(sa.column(name) for name in value_columns(warehouse)))
    is_open = sa.and_(
        vintage.c.known_to.is_(None),
        vintage.c.boundaries == boundaries,
        vintage.c.period.in_(periods),
        vintage.c.indicator_id.in_(indicator_ids),
    )
    same_key = [vintage.c[name] == value.c[name] for name in VALUE_KEY]
    others = [name for name in value_columns(warehouse) if name not in VALUE_KEY]
    same = sa.and_(*same_key, *(vintage.c[name].is_not_distinct_from(value.c[name]) for name in others))
    connection.execute(
        sa.update(vintage)
        .where(is_open, ~sa.exists(sa.select(value.c.period).where(same)))
        .values(known_to=now)
    )
    names = [*value_columns(warehouse), "definitions_version", "known_from"]
    version = sa.literal(warehouse.project.definitions_version[:16])
    new = sa.select(*value.c, version, sa.literal(now, sa.DateTime())).where(
        ~sa.exists(sa.select(vintage.c.period).where(is_open, same))
    )
    connection.execute(sa.insert(vintage).from_select(names, new))
    stored = sa.select(sa.func.count()).where(is_open, vintage.c.known_from == now)
    return int(connection.execute(stored).scalar_one())


def find_undefined(warehouse: Warehouse) -> list[str]:
    """Return indicators that were computed and that the definitions no longer have."""
    table = warehouse.table("mart.computation")
    known = sa.select(table.c.indicator_id).distinct().order_by(table.c.indicator_id)
    with warehouse.engine.connect() as connection:
        return [id_ for id_ in connection.scalars(known) if id_ not in warehouse.project.indicators]


def close_values(
    connection: sa.Connection,
    warehouse: Warehouse,
    undefined: Sequence[str],
    boundaries: Sequence[Boundaries],
    now: datetime,
) -> int:
    """End what is known of indicators that are defined no longer, and on other boundaries than these.

    It stays there as of before. What it was computed from is forgotten: a definition that is put back is computed anew.
    Returns the count of values that ended.
    """
    vintage, computation = warehouse.table("mart.indicator_vintage"), warehouse.table("mart.computation")
    is_gone = sa.or_(vintage.c.indicator_id.in_(undefined), vintage.c.boundaries.not_in(boundaries))
    ended = sa.update(vintage).where(vintage.c.known_to.is_(None), is_gone).values(known_to=now)
    connection.execute(sa.delete(computation).where(computation.c.indicator_id.in_(undefined)))
    return len(connection.execute(ended.returning(vintage.c.indicator_id)).all())


def read_computations(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """Return the fingerprint of what was last computed: indicator → month → fingerprint."""
    table = warehouse.table("mart.computation")
    found: dict[str, dict[str, str]] = {}
    with warehouse.engine.connect() as connection:
        for indicator, period, fingerprint in connection.execute(
            sa.select(table.c.indicator_id, table.c.period, table.c.fingerprint)
        ):
            found.setdefault(indicator, {})[period] = fingerprint
    return found


def remember_computations(
    connection: sa.Connection, warehouse: Warehouse, fingerprints: dict[str, dict[str, str]], now: datetime
) -> None:
    """Remember what values were computed from: indicator → month → fingerprint."""
    table = warehouse.table("mart.computation")
    alike: dict[tuple[str, ...], list[str]] = {}
    for indicator, months in fingerprints.items():
        alike.setdefault(tuple(months), []).append(indicator)
    for months, indicators in alike.items():
        is_old = sa.and_(table.c.indicator_id.in_(indicators), table.c.period.in_(months))
        connection.execute(sa.delete(table).where(is_old))
    rows: list[dict[str, Any]] = [
        {"indicator_id": indicator, "period": period, "fingerprint": fingerprint, "computed_at": now}
        for indicator, months in fingerprints.items()
        for period, fingerprint in months.items()
    ]
    append_rows(connection, table, rows)


def read_inputs(warehouse: Warehouse) -> list[tuple[str, str, str, str]]:
    """Return everything that values can rest on, as (form, month, unit, state); the form is blank for the ledger itself.

    A form's state is the content of the rows in force, so that a form that is sent again unchanged changes nothing; where
    the district corrected it, the submission in force and the corrections. The ledger's are the submissions of a unit with
    their verdicts.
    """
    queries = (
        "SELECT l.form, l.period, l.reporting_unit_code, coalesce(f.content_hash, CAST(l.submission_id AS TEXT))"
        " FROM core.latest_submission l"
        " JOIN ops.submission_form f ON f.submission_id = l.submission_id AND f.form = l.form",
        "SELECT e.form, e.period, e.reporting_unit_code,"
        " CAST(e.event_id AS TEXT) || ' ' || coalesce(CAST(l.submission_id AS TEXT), '')"
        " FROM ops.correction_event e LEFT JOIN core.latest_submission l"
        " ON l.form = e.form AND l.period = e.period AND l.reporting_unit_code = e.reporting_unit_code"
        " WHERE e.kind IN ('applied', 'retired')",
        "SELECT '', s.period, s.reporting_unit_code,"
        " CAST(s.submission_id AS TEXT) || ' ' || coalesce(CAST(max(v.verdict_id) AS TEXT), '')"
        " FROM ops.submission s LEFT JOIN ops.verdict v ON v.submission_id = s.submission_id"
        " WHERE s.period IS NOT NULL GROUP BY s.submission_id, s.period, s.reporting_unit_code",
    )
    with warehouse.engine.connect() as connection:
        return [tuple(row) for query in queries for row in connection.exec_driver_sql(query).all()]
