"""Homes that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_inbox import MARCH, put
from world import LAYERS, World


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # restored afterwards: opening the instance sets it
        world = World(tmp_path)
        yield world
        world.instance.dispose()


@pytest.fixture(scope="package")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """Both months in the inbox, March run as a whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")
        world = World(tmp_path_factory.mktemp("judged"))
        put(world.home / "inbox", "february", "march")
        yield world, world.run("month", MARCH.key, (*LAYERS, "mart", "indicator", "report"))
        world.instance.dispose()
