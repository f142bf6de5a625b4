"""Each role does what it may over a connection of its own, and is refused everything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors

from g60pipeline.contracts.project import load_project
from g60pipeline.operations.marts import create_marts, prepare
from g60pipeline.operations.published import create_published
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.connect import WarehouseError
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.roles import LOADER, OWNER, READER, create_roles, role_names, unit_role
from postgres import Cluster
from released_world import CHEDUN, JIUTING, SHESHAN, TRUE_ORDERS, build_released

PROJECT = load_project(find_project_root())
OURS, THEIRS = unit_role(JIUTING), unit_role(SHESHAN)
ROLES = (OWNER, LOADER, READER, OURS, THEIRS)
REFUSED = errors.InsufficientPrivilege


@pytest.fixture(scope="module")
def warehouse(postgres_cluster: Cluster) -> Iterator[Warehouse]:
    url = postgres_cluster.create_database()
    with build_released(url, PROJECT) as warehouse:
        with warehouse.transaction() as connection:
            create_roles(connection, PROJECT, passwords=dict.fromkeys(ROLES, "春天 %s'"))
            connection.exec_driver_sql("ANALYZE")
        yield warehouse


@contextmanager
def acting_as(warehouse: Warehouse, role: str) -> Iterator[psycopg.Connection[Any]]:
    url = warehouse.url
    with psycopg.connect(
        host=str(url.query["host"]), dbname=url.database, user=role, autocommit=True
    ) as connection:
        yield connection


def ask(connection: psycopg.Connection[Any], sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql.encode()).fetchall()


def test_a_reader_reads_every_published_table(warehouse: Warehouse) -> None:
    with acting_as(warehouse, READER) as connection:
        for table in PROJECT.tables.values():
            ask(connection, f"SELECT * FROM {table.full_name}")
        assert ask(connection, "SELECT count(*) FROM pub_v1.indicator_value")[0][0] == 32
        # What it is made of is read with the owner's right: the ledger's guard does not empty the reader's table.
        assert ask(connection, "SELECT count(*) FROM pub_v1.reporting_status WHERE is_received")[0][0] == 3


EVERYWHERE_REFUSED = {
    "core": "SELECT * FROM core.unit_summary",
    "core's view": "SELECT * FROM core.unit_summary_latest",
    "core's function": "SELECT * FROM core.unit_summary_as_of('2030-01-01')",
    "a function of releases": "SELECT * FROM mart.indicator_value_in_release('2021-12.1')",
    "marts": "SELECT * FROM mart.indicator_vintage",
    "true values": "SELECT value FROM release.value",
    "staged": "SELECT * FROM staged.cover",
    "the ledger": "SELECT * FROM ops.submission",
    "findings": "SELECT * FROM ops.finding",
    "verdicts": "SELECT * FROM ops.verdict",
    "write to a published table": "INSERT INTO pub_v1.unit (unit_code) VALUES ('x')",
    "change a published table": "UPDATE pub_v1.release SET note = 'x'",
    "delete from a published table": "DELETE FROM pub_v1.unit_link",
    "write to the ledger": "INSERT INTO ops.opening (opening_id) VALUES (1)",
    "a table in public": "CREATE TABLE public.mine (a int)",
    "a table in pub_v1": "CREATE TABLE pub_v1.mine (a int)",
    "a temporary table": "CREATE TEMP TABLE mine (a int)",
    "a view": "CREATE VIEW public.mine AS SELECT 1 AS a",
    "a function": "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a schema": "CREATE SCHEMA mine",
    "a role": "CREATE ROLE mine",
    "drop": "DROP VIEW pub_v1.unit",
    "drop a table": "DROP TABLE release.value",
    "replace a view": "CREATE OR REPLACE VIEW pub_v1.unit AS SELECT 1 AS unit_code",
    "its rights": f"GRANT {OWNER} TO {READER}",
    "rows' guard": "ALTER TABLE ops.finding NO FORCE ROW LEVEL SECURITY",
    "be the owner": f"SET ROLE {OWNER}",
    "be the loader": f"SET ROLE {LOADER}",
    "be the superuser": "SET ROLE postgres",
    "be the owner by a setting": f"SELECT set_config('role', '{OWNER}', false)",
    "be another session": "SET SESSION AUTHORIZATION postgres",
    "be another session by a setting": "SELECT set_config('session_authorization', 'postgres', false)",
    "the server's files": "SELECT pg_read_file('/etc/passwd')",
    "copy to a file": "COPY pub_v1.unit TO '/tmp/units.csv'",
    "copy to a program": "COPY (SELECT 1) TO PROGRAM 'cat'",
    "passwords": "SELECT * FROM pg_authid",
}  # fmt: skip


@pytest.mark.parametrize("role", [READER, OURS])
@pytest.mark.parametrize("what", EVERYWHERE_REFUSED)
def test_neither_readers_nor_units_get_at_more(warehouse: Warehouse, role: str, what: str) -> None:
    # Most of these views could not be written through even by one who may.
    refused = (REFUSED, errors.ObjectNotInPrerequisiteState)
    with acting_as(warehouse, role) as connection, pytest.raises(refused):
        connection.execute(EVERYWHERE_REFUSED[what].encode())


@pytest.mark.parametrize("role", [READER, OURS])
def test_true_values_of_suppressed_cells_are_nowhere(warehouse: Warehouse, role: str) -> None:
    with acting_as(warehouse, role) as connection:
        for table in PROJECT.tables.values():
            where = "WHERE t.release_id = '2021-12.2'" if "release_id" in table.column_names else ""
            text = str(ask(connection, f"SELECT t::text FROM {table.full_name} t {where}"))
            # The first release published it, and its revision may say so; the second one hides it.
            if table.name != "revision":
                assert str(TRUE_ORDERS) not in text, table.name
            assert "54321.25" not in text, table.name
        # Statistics of the planner hold samples of columns; a reader sees none of what it may not read.
        seen = ask(
            connection, "SELECT schemaname FROM pg_stats WHERE schemaname IN ('core', 'release', 'ops')"
        )
        assert seen == []


def test_an_error_message_does_not_tell_what_a_view_hides(warehouse: Warehouse) -> None:
    with acting_as(warehouse, READER) as connection, pytest.raises(errors.InvalidTextRepresentation) as told:
        ask(connection, "SELECT * FROM pub_v1.indicator_value WHERE CAST(release_id AS int) = 0")
    assert "2021-12.1" not in str(
        told.value
    )  # filtered away by the view, so never looked at by the reader's condition


def test_a_reader_has_no_feedback(warehouse: Warehouse) -> None:
    with acting_as(warehouse, READER) as connection:
        for view in ("own_finding", "own_submission"):
            with pytest.raises(REFUSED):
                ask(connection, f"SELECT * FROM unit_v1.{view}")


@pytest.mark.parametrize(("role", "unit", "numbers"), [(OURS, JIUTING, [1]), (THEIRS, SHESHAN, [2, 3])])
def test_a_unit_reads_its_own_feedback_only(
    warehouse: Warehouse, role: str, unit: str, numbers: list[int]
) -> None:
    with acting_as(warehouse, role) as connection:
        for view in ("own_finding", "own_submission"):
            found = ask(
                connection, f"SELECT reporting_unit_code, submission_id FROM unit_v1.{view} ORDER BY 2"
            )
            assert found == [(unit, number) for number in numbers]
        assert ask(connection, "SELECT value FROM unit_v1.own_finding")[0][0] == f"机密{unit}"
        assert ask(connection, "SELECT status FROM unit_v1.own_submission ORDER BY submission_id")[-1] == (
            "accepted",
        )
        assert ask(connection, "SELECT count(*) FROM pub_v1.indicator_value")[0][0] == 32


WAYS = {
    "a condition that talks": "SELECT * FROM unit_v1.own_finding WHERE CAST(value AS int) = 0 OR true",
    "a setting": "SELECT set_config('g60.unit', '310117103', false)",
    "a setting of ours": "SET g60.reporting_unit_code = '310117103'",
    "the group": "SET ROLE g60_unit",
    "no row security": "SET row_security = off",
}


@pytest.mark.parametrize("way", WAYS)
def test_no_trick_shows_another_units_feedback(warehouse: Warehouse, way: str) -> None:
    with acting_as(warehouse, OURS) as connection:
        said = ""
        try:
            connection.execute(WAYS[way].encode())
            said = str(ask(connection, "SELECT * FROM unit_v1.own_finding"))
        except psycopg.Error as error:
            said = str(error)
        assert SHESHAN not in said
        assert CHEDUN not in said


def test_a_unit_cannot_become_another(warehouse: Warehouse) -> None:
    tricks = (
        f'SET ROLE "{THEIRS}"', f"SELECT set_config('role', '{THEIRS}', false)",
        f'ALTER ROLE "{OURS}" RENAME TO "g60_unit_310117104"', f'GRANT "{THEIRS}" TO "{OURS}"',
    )  # fmt: skip
    with acting_as(warehouse, OURS) as connection:
        for trick in tricks:
            with pytest.raises((REFUSED, errors.FeatureNotSupported)):
                connection.execute(trick.encode())


def test_the_guard_holds_where_the_tables_can_be_named(warehouse: Warehouse) -> None:
    with warehouse.engine.connect() as admin:
        admin.exec_driver_sql("GRANT USAGE ON SCHEMA ops TO g60_unit")
        admin.commit()
        try:
            with acting_as(warehouse, OURS) as connection:
                assert ask(connection, "SELECT submission_id FROM ops.submission") == [(1,)]
                assert ask(connection, "SELECT verdict_id FROM ops.verdict") == [(1,)]
                assert ask(connection, "SELECT value FROM ops.finding") == [(f"机密{JIUTING}",)]
                connection.execute("SET row_security = off")
                with pytest.raises(REFUSED):
                    ask(connection, "SELECT * FROM ops.finding")
        finally:
            admin.exec_driver_sql("REVOKE USAGE ON SCHEMA ops FROM g60_unit")
            admin.commit()


def test_a_view_of_the_owners_does_not_leak_past_the_guard(warehouse: Warehouse) -> None:
    """Without `security_invoker` the owner's view shows all: so the guard rests on it, and this test on the guard."""
    with warehouse.engine.connect() as admin:
        options = admin.exec_driver_sql(
            "SELECT c.relname, c.reloptions::text FROM pg_class c WHERE relnamespace = 'unit_v1'::regnamespace ORDER BY 1"
        ).fetchall()
        forced = admin.exec_driver_sql(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'ops'::regnamespace AND relrowsecurity AND relforcerowsecurity"
        ).scalar_one()
    assert [tuple(row) for row in options] == [
        ("own_finding", "{security_invoker=true}"), ("own_submission", "{security_invoker=true}")
    ]  # fmt: skip
    assert forced == 3


