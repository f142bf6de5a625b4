"""Who may do what, on PostgreSQL: owner, loader, reader, and a role for each reporting unit.

| role | may |
|---|---|
| `g60_owner` | own everything: create, alter, drop |
| `g60_loader` | read all; add to the ledgers, core and releases; write staged and marts; never alter or drop |
| `g60_reader` | read `pub_v1`, and nothing else |
| `g60_unit_<code>` | what a reader may, and the unit's own returns and findings in `unit_v1` |

Whose findings a session sees follows from the roles it is a member of, which it cannot change; a setting it could.

Belongs here: the statements. Not here: passwords (the caller's), the published views (published.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.project import Project
from g60pipeline.contracts.tables import SCHEMA as PUBLISHED
from g60pipeline.warehouse.connect import POSTGRES, WarehouseError
from g60pipeline.warehouse.views import literal

OWNER, LOADER, READER, UNIT = "g60_owner", "g60_loader", "g60_reader", "g60_unit"
OWN = "unit_v1"
_MEANS = {
    OWNER: "G60 产业集群数仓：所有者 / owns the warehouse",
    LOADER: "G60 产业集群数仓：装载 / writes the warehouse, may not drop",
    READER: "G60 产业集群数仓：读者 / reads the published tables",
    UNIT: "G60 产业集群数仓：报送单位 / every reporting unit",
}
# Ledgers, core and releases only grow; the marks and the migrations' table are the owner's.
_LOADS = {
    "ops": "SELECT, INSERT",
    "staged": "SELECT, INSERT, UPDATE, DELETE",
    "core": "SELECT, INSERT",
    "mart": "SELECT, INSERT, UPDATE, DELETE",
    "release": "SELECT, INSERT",
    PUBLISHED: "SELECT",
}
_SCHEMAS = (*_LOADS, OWN)
_GUARDED = ("submission", "verdict", "finding")
_OWN_UNITS = f"""reporting_unit_code IN (
    SELECT substr(r.rolname, {len(UNIT) + 2}) FROM pg_roles r
    WHERE starts_with(r.rolname, '{UNIT}_') AND pg_has_role(current_user, r.oid, 'USAGE'))"""
_OWN_SUBMISSIONS = "submission_id IN (SELECT s.submission_id FROM ops.submission s)"
_POLICIES = {"submission": _OWN_UNITS, "verdict": _OWN_SUBMISSIONS, "finding": _OWN_SUBMISSIONS}
_LAST_VERDICT = "(SELECT max(l.verdict_id) FROM ops.verdict l GROUP BY l.submission_id)"
_OWN_VIEWS = {
    "own_submission": (
        "本单位报送及其结论 / own returns, each with its last verdict",
        f"""
        SELECT s.submission_id, s.reporting_unit_code, s.period, s.file_name, s.template_version, s.sequence_number,
               s.received_at, coalesce(v.status, s.status) AS status, v.critical_count, v.warning_count,
               v.probable_cause, v.judged_at
        FROM ops.submission s
        LEFT JOIN ops.verdict v ON v.submission_id = s.submission_id AND v.verdict_id IN {_LAST_VERDICT}""",
    ),
    "own_finding": (
        "本单位报送的校验问题 / findings of the last verdict of own returns",
        f"""
        SELECT f.submission_id, f.reporting_unit_code, f.period, f.form, f.code, f.severity, f.sheet, f.sheet_row, f.cell,
               f.field, f.row_key, f.value, f.expected, f.explanation, f.message_zh, f.message_en, f.finding_no
        FROM ops.finding f WHERE f.verdict_id IN {_LAST_VERDICT}""",
    ),
}
_DANGEROUS = sa.text(
    "SELECT rolname FROM pg_roles WHERE rolname = ANY(:names) AND (rolsuper OR rolbypassrls OR rolcreaterole)"
)
_OWNER_OF_PUBLISHED = sa.text("SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = :schema")
# Tables and views, then functions, that another than the owner owns.
_STRANGERS = sa.text("""
SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'v', 'S')
  AND pg_get_userbyid(c.relowner) <> :owner
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
UNION ALL
SELECT 'FUNCTION', p.oid::regprocedure::text
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY(:schemas) AND pg_get_userbyid(p.proowner) <> :owner
""")


def unit_role(unit_code: str) -> str:
    """Name of the role of a reporting unit."""
    return f"{UNIT}_{unit_code}"


def role_names(project: Project) -> dict[str, str]:
    """Every role, and what it is for."""
    units = dict.fromkeys(obligation.unit_code for obligation in project.obligations)
    label = project.code_lists["units"].label_zh
    return _MEANS | {
        unit_role(unit): f"G60 产业集群数仓：{label(unit)} / reporting unit {unit}" for unit in units
    }


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _existing(connection: sa.Connection, names: Iterable[str]) -> set[str]:
    query = sa.text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
    return set(connection.execute(query, {"names": list(names)}).scalars())


def find_missing_roles(connection: sa.Connection, project: Project) -> list[str]:
    """Roles that the server does not have yet."""
    names = role_names(project)
    existing = _existing(connection, names)
    return [name for name in names if name not in existing]


def _create_roles(names: Mapping[str, str], existing: set[str]) -> Iterator[str]:
    for name, meaning in names.items():
        if name not in existing:
            yield f"CREATE ROLE {_name(name)} NOLOGIN"
        yield f"COMMENT ON ROLE {_name(name)} IS {literal(meaning)}"
    yield f"GRANT {READER} TO {UNIT}"
    yield from (f"GRANT {UNIT} TO {_name(name)}" for name in names if name not in _MEANS)


def _own(connection: sa.Connection) -> Iterator[str]:
    """Give everything to the owner; whoever gives it away stays a member."""
    user = connection.exec_driver_sql("SELECT current_user").scalar_one()
    database = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    yield f"GRANT {OWNER} TO {_name(user)}"
    yield f"GRANT CREATE, TEMPORARY ON DATABASE {_name(database)} TO {OWNER}"
    yield f"GRANT CONNECT ON DATABASE {_name(database)} TO {OWNER}, {LOADER}, {READER}"
    yield f"GRANT TEMPORARY ON DATABASE {_name(database)} TO {LOADER}"
    yield f"REVOKE TEMPORARY ON DATABASE {_name(database)} FROM PUBLIC"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"CREATE SCHEMA IF NOT EXISTS {OWN}"
    yield from (f"ALTER SCHEMA {schema} OWNER TO {OWNER}" for schema in _SCHEMAS)
    for kind, name in connection.execute(_STRANGERS, {"schemas": list(_SCHEMAS), "owner": OWNER}):
        yield f"ALTER {kind} {name} OWNER TO {OWNER}"
    for role in dict.fromkeys((OWNER, str(user))):
        for schema, rights in _LOADS.items():
            yield f"ALTER DEFAULT PRIVILEGES FOR ROLE {_name(role)} IN SCHEMA {schema} GRANT {rights} ON TABLES TO {LOADER}"


def _load() -> Iterator[str]:
    for schema, rights in _LOADS.items():
        yield f"GRANT USAGE ON SCHEMA {schema} TO {LOADER}"
        yield f"GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {LOADER}"
        yield f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC"
        yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {LOADER}"
    yield f"GRANT DELETE ON ops.submission_form TO {LOADER}"


def _guard() -> Iterator[str]:
    """Rows of the ledger by unit. Forced, so that a view of the owner's does not let them through either."""
    for table in _GUARDED:
        yield f"ALTER TABLE ops.{table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE ops.{table} FORCE ROW LEVEL SECURITY"
        yield f"DROP POLICY IF EXISTS house ON ops.{table}"
        yield f"CREATE POLICY house ON ops.{table} TO {OWNER}, {LOADER} USING (true) WITH CHECK (true)"
        yield f"DROP POLICY IF EXISTS own_unit ON ops.{table}"
        yield f"CREATE POLICY own_unit ON ops.{table} FOR SELECT TO {UNIT} USING ({_POLICIES[table]})"
        # Without a right to the schema the table cannot be named; only the views below reach it.
        yield f"GRANT SELECT ON ops.{table} TO {UNIT}"


