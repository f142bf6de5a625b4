"""Revisions of the warehouse's structure, in order: `versions/NNNN_what.py`, written by hand and never changed again.

Belongs here: schemas, the tables that are the same whatever the contracts say, and the technical columns of form tables.
Not here: a form's own tables and columns (sync.py makes them from the contracts), comments (sync.py), views (views.py).

A new revision takes the next number, moves HEAD on and says in its docstring's first line what it brings. Alembic is
imported only when there is something to upgrade.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
VERSION_SCHEMA, VERSION_TABLE = "ops", "schema_version"


def upgrade(connection: sa.Connection, to: str = "head") -> None:
    """Run what is missing up to a revision, within the caller's transaction."""
    from alembic import command

    command.upgrade(_config(connection), to)


def waiting(revision: str | None) -> list[str]:
    """Say which revisions come after one (after none: all), in order: number and what it brings."""
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory.from_config(_config()).iterate_revisions("head", revision or "base")
    return [f"{step.revision} {step.doc}" for step in reversed(list(steps))]


def _config(connection: sa.Connection | None = None) -> Config:
    from alembic.config import Config

    attributes: dict[str, Any] = {"connection": connection}
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
