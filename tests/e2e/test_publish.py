"""`g60 publish` and what readers find afterwards, on a warehouse in which something was released."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import frictionless
import pytest

from g60pipeline.contracts.project import Project
from g60pipeline.operations.publish import PublishError, publish
from g60pipeline.settings import Settings, load_settings
from g60pipeline.warehouse.engine import Warehouse
from snapshot_world import add_release, value_row

_UNITS = ("310117001", "310117002", "310117107")


@pytest.fixture(scope="module")
def created(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose warehouse holds one release."""
    home = tmp_path_factory.mktemp("created")
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        warehouse.create()
        add_release(warehouse, 1, _values(1))
    return home


@pytest.fixture(scope="module")
def published(created: Path, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `publish` made of it. Read only."""
    home = tmp_path_factory.mktemp("published") / "home"
    shutil.copytree(created, home)
    settings = load_settings({"G60_HOME": str(home)})
    with Warehouse(settings.warehouse_url, project) as warehouse:
        publish(settings, project, warehouse)
    return home / "published"


@pytest.fixture
def settings(created: Path, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    shutil.copytree(created, home)
    return load_settings({"G60_HOME": str(home)})


@pytest.fixture
def warehouse(settings: Settings, project: Project) -> Iterator[Warehouse]:
    with Warehouse(settings.warehouse_url, project) as warehouse:
        yield warehouse


def _values(number: int) -> list[dict[str, Any]]:
    return [value_row(f"2021-12.{number}", unit, number * 10.0 + at) for at, unit in enumerate(_UNITS)]


def _run(settings: Settings, *prefix: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, sys.executable, "-m", "g60pipeline.cli", "publish", "--json"],
        env={**os.environ, "G60_HOME": str(settings.home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _current(settings: Settings) -> dict[str, Any]:
    return json.loads((settings.home / "published" / "current.json").read_text(encoding="utf-8"))


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_command_leads_every_name_to_the_snapshot(settings: Settings) -> None:
    done = _run(settings)
    assert done.returncode == 0, done.stderr
    said, current, root = json.loads(done.stdout), _current(settings), settings.home / "published"
    assert said["snapshot"] == current["snapshot"]
    assert said["snapshot"].startswith("2021-12.1-")
    assert (current["released_at"], current["releases"]) == ("2022-01-13T01:30:00Z", ["2021-12.1"])
    folder = root / current["path"]
    assert (root / "latest").resolve() == folder.resolve()
    assert {file["path"] for file in current["files"]} == set(_tree(folder))
    for file in current["files"]:
        data = (folder / file["path"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    for name in ("g60.xlsx", "g60.duckdb"):
        assert (root / name).read_bytes() == (folder / name).read_bytes()
    sums = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert (sums.returncode, sums.stdout) == (0, b"")
    assert not list(root.glob(".tmp-*"))


def test_frictionless_finds_nothing_wrong_with_what_is_published(published: Path, project: Project) -> None:
    report = frictionless.validate(str(published / "latest" / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "message"])
    assert report.stats["warnings"] == 0
    assert len(report.tasks) == 2 * len(project.tables)


def test_the_database_holds_what_the_views_show(published: Path, project: Project) -> None:
    with Warehouse(
        f"duckdb:///{published.parent / 'warehouse.duckdb'}", project, read_only=True
    ) as warehouse:
        views = {
            t.name: warehouse.read(f"SELECT {', '.join(t.column_names)} FROM {t.full_name}")
            for t in project.tables.values()
        }
    with duckdb.connect(str(published / "latest" / "g60.duckdb"), read_only=True) as connection:
        for table in project.tables.values():
            found = connection.execute(f"FROM {table.full_name}").fetchall()
            expected = [tuple(row) for row in views[table.name].astype(object).itertuples(index=False)]
            key = [table.column_names.index(name) for name in table.key]
            assert [[str(row[at]) for at in key] for row in found] == sorted(
                [str(row[at]) for at in key] for row in expected
            )
        values = connection.execute(
            "SELECT value FROM pub_v1.indicator_value ORDER BY subject_code"
        ).fetchall()
    assert values == [(10.0,), (11.0,), (12.0,)]


def test_postgresql_publishes_the_same_bytes(
    settings: Settings, project: Project, published: Path, postgres_url: str
) -> None:
    """All but DuckDB's file, in which a few bytes of statistics vary, and its line in SHA256SUMS."""
    with Warehouse(postgres_url, project) as server:
        server.create()
        add_release(server, 1, _values(1))
        done = publish(replace(settings, warehouse_url=postgres_url), project, server)
    one, two = _tree(done.folder), _tree(published / "latest")
    assert done.folder.name == (published / "latest").resolve().name
    assert {name for name in one if one[name] != two[name]} <= {"g60.duckdb", "SHA256SUMS"}
    assert set(one) == set(two)


def test_what_has_not_changed_is_published_once(
    settings: Settings, project: Project, warehouse: Warehouse
) -> None:
    first = publish(settings, project, warehouse)
    before = _tree(settings.home / "published")
    again = publish(settings, project, warehouse)
    assert (first.is_new, again.is_new, again.snapshot) == (True, False, first.snapshot)
    assert _tree(settings.home / "published") == before


def test_the_newest_release_names_the_snapshot(
    settings: Settings, project: Project, warehouse: Warehouse
) -> None:
    add_release(warehouse, 2, _values(2))
    with pytest.raises(PublishError, match=r"the newest release is 2021-12\.2, not 2021-12\.1"):
        publish(settings, project, warehouse, "2021-12.1")
    assert not (settings.home / "published" / "current.json").exists()
    done = publish(settings, project, warehouse, "2021-12.2")
    assert done.snapshot.startswith("2021-12.2-")
    assert done.releases == ("2021-12.2",)


def test_without_a_release_there_is_nothing_to_publish(project: Project, tmp_path: Path) -> None:
    settings = load_settings({"G60_HOME": str(tmp_path)})
    done = _run(settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "not published: there is no release yet"


def test_a_full_disk_leaves_readers_what_they_had(
    settings: Settings, project: Project, warehouse: Warehouse
) -> None:
    """No file may grow beyond the limit, so writing stops within DuckDB's file, as on a full disk."""
    publish(settings, project, warehouse)
    before = _tree(settings.home / "published")
    add_release(warehouse, 2, _values(2))
    warehouse.close()
    done = _run(settings, "prlimit", "--fsize=1000000")
    assert done.returncode == 1
    assert done.stderr.startswith("not published, current.json is as it was: ")
    assert "Traceback" not in done.stderr
    assert _tree(settings.home / "published") == before


def test_a_folder_that_cannot_be_written_is_explained(
    settings: Settings, project: Project, warehouse: Warehouse
) -> None:
    publish(settings, project, warehouse)
    before, root = _tree(settings.home / "published"), settings.home / "published"
    add_release(warehouse, 2, _values(2))
    warehouse.close()
    root.chmod(0o555)
    # root may write anywhere, unless it is told that it may not.
    prefix = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
    done = _run(settings, *prefix)
    root.chmod(0o755)
    assert done.returncode == 1
    assert "not published, current.json is as it was: " in done.stderr
    assert "Permission denied" in done.stderr
    assert _tree(root) == before


def test_a_name_that_is_taken_by_a_folder_is_explained(
    settings: Settings, project: Project, warehouse: Warehouse
) -> None:
    (settings.home / "published" / "latest").mkdir(parents=True)
    with pytest.raises(PublishError, match="latest"):
        publish(settings, project, warehouse)
    assert not (settings.home / "published" / "current.json").exists()


_SECRET, _SECRET_TEXT = 73046512.15625, "保密企业甲乙丙丁"


def test_no_trace_of_a_suppressed_value_is_published(
    settings: Settings, project: Project, warehouse: Warehouse
) -> None:
    """The true value stands in core and in the values as known to the district; the release hides it."""
    hidden = value_row(
        "2021-12.2", "310117003", None, status="suppressed", suppression="primary", coverage_ratio=None
    )
    add_release(warehouse, 2, [*_values(2), hidden])
    with warehouse.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO mart.indicator_vintage SELECT * EXCLUDE (release_id, suppression) REPLACE "
            f"({_SECRET} AS value, {_SECRET} AS numerator, '{_SECRET_TEXT}' AS note), 'd', TIMESTAMP '2022-01-01', NULL "
            "FROM release.value WHERE subject_code = '310117003'"
        )
    assert _SECRET in warehouse.read("SELECT value FROM mart.indicator_vintage")["value"].tolist()
    done = publish(settings, project, warehouse)
    assert b",suppressed," in (done.folder / "csv" / "indicator_value.csv").read_bytes()
    published = {**_tree(settings.home / "published"), **_unpacked(done.folder)}
    for name, data in published.items():
        assert not [trace for trace in _traces() if trace in data], name


def _traces() -> list[bytes]:
    number = [repr(_SECRET), str(int(_SECRET)), f"{int(_SECRET):,}"]
    floats = [struct.pack(order + kind, _SECRET) for order in "<>" for kind in "df"]
    whole = [int(_SECRET).to_bytes(8, "little"), _SECRET_TEXT.encode("utf-16-le"), _SECRET_TEXT.encode()]
    return [*(text.encode() for text in number), *floats, *whole]


def _unpacked(folder: Path) -> dict[str, bytes]:
    """What compression hides: the workbook's parts, the columns of Parquet and DuckDB written plainly."""
    with ZipFile(folder / "g60.xlsx") as parts:
        found = {f"xlsx/{name}": parts.read(name) for name in parts.namelist()}
    with duckdb.connect(str(folder / "g60.duckdb"), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        for (name,) in tables:
            found[f"duckdb/{name}"] = _plainly(connection.execute(f"FROM pub_v1.{name}").fetchall())
    for path in folder.glob("parquet/*"):
        found[str(path)] = _plainly(duckdb.execute(f"FROM read_parquet('{path}')").fetchall())
        found[f"{path}/statistics"] = _plainly(duckdb.execute(f"FROM parquet_metadata('{path}')").fetchall())
    return found


def _plainly(rows: list[tuple[Any, ...]]) -> bytes:
    cells = [cell for row in rows for cell in row if cell is not None]
    floats = b"".join(struct.pack("<d", cell) for cell in cells if isinstance(cell, float))
    return floats + "\n".join(map(str, cells)).encode()
