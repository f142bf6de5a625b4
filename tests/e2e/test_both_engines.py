"""The main job on DuckDB and on PostgreSQL: the same returns, the same commands, and then the same everywhere.

Two months of every unit, wrong returns among them; a release; resubmissions; a second release. What stands in the
warehouses is compared column by column, what was published byte by byte.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from bisect import bisect
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from command import g60

from g60pipeline.contracts.project import Project
from g60pipeline.operations.marts import prepare
from g60pipeline.operations.published import create_published
from g60pipeline.sample.generate import SAMPLE_OPENING
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.openings import append_opening
from g60pipeline.warehouse.roles import LOADER, create_roles
from postgres import Cluster

pytestmark = pytest.mark.sweep
FIRST, LAST = "2021-02", "2021-03"
RELEASES = (f"{LAST}.1", f"{LAST}.2")
LATE = (f"310117U02_{LAST}_2", f"310117U03_{LAST}_2")
RETURNED = 3  # exit code: ran, but submissions were returned
SCHEMAS = ("ops", "staged", "core", "mart", "release", "pub_v1")
# Of what a clock gave, only the step of the history in which it lies can be the same.
CLOCKS = {
    "received_at", "judged_at", "entered_at", "computed_at", "known_from", "known_to", "created_at", "released_at",
}  # fmt: skip
LEFT_OUT = {
    "ops.check_result.run_id": "Dagster draws it at random",
    "release.release.manifest_sha256": "the manifest bears the instant at which the release was made",
    "pub_v1.release.manifest_sha256": "the manifest bears the instant at which the release was made",
    # What the marks stand for differs in its SQL, and in nothing that a reader sees.
    "ops.marts_from.fingerprint": "hash of SQL in the engine's own dialect",
    "ops.published_from.fingerprint": "hash of SQL in the engine's own dialect",
}


@dataclass
class Run:
    """A home, its warehouse, and the instants between the steps of its history (UTC)."""

    home: Path
    url: str
    steps: list[datetime] = field(default_factory=list[datetime])

    def command(self, *arguments: str, code: int = 0) -> str:
        done: subprocess.CompletedProcess[str] = g60(self.home, *arguments, G60_WAREHOUSE_URL=self.url)
        assert done.returncode == code, f"g60 {' '.join(arguments)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def end_step(self) -> None:
        self.steps.append(datetime.now(UTC).replace(tzinfo=None))


@pytest.fixture(scope="module")
def both(
    sample_home: Path, project: Project, postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Run, Run]]:
    """The same history on both engines."""
    root, url = tmp_path_factory.mktemp("both"), postgres_cluster.create_database()
    _begin(f"duckdb:///{root}/duckdb/warehouse.duckdb", project)
    _begin(url, project)
    runs = (
        Run(root / "duckdb", f"duckdb:///{root}/duckdb/warehouse.duckdb"),
        Run(root / "postgres", _as_loader(url)),
    )
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda run: _live(run, sample_home / "inbox"), runs))
    yield runs
    postgres_cluster.drop_database(url)


def _begin(url: str, project: Project) -> None:
    """What the warehouse's owner does."""
    with Warehouse(url, project) as warehouse:
        prepare(warehouse)
        append_opening(warehouse, SAMPLE_OPENING)
        with warehouse.transaction() as connection:
            create_published(connection, project)
            if connection.dialect.name == "postgresql":
                create_roles(connection, project, passwords={LOADER: "geheim"})


def _as_loader(url: str) -> str:
    """Whoever loads may not create or drop anything. A transaction that waits for another of its own would end here."""
    limit = {"options": "-c statement_timeout=120s"}
    return sa.make_url(url).set(username=LOADER).update_query_dict(limit).render_as_string()


def _live(run: Run, returns: Path) -> None:
    _send(returns, run.home, is_late=False)
    run.command("run", "--from", FIRST, "--to", LAST, code=RETURNED)
    run.command("release", "create", LAST)
    run.end_step()
    _send(returns, run.home, is_late=True)
    run.command("run", "--from", FIRST, "--to", LAST, code=RETURNED)
    run.command("release", "create", LAST, "--stage", "revised", "--note", "两家单位重报")


