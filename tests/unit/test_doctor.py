"""`g60 doctor`: every situation that it warns of is made, and named with what to do."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from g60pipeline.cli import app
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.operations import doctor, doctor_machine
from g60pipeline.operations.doctor import examine
from g60pipeline.operations.doctor_machine import Check
from g60pipeline.settings import find_project_root, load_settings
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.roles import create_roles
from postgres import Cluster

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
Examine = Callable[..., dict[str, Check]]


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(find_project_root())


@pytest.fixture
def look(tmp_path: Path, project: Project) -> Examine:
    """Examine a home; environment by keyword."""

    def examine_home(**environment: str) -> dict[str, Check]:
        settings = load_settings({"G60_HOME": str(tmp_path), **environment})
        return {check.name: check for check in examine(settings, project, 1, lambda: 0)}

    return examine_home


def make(home: Path, project: Project) -> Path:
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        warehouse.create()
    return home / "warehouse.duckdb"


def test_a_new_machine_is_fine_and_nothing_is_made_on_it(look: Examine, tmp_path: Path) -> None:
    found = look()
    assert {name for name, check in found.items() if check.status == "fail"} == set()
    assert found["warehouse"].advice == "the first run, or g60 migrate, makes it"
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_in_order_is_named_with_its_versions(
    look: Examine, tmp_path: Path, project: Project
) -> None:
    make(tmp_path, project)
    found = look()
    assert "storage version v" in found["warehouse"].found
    assert (found["revision"].status, found["write_lock"].status) == ("ok", "ok")


def test_whoever_holds_the_file_is_named(look: Examine, tmp_path: Path, project: Project) -> None:
    file = make(tmp_path, project)
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        found = look()
        holder.communicate()
    assert found["write_lock"].status == "warn"
    assert f"process {holder.pid} holds" in found["write_lock"].found
    assert "revision" not in found


@pytest.mark.parametrize("damage", [b"no database" * 999, None])
def test_a_file_that_cannot_be_read_is_a_failure(
    look: Examine, tmp_path: Path, project: Project, damage: bytes | None
) -> None:
    file = make(tmp_path, project)
    if damage is None:  # a header of a storage version to come
        data = bytearray(file.read_bytes())
        data[12] = 99
        damage = bytes(data)
    file.write_bytes(damage)
    assert look()["warehouse"].status == "fail"


def test_an_older_warehouse_waits_for_migrate(look: Examine, tmp_path: Path, project: Project) -> None:
    with (
        Warehouse(f"duckdb:///{make(tmp_path, project)}", project) as warehouse,
        warehouse.transaction() as connection,
    ):
        connection.exec_driver_sql("UPDATE ops.schema_version SET version_num = '0001'")
    found = look()["revision"]
    assert (found.status, found.found[:4]) == ("warn", "0002")
    with (
        Warehouse(f"duckdb:///{tmp_path / 'warehouse.duckdb'}", project) as warehouse,
        warehouse.transaction() as connection,
    ):
        connection.exec_driver_sql("UPDATE ops.schema_version SET version_num = '9999'")
    assert "newer version" in look()["warehouse"].found


def test_on_postgresql_roles_are_looked_for(look: Examine, postgres_url: str, project: Project) -> None:
    with Warehouse(postgres_url, project) as warehouse:
        warehouse.create()
        made = look(G60_WAREHOUSE_URL=postgres_url)
        assert "PostgreSQL" in made["warehouse"].found
        with warehouse.transaction() as connection:
            from g60pipeline.operations.published import create_published

            create_published(connection, project)
            create_roles(connection, project)
    assert look(G60_WAREHOUSE_URL=postgres_url)["roles"].status == "ok"


def test_missing_roles_and_a_missing_server_are_named(look: Examine, project: Project) -> None:
    own = Cluster()  # roles are a whole server's
    url = own.create_database()
    with Warehouse(url, project) as warehouse:
        warehouse.create()
    found = look(G60_WAREHOUSE_URL=url)["roles"]
    assert (found.status, found.advice) == ("warn", "g60 roles create")
    assert "g60_owner" in found.found
    own.stop()
    gone = look(G60_WAREHOUSE_URL=url)
    assert gone["warehouse"].status == "fail"
    assert "Is the server running" in gone["warehouse"].found


def test_a_url_of_no_warehouse_is_a_failure_without_its_password(look: Examine) -> None:
    found = look(G60_WAREHOUSE_URL="mysql://me:secret@host/db")
    assert found["warehouse"].status == "fail"
    assert "secret" not in json.dumps([vars(check) for check in found.values()])


@pytest.fixture
def listening(request: pytest.FixtureRequest) -> Iterator[int]:
    host: str = request.param
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("listening", "status"),
    [("127.0.0.1", "ok"), ("::1", "ok"), ("0.0.0.0", "fail"), ("::", "fail")],
    indirect=["listening"],
)
def test_pages_that_other_machines_reach_are_a_failure(listening: int, status: str) -> None:
    assert doctor_machine.check_ui(listening).status == status


def test_telemetry_that_is_left_on_is_a_failure(
    look: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_DISABLE_TELEMETRY", raising=False)
    settings = tmp_path / "dagster" / "dagster.yaml"
    settings.parent.mkdir()
    for text, status in (("telemetry: {enabled: false}", "ok"), ("nux: {}", "fail"), ("- a\n{", "fail")):
        settings.write_text(text)
        assert look()["telemetry"].status == status
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    assert look()["telemetry"].status == "ok"


def test_run_storage_that_does_not_answer_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").touch()

    def fail() -> int:
        raise RuntimeError("no such\nserver")

    found = doctor.check_run_storage(tmp_path, fail)
    assert (found.status, found.found) == ("fail", "no such server")


def test_places_that_cannot_be_reached_are_failures(look: Examine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = look(
        G60_INBOX="nosuch://inbox", G60_ARCHIVE=str(tmp_path / "file" / "archive"), G60_NOTIFY_URLS="nonsense"
    )
    assert (found["inbox"].status, found["addresses"].status) == ("fail", "fail")
    assert found["archive"].status != "ok"
    assert doctor_machine.check_home(tmp_path / "file").status == "fail"


def test_old_packages_and_missing_ones_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor_machine.check_packages().status == "ok"
    monkeypatch.setattr(
        doctor_machine, "requires", lambda _: ["pandas<1", "nosuchpackage>=2", "x; extra == 'dev'"]
    )
    found = doctor_machine.check_packages()
    assert found.status == "fail"
    assert "is not <1; nosuchpackage is missing" in found.found


def test_a_machine_without_chinese_fonts_is_warned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "fontconfig" in doctor_machine.check_fonts().advice
    listing = tmp_path / "fc-list"
    listing.write_text("#!/bin/sh\n")
    listing.chmod(0o755)
    assert "fonts-noto-cjk" in doctor_machine.check_fonts().advice
    listing.write_text("#!/bin/sh\necho 'Noto Sans CJK SC,思源黑体'\n")
    assert doctor_machine.check_fonts() == Check("fonts", "ok", "Noto Sans CJK SC")


def test_a_machine_without_time_zones_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor_machine.check_time_zone().status == "ok"
    before = zoneinfo.TZPATH
    monkeypatch.setitem(sys.modules, "tzdata", None)  # the package that stands in for the system's files
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
    try:
        assert doctor_machine.check_time_zone().advice == "apt-get install tzdata"
    finally:
        zoneinfo.reset_tzpath(before)


def test_a_clock_before_what_has_happened_is_a_failure() -> None:
    assert doctor_machine.check_clock(None).status == "ok"
    assert doctor_machine.check_clock(datetime(2199, 1, 1)).status == "fail"
    assert doctor_machine.check_clock(None, datetime(1999, 1, 1)).status == "fail"


def test_a_disk_of_another_machine_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind: Any = lambda _: "nfs4"  # noqa: E731
    monkeypatch.setattr(doctor_machine, "_file_system", kind)
    assert "PostgreSQL" in doctor_machine.check_home(tmp_path).advice


@pytest.mark.parametrize(("free", "status"), [(0.5, "fail"), (3, "warn"), (9, "ok")])
def test_a_disk_that_fills_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, status: str
) -> None:
    usage: Any = lambda _: _Usage(free)  # noqa: E731
    monkeypatch.setattr(doctor_machine.shutil, "disk_usage", usage)
    assert doctor_machine.check_disk(tmp_path / "not" / "made").status == status


class _Usage:
    def __init__(self, free: float) -> None:
        self.free = free * doctor_machine.GIGABYTE


def test_the_command_says_it_and_fails_when_something_does(tmp_path: Path) -> None:
    env = {"G60_HOME": str(tmp_path), "G60_INBOX": "nosuch://inbox", "G60_WAREHOUSE_URL": None}
    done = CliRunner().invoke(app, ["doctor", "--port", "1", "--json"], env=env)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["fail"]) == (1, 1)
    shown = CliRunner().invoke(app, ["doctor", "--port", "1"], env=env)
    assert "set G60_INBOX right" in shown.stdout
    fine = CliRunner().invoke(app, ["doctor", "--port", "1"], env={**env, "G60_INBOX": None})
    assert fine.exit_code == 0
