"""The definitions load, cheaply and everywhere, and say what every asset and check is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest
from refresh_graph_snapshot import check_specs

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.instance import prepare_home
from g60pipeline.defs.resources import House

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
HEAVY = {"pandas", "great_expectations", "sqlalchemy", "duckdb", "sqlglot", "polars", "altair"}
LOADED = """
import json, sys
import g60pipeline.definitions
print(json.dumps(sorted(sys.modules)))
"""
TABLES = ("staged", "core", "mart")


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(ROOT)


@pytest.fixture(scope="module")
def graph() -> dg.Definitions:
    return build_definitions()


@pytest.fixture(scope="module")
def specs(graph: dg.Definitions) -> list[dg.AssetSpec]:
    return list(graph.resolve_all_asset_specs())


def run(command: list[str | Path], home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DAGSTER_HOME": str(prepare_home(home)), "G60_HOME": str(home)}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def test_importing_the_definitions_loads_nothing_heavy(tmp_path: Path) -> None:
    done = run([sys.executable, "-c", LOADED], tmp_path)

    assert done.returncode == 0, done.stderr
    assert HEAVY.isdisjoint(json.loads(done.stdout))


def test_loading_the_code_location_warns_of_nothing(tmp_path: Path) -> None:
    program = "import g60pipeline.definitions as d; d.definitions()"

    done = run([sys.executable, "-W", "error", "-c", program], tmp_path)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        [SCRIPTS / "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        [SCRIPTS / "dg", "check", "defs"],
    ],
    ids=["dagster", "dg"],
)
def test_dagsters_own_validation_passes(command: list[str | Path], tmp_path: Path) -> None:
    done = run(command, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_asset_says_what_it_is_and_whose(specs: list[dg.AssetSpec]) -> None:
    silent = [
        spec.key.to_user_string()
        for spec in specs
        if not (spec.description and spec.owners and spec.kinds and spec.group_name not in (None, "default"))
    ]
    assert silent == []


def test_every_table_describes_its_columns(specs: list[dg.AssetSpec]) -> None:
    tables = [spec for spec in specs if spec.key.path[0] in TABLES]
    assert {spec.key.path[0] for spec in tables} == set(TABLES)
    for spec in tables:
        columns = spec.metadata["dagster/column_schema"].columns
        assert columns, spec.key
        assert spec.metadata["dagster/table_name"] == ".".join(spec.key.path)


def test_a_forms_tables_have_the_contracts_columns(specs: list[dg.AssetSpec], project: Project) -> None:
    by_key = {tuple(spec.key.path): spec.metadata.get("dagster/column_schema") for spec in specs}
    for name, form in project.forms.items():
        for layer in ("staged", "core"):
            columns = [column.name for column in by_key[layer, name].columns]
            assert columns[-len(form.fields) :] == [field.name for field in form.fields]


def test_each_expectation_is_one_check(graph: dg.Definitions, project: Project) -> None:
    cover = {("quality/verdicts", rule.check) for rule in project.cover.rules}
    forms = {(f"staged/{form.name}", rule.check) for form in project.forms.values() for rule in form.rules}
    corrections = {(f"core/{name}", "corrections_meet_their_expected_value") for name in project.forms}
    intake = set(project.messages.intake)

    checks = Counter((spec.asset_key.to_user_string(), spec.name) for spec in check_specs(graph))

    assert max(checks.values()) == 1
    of_intake = {(asset, name) for asset, name in checks if name in intake}
    assert Counter(name for _, name in of_intake) == Counter(intake)
    assert {asset for asset, _ in of_intake} == {"intake/received", "quality/verdicts"}
    whole = {("quality/verdicts", "every_expected_return_is_in")}
    assert set(checks) - of_intake == cover | forms | corrections | whole


def test_every_check_says_why_and_how_grave(graph: dg.Definitions) -> None:
    for spec in check_specs(graph):
        assert spec.description, spec.key
        assert spec.metadata["severity"] in ("critical", "warning", "info"), spec.key
        assert spec.metadata["level"] in range(6), spec.key
        assert not spec.blocking, f"{spec.key} would stop the other units"


def test_everything_that_runs_by_itself_says_when_and_why(graph: dg.Definitions) -> None:
    repository = graph.get_repository_def()
    jobs = [repository.get_job(name) for name in repository.job_names if not name.startswith("__")]
    for definition in (*jobs, *repository.sensor_defs, *repository.schedule_defs):
        assert definition.description, definition.name
        assert "\n" not in definition.description, definition.name


def test_the_house_can_be_another_one(tmp_path: Path) -> None:
    other = House(home=str(tmp_path))

    graph = build_definitions(resource_overrides={"house": other})

    assert graph.resources is not None
    assert graph.resources["house"] is other
    assert other.settings.home == tmp_path
    assert other.settings.inbox == str(tmp_path / "inbox")
    assert House(home=str(tmp_path), inbox="memory://in").settings.inbox == "memory://in"
