"""The published tables `pub_v1`, created from contracts and definitions on either engine.

Belongs here: bringing the SQL to the warehouse. Not here: the SQL (indicators.published), the views (warehouse.published).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from g60pipeline.contracts.project import Project

if TYPE_CHECKING:
    import sqlalchemy as sa


def create_published(connection: sa.Connection, project: Project) -> bool:
    """Create or replace every table of `pub_v1`, within the caller's transaction; returns whether anything was to be done.

    The warehouse's own tables must be there. What does not change needs no right to create.
    """
    from g60pipeline.indicators.published import published_sql
    from g60pipeline.warehouse.published import replace_published

    dialect = "postgres" if connection.dialect.name == "postgresql" else "duckdb"
    return replace_published(connection, project.tables, published_sql(project, dialect))
