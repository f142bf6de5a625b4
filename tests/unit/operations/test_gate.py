"""Each condition of the gate holds up a release on its own, says what to do, and then nothing at all is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

import g60pipeline.operations.freezing as freezing
from frozen_world import BUREAU, FIRST, FORM, LATE, MONTH, FrozenWorld
from g60pipeline.contracts.releases import Stage
from g60pipeline.operations.compute import open_world
from g60pipeline.operations.freezing import ReleaseError
from g60pipeline.operations.gate import examine_gate
from g60pipeline.operations.releases import create_release
from g60pipeline.warehouse.engine import Warehouse


def refusal(world: FrozenWorld, stage: Stage = "preliminary", month: str = MONTH) -> dict[str, str]:
    """Names and messages of what is not met; nothing may have been written."""
    before = world.counts()
    with pytest.raises(ReleaseError) as refused:
        create_release(world.warehouse, month, stage)
    assert world.counts() == before
    first, *reasons = str(refused.value).splitlines()
    assert first == f"the gate does not let {month} pass as {stage}:"
    return {name.strip(): message for name, _, message in (reason.partition(": ") for reason in reasons)}


def only(reasons: dict[str, str], name: str) -> str:
    assert list(reasons) == [name]
    return reasons[name]


def test_what_is_frozen_is_what_the_gate_let_pass(world: FrozenWorld) -> None:
    release = world.release(note="first")
    assert (release.release_id, release.stage, release.note) == ("2021-12.1", "preliminary", "first")
    assert world.counts() == {
        "release.release": 1, "release.value": 18, "release.revision": 0, "release.definition_set": 1,
    }  # fmt: skip
    assert {condition["is_met"] for condition in release.manifest["gate"]} == {True}
    world.send_again(FIRST, 999)
    assert world.values(release.release_id)["end", FIRST] == 100


def test_too_few_returns(world: FrozenWorld) -> None:
    world.release()
    message = only(refusal(world, "revised"), "coverage_is_sufficient")
    assert message.startswith("5 of 6 owed forms are in force (83.3%); a revised release needs 90%")
    assert message.endswith(f"missing: {LATE} {FORM}")


def test_a_month_that_nobody_owes(world: FrozenWorld) -> None:
    message = only(refusal(world, month="2015-03"), "coverage_is_sufficient")
    assert message.startswith("nobody owes anything for 2015-03")


def test_sources_that_differ(world: FrozenWorld) -> None:
    world.send(LATE, 104, output=5000.5 + 0.03 * 15003)
    message = only(refusal(world), "two_sources_agree")
    assert message.startswith(
        "above_scale_output_value: bureau 15003, units 15453.09: differ by more than 2%: ask"
    )


@pytest.mark.parametrize(
    ("more", "is_met"), [(0.0199, True), (0.0201, False), (-0.0199, True), (-0.0201, False)]
)
def test_sources_may_differ_by_two_per_cent(world: FrozenWorld, more: float, is_met: bool) -> None:
    world.send(LATE, 104, output=round(5000.5 + more * 15003, 4))
    with open_world(world.warehouse, world.project) as connection:
        found = examine_gate(connection, world.warehouse, world.project, MONTH, "final", datetime(2022, 2, 1))
    agree = {c.message.split(":")[0]: c.is_met for c in found if c.name == "two_sources_agree"}
    assert agree == {"above_scale_enterprise_count": True, "above_scale_output_value": is_met}


def test_a_final_release_needs_sources_that_can_be_compared(world: FrozenWorld) -> None:
    world.release()
    world.send(LATE, 104, output=None)
    message = only(refusal(world, "final"), "two_sources_agree")
    assert message.startswith("above_scale_output_value: bureau 15003, units none: cannot be compared")
    assert message.endswith("a final release needs it")


def test_a_final_release_needs_the_bureaus_figures(world: FrozenWorld) -> None:
    world.send(LATE, 104)
    bureau = world.warehouse.read(
        f"SELECT submission_id FROM ops.submission WHERE reporting_unit_code = '{BUREAU}'"
    )
    world.judge(int(bureau["submission_id"].iloc[0]), "returned")
    world.release()
    reasons = refusal(world, "final")
    assert "nothing to compare with" in reasons["two_sources_agree"]


def test_stages_go_forward_and_nothing_follows_the_final_one(world: FrozenWorld) -> None:
    name = "stages_are_in_order"
    world.send(LATE, 104)
    assert only(refusal(world, "final"), name).endswith("make it preliminary")
    world.release()
    assert only(refusal(world), name) == "it follows 2021-12.1, preliminary: make it revised or final"
    assert [world.release("revised").release_id, world.release("revised").release_id] == [
        "2021-12.2",
        "2021-12.3",
    ]
    assert only(refusal(world), name) == "it follows 2021-12.3, revised: make it revised or final"
    world.release("final")
    for stage in ("preliminary", "revised", "final"):
        assert only(refusal(world, stage), name).endswith("a final release is the last of its month")


@pytest.mark.parametrize(
    ("at", "is_met"), [(datetime(2022, 1, 19, 15, 59), False), (datetime(2022, 1, 19, 16), True)]
)
def test_a_final_release_waits_for_the_lock(world: FrozenWorld, at: datetime, is_met: bool) -> None:
    with open_world(world.warehouse, world.project) as connection:
        found = {
            stage: {
                c.name: c for c in examine_gate(connection, world.warehouse, world.project, MONTH, stage, at)
            }
            for stage in ("revised", "final")
        }
    assert "the_month_is_locked" not in found["revised"]
    lock = found["final"]["the_month_is_locked"]
    assert lock.is_met == is_met  # Beijing's midnight
    assert lock.message.startswith("2021-12 locks on 2022-01-20")


def test_a_correction_that_no_longer_fits(world: FrozenWorld) -> None:
    world.correct(FIRST, expected=99, value=150)
    message = only(refusal(world), "corrections_meet_their_expected_value")
    assert "was expected to hold 99, but holds 100" in message
    assert message.endswith("Retire the correction, or enter it anew with what is expected now.")


def test_a_correction_that_no_run_has_laid_over_the_return_yet(world: FrozenWorld) -> None:
    world.correct(FIRST, expected=100, value=150, is_applied=False)
    message = only(refusal(world), "corrections_are_applied")
    assert message.endswith("g60 run --from 2021-12 --to 2021-12 first")


def test_a_correction_that_waits_for_its_return_holds_nothing_up(world: FrozenWorld) -> None:
    world.correct(LATE, expected=100, value=150)
    assert world.release().release_id == "2021-12.1"


def test_an_accepted_return_whose_rows_are_not_loaded_yet(world: FrozenWorld) -> None:
    number = world.send(LATE, 104, is_loaded=False)
    message = only(refusal(world), "accepted_returns_are_loaded")
    assert message.startswith(f"submissions {number} are accepted")
    assert message.endswith("g60 run --from 2021-12 --to 2021-12 first")


def test_a_suppressed_value_that_can_be_computed_back(
    world: FrozenWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if suppression forgot what must be hidden beside the sensitive value."""

    def forgetful(*arguments: Any) -> list[dict[str, Any]]:
        rows = protect(*arguments)
        return [row | {"suppression": row["suppression"].replace("secondary", "")} for row in rows]

    protect = freezing.protect_values
    monkeypatch.setattr(freezing, "protect_values", forgetful)
    message = only(refusal(world), "nothing_suppressed_can_be_computed_back")
    assert "2 recovered exactly" in message


