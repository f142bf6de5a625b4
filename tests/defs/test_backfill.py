"""A year after a changed rule is one command, and one run: what was judged under older rules is judged again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from small_inbox import FAULT, MARCH
from typer.testing import CliRunner
from world import World

from g60pipeline.cli import app
from g60pipeline.defs.partitions import MONTHS, WRITER

BACKFILL = ["backfill", "--from", "2021-02", "--to", "2021-03", "--json"]


@pytest.fixture
def judged_long_ago(judged: tuple[World, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose submissions were judged under rules that found nothing wrong, and with a new file in its inbox."""
    home = tmp_path / "home"
    shutil.copytree(judged[0].home, home)
    with duckdb.connect(home / "warehouse.duckdb") as connection:
        connection.execute("UPDATE ops.verdict SET rules_version = 'older', status = 'accepted'")
    (home / "inbox" / "late.xlsx").write_bytes((home / "inbox" / FAULT.file_name).read_bytes() + b"\0")
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("G60_HOME", str(home))
    return home


def _read(home: Path, query: str) -> list[Any]:
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_backfill_judges_anew_in_one_run_and_says_what_came_out_otherwise(judged_long_ago: Path) -> None:
    done = CliRunner().invoke(app, BACKFILL)

    assert done.exit_code == 3, done.output
    said = json.loads(done.stdout)
    ((number,),) = _read(
        judged_long_ago, f"SELECT submission_id FROM ops.submission WHERE file_name = '{FAULT.file_name}'"
    )
    changed = {
        "reporting_unit_code": FAULT.unit_code,
        "period": MARCH.key,
        "was": "accepted",
        "is_now": "returned",
    }
    assert said["verdicts_changed"] == [{"submission_id": number, **changed}]
    assert (said["runs"], said["judged"]) == (1, 4)
    assert _read(judged_long_ago, "SELECT count(*) FROM ops.submission") == [(4,)]
    assert _read(judged_long_ago, "SELECT count(*) FROM ops.verdict") == [(8,)]


def test_a_backfill_of_months_that_are_not_over_is_wrong_usage() -> None:
    done = CliRunner().invoke(app, ["backfill", "--from", "2021-02", "--to", "2099-01"])
    assert done.exit_code == 2


def test_every_range_of_months_is_one_run_in_the_pages_too(empty: World) -> None:
    month = empty.graph.resolve_job_def("month")
    layer = month.asset_layer
    by_month = [key for key in layer.selected_asset_keys if layer.get(key).partitions_def == MONTHS]
    assert len(by_month) > 30
    policies = {layer.get(key).backfill_policy for key in by_month}
    assert policies == {dg.BackfillPolicy.single_run()}
    assert {pool for node in month.nodes for pool in node.definition.pools} == {WRITER}
