"""A release can be made again to the last byte, whatever came after it; what was tampered with is found and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from frozen_world import FIRST, FORM, FOURTH, LATE, MEMBERS, MONTH, SECOND, FrozenWorld
from g60pipeline.operations.manifest import sha256, write_manifest, write_values
from g60pipeline.operations.releases import replay_release
from g60pipeline.warehouse.releases import Release, find_release

Where = dict[str, Any]
FIRST_ID, SECOND_ID = "2021-12.1", "2021-12.2"
KEY = f"{MEMBERS} {MONTH} end as_was unit {FIRST}"


def test_a_release_stays_the_same_whatever_comes_after_it(world: FrozenWorld) -> None:
    world.release()
    after: list[Callable[[], object]] = [
        lambda: None,
        lambda: world.send(LATE, 104),
        lambda: world.send_again(FIRST, 111),
        lambda: world.judge(2, "returned"),
        lambda: world.judge(2, "accepted"),
        lambda: world.correct(FOURTH, expected=103, value=153),
        lambda: world.define("membership", numerator={"from": FORM, "value": "SUM(organisation_count)"}),
        lambda: world.merge(FOURTH, FIRST),
        lambda: world.release("revised"),
        lambda: world.send_again(SECOND, 999),
    ]
    for step in after:
        step()
        assert world.verify(FIRST_ID) == []
    assert world.verify(SECOND_ID) == []
    assert world.values(FIRST_ID)["end", FIRST] == 100
    assert world.values(SECOND_ID)["end", FIRST] == 5


def replayed(world: FrozenWorld, release: Release) -> str:
    return sha256(write_values(replay_release(world.warehouse, release)))


def test_both_engines_write_the_same_bytes(tmp_path: Path, postgres_url: str) -> None:
    hashes: list[list[str]] = []
    for url, name in ((f"duckdb:///{tmp_path / 'w.duckdb'}", "duckdb"), (postgres_url, "postgres")):
        world = FrozenWorld(url, tmp_path / name)
        denominator = {"from": FORM, "value": "SUM(above_scale_enterprise_count)"}
        world.define("membership", kind="ratio", unit="ratio", denominator=denominator)
        world.fill()
        releases = [world.release()]
        world.send(LATE, 104)
        world.send_again(FIRST, 111)
        world.correct(SECOND, expected=101, value=151)
        world.merge(FOURTH, SECOND)
        releases.append(world.release("revised"))
        promised = [release.manifest["outputs"] for release in releases]
        assert [replayed(world, each) for each in releases] == [
            each["values.csv"]["sha256"] for each in promised
        ]
        hashes.append([output["sha256"] for outputs in promised for output in outputs.values()])
        world.close()
    assert hashes[0] == hashes[1]


def test_the_manifest_is_canonical_and_knows_no_machine(world: FrozenWorld) -> None:
    release = world.release()
    stored = find_release(world.warehouse, FIRST_ID)
    text = write_manifest(stored.manifest).decode()
    assert sha256(text.encode()) == stored.manifest_sha256 == release.manifest_sha256
    assert str(world.root) not in text
    assert str(Path.home()) not in text
    assert stored.manifest["created_at"] == stored.created_at.isoformat() + "Z"
    assert list(stored.manifest["cut"].values()) == [5, 5, 0]
    assert [entry["submission_id"] for entry in stored.manifest["inputs"]] == [1, 2, 3, 4]
    assert {Path(path).suffix for path in stored.manifest["definitions"]["files"]} == {
        ".yaml",
        ".csv",
        ".sql",
    }
    assert (
        sum(stored.manifest["values_by_status"].values()) == stored.manifest["outputs"]["values.csv"]["rows"]
    )


def change(world: FrozenWorld, name: str, where: Where, **values: Any) -> None:
    """Change rows behind everybody's back."""
    table = world.warehouse.table(name)
    conditions = [table.c[column] == value for column, value in where.items()]
    with world.warehouse.transaction() as connection:
        assert connection.execute(sa.update(table).where(*conditions).values(**values)).rowcount != 0


def found(world: FrozenWorld, release_id: str = SECOND_ID) -> list[tuple[str, str]]:
    return [(difference.what, difference.key) for difference in world.verify(release_id)]


def of(release_id: str) -> Where:
    return {"release_id": release_id}


