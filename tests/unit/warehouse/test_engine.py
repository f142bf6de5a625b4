"""One warehouse behind one URL: opening, creating, writing one at a time, and what it says when it cannot be used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse, WarehouseError, append_rows, open_to_read
from postgres import Cluster

PASSWORD = "swordfish"
OPENING = {
    "unit_code": "310117001", "form": "activity", "first_period": "2021-11", "last_period": "2021-12",
    "opened_from": "2022-01-10", "opened_until": "2022-01-20", "reason": "补报", "opened_by": "区委组织部",
    "entered_at": "2022-01-10",
}  # fmt: skip


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(find_project_root())


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def pattern(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, project: Project
) -> str:
    """URL of a warehouse to copy: creating one costs a second."""
    if request.param == "duckdb":
        url = f"duckdb:///{tmp_path_factory.mktemp('pattern') / 'w.duckdb'}"
    else:
        url = request.getfixturevalue("postgres_cluster").create_database()
    with Warehouse(url, project) as warehouse:
        warehouse.create()
    return url


@pytest.fixture
def warehouse(
    request: pytest.FixtureRequest, pattern: str, tmp_path: Path, project: Project
) -> Iterator[Warehouse]:
    source = Path(str(sa.make_url(pattern).database))
    if source.suffix == ".duckdb":
        with Warehouse(f"duckdb:///{shutil.copy(source, tmp_path)}", project) as warehouse:
            yield warehouse
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    url = cluster.create_database(like=pattern)
    with Warehouse(url, project) as warehouse:
        yield warehouse
    cluster.drop_database(url)


def count(warehouse: Warehouse, table: str) -> int:
    return int(warehouse.read(f"SELECT count(*) AS n FROM {table}")["n"].iloc[0])


def enter_opening(warehouse: Warehouse) -> None:
    """Number it as the ledgers do: by the highest one so far."""
    with warehouse.transaction() as connection:
        last = connection.exec_driver_sql("SELECT coalesce(max(opening_id), 0) FROM ops.opening").scalar_one()
        table = warehouse.table("ops.opening")
        append_rows(connection, table, [{**OPENING, "opening_id": last + 1}])


def test_it_is_created_once_and_keeps_what_it_holds(warehouse_url: str, project: Project) -> None:
    with Warehouse(warehouse_url, project) as warehouse:
        assert not warehouse.exists()
        assert warehouse.create()
        assert warehouse.exists()
        enter_opening(warehouse)
        assert not warehouse.create()
        with warehouse.transaction() as connection:
            connection.exec_driver_sql("UPDATE ops.built_from SET fingerprint = 'of an older program'")
        assert warehouse.create()
        assert count(warehouse, "ops.opening") == 1
        assert count(warehouse, "core.unit") == len(project.code_lists["units"].codes)


def test_every_view_and_comment_is_there(warehouse: Warehouse) -> None:
    for form in warehouse.project.forms:
        assert count(warehouse, f"core.{form}_latest") == 0
    assert count(warehouse, "ops.rule_health") == 0
    comments = sa.inspect(warehouse.engine).get_table_comment("submission", schema="ops")
    assert comments["text"] == warehouse.table("ops.submission").comment


def test_a_transaction_that_fails_leaves_nothing(warehouse: Warehouse) -> None:
    def fail() -> None:
        with warehouse.transaction() as connection:
            append_rows(connection, warehouse.table("ops.opening"), [{**OPENING, "opening_id": 1}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count(warehouse, "ops.opening") == 0


def test_a_broken_constraint_is_told_as_it_is(warehouse: Warehouse) -> None:
    enter_opening(warehouse)
    with (
        pytest.raises(Exception, match=r"(?i)duplicate key") as caught,
        warehouse.transaction() as connection,
    ):
        append_rows(connection, warehouse.table("ops.opening"), [{**OPENING, "opening_id": 1}])
    assert not isinstance(caught.value, WarehouseError)


def test_a_reader_cannot_write(warehouse_url: str, project: Project) -> None:
    with open_to_read(warehouse_url, project) as nothing:
        assert nothing is None
    with Warehouse(warehouse_url, project) as warehouse:
        warehouse.create()
    with open_to_read(warehouse_url, project) as reader:
        assert reader is not None
        assert count(reader, "ops.submission") == 0
        with pytest.raises(sa.exc.DBAPIError, match=r"(?i)read-only"), reader.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM ops.submission")


def test_a_workspace_leaves_nothing_and_waits_for_no_writer(warehouse: Warehouse) -> None:
    url = warehouse.url.render_as_string(hide_password=False)
    with warehouse.transaction() as writer:
        append_rows(writer, warehouse.table("ops.opening"), [{**OPENING, "opening_id": 1}])
        with warehouse.workspace() as connection:
            connection.exec_driver_sql("CREATE TEMPORARY TABLE run_opening AS SELECT * FROM ops.opening")
            assert connection.exec_driver_sql("SELECT count(*) FROM run_opening").scalar_one() == 0
    warehouse.close()
    with open_to_read(url, warehouse.project) as reader:
        assert reader is not None
        with reader.workspace() as connection:
            connection.exec_driver_sql("CREATE TEMPORARY TABLE run_opening AS SELECT * FROM ops.opening")
            assert connection.exec_driver_sql("SELECT count(*) FROM run_opening").scalar_one() == 1


@pytest.mark.parametrize("pattern", ["postgres"], indirect=True)
def test_what_rests_on_a_view_stays_when_it_is_made_anew(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.exec_driver_sql("CREATE VIEW mart.of_a_reader AS SELECT * FROM core.activity_latest")
        connection.exec_driver_sql("UPDATE ops.built_from SET fingerprint = 'of an older program'")
    assert warehouse.create()
    assert count(warehouse, "mart.of_a_reader") == 0


def test_a_reader_of_another_structure_is_told_so(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.exec_driver_sql("UPDATE ops.schema_version SET version_num = '0001'")
    warehouse.close()
    url = warehouse.url.render_as_string(hide_password=False)
    with (
        pytest.raises(WarehouseError, match=r"older version: 0002 .*The next run mends that"),
        open_to_read(url, warehouse.project),
    ):
        pass


@pytest.mark.parametrize("pattern", ["postgres"], indirect=True)
def test_writers_take_turns_on_postgres(warehouse: Warehouse) -> None:
    url = warehouse.url.render_as_string(hide_password=False)
    with Warehouse(url, warehouse.project) as other, ThreadPoolExecutor(4) as pool:
        done = [pool.submit(enter_opening, writer) for writer in [warehouse, other] * 10]
        assert [future.exception() for future in done] == [None] * 20
    assert count(warehouse, "ops.opening") == 20


def test_two_that_create_at_once_are_both_content(postgres_url: str, project: Project) -> None:
    with Warehouse(postgres_url, project) as first, Warehouse(postgres_url, project) as second:
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(warehouse.create) for warehouse in (first, second)]
        assert [future.exception() for future in done] == [None, None]
        assert count(second, "core.unit") == len(project.code_lists["units"].codes)


@pytest.mark.parametrize("pattern", ["postgres"], indirect=True)
def test_after_a_restart_the_next_transaction_goes_through(
    warehouse: Warehouse, postgres_cluster: Cluster
) -> None:
    def lose_the_server() -> None:
        with warehouse.transaction() as connection:
            postgres_cluster.break_connections()
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(WarehouseError, match="cannot be used"):
        lose_the_server()
    enter_opening(warehouse)
    assert count(warehouse, "ops.opening") == 1


def test_a_per_cent_sign_is_taken_as_it_stands(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        assert connection.exec_driver_sql("SELECT '5% of %s' AS t WHERE 7 % 4 = 3").scalar_one() == "5% of %s"


def test_text_is_ordered_by_its_bytes(warehouse: Warehouse) -> None:
    codes = ["a_b", "aB", "ab", "B", "甲", "乙"]
    rows = [{"code_list": "x", "code": code, "label_zh": code, "label_en": code} for code in codes]
    with warehouse.transaction() as connection:
        append_rows(connection, warehouse.table("core.code"), rows)
    query = "SELECT code FROM core.code WHERE code_list = 'x' ORDER BY code"
    assert list(warehouse.read(query)["code"]) == sorted(codes)
    warehouse.close()


# --- what is said when it cannot be used


def said(url: str, project: Project) -> str:
    with Warehouse(url, project) as warehouse, pytest.raises(WarehouseError) as caught:
        warehouse.create()
    assert PASSWORD not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["sqlite:///x", f"mysql://u:{PASSWORD}@h/d", f"postgresql+psycopg2://u:{PASSWORD}@h/d", f"postgresql:{PASSWORD}",
     f"postgresql://u:{PASSWORD}@h:port/d"],
)  # fmt: skip
def test_another_engine_or_no_url_is_refused(url: str, project: Project) -> None:
    with pytest.raises(
        WarehouseError, match=r"use duckdb:///path/to/file or postgresql\+psycopg://"
    ) as caught:
        Warehouse(url, project)
    assert PASSWORD not in str(caught.value)


def test_a_plain_postgresql_url_means_psycopg_3(postgres_url: str, project: Project) -> None:
    with Warehouse(postgres_url.replace("+psycopg", ""), project) as warehouse:
        assert not warehouse.exists()


def test_a_server_that_is_not_there(project: Project) -> None:
    text = said(f"postgresql://someone:{PASSWORD}@127.0.0.1:1/returns", project)
    assert text.startswith("PostgreSQL database returns at 127.0.0.1:1 cannot be used: ")
    assert text.endswith("Is the server running, and do the database and the role exist?")


def test_a_database_that_is_not_there(postgres_url: str, project: Project) -> None:
    url = sa.make_url(postgres_url).set(database="elsewhere", password=PASSWORD)
    assert '"elsewhere" does not exist' in said(url.render_as_string(hide_password=False), project)


def test_a_role_without_the_right(postgres_url: str, postgres_cluster: Cluster, project: Project) -> None:
    postgres_cluster.run("CREATE ROLE guest LOGIN")
    url = sa.make_url(postgres_url).set(username="guest", password=PASSWORD)
    text = said(url.render_as_string(hide_password=False), project)
    assert "permission denied" in text
    assert "Its owner must grant this to the role guest; after an upgrade" in text


def test_a_file_that_is_no_warehouse(tmp_path: Path, project: Project) -> None:
    file = tmp_path / "w.duckdb"
    file.write_text("no database" * 2000)
    assert said(f"duckdb:///{file}", project).startswith(f"{file} cannot be opened: ")
