"""Publishing: everything in `pub_v1` becomes files for readers, replaced as a whole.

Belongs here: which files a snapshot has, and its name. Not here: values (warehouse.snapshot), the workbook and the
descriptions (reports.snapshot_*), names and locks (snapshots.py).

The same rows give the same CSV, Parquet, workbook, package and README, byte by byte, on either engine: they bear no clock but
the release's. So they name the snapshot, and what has not changed is no new one. DuckDB's file holds the same rows, but a few
bytes of its statistics differ from one writing to the next, so it is left out of the name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.project import Project
from g60pipeline.logs import emit
from g60pipeline.operations.snapshots import (
    DamagedSnapshot,
    SnapshotFolder,
    file_hash,
    files_in,
    read_sums,
    write_sums,
)
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse
    from g60pipeline.warehouse.snapshot import PublishedRelease, Rows

WORKBOOK, PACKAGE, README = "g60.xlsx", "datapackage.json", "README.md"


class PublishError(RuntimeError):
    """`current.json` is as it was. The message says why and what to do."""


@dataclass(frozen=True)
class Published:
    """A snapshot that `current.json` names. `is_new`: there was none with this content."""

    snapshot: str
    folder: Path
    released_at: datetime
    releases: tuple[str, ...]
    file_count: int
    is_new: bool


def published_folder(settings: Settings) -> Path:
    """Folder that readers see."""
    return settings.home / "published"


def publish(
    settings: Settings,
    project: Project,
    warehouse: Warehouse,
    release_id: str | None = None,
    at: datetime | None = None,
) -> Published:
    """Write what the releases hold as a snapshot and lead readers to it. `at` (UTC) is now unless given.

    `release_id` says which release must be the newest one; PublishError when it is not, when there is none, or when files
    cannot be written. WarehouseError when the warehouse cannot be read.
    """
    from g60pipeline.operations.published import create_published
    from g60pipeline.warehouse.snapshot import SnapshotError, read_published

    with warehouse.transaction() as connection:
        create_published(connection, project)
    folder = SnapshotFolder(published_folder(settings))
    try:
        with folder.locked():
            rows = read_published(warehouse, project.tables.values())
            published = replace_snapshot(folder, project, rows, release_id, at)
    except (OSError, ValueError, SnapshotError, DamagedSnapshot) as error:
        raise PublishError(f"not published, current.json is as it was: {error}") from error
    emit("published", snapshot=published.snapshot, is_new=published.is_new)
    return published


def _newest(releases: list[PublishedRelease], wanted: str | None) -> PublishedRelease:
    if not releases:
        raise PublishError("not published: there is no release yet")
    newest = releases[-1]
    if wanted not in (None, newest.release_id):
        raise PublishError(f"not published: the newest release is {newest.release_id}, not {wanted}")
    return newest


def replace_snapshot(
    folder: SnapshotFolder,
    project: Project,
    rows: Rows,
    release_id: str | None = None,
    at: datetime | None = None,
) -> Published:
    """Write rows as a snapshot and lead readers to it, within `folder.locked()`; what it raises, `publish` explains."""
    from g60pipeline.reports.snapshot_package import instant
    from g60pipeline.warehouse.snapshot import DATABASE, releases_of

    releases = releases_of(project.tables["release"], rows)
    newest = _newest(releases, release_id)
    current = tuple(sorted(release.release_id for release in releases if release.is_newest))
    with folder.fresh() as fresh:
        _write(fresh, project, rows, current, newest)
        name = f"{newest.release_id}-{_content_hash(fresh)}"
        is_new = folder.admit(fresh, name)
    about = {"released_at": instant(newest.released_at), "releases": list(current)}
    outdated = folder.switch(name, about, (DATABASE, WORKBOOK), at or datetime.now(UTC).replace(tzinfo=None))
    folder.remove(outdated)
    place = folder.root / name
    return Published(name, place, newest.released_at, current, len(files_in(place)), is_new)


def _content_hash(folder: Path) -> str:
    from g60pipeline.warehouse.snapshot import DATABASE

    hashes = read_sums(folder)
    del hashes[DATABASE]
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:12]


def _facts(current: tuple[str, ...], newest: PublishedRelease) -> list[tuple[Text, str]]:
    from g60pipeline.reports.pages import format_beijing

    return [
        (Text(zh="最新发布", en="Newest release"), newest.release_id),
        (Text(zh="发布时间（北京）", en="Released at (Beijing)"), format_beijing(newest.released_at)),
        (Text(zh="各月最新发布", en="Newest release of each month"), ", ".join(current)),
    ]


def _write(
    fresh: Path, project: Project, rows: Rows, current: tuple[str, ...], newest: PublishedRelease
) -> None:
    from g60pipeline.reports.snapshot_readme import build_readme
    from g60pipeline.reports.snapshot_workbook import write_workbook
    from g60pipeline.warehouse.snapshot import NULL, write_data

    tables, facts = list(project.tables.values()), _facts(current, newest)
    write_data(fresh, tables, rows)
    units = project.code_lists["measurement_units"]
    write_workbook(fresh / WORKBOOK, tables, rows, facts, units, newest.released_at)
    package = _package(fresh, project, rows, newest)
    (fresh / PACKAGE).write_text(package, encoding="utf-8")
    (fresh / README).write_text(build_readme(tables, rows, facts, NULL), encoding="utf-8")
    write_sums(fresh)


def _package(fresh: Path, project: Project, rows: Rows, newest: PublishedRelease) -> str:
    from g60pipeline.reports.snapshot_package import FileFacts, build_package, find_foreign_keys, instant
    from g60pipeline.warehouse.snapshot import NULL

    tables = list(project.tables.values())
    facts = [
        FileFacts(path.relative_to(fresh).as_posix(), file_hash(path), path.stat().st_size)
        for path in files_in(fresh)
    ]
    about = {
        "title": "松江区产业集群党建数据 / Songjiang industrial clusters",
        "version": newest.release_id,
        "created": instant(newest.released_at),
    }
    keys = find_foreign_keys(tables, rows)
    package = build_package(tables, {fact.path: fact for fact in facts}, keys, NULL, about)
    return json.dumps(package, ensure_ascii=False, indent=2) + "\n"
