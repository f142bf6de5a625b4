"""Why values changed between two releases: each cause lands in its own part, and the parts add up exactly."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from frozen_world import FIRST, FOURTH, LATE, MEMBERS, OUTPUT, SECOND, SMALL, FrozenWorld
from g60pipeline.operations.revisions import PARTS, explain_row
from g60pipeline.warehouse.releases import read_release_values, read_revisions

DISTRICT = "310117"
ORGANISATIONS_TOO = {"from": "unit_summary", "value": "SUM(member_count + organisation_count)"}
Change = Callable[[FrozenWorld], object]


def late(world: FrozenWorld) -> None:
    world.send(LATE, 104)


def resubmit(world: FrozenWorld) -> None:
    world.send_again(FIRST, 111)


def overlay(world: FrozenWorld) -> None:
    world.correct(SECOND, expected=101, value=151)


def define(world: FrozenWorld) -> None:
    world.define("membership", numerator=ORGANISATIONS_TOO)


def merge(world: FrozenWorld) -> None:
    world.merge(FOURTH, SECOND)


def revise(
    world: FrozenWorld, *changes: Change, is_late_in: bool = False
) -> dict[tuple[str, str], dict[str, Any]]:
    """Release, change, release again; what changed of the members, by boundaries and subject."""
    if is_late_in:
        late(world)
    world.release()
    for change in changes:
        change(world)
    later = world.release("revised")
    rows = read_revisions(world.warehouse, later.release_id)
    for row in rows:
        adds_up(row)
    return {(row["boundaries"], row["subject_code"]): row for row in rows if row["indicator_id"] == MEMBERS}


def adds_up(row: dict[str, Any]) -> None:
    parts = [row[name] for name in PARTS]
    if row["note"] in ("suppressed", "parts_protected") or row["indicator_id"] == OUTPUT:
        assert parts == [None] * len(PARTS)
    else:
        assert all(isinstance(part, Decimal) for part in parts)
        assert sum(parts) == (row["value_after"] or 0) - (row["value_before"] or 0) != 0


def parts(row: dict[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in PARTS if row[name]}


ALONE: list[tuple[Change, bool, str, str, int]] = [
    (late, False, LATE, "late_returns", 104),
    (resubmit, True, FIRST, "corrections", 11),
    (overlay, True, SECOND, "overlays", 50),
    (define, True, FOURTH, "definitions", 5),
]


@pytest.mark.parametrize(
    ("change", "is_late_in", "unit", "part", "amount"), ALONE, ids=[case[3] for case in ALONE]
)
def test_each_cause_is_its_own_part(
    world: FrozenWorld, change: Change, is_late_in: bool, unit: str, part: str, amount: int
) -> None:
    found = revise(world, change, is_late_in=is_late_in)
    assert parts(found["as_was", unit]) == {part: amount}
    assert set(parts(found["as_was", DISTRICT])) == {part}
    others = 5 if part == "definitions" else 1
    assert len(found) == others + 1
    assert found["as_was", unit]["note"] == ("appeared" if change is late else None)


def test_units_that_merge_are_boundaries(world: FrozenWorld) -> None:
    found = revise(world, merge, is_late_in=True)
    assert {key: row["note"] for key, row in found.items()} == {
        ("as_now", subject): "appeared" for subject in (FIRST, SECOND, SMALL, LATE, DISTRICT)
    }
    assert parts(found["as_now", SECOND]) == {"boundaries_change": 101 + 103}
    assert parts(found["as_now", DISTRICT]) == {"boundaries_change": 510}


def test_all_causes_at_once(world: FrozenWorld) -> None:
    found = revise(world, late, resubmit, overlay, define, merge)
    assert parts(found["as_was", DISTRICT]) == {
        "late_returns": 104, "corrections": 11, "overlays": 50, "definitions": 25,
    }  # fmt: skip
    assert parts(found["as_was", LATE]) == {"late_returns": 104, "definitions": 5}
    assert parts(found["as_was", FIRST]) == {"corrections": 11, "definitions": 5}
    assert parts(found["as_was", SECOND]) == {"overlays": 50, "definitions": 5}
    assert parts(found["as_now", SECOND]) == {"boundaries_change": 151 + 103 + 10}
    assert ("as_now", FOURTH) not in found
    assert found["as_was", DISTRICT]["value_before"] == 406
    assert found["as_was", DISTRICT]["value_after"] == 596


def test_what_is_in_both_releases_is_what_was_released(world: FrozenWorld) -> None:
    found = revise(world, late, resubmit)
    for release, name in (("2021-12.1", "value_before"), ("2021-12.2", "value_after")):
        released = world.values(release)
        assert {subject: row[name] for (_, subject), row in found.items()} == {
            subject: released["end", subject] for _, subject in found
        }


def test_a_value_that_is_gone_has_disappeared(world: FrozenWorld) -> None:
    late(world)
    number = world.count("ops.submission")
    world.release()
    world.send_again(FIRST, 111)
    world.judge(number, "returned")
    world.define("membership", threshold=0.95)  # with four of five the district's value is withheld
    path = world.root / "assets" / "releases.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("revised: 0.9,", "revised: 0.8,"), encoding="utf-8"
    )
    world.reopen()
    world.release("revised")
    rows = {row["subject_code"]: row for row in read_revisions(world.warehouse, "2021-12.2")
            if row["indicator_id"] == MEMBERS}  # fmt: skip
    assert rows[LATE]["note"] == rows[DISTRICT]["note"] == "disappeared"
    assert rows[LATE]["value_after"] is None
    assert parts(rows[LATE]) == {"corrections": -104}
    assert parts(rows[DISTRICT]) == {"corrections": -104 + 11, "definitions": -417}


def test_suppressed_values_show_no_figure_and_protected_ones_no_part(world: FrozenWorld) -> None:
    world.release()
    world.send(LATE, 104)
    world.send(SMALL, 102, enterprises=2, output=3100.75)
    later = world.release("revised")
    rows = [row for row in read_revisions(world.warehouse, later.release_id) if row["indicator_id"] == OUTPUT]
    assert {row["note"] for row in rows} >= {"suppressed", "parts_protected"}
    hidden = {
        (row["time_basis"], row["subject_code"])
        for release in ("2021-12.1", later.release_id)
        for row in read_release_values(world.warehouse, release)
        if row["suppression"]
    }
    assert ("month", SMALL) in hidden
    for row in rows:
        figures = [row[name] for name in ("value_before", "value_after", *PARTS)]
        if (row["time_basis"], row["subject_code"]) in hidden:
            assert row["note"] == "suppressed"
            assert figures == [None] * len(figures)
        else:
            assert row["note"] in ("parts_protected", "appeared")
            assert figures[2:] == [None] * len(PARTS)


def test_nothing_changed(world: FrozenWorld) -> None:
    assert revise(world, is_late_in=True) == {}


def test_large_amounts_stay_exact(world: FrozenWorld) -> None:
    before, after = 123_456_789_012_345.6, 9_876_543_210_987_654.0
    key = ("x", "2021-12", "end", "as_was", "district", DISTRICT, "", "")
    worlds = [{key: {"value": value}} for value in (before, before, before, before, before, after)]
    row = explain_row(key, worlds, is_hidden=False, is_protected=False)
    assert row is not None
    assert (
        row["boundaries_change"] == row["value_after"] - row["value_before"] == Decimal("9753086421975308.4")
    )