def test_definitions_that_change_meanwhile(world: FrozenWorld) -> None:
    path = world.root / "assets" / "indicators" / "membership.yaml"

    def change(_: str) -> None:
        path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")

    before = world.counts()
    with pytest.raises(ReleaseError, match="were changed while the release was made"):
        create_release(world.warehouse, MONTH, "preliminary", progress=change)
    assert world.counts() == before


def overtake(world: FrozenWorld, step: str) -> Callable[[str], None]:
    """Make another release when the one that is being made comes to a step."""
    other = Warehouse(world.url, world.project)

    def report(text: str) -> None:
        if text.endswith(step):
            create_release(other, MONTH, "preliminary")
            other.close()

    return report


@pytest.mark.parametrize("step", ["values", "attack"])
def test_two_at_once_make_one_release(world: FrozenWorld, step: str) -> None:
    with pytest.raises(ReleaseError, match="another release was made meanwhile"):
        create_release(world.warehouse, MONTH, "preliminary", "loser", overtake(world, step))
    made = world.warehouse.read("SELECT release_id, note FROM release.release")
    assert [(row.release_id, row.note) for row in made.itertuples()] == [("2021-12.1", None)]
    assert world.verify("2021-12.1") == []


def test_the_rules_are_the_files(world: FrozenWorld) -> None:
    path: Path = world.root / "assets" / "releases.yaml"
    rules = yaml.safe_load(path.read_text(encoding="utf-8"))
    rules["coverage"]["preliminary"] = 0.84
    path.write_text(yaml.safe_dump(rules), encoding="utf-8")
    world.reopen()
    assert "needs 84%" in only(refusal(world), "coverage_is_sufficient")
