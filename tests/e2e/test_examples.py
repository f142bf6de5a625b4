"""The examples for readers run as they are handed out, as a reader, and every tool gives the same answer on both engines."""

from __future__ import annotations

import csv
import importlib.util
import io
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from g60pipeline.contracts.dbt_sources import main as dbt_sources
from g60pipeline.contracts.project import load_project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.roles import READER, create_roles
from postgres import Cluster
from released_world import CHEDUN, DISTRICT, JIUTING, SHESHAN, build_released

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
QUERIES = sorted((EXAMPLES / "sql").glob("*.sql"))
ANSWERS: list[list[tuple[Any, ...]]] = [
    [
        ("district", DISTRICT, "松江区", 0.882353, 45, 51, 5, 6, "published"),
        ("unit", "310117102", "泗泾镇", 0.75, 3, 4, 1, 1, "published"),
        ("unit", SHESHAN, "佘山镇", 0.8, 4, 5, 1, 1, "published"),
        ("unit", CHEDUN, "车墩镇", 0.85, 17, 20, 1, 1, "published"),
        ("unit", "310117106", "洞泾镇", None, None, None, 0, 1, "missing"),
        ("unit", JIUTING, "九亭镇", 0.9, 9, 10, 1, 1, "published"),
        ("unit", "310117501", "松江经济技术开发区", 1, 12, 12, 1, 1, "published"),
    ],
    [
        ("cluster_new_member_count", "cluster", "C04", "正泰智慧能源产业集群", None, 5, 7, -2, 0, 0, 0, "appeared"),
        ("key_enterprise_organisation_coverage", "district", DISTRICT, "松江区", 0.903226, 0.882353, -0.020873, 0, 0, 0,
         0, None),
        ("key_enterprise_organisation_coverage", "unit", CHEDUN, "车墩镇", None, 0.85, 0.85, 0, 0, 0, 0, "appeared"),
        ("order_value_inside_clusters", "unit", SHESHAN, "佘山镇", 98765.5, None, None, None, None, None, None,
         "suppressed"),
    ],
    [
        ("C01", "九亭食品生产产业集群", 12, "may_count_twice", "published"),
        ("C02", "创客集群", 7, "may_count_twice", "published"),
        ("C03", "佘山智能制造产业集群", 31, "may_count_twice", "published"),
        ("C04", "正泰智慧能源产业集群", 5, "may_count_twice", "published"),
    ],
    [
        ("key_enterprise_organisation_coverage", "unit", "310117106", "洞泾镇", "", "missing", "无单位报送", 0, 1),
        *[("order_value_inside_clusters", "unit", unit, name, "", "suppressed", "为保护企业信息不予发布", 1, 1)
          for unit, name in ((SHESHAN, "佘山镇"), (JIUTING, "九亭镇"))],
    ],
    [
        ("310117501", "松江经济技术开发区", 1, 1, 2),
        (JIUTING, "九亭镇", 0.9, 2, 3),
        (CHEDUN, "车墩镇", 0.85, 3, 4),
        (SHESHAN, "佘山镇", 0.8, 4, 5),
        ("310117102", "泗泾镇", 0.75, 5, 6),
    ],
]  # fmt: skip


def plain(row: Sequence[Any]) -> tuple[Any, ...]:
    """Numbers to six decimals; whatever stands for nothing becomes None."""
    return tuple(_plain(cell) for cell in row)


def _plain(cell: Any) -> Any:
    if isinstance(cell, Decimal | float | int) or hasattr(cell, "dtype"):
        number = float(cell)
        return None if math.isnan(number) else round(number, 6)
    return cell


EXPECTED = [[plain(row) for row in answer] for answer in ANSWERS]


@pytest.fixture(scope="module")
def duckdb_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("examples") / "warehouse.duckdb"
    build_released(f"duckdb:///{path}", load_project(find_project_root())).close()
    return path


@pytest.fixture(scope="module")
def postgres(postgres_cluster: Cluster) -> Iterator[sa.URL]:
    """URL of a reader."""
    project = load_project(find_project_root())
    url = postgres_cluster.create_database()
    with build_released(url, project) as warehouse:
        with warehouse.transaction() as connection:
            create_roles(connection, project, {READER: "reader"})
        yield warehouse.url.set(username=READER)