def test_someones_own_login_sees_the_unit_it_was_granted(warehouse: Warehouse) -> None:
    with warehouse.engine.connect() as admin:
        admin.exec_driver_sql(f'CREATE ROLE clerk LOGIN IN ROLE "{THEIRS}"')
        admin.commit()
    with acting_as(warehouse, "clerk") as connection:
        assert ask(connection, "SELECT DISTINCT reporting_unit_code FROM unit_v1.own_finding") == [(SHESHAN,)]


def test_the_loader_writes_and_never_drops(warehouse: Warehouse) -> None:
    allowed = (
        "INSERT INTO ops.opening VALUES (1, '*', '*', '2021-12', '2021-12', '2022-01-01', '2022-01-02', 'r', 'o', now())",
        "INSERT INTO release.definition_set VALUES ('h', '{}', now())",
        "DELETE FROM staged.cover", "DELETE FROM ops.submission_form WHERE submission_id = 0",
        "UPDATE mart.indicator_vintage SET known_to = now() WHERE false", "DELETE FROM mart.computation",
        "CREATE TEMP TABLE run_period (period text)", "SELECT * FROM core.unit_summary_as_of('2030-01-01')",
        "SELECT * FROM pub_v1.indicator_value", "SELECT count(*) FROM ops.finding",
    )  # fmt: skip
    refused = (
        "DROP TABLE core.unit_summary", "TRUNCATE ops.finding", "ALTER TABLE release.value ADD COLUMN x int",
        "UPDATE release.value SET value = 1", "DELETE FROM release.release", "DELETE FROM ops.verdict",
        "UPDATE core.unit_summary SET member_count = 1", "DROP SCHEMA pub_v1 CASCADE", "CREATE TABLE core.x (a int)",
        "CREATE OR REPLACE VIEW pub_v1.unit AS SELECT 1 AS unit_code", f"SET ROLE {OWNER}",
        "SELECT * FROM unit_v1.own_finding",
    )  # fmt: skip
    with acting_as(warehouse, LOADER) as connection:
        for statement in allowed:
            connection.execute(statement.encode())
        assert ask(connection, "SELECT count(*) FROM ops.finding") == [(4,)]
        for statement in refused:
            with pytest.raises(REFUSED):
                connection.execute(statement.encode())