def test_a_stored_value(released: FrozenWorld) -> None:
    value = of(SECOND_ID) | {"indicator_id": MEMBERS, "subject_code": FIRST}
    change(released, "release.value", value, numerator=112)
    stored, cell = released.verify(SECOND_ID)
    assert (stored.what, stored.key) == ("stored", "values.csv")
    assert (cell.what, cell.key, cell.released, cell.computed) == ("numerator", KEY, "112", "111")
    change(released, "release.value", value, numerator=111, suppression="primary")
    assert found(released) == [("suppression", KEY)]


def test_a_value_that_is_gone_or_too_many(released: FrozenWorld) -> None:
    table = released.warehouse.table("release.value")
    one = (table.c.release_id == SECOND_ID, table.c.indicator_id == MEMBERS, table.c.subject_code == FIRST)
    with released.warehouse.transaction() as connection:
        connection.execute(sa.delete(table).where(*one))
    (_, row) = released.verify(SECOND_ID)
    assert (row.what, row.key, row.released, row.computed) == ("row", KEY, "none", "there")


def test_a_row_of_core(released: FrozenWorld) -> None:
    change(released, f"core.{FORM}", {"submission_id": 1}, member_count=90)
    assert found(released) == []  # the second release rests on what was sent again
    (cell,) = released.verify(FIRST_ID)
    assert (cell.what, cell.released, cell.computed) == ("value", "406", "396")
    assert cell.key.startswith(f"{MEMBERS} {MONTH} end as_was district")


def test_a_file_of_the_archive(released: FrozenWorld) -> None:
    first, second = find_release(released.warehouse, FIRST_ID).manifest["inputs"][:2]
    folder = Path(released.archive._root)  # type: ignore[attr-defined]
    paths = [folder / entry["sha256"][:2] / f"{entry['sha256']}.bin" for entry in (first, second)]
    paths[0].chmod(0o644)
    paths[0].write_bytes(b"other")
    paths[1].unlink()
    differences = released.verify(FIRST_ID)
    assert [(each.what, each.key) for each in differences] == [
        ("input", "submission 1"),
        ("input", "submission 2"),
    ]
    assert differences[1].computed == "no such file in the archive"


def test_the_manifest(released: FrozenWorld) -> None:
    manifest = find_release(released.warehouse, SECOND_ID).manifest
    change(released, "release.release", of(SECOND_ID), manifest={**manifest, "stage": "final"})
    assert found(released) == [("manifest", SECOND_ID)]
    change(released, "release.release", of(SECOND_ID), manifest={})
    assert found(released) == [("manifest", SECOND_ID)]


def test_the_releases_own_row(released: FrozenWorld) -> None:
    change(released, "release.release", of(SECOND_ID), stage="final", note="other")
    assert found(released) == [("release", "stage"), ("release", "note")]


def test_the_release_before(released: FrozenWorld) -> None:
    change(released, "release.release", of(FIRST_ID), manifest_sha256="0" * 64)
    assert found(released) == [("release before", FIRST_ID)]
    assert found(released, FIRST_ID) == [("manifest", FIRST_ID)]


@pytest.mark.parametrize("text", [None, "theme: [", "theme: membership\n"])
def test_the_stored_definitions(released: FrozenWorld, text: str | None) -> None:
    release = find_release(released.warehouse, FIRST_ID)
    table = released.warehouse.table("release.definition_set")
    with released.warehouse.engine.connect() as connection:
        rows = connection.execute(sa.select(table.c.definitions_hash, table.c.files)).all()
    files = next(dict(files) for hash_, files in rows if hash_ == release.definitions_hash)
    path = "assets/indicators/membership.yaml"
    files = {name: text if name == path else known for name, known in files.items() if text or name != path}
    change(released, "release.definition_set", {"definitions_hash": release.definitions_hash}, files=files)
    assert found(released, FIRST_ID) == [("definitions", path)]


def test_the_definitions_are_lost(released: FrozenWorld) -> None:
    with released.warehouse.transaction() as connection:
        connection.execute(sa.delete(released.warehouse.table("release.definition_set")))
    assert {what for what, _ in found(released, FIRST_ID)} == {"definitions"}


def test_a_revision(released: FrozenWorld) -> None:
    change(released, "release.revision", {"subject_code": FIRST, "indicator_id": MEMBERS}, corrections=7)
    assert found(released) == [("stored", "revisions.csv")]


def test_everything_that_it_rests_on_is_gone(released: FrozenWorld) -> None:
    change(released, "ops.verdict", {"status": "accepted"}, status="returned")
    (difference,) = released.verify(SECOND_ID)
    assert (difference.what, difference.key, difference.released) == ("values", SECOND_ID, "18 values")
