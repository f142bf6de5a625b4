"""`g60 migrate`: what would change is said first, and then done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from typer.testing import CliRunner

from g60pipeline.cli import app


def migrate(home: Path, url: str, *options: str) -> Result:
    env = {"G60_HOME": str(home), "G60_WAREHOUSE_URL": url}
    return CliRunner().invoke(app, ["migrate", *options], env=env)


def changes(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    found: list[str] = json.loads(result.stdout)["changes"]
    return found


def drop_a_column(url: str) -> None:
    """As it was before the contract gained the field."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for view in connection.exec_driver_sql(
            "SELECT table_schema || '.' || table_name FROM information_schema.views"
            " WHERE table_schema IN ('core', 'mart', 'ops', 'pub_v1')"
        ).scalars().all():  # fmt: skip
            connection.exec_driver_sql(f"DROP VIEW IF EXISTS {view} CASCADE")
        connection.exec_driver_sql("ALTER TABLE staged.unit_summary DROP COLUMN output_unit")
    engine.dispose()


def test_a_new_warehouse_is_announced_and_then_made(tmp_path: Path, warehouse_url: str) -> None:
    dry = migrate(tmp_path, warehouse_url, "--dry-run", "--json")
    assert json.loads(dry.stdout)["done"] is False
    assert changes(dry)
    assert changes(migrate(tmp_path, warehouse_url, "--dry-run", "--json")) == changes(
        dry
    )  # nothing was done
    assert changes(migrate(tmp_path, warehouse_url, "--json")) == changes(dry)
    assert changes(migrate(tmp_path, warehouse_url, "--dry-run", "--json")) == []
    assert "no table would change" in migrate(tmp_path, warehouse_url, "--dry-run").stdout


def test_a_column_that_a_contract_gained_is_added(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'warehouse.duckdb'}"
    assert migrate(tmp_path, url).exit_code == 0
    drop_a_column(url)
    dry = migrate(tmp_path, url, "--dry-run")
    assert "add staged.unit_summary.output_unit" in dry.stdout
    assert f"cp {tmp_path / 'warehouse.duckdb'}" in dry.stdout
    assert "add staged.unit_summary.output_unit" in migrate(tmp_path, url).stdout


@pytest.mark.parametrize("text", ["mysql://me:secret@host/db", "postgresql://nobody@/none?host=/nosuch"])
def test_a_warehouse_that_cannot_be_used_is_explained(tmp_path: Path, text: str) -> None:
    done = migrate(tmp_path, text)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "secret" not in done.stderr
