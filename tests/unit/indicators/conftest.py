"""Fixtures: the project as it stands and an empty warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from indicator_world import ROOT, World

from g60pipeline.contracts.project import Project, load_project


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project(ROOT)


@pytest.fixture
def world(tmp_path: Path, project: Project) -> Iterator[World]:
    engine = sa.create_engine(f"duckdb:///{tmp_path / 'warehouse.duckdb'}")
    with engine.connect() as connection:
        yield World(connection, project, "duckdb")
    engine.dispose()


@pytest.fixture
def make_world(warehouse_url: str) -> Iterator[Callable[[Project], World]]:
    """Make the world of a project, on either engine."""
    engine = sa.create_engine(warehouse_url)
    with engine.connect() as connection:
        yield lambda project: World(
            connection, project, "duckdb" if engine.dialect.name == "duckdb" else "postgres"
        )
    engine.dispose()
