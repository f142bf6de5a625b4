"""A month's values as a release freezes them: computed in the world of a cut, then suppressed given what was released before.

Belongs here: computing and suppressing. Not here: how suppression works (operations.disclosure), the gate, storing and
replaying (releases.py).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.definitions import write_definitions
from g60pipeline.contracts.knowledge import Cut
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.operations.compute import boundaries_of, compute_all, open_world
from g60pipeline.operations.disclosure import (
    KEY,
    changes_between,
    protect_values,
    protected_indicators,
    read_contributions,
)
from g60pipeline.operations.manifest import key_of

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.warehouse.engine import Warehouse
    from g60pipeline.warehouse.releases import Release

Progress = Callable[[str], None]


class ReleaseError(RuntimeError):
    """A release that cannot be made; the message says why, condition by condition."""


@dataclass(frozen=True)
class Frozen:
    """What a release is computed to: values with `suppression` and true figures, and what was published before.

    `known`: `disclosure.cells.Release` of each release before, with true figures.
    """

    values: list[dict[str, Any]]
    known: list[Any]


def silent(_: str) -> None:
    """Tell nobody how far it is."""


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=key_of)


@contextmanager
def project_of(warehouse: Warehouse, hash_: str) -> Generator[Project]:
    """Yield the project by whose definitions a release was made; the present one where they are still the same."""
    from g60pipeline.warehouse.releases import read_definition_set

    if hash_ == warehouse.project.definitions_version:
        yield warehouse.project
        return
    with TemporaryDirectory(prefix="g60-definitions-") as folder:
        write_definitions(read_definition_set(warehouse, hash_), Path(folder))
        yield load_project(Path(folder))


def compute_values(
    warehouse: Warehouse,
    project: Project,
    period: str,
    cut: Cut,
    in_force: Sequence[dict[str, Any]] | None = None,
    only: frozenset[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the true values of a month in a world, on all boundaries, in the order of their keys."""
    rows: list[dict[str, Any]] = []
    for boundaries in boundaries_of(project):
        with open_world(warehouse, project, cut, boundaries, in_force) as connection:
            rows += compute_all(connection, warehouse, project, [period], boundaries, only)
    return _sorted(rows)


def _contributions(warehouse: Warehouse, project: Project, period: str, cut: Cut) -> pd.DataFrame:
    import pandas as pd

    frames: list[pd.DataFrame] = []
    for boundaries in boundaries_of(project):
        with open_world(warehouse, project, cut, boundaries) as connection:
            frames.append(read_contributions(connection, warehouse, project, period, boundaries))
    return pd.concat(frames, ignore_index=True)


def _known_before(warehouse: Warehouse, release: Release) -> Any:
    """Return what disclosure control must know of an earlier release: true values of what it protects, and what it hid."""
    import pandas as pd

    from g60pipeline.disclosure.cells import Release as Published
    from g60pipeline.warehouse.releases import read_release_values

    stored = read_release_values(warehouse, release.release_id)
    hidden = {tuple(row[name] for name in KEY): row["suppression"] for row in stored}
    with project_of(warehouse, release.definitions_hash) as project:
        only = protected_indicators(project)
        rows = compute_values(warehouse, project, release.period, release.cut, only=only)
    columns = [*KEY, "value", "numerator", "denominator", "status", "suppression"]
    known = ({**row, "suppression": hidden.get(tuple(row[name] for name in KEY), "")} for row in rows)
    return Published(pd.DataFrame([[row[name] for name in columns] for row in known], columns=columns))


def freeze(
    warehouse: Warehouse,
    project: Project,
    period: str,
    cut: Cut,
    before: Sequence[Release],
    progress: Progress = silent,
) -> Frozen:
    """Compute the values of a month at a cut and suppress what must not be shown, given the releases before."""
    progress(f"{period}: values")
    values = compute_values(warehouse, project, period, cut)
    if not values:
        raise ReleaseError(f"{period} has no values: g60 run --from {period} --to {period} first")
    progress(f"{period}: contributors")
    contributions = _contributions(warehouse, project, period, cut)
    same_month = [release for release in before if release.period == period]
    changes = None
    if same_month:
        with project_of(warehouse, same_month[-1].definitions_hash) as earlier:
            changes = changes_between(
                _contributions(warehouse, earlier, period, same_month[-1].cut), contributions
            )
    progress(f"{period}: disclosure control, beside {len(before)} earlier releases")
    known = [_known_before(warehouse, release) for release in before]
    protected = protect_values(values, project, contributions, changes, known)
    return Frozen(protected, known)
