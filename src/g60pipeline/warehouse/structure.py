"""What `create` does: revisions, tables of the contracts, dimensions, views; and how it knows that nothing is to be done.

Belongs here: the order of these steps and the mark they leave. Not here: the steps themselves (migrations, sync.py,
dimensions.py, views.py).
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.connect import WarehouseError, describe
from g60pipeline.warehouse.marks import read_mark, write_mark
from g60pipeline.warehouse.migrations import HEAD, VERSION_SCHEMA, VERSION_TABLE, upgrade, waiting
from g60pipeline.warehouse.sync import missing_columns, sync_forms, write_comments
from g60pipeline.warehouse.tables import SCHEMAS

UNCOUNTED = ""  # the revision of a warehouse that was made before revisions were counted
_VERSION = f"{VERSION_SCHEMA}.{VERSION_TABLE}"
_MARK = "built_from"
MARTS_MARK = "marts_from"
_PRESENT = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'ops'"


def revision_of(connection: sa.Connection) -> str | None:
    """Return the warehouse's revision, UNCOUNTED for one from before revisions; None when there is no warehouse."""
    present = set(connection.exec_driver_sql(_PRESENT).scalars())
    if VERSION_TABLE not in present:
        return UNCOUNTED if "submission" in present else None
    return str(connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION}").scalar_one())


def is_complete(connection: sa.Connection, project: Project) -> bool:
    """Say whether everything is as the contracts and this program want it; WarehouseError when a newer one made it."""
    return _checked_revision(connection) == HEAD and read_mark(connection, _MARK) == _mark(project)


def pending(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> list[str]:
    """Say which revisions wait, then which tables and columns a contract gained; WarehouseError as `is_complete`."""
    revision = _checked_revision(connection)
    revisions = [] if revision == HEAD else waiting(revision)
    return revisions + [f"add {name}" for name in missing_columns(connection, metadata, project)]


def build(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> None:
    """Bring everything up to date, within the caller's transaction."""
    from g60pipeline.warehouse.dimensions import write_dimensions
    from g60pipeline.warehouse.views import create_views

    for schema in SCHEMAS:
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    if _checked_revision(connection) != HEAD:
        upgrade(connection)
    sync_forms(connection, metadata, project)
    write_comments(connection, metadata)
    write_dimensions(connection, metadata, project)
    create_views(connection, metadata, project)
    write_mark(connection, MARTS_MARK, "")  # what reads the views may have gone with them
    write_mark(connection, _MARK, _mark(project))


def _checked_revision(connection: sa.Connection) -> str | None:
    revision = revision_of(connection)
    if revision is not None and revision > HEAD:
        raise WarehouseError(
            f"{describe(connection.engine.url)} was made by a newer version of this program (revision {revision};"
            f" this one knows revisions up to {HEAD}). Update the program."
        )
    return revision


def _mark(project: Project) -> str:
    return f"{project.definitions_version} {_hash_of_code()}"


@cache
def _hash_of_code() -> str:
    """Hash the code that makes views and dimensions of the definitions: a newer one makes them anew."""
    digest = hashlib.sha256()
    warehouse = Path(__file__).parent
    for folder in (warehouse, warehouse.parent / "contracts"):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
