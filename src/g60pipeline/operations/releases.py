"""Releases: values frozen after the gate, and made again to the same bytes whenever that is asked.

A release is a function of its definitions, of a cut through the ledgers and of the releases before it.

Belongs here: making and replaying. Not here: a month's values (freezing.py), the gate (gate.py), suppression
(operations.disclosure), bytes and hashes (manifest.py), comparing (verify.py), why values changed (revisions.py),
snapshots for readers (publish.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.definitions import definitions_hash, read_definitions
from g60pipeline.contracts.knowledge import Cut
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.contracts.releases import Stage
from g60pipeline.logs import emit
from g60pipeline.operations.compute import open_world
from g60pipeline.operations.disclosure import (
    attack_values,
    protected_indicators,
    redact_value,
)
from g60pipeline.operations.freezing import Frozen, Progress, ReleaseError, freeze, project_of, silent
from g60pipeline.operations.gate import Condition, examine_gate, examine_order
from g60pipeline.operations.manifest import build_manifest, sha256, write_manifest

if TYPE_CHECKING:
    import sqlalchemy as sa

    from g60pipeline.warehouse.engine import Warehouse
    from g60pipeline.warehouse.releases import Release


def _before(releases: Iterable[Release], period: str) -> list[Release]:
    """Return the releases that readers of one of a month have: of the month, and of the eleven months before it."""
    first = Period.parse(period).plus(-11).key
    return [release for release in releases if first <= release.period <= period]


def _attack(project: Project, period: str, frozen: Frozen) -> Condition:
    """Let the attacker loose on the release beside those of the month and of the month before it."""
    recent = [release for release in frozen.known if release.period >= Period.parse(period).plus(-1).key]
    verdict = attack_values(project, period, frozen.values, recent)
    said = f"{verdict.hidden} hidden magnitudes, {verdict.exact} recovered exactly, {verdict.within_protection} too closely"
    if verdict.exact:
        said += (
            ": the suppression is not safe; report this, with the month and the definitions, before releasing"
        )
    return Condition("nothing_suppressed_can_be_computed_back", verdict.exact == 0, said)


def _refuse(period: str, stage: Stage, conditions: Sequence[Condition]) -> None:
    failed = [condition for condition in conditions if not condition.is_met]
    if failed:
        reasons = "\n".join(f"  {condition.name}: {condition.message}" for condition in failed)
        raise ReleaseError(f"the gate does not let {period} pass as {stage}:\n{reasons}")


def create_release(
    warehouse: Warehouse, period: str, stage: Stage, note: str | None = None, progress: Progress = silent
) -> Release:
    """Freeze a month's values as a release; ReleaseError when the gate does not let it pass, and then nothing is written."""
    from g60pipeline.warehouse.releases import append_release, read_releases
    from g60pipeline.warehouse.timeliness import utc_now
    from g60pipeline.warehouse.world import find_cut

    project, now = warehouse.project, utc_now()
    releases = read_releases(warehouse)
    earlier = [release for release in releases if release.period == period]
    # Between two transactions of whoever writes, so that the numbers of the cut go together.
    with warehouse.transaction() as connection:
        cut = find_cut(connection)
    with open_world(warehouse, project, cut) as connection:
        conditions = [
            examine_order(stage, earlier[-1] if earlier else None),
            *examine_gate(connection, warehouse, project, period, stage, now),
        ]
    _refuse(period, stage, conditions)
    before = _before(releases, period)
    frozen = freeze(warehouse, project, period, cut, before, progress)
    progress(f"{period}: attack")
    conditions.append(_attack(project, period, frozen))
    _refuse(period, stage, conditions)
    files = _read_definitions(project)
    release = _begin(period, stage, note, cut, project.definitions_version, earlier, now)
    protected = protected_indicators(project)
    values = [redact_value(row, protected) for row in frozen.values]
    revisions = _explain(warehouse, earlier, release, frozen, progress)
    manifest = build_manifest(warehouse, release, before, files, values, revisions, conditions)
    release = replace(release, manifest=manifest, manifest_sha256=sha256(write_manifest(manifest)))
    with warehouse.transaction() as connection:
        _refuse_if_overtaken(connection, warehouse, len(releases))
        append_release(connection, warehouse, release, values, revisions, files)
    emit("released", release=release.release_id, month=period, stage=stage)
    return release


def _read_definitions(project: Project) -> dict[str, str]:
    files = read_definitions(project.root)
    if definitions_hash(files) != project.definitions_version:
        raise ReleaseError("schemas or assets were changed while the release was made: make it again")
    return files


def _begin(
    period: str,
    stage: Stage,
    note: str | None,
    cut: Cut,
    definitions: str,
    earlier: Sequence[Release],
    now: datetime,
) -> Release:
    """Return the release without its manifest."""
    from g60pipeline.warehouse.releases import Release

    number = len(earlier) + 1
    return Release(
        release_id=f"{period}.{number}",
        period=period,
        release_no=number,
        stage=stage,
        cut=cut,
        definitions_hash=definitions,
        previous_release_id=earlier[-1].release_id if earlier else None,
        note=note,
        created_at=now.replace(microsecond=0),
        manifest={},
        manifest_sha256="",
    )


def _explain(
    warehouse: Warehouse, earlier: Sequence[Release], release: Release, frozen: Frozen, progress: Progress
) -> list[dict[str, Any]]:
    from g60pipeline.operations.revisions import explain_revision

    if not earlier:
        return []
    progress(f"{release.period}: why values changed since {earlier[-1].release_id}")
    return explain_revision(warehouse, earlier[-1], release, frozen.values)


def _refuse_if_overtaken(connection: sa.Connection, warehouse: Warehouse, known: int) -> None:
    """Releases are append-only: as many as at the start are the same as at the start."""
    from g60pipeline.warehouse.releases import count_releases

    if count_releases(connection, warehouse) != known:
        raise ReleaseError(
            "another release was made meanwhile, and this one does not know of it: make it again"
        )


def replay_release(
    warehouse: Warehouse, release: Release, progress: Progress = silent
) -> list[dict[str, Any]]:
    """Compute a release again from its definitions, its cut and the releases before it; return what is published of it."""
    from g60pipeline.warehouse.releases import find_release

    before = [find_release(warehouse, each["release_id"]) for each in release.manifest["releases_before"]]
    with project_of(warehouse, release.definitions_hash) as project:
        frozen = freeze(warehouse, project, release.period, release.cut, before, progress)
        protected = protected_indicators(project)
    return [redact_value(row, protected) for row in frozen.values]
