"""A small world to release from, on either engine; built once, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from frozen_world import FrozenWorld


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """URL and folder of a world that is filled and closed."""
    folder = tmp_path_factory.mktemp("filled")
    url = f"duckdb:///{folder / 'w.duckdb'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_cluster").create_database()
    world = FrozenWorld(url, folder)
    world.fill()
    world.close()
    return url, folder


@pytest.fixture
def world(filled: tuple[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FrozenWorld]:
    """A world of the test's own, in which all but one town have reported."""
    template, source = filled
    folder = tmp_path / "world"
    shutil.copytree(source, folder)
    url, cluster = f"duckdb:///{folder / 'w.duckdb'}", None
    if sa.make_url(template).get_backend_name() == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.create_database(like=template)
    world = FrozenWorld(url, folder)
    yield world
    world.close()
    if cluster is not None:
        cluster.drop_database(url)
