"""What the code lists said at an instant and in a release, when they say something else now."""

from __future__ import annotations

from datetime import UTC, datetime

from frozen_world import FIRST, FOURTH, MONTH, FrozenWorld
from g60pipeline.operations.values import read_rows


def ends(world: FrozenWorld, **at: object) -> list[object]:
    """Until when the fourth town is one, and how many towns became others."""
    units = read_rows(world.warehouse, "unit", MONTH, **at)  # type: ignore[arg-type]
    (end,) = units[units["unit_code"] == FOURTH]["valid_to"]
    return [end, len(read_rows(world.warehouse, "unit_link", MONTH, **at))]  # type: ignore[arg-type]


def test_a_dimension_is_there_as_it_was_known_and_as_a_release_used_it(world: FrozenWorld) -> None:
    release = world.release()
    before = datetime.now(UTC).replace(tzinfo=None)
    world.merge(FOURTH, FIRST)
    assert ends(world) == ["2021-12-31", 1]
    assert ends(world, as_of=before) == [None, 0]
    assert ends(world, release_id=release.release_id) == [None, 0]
    assert ends(world, as_of=datetime.now(UTC).replace(tzinfo=None)) == ends(world)
    assert read_rows(world.warehouse, "unit", MONTH, as_of=datetime(2000, 1, 1)).empty


def test_obligations_are_asked_for_by_month(world: FrozenWorld) -> None:
    assert set(read_rows(world.warehouse, "obligation", MONTH)["period"]) == {MONTH}
    before = datetime.now(UTC).replace(tzinfo=None)
    owing = len(read_rows(world.warehouse, "obligation", "2022-01", as_of=before))
    world.merge(FOURTH, FIRST)
    assert len(read_rows(world.warehouse, "obligation", "2022-01")) == owing - 1
    assert len(read_rows(world.warehouse, "obligation", "2022-01", as_of=before)) == owing


def test_what_stays_the_same_is_not_kept_twice(world: FrozenWorld) -> None:
    rows = world.count("core.unit_history")
    world.define("membership", threshold=0.7)  # everything is written anew
    assert world.count("core.unit_history") == rows