@pytest.fixture(params=["duckdb", "postgres"])
def reader(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    if request.param == "duckdb":
        path = request.getfixturevalue("duckdb_file")
        engine = sa.create_engine(f"duckdb:///{path}?access_mode=read_only")
    else:
        engine = sa.create_engine(request.getfixturevalue("postgres"))
    yield engine
    engine.dispose()


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"examples_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pandas(reader: sa.Engine) -> None:
    found = [question(reader) for question in load("with_pandas").QUESTIONS]
    assert [[plain(row) for row in table.itertuples(index=False)] for table in found] == EXPECTED


def test_polars(reader: sa.Engine) -> None:
    found = [question(reader) for question in load("with_polars").QUESTIONS]
    assert [[plain(row) for row in table.rows()] for table in found] == EXPECTED


def test_sql_as_a_bi_tool_wraps_it(reader: sa.Engine) -> None:
    """BI tools put a query into another one: no semicolon at its end, and every column named once."""
    for query, answer in zip(QUERIES, EXPECTED, strict=True):
        wrapped = f"SELECT * FROM (\n{query.read_text('utf-8')}\n) AS custom_query"
        with reader.connect() as connection:
            found = connection.execute(sa.text(wrapped))
            assert len(set(found.keys())) == len(found.keys())
            assert sorted(map(str, map(plain, found))) == sorted(map(str, answer))


def test_duckdb(duckdb_file: Path) -> None:
    example = load("with_duckdb")
    found = [[plain(row) for row in example.answer(str(duckdb_file), query)] for query in example.QUESTIONS]
    assert found == EXPECTED


def test_psql(postgres: sa.URL) -> None:
    psql = shutil.which("psql")
    if psql is None:
        pytest.fail("psql is missing: apt-get install --yes --no-install-recommends postgresql-15")
    command = [psql, "--no-psqlrc", "--csv", "--pset", "null=∅", "--file", str(EXAMPLES / "all_questions.psql"),
               "--host", str(postgres.query["host"]), "--username", READER, str(postgres.database)]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    rows = list(csv.reader(io.StringIO(ran.stdout)))
    heads = {tuple(row) for row in rows if "subject_code" in row}
    assert len(heads) == len(QUERIES)
    found = [tuple(row) for row in rows if tuple(row) not in heads]
    wanted = [row for answer in EXPECTED for row in answer]
    assert [_like(row, model) for row, model in zip(found, wanted, strict=True)] == wanted


def _like(row: Sequence[str], model: Sequence[Any]) -> tuple[Any, ...]:
    """Cells of a CSV, read as the model's types."""
    cells = [
        float(cell) if isinstance(other, float) else cell for cell, other in zip(row, model, strict=True)
    ]
    return plain([None if cell == "∅" else cell for cell in cells])


@pytest.mark.parametrize("name", ["with_pandas", "with_polars", "with_duckdb"])
def test_each_runs_as_a_script(name: str, duckdb_file: Path) -> None:
    where = str(duckdb_file) if name == "with_duckdb" else f"duckdb:///{duckdb_file}"
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), where]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "佘山镇" in ran.stdout


def test_the_sources_of_dbt_are_fresh_and_have_dbts_shape() -> None:
    assert dbt_sources(["--check"]) == 0
    data = yaml.safe_load((EXAMPLES / "dbt_sources.yml").read_text("utf-8"))
    assert set(data) == {"version", "sources"}
    assert data["version"] == 2
    (source,) = data["sources"]
    tables = load_project(find_project_root()).tables
    assert (source["schema"], [table["name"] for table in source["tables"]]) == ("pub_v1", list(tables))
    for table in source["tables"]:
        assert set(table) == {"name", "description", "meta", "columns"}
        assert [column["name"] for column in table["columns"]] == list(tables[table["name"]].column_names)
        for column in table["columns"]:
            assert set(column) - {"data_tests"} == {"name", "description", "data_type"}
            assert set(column.get("data_tests", ())) <= {"not_null", "unique"}
