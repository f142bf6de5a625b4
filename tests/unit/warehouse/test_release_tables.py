"""What a release holds in SQL: its rows, its marts and its values are those of its cut, on both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frozen_world import BUREAU, FIRST, FORM, LATE, MEMBERS, SECOND, FrozenWorld
from g60pipeline.operations.compute import update_indicators
from g60pipeline.operations.marts import create_marts
from g60pipeline.operations.values import read_indicator_values
from g60pipeline.warehouse.engine import WarehouseError
from g60pipeline.warehouse.releases import find_release, read_releases, read_revisions

MONTH, RELEASE = "2021-12", "2021-12.1"


@pytest.fixture
def world(warehouse_url: str, tmp_path: Path) -> Any:
    world = FrozenWorld(warehouse_url, tmp_path / "world")
    world.fill()
    create_marts(world.warehouse)
    update_indicators(world.warehouse, [MONTH])
    yield world
    world.close()


def rows(world: FrozenWorld, source: str, columns: str, **parameters: Any) -> list[tuple[Any, ...]]:
    frame = world.warehouse.read(f"SELECT {columns} FROM {source} ORDER BY {columns}", parameters)
    return list(frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None))


ROWS = (f"core.{FORM}", "reporting_unit_code, member_count, correction_ids")
MART = ("mart.reconciliation", "measure_code, bureau_value, units_total, is_within_tolerance")
VALUES = "indicator_id, time_basis, level, subject_code, value, status"


def changed(world: FrozenWorld) -> None:
    """Everything that can happen to rows."""
    world.send(LATE, 104)
    world.send_again(FIRST, 111)
    world.correct(SECOND, expected=101, value=151)
    world.send_bureau(enterprises=47, output=15100)
    update_indicators(world.warehouse, [MONTH])


def test_a_releases_cut_is_what_was_there_when_it_was_made(world: FrozenWorld) -> None:
    row_name, row_columns = ROWS
    mart, mart_columns = MART
    then = [
        rows(world, f"{row_name}_latest", row_columns),
        rows(world, mart, mart_columns),
        rows(world, "mart.indicator_value", VALUES),
    ]
    world.release()
    changed(world)
    world.judge(1, "returned")
    kept = [
        rows(world, f"{row_name}_in_release(:release)", row_columns, release=RELEASE),
        rows(world, f"{mart}_in_release(:release)", mart_columns, release=RELEASE),
    ]
    assert kept == then[:2]
    assert rows(world, f"{row_name}_latest", row_columns) != then[0]
    assert rows(world, mart, mart_columns) != then[1]
    released = rows(world, "mart.indicator_value_in_release(:release)", VALUES, release=RELEASE)
    hidden = {row[:4] for row in released if row[5] == "suppressed"}
    assert len(hidden) == 4
    assert [row for row in released if row[:4] not in hidden] == [
        row for row in then[2] if row[:4] not in hidden
    ]
    assert {row[4] for row in released if row[:4] in hidden} == {None}


def test_the_true_figures_of_suppressed_values_are_not_kept(world: FrozenWorld) -> None:
    world.release()
    figures = "value, numerator, denominator, coverage_ratio"
    hidden = rows(world, "release.value WHERE suppression <> ''", figures)
    assert hidden == [(None,) * 4] * 4


def test_values_at_the_three_times(world: FrozenWorld) -> None:
    world.release()
    known = world.warehouse.read("SELECT max(known_from) AS at FROM mart.indicator_vintage")["at"].iloc[0]
    changed(world)

    def of_first(**time: Any) -> float:
        frame = read_indicator_values(world.warehouse, MEMBERS, MONTH, **time)
        return float(frame.set_index("subject_code")["value"][FIRST])

    assert of_first() == 111
    assert of_first(as_of=known.to_pydatetime()) == of_first(release_id=RELEASE) == 100
    with pytest.raises(WarehouseError, match=r"there is no release 2021-12\.9; there are: 2021-12\.1"):
        of_first(release_id="2021-12.9")
    with pytest.raises(ValueError, match="ask for"):
        of_first(release_id=RELEASE, is_as_now=True)


def test_releases_are_read_in_the_order_in_which_they_were_made(world: FrozenWorld) -> None:
    assert read_releases(world.warehouse) == []
    with pytest.raises(WarehouseError, match="there are: none yet"):
        find_release(world.warehouse, RELEASE)
    first = world.release(note="第一次")
    world.send(LATE, 104)
    later = world.release("revised")
    assert read_releases(world.warehouse, MONTH) == [first, later]
    assert read_releases(world.warehouse, "2021-11") == []
    assert find_release(world.warehouse, RELEASE) == first
    assert (later.release_no, later.previous_release_id) == (2, RELEASE)
    assert world.count("release.definition_set") == 1
    assert read_revisions(world.warehouse, RELEASE) == []
    assert {row["previous_release_id"] for row in read_revisions(world.warehouse, later.release_id)} == {
        RELEASE
    }
    assert BUREAU not in {row["subject_code"] for row in read_revisions(world.warehouse, later.release_id)}
