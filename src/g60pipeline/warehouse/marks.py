"""Marks: what something in the warehouse was last made from, so that what has not changed is not made again.

A mark is a table of one row in `ops`: whoever finds it as expected needs no right to create anything.
Belongs here: reading and writing marks. Not here: what they stand for.
"""

from __future__ import annotations

import sqlalchemy as sa

_IS_THERE = (
    "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'ops' AND table_name = '{name}'"
)


def read_mark(connection: sa.Connection, name: str) -> str | None:
    """Return the fingerprint of `ops.<name>`; None where there is none."""
    if not connection.exec_driver_sql(_IS_THERE.format(name=name)).scalar_one():
        return None
    return connection.exec_driver_sql(f"SELECT fingerprint FROM ops.{name}").scalar()


def write_mark(connection: sa.Connection, name: str, fingerprint: str) -> None:
    """Set the fingerprint of `ops.<name>`; blank to have it made again."""
    connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS ops.{name} (fingerprint VARCHAR NOT NULL)")
    connection.exec_driver_sql(f"DELETE FROM ops.{name}")
    connection.exec_driver_sql(f"INSERT INTO ops.{name} VALUES ('{fingerprint}')")
