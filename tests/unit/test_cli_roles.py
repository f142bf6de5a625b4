"""`g60 roles create`: what is printed, what is asked for, and that no password is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from g60pipeline.cli import app

RUNNER = CliRunner()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("G60_HOME", str(tmp_path))
    monkeypatch.delenv("G60_WAREHOUSE_URL", raising=False)
    return monkeypatch


def test_duckdb_has_no_roles(settings: pytest.MonkeyPatch) -> None:
    said = RUNNER.invoke(app, ["roles", "create"])
    assert (said.exit_code, said.stdout) == (1, "")
    assert "PostgreSQL" in said.stderr


def test_roles_are_created_with_the_passwords_of_a_file(
    settings: pytest.MonkeyPatch, postgres_url: str, tmp_path: Path
) -> None:
    settings.setenv("G60_WAREHOUSE_URL", postgres_url)
    secrets = tmp_path / "passwords"
    secrets.write_text("g60_reader=a=b secret\n\n", "utf-8")
    dry = RUNNER.invoke(app, ["roles", "create", "--dry-run", "--passwords", str(secrets)])
    assert dry.exit_code == 0
    assert "CREATE POLICY own_unit ON ops.finding" in dry.stdout
    assert "CREATE OR REPLACE VIEW" in dry.stdout
    assert "secret" not in dry.output

    done = RUNNER.invoke(app, ["roles", "create", "--json", "--passwords", str(secrets)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["may_log_in"] == ["g60_reader"]
    assert {"g60_owner", "g60_loader", "g60_reader", "g60_unit", "g60_unit_310117107"} <= set(found["roles"])
    assert "secret" not in done.output
    assert "SCRAM" not in done.output
    engine = sa.create_engine(sa.make_url(postgres_url).set(username="g60_reader"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM pub_v1.indicator").scalar_one() > 0
    engine.dispose()


def test_a_file_that_is_no_list_of_passwords_is_refused(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = tmp_path / "passwords"
    secrets.write_text("g60_reader\n", "utf-8")
    said = RUNNER.invoke(app, ["roles", "create", "--passwords", str(secrets)])
    assert said.exit_code == 2
    assert "role=password" in said.output
