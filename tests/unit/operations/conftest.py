"""A small world to release from, on either engine; built once, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from frozen_world import FIRST, LATE, FrozenWorld


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


@contextmanager
def open_copy(
    template: tuple[str, Path], folder: Path, request: pytest.FixtureRequest
) -> Iterator[FrozenWorld]:
    """A copy of a closed world, in a folder that is not there yet."""
    of, source = template
    shutil.copytree(source, folder)
    url, cluster = f"duckdb:///{folder / 'w.duckdb'}", None
    if sa.make_url(of).get_backend_name() == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.create_database(like=of)
    world = FrozenWorld(url, folder)
    yield world
    world.close()
    if cluster is not None:
        cluster.drop_database(url)


@pytest.fixture
def world(filled: tuple[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FrozenWorld]:
    """A world of the test's own, in which all but one town have reported."""
    with open_copy(filled, tmp_path / "world", request) as world:
        yield world


@pytest.fixture(scope="session")
def twice_released(
    filled: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[str, Path]]:
    """URL and folder of a closed world with two releases; the definitions of the first are no longer the project's."""
    folder = tmp_path_factory.mktemp("released") / "world"
    with open_copy(filled, folder, request) as world:
        world.release()
        world.send(LATE, 104)
        world.send_again(FIRST, 111)
        world.define("membership", threshold=0.7)
        world.release("revised")
        world.close()
        yield world.url, folder


@pytest.fixture
def released(
    twice_released: tuple[str, Path], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[FrozenWorld]:
    """A world of the test's own with two releases."""
    with open_copy(twice_released, tmp_path / "world", request) as world:
        yield world
