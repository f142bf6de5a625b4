"""Why a value changed between two releases, in parts that add up exactly.

From the world of the earlier release to that of the later one one thing is changed at a time: returns that came since,
returns sent again, the district's corrections, definitions, boundaries. What a step changes is its part.

Belongs here: the steps and their sums. Not here: computing in a world (freezing.py, compute.py).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Context, Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.definitions import read_definitions, write_definitions
from g60pipeline.contracts.knowledge import Cut
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.contracts.releases import PARTS
from g60pipeline.operations.disclosure import KEY, protected_indicators

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse
    from g60pipeline.warehouse.releases import Release

# Files that say who reports and where things belong; the other definitions say what is counted.
_BOUNDARIES = tuple(
    f"schemas/codelists/{name}.csv"
    for name in ("units", "unit_links", "clusters", "cluster_hosts", "obligations", "corridor_cities")
)
# As the columns of release.revision.
_EXACT, _DIGITS = Decimal("1e-12"), Context(prec=38)
Key = tuple[Any, ...]
World = tuple[Project, Cut, list[dict[str, Any]]]


def _exact(value: float | None) -> Decimal:
    text = "0" if value is None or value != value else repr(float(value))
    return Decimal(text).quantize(_EXACT, context=_DIGITS)


@contextmanager
def _mixed(before: Project, after: Project) -> Generator[Project]:
    """Yield the later definitions on the earlier boundaries; where they do not go together, the later project."""
    old, new = read_definitions(before.root), read_definitions(after.root)
    mixed = {path: text for path, text in new.items() if path not in _BOUNDARIES}
    mixed |= {path: text for path, text in old.items() if path in _BOUNDARIES}
    with TemporaryDirectory(prefix="g60-definitions-") as folder:
        write_definitions(mixed, Path(folder))
        yield after if mixed == new else _load(Path(folder)) or after


def _load(root: Path) -> Project | None:
    """Load a project that nobody wrote as it is; None where it contradicts itself."""
    from g60pipeline.indicators.check import check_project

    try:
        project = load_project(root)
        check_project(project)
    except ContractError:
        return None
    return project


def _with_late_ones(
    before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Submissions in force before, and those of units, forms and months that had none."""

    def of(row: dict[str, Any]) -> Key:
        return row["reporting_unit_code"], row["form"], row["period"]

    known = {of(row) for row in before}
    return [*before, *(row for row in after if of(row) not in known)]


def _worlds(
    warehouse: Warehouse, before: Release, after: Release, projects: tuple[Project, Project, Project]
) -> Iterator[World]:
    """Yield the worlds: as before, then after each of PARTS: definitions, cut and submissions in force."""
    from g60pipeline.warehouse.world import read_in_force

    old, mixed, new = projects
    with warehouse.engine.connect() as connection:
        first, last = read_in_force(connection, before.cut), read_in_force(connection, after.cut)
    old_overlays = after.cut._replace(correction_event_id=before.cut.correction_event_id)
    yield old, before.cut, first
    yield old, old_overlays, _with_late_ones(first, last)
    yield old, old_overlays, last
    yield old, after.cut, last
    yield mixed, after.cut, last
    yield new, after.cut, last


def _identity(world: World) -> tuple[Any, ...]:
    project, cut, in_force = world
    return project.definitions_version, cut, tuple(sorted({row["submission_id"] for row in in_force}))


def _by_key(values: Iterable[Mapping[str, Any]]) -> dict[Key, Mapping[str, Any]]:
    return {tuple(row[name] for name in KEY): row for row in values}


def _compute(
    warehouse: Warehouse, before: Release, after: Release, values: Sequence[Mapping[str, Any]]
) -> Iterator[dict[Key, Mapping[str, Any]]]:
    """Yield the true values of each world by key. `values`: those of the last one; no world is computed twice."""
    from g60pipeline.operations.freezing import compute_values, project_of

    with (
        project_of(warehouse, before.definitions_hash) as old,
        project_of(warehouse, after.definitions_hash) as new,
        _mixed(old, new) as mixed,
    ):
        worlds = list(_worlds(warehouse, before, after, (old, mixed, new)))
        known = {_identity(worlds[-1]): _by_key(values)}
        for project, cut, in_force in worlds:
            identity = _identity((project, cut, in_force))
            if identity not in known:
                known[identity] = _by_key(compute_values(warehouse, project, after.period, cut, in_force))
            yield known[identity]


def explain_revision(
    warehouse: Warehouse, before: Release, after: Release, values: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a row for every value that changed since the release before: both values and the parts of the change.

    No value counts as 0. A value that is suppressed in either release keeps its row without figures, and one of a protected
    indicator (in either) without parts: a part can be a single late unit's figure. `values`: those of the later release,
    true, with `suppression`.
    """
    from g60pipeline.operations.freezing import project_of
    from g60pipeline.warehouse.releases import read_release_values

    worlds = list(_compute(warehouse, before, after, values))
    stored = read_release_values(warehouse, before.release_id)
    hidden = _by_key(row for row in (*values, *stored) if row["suppression"]).keys()
    keys = sorted(set[Key]().union(*(world.keys() for world in worlds)))
    with project_of(warehouse, before.definitions_hash) as old:
        protected = protected_indicators(old) | protected_indicators(warehouse.project)
    rows = (explain_row(key, worlds, key in hidden, key[0] in protected) for key in keys)
    return [row for row in rows if row is not None]


def explain_row(
    key: Key, worlds: Sequence[Mapping[Key, Mapping[str, Any]]], is_hidden: bool, is_protected: bool
) -> dict[str, Any] | None:
    """Return what the worlds, one after the other, say about a value; None where it did not change."""
    found = [world.get(key, {}).get("value") for world in worlds]
    values = [_exact(value) for value in found]
    parts = [_DIGITS.subtract(after, before) for before, after in pairwise(values)]
    was, is_ = found[0] is not None, found[-1] is not None
    if not any(parts) and was == is_:
        return None
    row: dict[str, Any] = dict(zip(KEY, key, strict=True))
    if is_hidden:
        return {**row, "note": "suppressed"}
    note = None if was == is_ else "appeared" if is_ else "disappeared"
    figures = {"value_before": values[0] if was else None, "value_after": values[-1] if is_ else None}
    if is_protected:
        return {**row, **figures, "note": note or "parts_protected"}
    return {**row, **figures, **dict(zip(PARTS, parts, strict=True)), "note": note}
