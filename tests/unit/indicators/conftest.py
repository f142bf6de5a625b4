"""Fixtures: the project as it stands and an empty warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from indicator_world import ROOT, World

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.indicators.compile import Dialect


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project(ROOT)


def dialect_of(engine: sa.Engine) -> Dialect:
    return "duckdb" if engine.dialect.name == "duckdb" else "postgres"


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def built_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, project: Project
) -> Iterator[sa.Engine]:
    """A warehouse without rows on either engine, built once."""
    if request.param == "duckdb":
        url = f"duckdb:///{tmp_path_factory.mktemp('indicators') / 'warehouse.duckdb'}"
    else:
        url = request.getfixturevalue("postgres_cluster").create_database()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        World(connection, project, dialect_of(engine))
    yield engine
    engine.dispose()


@pytest.fixture
def world(built_engine: sa.Engine, project: Project) -> Iterator[World]:
    """The warehouse without rows; what a test puts in is taken back."""
    with built_engine.connect() as connection:
        yield World(connection, project, dialect_of(built_engine), is_built=True)
        connection.rollback()


@pytest.fixture
def make_world(warehouse_url: str) -> Iterator[Callable[[Project], World]]:
    """Make the world of a project, on either engine."""
    engine = sa.create_engine(warehouse_url)
    with engine.connect() as connection:
        yield lambda project: World(connection, project, dialect_of(engine))
    engine.dispose()
