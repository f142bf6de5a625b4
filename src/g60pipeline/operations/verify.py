"""Verifying releases: whether all that they were made of is still what it was, and still makes them.

Belongs here: comparing. Not here: making and replaying (releases.py), the bytes (manifest.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.definitions import definitions_hash
from g60pipeline.operations.disclosure import KEY
from g60pipeline.operations.freezing import Progress, ReleaseError, silent
from g60pipeline.operations.manifest import (
    COLUMNS,
    FIGURES,
    REVISIONS,
    VALUES,
    describe,
    format_figure,
    key_of,
    sha256,
    write_manifest,
    write_revisions,
    write_values,
)
from g60pipeline.operations.releases import replay_release

if TYPE_CHECKING:
    from g60pipeline.intake.archive import Archive
    from g60pipeline.warehouse.engine import Warehouse
    from g60pipeline.warehouse.releases import Release

_CELLS = tuple(name for name in (*COLUMNS, "suppression") if name not in KEY)
_NONE = "none"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """Where a release and what is found now part: what, of which value or file, as released and as it is now."""

    what: str
    key: str
    released: str
    computed: str


def verify_release(
    warehouse: Warehouse, release: Release, archive: Archive, progress: Progress = silent
) -> list[Difference]:
    """Return where a release differs from its manifest and its inputs, and the first cell that is computed otherwise.

    With a manifest that is not the one of the day nothing else can be told.
    """
    from g60pipeline.warehouse.releases import read_release_values

    hash_ = sha256(write_manifest(release.manifest))
    if hash_ != release.manifest_sha256:
        return [Difference("manifest", release.release_id, release.manifest_sha256, hash_)]
    found = [*_check_row(release), *_check_before(warehouse, release), *_check_inputs(release, archive)]
    stored = read_release_values(warehouse, release.release_id)
    found += _check_outputs(warehouse, release, stored)
    definitions = list(_check_definitions(warehouse, release))
    found += definitions
    if not definitions or release.definitions_hash == warehouse.project.definitions_version:
        found += _check_values(warehouse, release, stored, progress)
    return found


def _check_row(release: Release) -> Iterator[Difference]:
    stored = {**describe(release), "definitions": release.definitions_hash}
    promised = {**release.manifest, "definitions": release.manifest["definitions"]["hash"]}
    for name, value in stored.items():
        if value != promised[name]:
            yield Difference("release", name, str(promised[name]), str(value))


def _check_before(warehouse: Warehouse, release: Release) -> Iterator[Difference]:
    from g60pipeline.warehouse.releases import read_releases

    hashes = {earlier.release_id: earlier.manifest_sha256 for earlier in read_releases(warehouse)}
    for earlier in release.manifest["releases_before"]:
        name, promised = earlier["release_id"], earlier["manifest_sha256"]
        if hashes.get(name) != promised:
            yield Difference("release before", name, promised, hashes.get(name, _NONE))


def _check_definitions(warehouse: Warehouse, release: Release) -> Iterator[Difference]:
    from g60pipeline.warehouse.releases import read_definition_set

    stored = read_definition_set(warehouse, release.definitions_hash)
    if definitions_hash(stored) == release.definitions_hash:
        return
    hashes = {path: sha256(text.encode("utf-8")) for path, text in stored.items()}
    promised = release.manifest["definitions"]["files"]
    for path in sorted(hashes.keys() | promised.keys()):
        if hashes.get(path) != promised.get(path):
            yield Difference("definitions", path, promised.get(path, _NONE), hashes.get(path, _NONE))


def _check_inputs(release: Release, archive: Archive) -> Iterator[Difference]:
    for entry in release.manifest["inputs"]:
        try:
            found = sha256(archive.get(entry["sha256"]))
        except FileNotFoundError:
            found = "no such file in the archive"
        if found != entry["sha256"]:
            yield Difference("input", f"submission {entry['submission_id']}", entry["sha256"], found)


def _check_outputs(warehouse: Warehouse, release: Release, stored: Sequence[Row]) -> Iterator[Difference]:
    from g60pipeline.warehouse.releases import read_revisions

    outputs = {
        VALUES: write_values(stored),
        REVISIONS: write_revisions(read_revisions(warehouse, release.release_id)),
    }
    for name, data in outputs.items():
        promised = release.manifest["outputs"][name]["sha256"]
        if sha256(data) != promised:
            yield Difference("stored", name, promised, sha256(data))


def _check_values(
    warehouse: Warehouse, release: Release, stored: Sequence[Row], progress: Progress
) -> Iterator[Difference]:
    from g60pipeline.disclosure.cells import DisclosureError

    try:
        again = replay_release(warehouse, release, progress)
    except (ReleaseError, DisclosureError) as error:
        yield Difference("values", release.release_id, f"{len(stored)} values", str(error))
        return
    first = _first_difference(stored, again)
    if first is not None:
        yield first


def _first_difference(stored: Sequence[Row], again: Sequence[Row]) -> Difference | None:
    """Return the first cell, in the order of keys, that is not the same."""
    left, right = {key_of(row): row for row in stored}, {key_of(row): row for row in again}
    for key in sorted(left.keys() | right.keys()):
        where = " ".join(part for part in key if part)
        if key not in left or key not in right:
            return Difference("row", where, *("there" if key in rows else _NONE for rows in (left, right)))
        for name in _CELLS:
            released, computed = (_text(name, rows[key][name]) for rows in (left, right))
            if released != computed:
                return Difference(name, where, released, computed)
    return None


def _text(name: str, value: Any) -> str:
    return format_figure(value) if name in FIGURES else "" if value is None else str(value)