def _show_own() -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA {OWN} TO {UNIT}"
    for name, (comment, select) in _OWN_VIEWS.items():
        yield f"CREATE OR REPLACE VIEW {OWN}.{name} WITH (security_invoker) AS {select}"
        yield f"COMMENT ON VIEW {OWN}.{name} IS {literal(comment)}"
        yield f"ALTER VIEW {OWN}.{name} OWNER TO {OWNER}"
        yield f"GRANT SELECT ON {OWN}.{name} TO {UNIT}"


def _publish(tables: Iterable[str]) -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA {PUBLISHED} TO {READER}, {LOADER}"
    for table in tables:
        yield f"ALTER VIEW {PUBLISHED}.{table} OWNER TO {OWNER}"
        yield f"GRANT SELECT ON {PUBLISHED}.{table} TO {READER}, {LOADER}"


def grant_published(connection: sa.Connection, tables: Iterable[str]) -> None:
    """Let readers read the published tables of a database that roles were created for; roles are a whole server's."""
    owner = connection.execute(_OWNER_OF_PUBLISHED, {"schema": PUBLISHED}).scalar()
    if owner == OWNER:
        for statement in _publish(tables):
            connection.exec_driver_sql(statement)


def _with_passwords(connection: sa.Connection, passwords: Mapping[str, str]) -> Iterator[str]:
    """Passwords go to the server as SCRAM verifiers: none stands in a statement, and so in no log."""
    driver: Any = connection.connection.driver_connection
    for role, password in passwords.items():
        verifier = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        yield f"ALTER ROLE {_name(role)} LOGIN PASSWORD {literal(verifier)}"


def create_roles(
    connection: sa.Connection,
    project: Project,
    passwords: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> list[str]:
    """Create what is missing of the roles and bring their rights up to date, within the caller's transaction.

    Roles in `passwords` may log in with them, the others cannot log in. Returns the statements, without passwords.
    WarehouseError when the engine has no roles, or when a role of that name may do anything already. Nothing that was
    made by others is dropped.
    """
    if connection.dialect.name != POSTGRES:
        raise WarehouseError("DuckDB knows no roles; they need a warehouse on PostgreSQL")
    names = role_names(project)
    unknown = sorted(set(passwords or {}) - set(names))
    if unknown:
        raise WarehouseError(f"no such role: {', '.join(unknown)}")
    dangerous = connection.execute(_DANGEROUS, {"names": list(names)}).scalars().all()
    if dangerous:
        raise WarehouseError(
            f"these roles are there already and may do anything: {', '.join(sorted(dangerous))}"
        )
    statements = [
        *_create_roles(names, _existing(connection, names)),
        *_own(connection), *_load(), *_guard(), *_show_own(), *_publish(project.tables),
    ]  # fmt: skip
    if not dry_run:
        for statement in (*statements, *_with_passwords(connection, passwords or {})):
            connection.exec_driver_sql(statement)
    return statements + [f"ALTER ROLE {_name(role)} LOGIN PASSWORD '…'" for role in passwords or {}]