def test_the_loader_opens_the_warehouse_and_finds_nothing_to_create(warehouse: Warehouse) -> None:
    with Warehouse(str(warehouse.url.set(username=LOADER)), PROJECT) as as_loader:
        assert as_loader.create() is False
        with as_loader.transaction() as connection:
            assert create_published(connection, PROJECT) is False


def test_the_owner_owns_everything(warehouse: Warehouse) -> None:
    others = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('ops', 'staged', 'core', 'mart', 'release', 'pub_v1', 'unit_v1') AND c.relkind IN ('r', 'v')
      AND pg_get_userbyid(c.relowner) <> 'g60_owner'"""
    with acting_as(warehouse, OWNER) as connection:
        assert ask(connection, others) == []
        connection.execute("CREATE TABLE core.mine (a int)")
        connection.execute("DROP TABLE core.mine")
        assert ask(connection, "SELECT count(*) FROM ops.finding") == [(4,)]


def test_who_may_read_still_may_when_the_views_are_made_anew(warehouse: Warehouse) -> None:
    short = PROJECT.tables["unit"].model_copy(update={"columns": PROJECT.tables["unit"].columns[:3]})
    changed = PROJECT.model_copy(update={"tables": PROJECT.tables | {"unit": short}})
    with warehouse.transaction() as connection:
        assert create_published(connection, changed) is True
    with acting_as(warehouse, READER) as connection:
        assert len(ask(connection, "SELECT * FROM pub_v1.unit")[0]) == 3
    with warehouse.transaction() as connection:
        assert create_published(connection, PROJECT) is True
    with acting_as(warehouse, OURS) as connection:
        assert len(ask(connection, "SELECT * FROM pub_v1.unit")[0]) > 3


@pytest.mark.parametrize("owner", [OWNER, "postgres"])
def test_who_may_read_still_may_when_everything_is_made_anew(warehouse: Warehouse, owner: str) -> None:
    """Other definitions, other columns: what read the old view goes with it, and must come back as it was."""
    with warehouse.transaction() as connection:
        connection.exec_driver_sql("DROP VIEW core.latest_submission CASCADE")
        connection.exec_driver_sql("UPDATE ops.built_from SET fingerprint = 'of other definitions'")
    with Warehouse(warehouse.url.set(username=owner).render_as_string(), PROJECT) as as_owner:
        prepare(as_owner)
    marts = [*PROJECT.marts, *(scorecard.name for scorecard in PROJECT.scorecards), "indicator_value"]
    with acting_as(warehouse, LOADER) as connection:
        for name in ("core.unit_summary", *(f"mart.{mart}" for mart in marts)):
            ask(connection, f"SELECT * FROM {name}{'_latest' if name.startswith('core') else ''}")
            ask(connection, f"SELECT * FROM {name}_as_of('2030-01-01')")
            ask(connection, f"SELECT * FROM {name}_in_release('2021-12.2')")
    with Warehouse(warehouse.url.set(username=LOADER).render_as_string(), PROJECT) as as_loader:
        prepare(as_loader)
        assert create_marts(as_loader) is False
    with acting_as(warehouse, READER) as connection:
        for table in PROJECT.tables.values():
            ask(connection, f"SELECT * FROM {table.full_name}")
        for mart in marts:
            with pytest.raises(REFUSED):
                ask(connection, f"SELECT * FROM mart.{mart}_in_release('2021-12.2')")


def test_again_makes_nothing_new_and_a_dry_run_nothing_at_all(
    warehouse: Warehouse, postgres_cluster: Cluster
) -> None:
    with warehouse.transaction() as connection:
        again = create_roles(connection, PROJECT)
    assert not [statement for statement in again if statement.startswith("CREATE ROLE")]
    assert not [
        statement for statement in again if statement.startswith("ALTER TABLE") and "OWNER" in statement
    ]
    assert not [
        statement for statement in again if statement.startswith("DROP") and "POLICY" not in statement
    ]
    url = postgres_cluster.create_database()
    with build_released(url, PROJECT) as other:
        with other.transaction() as connection:
            said = create_roles(connection, PROJECT, {READER: "geheim"}, dry_run=True)
        with other.engine.connect() as connection:
            count = "SELECT count(*) FROM pg_policies WHERE schemaname = 'ops'"
            assert connection.exec_driver_sql(count).scalar_one() == 0
    assert "CREATE SCHEMA IF NOT EXISTS unit_v1" in said
    assert "geheim" not in " ".join(said)
    postgres_cluster.drop_database(url)


def test_no_password_stands_anywhere_and_without_one_nobody_logs_in(warehouse: Warehouse) -> None:
    with warehouse.engine.connect() as admin:
        stored = dict(admin.exec_driver_sql("SELECT rolname, rolpassword FROM pg_authid").fetchall())
        logins = set(admin.exec_driver_sql("SELECT rolname FROM pg_roles WHERE rolcanlogin").scalars())
    assert all(stored[role].startswith("SCRAM-SHA-256$") for role in ROLES)
    assert logins.isdisjoint(set(role_names(PROJECT)) - set(ROLES))


def test_a_role_that_may_do_anything_is_not_taken_for_ours(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.exec_driver_sql(f"ALTER ROLE {READER} BYPASSRLS")
        with pytest.raises(WarehouseError, match=READER):
            create_roles(connection, PROJECT)
        connection.exec_driver_sql(f"ALTER ROLE {READER} NOBYPASSRLS")
    with warehouse.transaction() as connection, pytest.raises(WarehouseError, match="no such role: nobody"):
        create_roles(connection, PROJECT, {"nobody": "x"})
