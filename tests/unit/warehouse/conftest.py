"""A real warehouse, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ledger_world import Ledger

from g60pipeline.contracts.project import load_project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse


@pytest.fixture(scope="session")
def made_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    path = tmp_path_factory.mktemp("warehouse") / "w.duckdb"
    with Warehouse(f"duckdb:///{path}", load_project(find_project_root())) as warehouse:
        warehouse.create()
        yield warehouse


@pytest.fixture
def ledger(made_warehouse: Warehouse) -> Ledger:
    ledger = Ledger(made_warehouse)
    ledger.clear()
    return ledger
