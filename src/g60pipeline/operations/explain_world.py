"""The figure that is asked for, and the world that it belongs to: as it is, as of an instant, or as released.

Belongs here: choosing definitions, cut and stored values. Not here: explaining (explain.py).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.indicators import TimeBasis
from g60pipeline.contracts.knowledge import Boundaries, Cut
from g60pipeline.contracts.project import Project
from g60pipeline.operations.explain_cells import Reading
from g60pipeline.operations.recompute import World

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse


class ExplainError(ValueError):
    """There is nothing to explain. The message says why, and what there is instead."""


@dataclass(frozen=True)
class Asked:
    """A figure. `time`: the indicator's first when None. `as_of`: an instant, UTC; `release`: the id of a release."""

    indicator_id: str
    period: str
    level: str
    subject_code: str
    time: TimeBasis | None = None
    dimension: str = ""
    dimension_code: str = ""
    boundaries: Boundaries = "as_was"
    as_of: datetime | None = None
    release: str | None = None

    @property
    def known(self) -> str:
        """What was known: latest, an instant or a release."""
        return self.release or (f"{self.as_of:%Y-%m-%dT%H:%M:%S}Z" if self.as_of else "latest")


@dataclass(frozen=True)
class Opened:
    """A world with what is stored for its month."""

    world: World
    reading: Reading
    values: list[dict[str, Any]]


@contextmanager
def open_asked(warehouse: Warehouse, asked: Asked) -> Generator[Opened]:
    """Prepare the world of a figure on a connection of its own; ExplainError for a release that is not the month's."""
    from g60pipeline.operations.compute import ask_for_months, open_world
    from g60pipeline.warehouse.citations import read_stored
    from g60pipeline.warehouse.marts import dialect_name

    with (
        _known(warehouse, asked) as (project, cut),
        open_world(warehouse, project, cut, asked.boundaries) as connection,
    ):
        values = read_stored(connection, asked.period, asked.boundaries, asked.as_of, asked.release)
        ask_for_months(connection, warehouse, [asked.period])
        world = World(connection, project, dialect_name(warehouse), asked.boundaries)
        yield Opened(world, Reading(connection, warehouse, project, cut.correction_event_id), values)


@contextmanager
def _known(warehouse: Warehouse, asked: Asked) -> Generator[tuple[Project, Cut]]:
    """Yield the definitions and the cut: those of the release, or today's and the instant's."""
    from g60pipeline.operations.freezing import project_of
    from g60pipeline.warehouse.releases import read_releases
    from g60pipeline.warehouse.world import find_cut

    if asked.release is None:
        with warehouse.workspace() as connection:
            cut = find_cut(connection, asked.as_of)
        yield warehouse.project, cut
        return
    releases = read_releases(warehouse)
    release = next((release for release in releases if release.release_id == asked.release), None)
    if release is None:
        ids = ", ".join(release.release_id for release in releases) or "none"
        raise ExplainError(f"there is no release {asked.release}; there are: {ids}")
    if release.period != asked.period:
        raise ExplainError(f"release {asked.release} is of {release.period}, not of {asked.period}")
    with project_of(warehouse, release.definitions_hash) as project:
        yield project, release.cut
