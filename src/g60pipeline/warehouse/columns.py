"""Columns of tables, each with its comment in both languages. Not here: which tables there are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

# Ordered by bytes on both engines, whatever collation a PostgreSQL database has.
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def column(name: str, type_: Any, comment: str, key: bool = False, nullable: bool = True) -> sa.Column[Any]:
    """Build a column; a key is never null."""
    return sa.Column(
        name, type_, primary_key=key, autoincrement=False, nullable=nullable and not key, comment=comment
    )


def text(name: str, comment: str, key: bool = False, nullable: bool = True) -> sa.Column[Any]:
    """Build a column of text."""
    return column(name, TEXT, comment, key, nullable)


def number(name: str, comment: str, key: bool = False, nullable: bool = True) -> sa.Column[Any]:
    """Build a column of whole numbers."""
    return column(name, sa.BigInteger(), comment, key, nullable)
