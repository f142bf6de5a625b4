"""One throwaway PostgreSQL 15 cluster per test process: on a socket of its own, without durability, gone with the process.

Belongs here: the cluster and its databases. Not here: what tests put into them (conftest.py has the fixtures).
"""

from __future__ import annotations

import os
import subprocess
from itertools import count
from pathlib import Path

import sqlalchemy as sa

BIN = Path("/usr/lib/postgresql/15/bin")

# The shell outlives the tests by one command: it reads until the process that started it is gone, however it went.
# A Chinese collation shows what rests on the order of bytes, which no operator's database need have.
_KEEPER = """
set -e
cd /
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
"$1/initdb" --pgdata "$home/data" --username postgres --auth trust --encoding UTF8 --locale C.UTF-8 \
    --locale-provider icu --icu-locale zh-Hans-CN --no-sync >"$home/log"
options="-k $home -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
"$1/pg_ctl" --pgdata "$home/data" --wait --log "$home/log" --options "$options" start >/dev/null
trap '"$1/pg_ctl" --pgdata "$home/data" --mode immediate stop >/dev/null; rm -rf "$home"' EXIT
echo "$home"
read -r _ || true
"""


class Cluster:
    """A running cluster; `stop` (or the end of this process) removes it."""

    def __init__(self) -> None:
        if not (BIN / "initdb").exists():
            raise RuntimeError(
                "PostgreSQL 15 is missing: apt-get install --yes --no-install-recommends postgresql-15"
            )
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # A session of its own: what interrupts the tests must not interrupt the tidying up.
        self._keeper = subprocess.Popen(
            [*as_user, "sh", "-c", _KEEPER, "keeper", str(BIN)], cwd="/", text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._keeper.stdout is not None
        self.socket = self._keeper.stdout.readline().strip()
        if not self.socket:
            raise RuntimeError(f"PostgreSQL did not start (exit code {self._keeper.wait()})")
        self._admin = sa.create_engine(
            self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        )
        self._numbers = count(1)

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket}"

    def run(self, statement: str) -> None:
        """Run a statement as the superuser."""
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)

    def create_database(self, like: str | None = None) -> str:
        """Create an empty database, or a copy of one that nobody is connected to, and return its URL."""
        name = f"test_{next(self._numbers)}"
        template = "" if like is None else f" TEMPLATE {sa.make_url(like).database}"
        self.run(f"CREATE DATABASE {name}{template}")
        return self._url(name)

    def drop_database(self, url: str) -> None:
        """Drop the database, whoever is still connected."""
        self.run(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def break_connections(self) -> None:
        """End every other connection, as a restart of the server does."""
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def stop(self) -> None:
        """Stop the cluster and remove it."""
        self._keeper.communicate()
