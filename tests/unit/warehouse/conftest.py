"""A real warehouse on either engine, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ledger_world import Ledger

from g60pipeline.contracts.project import load_project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def made_warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    if request.param == "duckdb":
        url = f"duckdb:///{tmp_path_factory.mktemp('warehouse') / 'w.duckdb'}"
    else:
        url = request.getfixturevalue("postgres_cluster").create_database()
    with Warehouse(url, load_project(find_project_root())) as warehouse:
        warehouse.create()
        yield warehouse


@pytest.fixture
def ledger(made_warehouse: Warehouse) -> Ledger:
    ledger = Ledger(made_warehouse)
    ledger.clear()
    return ledger
