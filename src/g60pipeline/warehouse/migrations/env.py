"""What Alembic runs for `upgrade`: the revisions, on the caller's connection and within its transaction."""

from __future__ import annotations

from importlib import import_module

from alembic import context

from g60pipeline.warehouse.migrations import VERSION_SCHEMA, VERSION_TABLE

import_module("duckdb_sqlalchemy.alembic_impl")  # tells Alembic what DuckDB can do
context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=VERSION_SCHEMA,
)
with context.begin_transaction():
    context.run_migrations()