def _send(returns: Path, home: Path, is_late: bool) -> None:
    """Put the returns of both months into the inbox; two units of the district are late with the second try."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    for file in sorted(returns.iterdir()):
        of_months = FIRST in file.name or LAST in file.name
        if of_months and is_late == file.name.startswith(LATE):
            shutil.copy(file, inbox)


# --- what stands in the warehouses


def _catalogue(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """Columns and their types by relation: tables, views, and functions as they are called."""
    query = (
        "SELECT table_schema || '.' || table_name AS name, column_name, lower(data_type) AS type"
        " FROM information_schema.columns WHERE table_schema IN :schemas"
    )
    found: dict[str, dict[str, str]] = {}
    with warehouse.engine.connect() as connection:
        wanted = sa.text(query).bindparams(sa.bindparam("schemas", SCHEMAS, expanding=True))
        for name, column, type_ in connection.execute(wanted):
            found.setdefault(name, {})[column] = type_
    return found


def _functions(warehouse: Warehouse) -> set[str]:
    if warehouse.engine.dialect.name == "duckdb":
        query = "SELECT schema_name || '.' || function_name FROM duckdb_functions() WHERE function_type = 'table_macro'"
    else:
        query = "SELECT routine_schema || '.' || routine_name FROM information_schema.routines"
    with warehouse.engine.connect() as connection:
        names = set(connection.exec_driver_sql(query).scalars())
    return {name for name in names if name.partition(".")[0] in SCHEMAS}


def _rows(run: Run, warehouse: Warehouse, source: str, types: dict[str, str]) -> list[tuple[str, ...]]:
    """Every row as texts that do not depend on the engine, in an order that does not either."""
    name = source.partition("(")[0]
    # JSON is kept as it was written, so it is compared as text.
    columns = [
        f"CAST({column} AS VARCHAR)" if type_ == "json" else column for column, type_ in sorted(types.items())
    ]
    with warehouse.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT {', '.join(columns)} FROM {source}").fetchall()
    names = sorted(types)
    return sorted(
        tuple(_plain(run, f"{name}.{column}", value) for column, value in zip(names, row, strict=True))
        for row in rows
    )


def _plain(run: Run, column: str, value: Any) -> str:
    if column in LEFT_OUT:
        return "…"
    if isinstance(value, datetime) and column.rpartition(".")[2] in CLOCKS:
        return f"step {bisect(run.steps, value)}"
    if column == "release.release.manifest":
        return json.dumps(_without_clock(json.loads(value)))
    if isinstance(value, float):
        # The order in which an engine adds is its own.
        return str(Decimal(f"{value:.12g}").normalize())
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        whole = value == int(value)
        return str(Decimal(value if whole else f"{value:.12g}").normalize())
    return "∅" if value is None else str(value)


def _without_clock(manifest: dict[str, Any]) -> dict[str, Any]:
    before = [item["release_id"] for item in manifest["releases_before"]]
    return {**manifest, "created_at": "…", "releases_before": before}


def _differences(runs: tuple[Run, Run], project: Project, sources: dict[str, dict[str, str]]) -> list[str]:
    found: list[str] = []
    with Warehouse(runs[0].url, project) as one, Warehouse(runs[1].url, project) as two:
        for source, types in sources.items():
            theirs = [
                _rows(run, warehouse, source.format(at=run.steps[0]), types)
                for run, warehouse in zip(runs, (one, two), strict=True)
            ]
            if theirs[0] != theirs[1]:
                apart = sorted(set(theirs[0]) ^ set(theirs[1]))
                found.append(f"{source}: {len(theirs[0])} and {len(theirs[1])} rows; {apart[:2]}")
    return found


def test_both_hold_the_same_tables_views_and_functions(both: tuple[Run, Run], project: Project) -> None:
    with Warehouse(both[0].url, project) as one, Warehouse(both[1].url, project) as two:
        on_duckdb, on_postgres = _catalogue(one), _catalogue(two)
        assert _functions(one) == _functions(two)
    assert {name: set(columns) for name, columns in on_duckdb.items()} == {
        name: set(columns) for name, columns in on_postgres.items()
    }
    assert {name.partition(".")[0] for name in on_duckdb} == set(SCHEMAS)
    assert set(LEFT_OUT) <= {f"{name}.{column}" for name, columns in on_duckdb.items() for column in columns}


def test_every_table_and_view_holds_the_same_rows(both: tuple[Run, Run], project: Project) -> None:
    with Warehouse(both[0].url, project) as warehouse:
        catalogue = _catalogue(warehouse)
    assert _differences(both, project, catalogue) == []


def test_what_was_known_and_what_was_released_are_the_same(both: tuple[Run, Run], project: Project) -> None:
    """Every function, as of the instant between the two runs and in both releases."""
    with Warehouse(both[0].url, project) as warehouse:
        catalogue, functions = _catalogue(warehouse), _functions(warehouse)
    sources: dict[str, dict[str, str]] = {}
    for base, columns in catalogue.items():
        name = base.removesuffix("_latest")
        if f"{name}_as_of" in functions:
            sources[f"{name}_as_of(TIMESTAMP '{{at}}')"] = columns
            sources |= {f"{name}_in_release('{release}')": columns for release in RELEASES}
    assert len(sources) == 3 * sum(name.endswith("_as_of") for name in functions)
    assert _differences(both, project, sources) == []


def test_the_history_that_is_compared_has_everything_in_it(both: tuple[Run, Run], project: Project) -> None:
    """Returns of every kind, values that were replaced, values that were hidden, revisions that were explained."""
    rows = {
        "returned": "SELECT count(*) FROM ops.verdict WHERE status = 'returned'",
        "replaced": "SELECT count(*) FROM mart.indicator_vintage WHERE known_to IS NOT NULL",
        "revised": "SELECT count(*) FROM release.revision WHERE late_returns <> 0",
        "hidden": "SELECT count(*) FROM release.value WHERE suppression <> ''",
    }
    with Warehouse(both[1].url, project) as warehouse:
        found = {name: int(warehouse.read(query).iat[0, 0]) for name, query in rows.items()}
        differing = warehouse.read(
            "SELECT count(*) FROM mart.indicator_value AS v FULL JOIN mart.indicator_value_as_of(:at) AS b"
            " USING (indicator_id, period, time_basis, level, subject_code, dimension, dimension_code)"
            " WHERE v.value IS DISTINCT FROM b.value",
            {"at": both[1].steps[0]},
        ).iat[0, 0]
    assert all({**found, "differing": differing}.values()), found


# --- what the commands say and write


def test_releases_have_the_same_bytes(both: tuple[Run, Run], tmp_path: Path) -> None:
    said: list[Any] = []
    for at, run in enumerate(both):
        listed = json.loads(run.command("release", "list", "--json"))
        assert [item["release_id"] for item in listed] == list(RELEASES)
        files = [tmp_path / f"{at}-{release}.csv" for release in RELEASES]
        for release, file in zip(RELEASES, files, strict=True):
            run.command("release", "replay", release, "--out", str(file))
        said.append([file.read_bytes() for file in files])
        revisions = json.loads(run.command("release", "revisions", RELEASES[1], "--json"))
        said[-1].append(sorted(json.dumps(item) for item in revisions))
    assert said[0] == said[1]
    assert said[0][0] != said[0][1]


def test_a_release_verifies_on_the_server(both: tuple[Run, Run]) -> None:
    assert json.loads(both[1].command("release", "verify", RELEASES[1], "--json")) == {RELEASES[1]: []}


def test_commands_say_the_same(both: tuple[Run, Run]) -> None:
    one, two = (_said(run) for run in both)
    assert one == two


def _said(run: Run) -> dict[str, Any]:
    status = json.loads(run.command("status", "--from", FIRST, "--to", LAST, "--json", code=RETURNED))
    assert status.pop("where")["board"] == str(run.home / "out" / "board" / f"{LAST}.html")
    indicator = "key_enterprise_organisation_coverage"
    asked = {
        "latest": (),
        "released": ("--release", RELEASES[0]),
        "known": ("--as-of", f"{run.steps[0]:%Y-%m-%dT%H:%M:%S}"),
    }
    values = {
        name: json.loads(run.command("values", indicator, "--period", LAST, "--json", *when))
        for name, when in asked.items()
    }
    assert all(values.values())
    page = Path(run.command("board", "--month", LAST).strip())
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "…", page.read_text(encoding="utf-8"))
    return {"status": status, "values": values, "board": text.splitlines()}


def test_what_is_published_has_the_same_bytes(both: tuple[Run, Run], project: Project) -> None:
    """Once the releases were made at the same instants, which stand in their manifests too: that is all that differs."""
    owners = sa.make_url(both[1].url).set(username="postgres").render_as_string()
    with Warehouse(both[0].url, project) as one, Warehouse(owners, project) as two:
        made = one.read("SELECT release_id, created_at, manifest_sha256 FROM release.release").to_dict(
            "records"
        )
        update = "UPDATE release.release SET created_at = :created_at, manifest_sha256 = :manifest_sha256"
        with two.transaction() as connection:
            for release in made:
                connection.execute(sa.text(f"{update} WHERE release_id = :release_id"), release)
    folders = [Path(json.loads(run.command("publish", "--json"))["folder"]) for run in both]
    files = [
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in folders
    ]
    assert folders[0].name == folders[1].name
    assert set(files[0]) == set(files[1])
    # DuckDB's file bears statistics that vary from one writing to the next.
    varying = {"g60.duckdb", "SHA256SUMS"}
    assert {name for name, data in files[0].items() if data != files[1][name]} <= varying
    assert sum(name.endswith((".csv", ".parquet")) for name in files[0]) == 2 * len(project.tables)
