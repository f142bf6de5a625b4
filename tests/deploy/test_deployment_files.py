"""What deploy/ promises can be read off its files: who is published, who is read-only, which settings and commands exist."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from g60pipeline.defs import instance

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
# Read by Dagster, libpq, the workspace and PostgreSQL's image; what begins with G60_ is the pipeline's own.
OTHERS = {"DAGSTER_HOME", "G60_DAGSTER_POSTGRES_URL", "PGPASSFILE", "PGPASSWORD", "CODE_SERVER_HOST"}
POSTGRES_IMAGE = {"POSTGRES_PASSWORD_FILE", "ROLE_PASSWORD_FILE", "PGDATA"}


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


COMPOSE = read_yaml(DEPLOY / "compose" / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def read_unit(path: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(path.read_text("utf-8"))
    return unit


def commands() -> dict[str, list[str]]:
    units = {path.stem: shlex.split(read_unit(path)["Service"]["ExecStart"]) for path in UNITS}
    ours = {name: service["command"] for name, service in SERVICES.items() if "command" in service}
    return {**{f"systemd {name}": line for name, line in units.items()}, **ours}


@cache
def read_help(program: str, *words: str) -> str:
    command = [Path(sys.executable).with_name(program), *words, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def named_in(path: Path) -> Iterator[str]:
    yield from re.findall(r"\b(?:G60_|DAGSTER_|PG)[A-Z_]+\b", path.read_text("utf-8"))


def test_compose_follows_its_specification() -> None:
    check = [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    run = subprocess.run([*check, DEPLOY / "compose" / "compose.yaml"], capture_output=True, text=True)

    assert run.returncode == 0, run.stdout


def test_nothing_is_published_but_the_proxy() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "proxy": ["8443:8443", "9443:9443"]
    }
    assert all(service.get("network_mode") is None for service in SERVICES.values())
    assert COMPOSE["networks"]["inside"]["internal"] is True
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {"proxy", "code-server"}


def test_every_service_is_confined_and_says_how_it_is() -> None:
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "healthcheck" in service or name == "prepare", name


def test_images_are_named_by_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    values = read_yaml(DEPLOY / "helm" / "values.yaml")
    images = {service["image"] for service in SERVICES.values()}

    assert images == set(values["images"].values())
    assert f"g60pipeline:{version}" in images
    assert all(re.search(r":\d+\.\d+", image) for image in images)
    assert read_yaml(DEPLOY / "helm" / "Chart.yaml")["appVersion"] == version


def test_the_image_is_built_without_a_network() -> None:
    assert SERVICES["prepare"]["build"]["network"] == "none"
    assert not re.search(
        r"apt-get|curl|wget|pip install|# syntax", (DEPLOY / "compose" / "Dockerfile").read_text()
    )


def test_secrets_are_files_and_no_password_stands_in_a_setting() -> None:
    made = (DEPLOY / "compose" / "make-secrets").read_text("utf-8")
    for secret in COMPOSE["secrets"].values():
        path = Path(secret["file"])
        assert path.parent == Path("/etc/g60/secrets")
        assert path.name in made or path.name.split(".")[0] in made
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert name.endswith("_FILE") or "PASSWORD" not in name
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value))


@pytest.mark.parametrize("name", ["webserver", "webserver-readonly", "systemd g60-webserver"])
def test_only_the_viewers_webserver_is_read_only(name: str) -> None:
    assert ("--read-only" in commands()[name]) is (name == "webserver-readonly")
    assert "--read-only" in commands()["systemd g60-webserver-readonly"]


def test_the_plain_machines_servers_are_bound_to_it() -> None:
    for name, line in commands().items():
        if name.startswith("systemd") and "--host" in line:
            assert line[line.index("--host") + 1] == "127.0.0.1", name


@pytest.mark.parametrize("name", commands())
def test_commands_exist_and_take_what_they_are_given(name: str) -> None:
    line = commands()[name]
    if name == "prepare":
        assert line[-2:] == ["/opt/g60/current/deploy/dagster.yaml", "/var/lib/g60/dagster/dagster.yaml"]
        return
    program = Path(line[0]).name
    words = {"dagster": line[1:3], "dagster-daemon": ["run"]}.get(program, [])
    assert line[1 : 1 + len(words)] == words
    text = read_help(program, *words)

    assert [word for word in line if word.startswith("--") and word not in text] == []


def test_every_setting_that_is_named_is_read_by_somebody() -> None:
    read = set(re.findall(r'env\.get\("(G60_[A-Z_]+)"', (ROOT / "src/g60pipeline/settings.py").read_text()))
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".md"]
    named = {name for path in files for name in named_in(path)}

    assert len(files) > 20
    assert named - read - OTHERS - POSTGRES_IMAGE == set()
    assert {"G60_HOME", "G60_WAREHOUSE_URL"} <= named & read


def test_units_are_confined() -> None:
    common = read_unit(DEPLOY / "systemd" / "g60-.service.d" / "hardened.conf")["Service"]

    assert len(UNITS) == 4
    assert (common["User"], common["NoNewPrivileges"], common["ProtectSystem"]) == ("g60", "yes", "strict")
    assert common["StateDirectory"] == "g60"
    for path in UNITS:
        assert path.stem.startswith("g60-")
        assert read_unit(path)["Service"]["ExecStart"].startswith("/opt/g60/current/bin/")


def test_a_servers_instance_is_what_g60_writes_where_dagster_is_kept_in_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(instance.POSTGRES_URL, "postgresql+psycopg2://")

    assert read_yaml(DEPLOY / "dagster.yaml") == read_yaml(instance.prepare_home(tmp_path) / "dagster.yaml")


def test_the_chart_carries_the_same_proxy_and_the_same_first_steps_of_the_database() -> None:
    files = DEPLOY / "helm" / "files"

    assert (files / "g60.conf").resolve() == DEPLOY / "nginx" / "g60.conf"
    assert (files / "postgres-init.sh").resolve() == DEPLOY / "compose" / "postgres-init.sh"


def test_the_charts_values_follow_its_schema() -> None:
    helm = DEPLOY / "helm"
    check = [Path(sys.executable).with_name("check-jsonschema"), "--schemafile", helm / "values.schema.json"]

    assert subprocess.run([*check, helm / "values.yaml"], capture_output=True).returncode == 0
