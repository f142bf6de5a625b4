"""Releases in the warehouse: append-only rows of what was published, by which definitions, from what was known.

Belongs here: reading and writing schema `release`. Not here: what a release must meet and how it is made (operations).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.knowledge import Cut
from g60pipeline.warehouse.engine import Warehouse, WarehouseError, append_rows
from g60pipeline.warehouse.timeliness import utc_now


@dataclass(frozen=True)
class Release:
    """A release as it is stored, without its values."""

    release_id: str
    period: str
    release_no: int
    stage: str
    cut: Cut
    definitions_hash: str
    previous_release_id: str | None
    note: str | None
    created_at: datetime
    manifest: dict[str, Any]
    manifest_sha256: str


def _release(row: sa.RowMapping) -> Release:
    manifest = row["manifest"]
    return Release(
        release_id=row["release_id"],
        period=row["period"],
        release_no=int(row["release_no"]),
        stage=row["stage"],
        cut=Cut(row["cut_submission_id"], row["cut_verdict_id"], row["cut_correction_event_id"]),
        definitions_hash=row["definitions_hash"],
        previous_release_id=row["previous_release_id"],
        note=row["note"],
        created_at=row["created_at"],
        manifest=json.loads(manifest) if isinstance(manifest, str) else manifest,
        manifest_sha256=row["manifest_sha256"],
    )


def read_releases(warehouse: Warehouse, period: str | None = None) -> list[Release]:
    """Return the releases, of a month or all, in the order in which they were made."""
    table = warehouse.table("release.release")
    query = sa.select(table).order_by(table.c.created_at, table.c.period, table.c.release_no)
    if period is not None:
        query = query.where(table.c.period == period)
    with warehouse.engine.connect() as connection:
        return [_release(row) for row in connection.execute(query).mappings()]


def count_releases(connection: sa.Connection, warehouse: Warehouse) -> int:
    """Return how many releases there are, as the caller's transaction sees them."""
    query = sa.select(sa.func.count()).select_from(warehouse.table("release.release"))
    return int(connection.execute(query).scalar_one())


def find_release(warehouse: Warehouse, release_id: str) -> Release:
    """Return a release; WarehouseError when there is none of that id."""
    releases = {release.release_id: release for release in read_releases(warehouse)}
    if release_id not in releases:
        raise WarehouseError(
            f"there is no release {release_id}; there are: {', '.join(releases) or 'none yet'}"
        )
    return releases[release_id]


def append_release(
    connection: sa.Connection,
    warehouse: Warehouse,
    release: Release,
    values: Sequence[Mapping[str, Any]],
    revisions: Sequence[Mapping[str, Any]],
    definitions: Mapping[str, str],
) -> None:
    """Enter a release with its values, what changed since the one before, and the definitions it was made by."""
    row = {**release.__dict__, **{f"cut_{name}": number for name, number in release.cut._asdict().items()}}
    append_rows(connection, warehouse.table("release.release"), [row])
    key = {"release_id": release.release_id}
    append_rows(connection, warehouse.table("release.value"), [{**value, **key} for value in values])
    before = {**key, "previous_release_id": release.previous_release_id}
    append_rows(connection, warehouse.table("release.revision"), [{**part, **before} for part in revisions])
    table = warehouse.table("release.definition_set")
    known = sa.select(table.c.definitions_hash).where(table.c.definitions_hash == release.definitions_hash)
    if connection.execute(known).scalar() is None:
        entry = {
            "definitions_hash": release.definitions_hash,
            "files": dict(definitions),
            "created_at": utc_now(),
        }
        append_rows(connection, table, [entry])


def read_definition_set(warehouse: Warehouse, definitions_hash: str) -> dict[str, str]:
    """Return the definition files that a release was made by, path → text; none where they are lost."""
    table = warehouse.table("release.definition_set")
    query = sa.select(table.c.files).where(table.c.definitions_hash == definitions_hash)
    with warehouse.engine.connect() as connection:
        files: Any = connection.execute(query).scalar() or {}
    return json.loads(files) if isinstance(files, str) else dict(files)


def read_release_values(warehouse: Warehouse, release_id: str) -> list[dict[str, Any]]:
    """Return the values of a release as they were published, with `suppression`."""
    table = warehouse.table("release.value")
    query = sa.select(*(column for column in table.columns if column.name != "release_id"))
    with warehouse.engine.connect() as connection:
        rows = connection.execute(query.where(table.c.release_id == release_id)).mappings()
        return [dict(row) for row in rows]


def read_revisions(warehouse: Warehouse, release_id: str) -> list[dict[str, Any]]:
    """Return what changed in a release since the one before, by value, in the order of their keys."""
    table = warehouse.table("release.revision")
    keys = [column for column in table.columns if column.primary_key]
    query = sa.select(table).where(table.c.release_id == release_id).order_by(*keys)
    with warehouse.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def read_input_files(warehouse: Warehouse, submission_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return number, fingerprint, unit and month of submissions, in the ledger's order."""
    table = warehouse.table("ops.submission")
    columns = [table.c[name] for name in ("submission_id", "sha256", "reporting_unit_code", "period")]
    query = (
        sa.select(*columns).where(table.c.submission_id.in_(submission_ids)).order_by(table.c.submission_id)
    )
    with warehouse.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
