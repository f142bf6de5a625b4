"""The steps of a history, and what is known after some of them.

Belongs here: steps as plain data, and the model's own ledgers after them. Not here: making histories up (histories.py),
playing them to a real warehouse (replay.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from figures import Figure, Key
from known import Overlays, State, Submission, Verdict, in_force, state_of
from model import figures_of
from plain_sql import Row
from today import as_now

from g60pipeline.contracts.boundaries import ClusterHost, UnitLink
from g60pipeline.contracts.codelists import CodeList, Obligation
from g60pipeline.contracts.corrections import Correction
from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

# When returns come, as good as any day between the months long past and the month ahead that histories speak of.
TODAY = datetime(2026, 1, 1)


@dataclass(frozen=True)
class Submit:
    """A unit sends forms of a month; the ledger numbers submissions from 1."""

    unit: str
    period: str
    forms: dict[str, tuple[Row, ...]]


@dataclass(frozen=True)
class Judge:
    """A submission gets a verdict; then the corrections are brought in step."""

    submission: int
    status: str


@dataclass(frozen=True)
class Correct:
    """The district's corrections are from now on these; then they are brought in step."""

    corrections: tuple[Correction, ...]


@dataclass(frozen=True)
class Regroup:
    """Units and clusters are from now on these. `ended`: last day of units that are no more."""

    said: str
    obligations: tuple[Obligation, ...]
    unit_links: tuple[UnitLink, ...]
    cluster_hosts: tuple[ClusterHost, ...]
    present_hosts: dict[str, str]
    ended: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Compute:
    """The stored values are brought up to date, of these months and of every month asked for before."""

    periods: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """A month is released as it stands; a later release of it is a revision."""

    period: str


@dataclass(frozen=True)
class Probe:
    """A question about what was known after a step (counted from 0): the world at its cut, and the values stored then."""

    after: int
    boundaries: Boundaries
    periods: tuple[str, ...]


Step = Submit | Judge | Correct | Regroup | Compute | Release | Probe


@dataclass(frozen=True)
class History:
    """Steps from a seed; of the indicators only some are computed, to be quick."""

    seed: int
    project: Project
    steps: tuple[Step, ...]


def regrouped(project: Project, step: Regroup) -> Project:
    """Return the project with units and clusters as the step says."""
    clusters, units = project.code_lists["clusters"], project.code_lists["units"]
    hosted = [
        code.model_copy(update={"attributes": code.attributes | {"host_unit": step.present_hosts[code.code]}})
        if code.code in step.present_hosts
        else code
        for code in clusters.codes
    ]
    dated = [
        code.model_copy(update={"valid_to": step.ended.get(code.code, code.valid_to)}) for code in units.codes
    ]
    lists = {
        "clusters": CodeList(name="clusters", codes=tuple(hosted)),
        "units": CodeList(name="units", codes=tuple(dated)),
    }
    return changed(
        project,
        code_lists=project.code_lists | lists,
        obligations=step.obligations,
        unit_links=step.unit_links,
        cluster_hosts=step.cluster_hosts,
    )


def changed(project: Project, **fields: Any) -> Project:
    """Return another project with other fields and nothing remembered from this one; its version says so."""
    mine = {name: getattr(project, name) for name in type(project).model_fields} | fields
    before = (project.definitions_version, sorted(fields.items()))
    mine["definitions_version"] = hashlib.sha256(repr(before).encode()).hexdigest()
    return type(project).model_construct(**mine)


@dataclass
class Known:
    """Everything known after some steps."""

    project: Project
    submissions: list[Submission] = field(default_factory=list[Submission])
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    overlays: Overlays = field(default_factory=Overlays)
    asked_for: set[str] = field(default_factory=set[str])

    def learn(self, step: Step) -> None:
        """Take one more step."""
        if isinstance(step, Submit):
            number = len(self.submissions) + 1
            self.submissions.append(Submission(number, step.unit, step.period, TODAY, "received", step.forms))
        elif isinstance(step, Judge):
            self.verdicts.append(Verdict(len(self.verdicts) + 1, step.submission, step.status))
            self._sync()
        elif isinstance(step, Correct):
            self.project = changed(self.project, corrections=step.corrections)
            self._sync()
        elif isinstance(step, Regroup):
            self.project = regrouped(self.project, step)
        elif isinstance(step, Compute):
            self.asked_for |= set(step.periods)

    def _sync(self) -> None:
        self.overlays.sync(self.project.corrections, in_force(self.submissions, self.verdicts))

    def state(self, boundaries: Boundaries, project: Project | None = None) -> State:
        """Return what a computation sees."""
        was = state_of(project or self.project, self.submissions, self.verdicts, self.overlays)
        return was if boundaries == "as_was" else as_now(was)

    def figures(
        self, boundaries: Boundaries, periods: Sequence[str], project: Project | None = None
    ) -> dict[Key, Figure]:
        """Compute every figure of the project's indicators; `project`: by other definitions than those of the time."""
        state = self.state(boundaries, project)
        return figures_of(state, list(state.project.indicators.values()), [Period.parse(p) for p in periods])


def known_after(project: Project, steps: Sequence[Step]) -> Known:
    """Return what is known after the steps."""
    known = Known(project)
    for step in steps:
        known.learn(step)
    return known


def stored_after(project: Project, steps: Sequence[Step]) -> Iterator[tuple[Boundaries, dict[Key, Figure]]]:
    """Yield the values that stand stored after the steps: those of the last computation among them."""
    last = max((n for n, step in enumerate(steps) if isinstance(step, Compute)), default=None)
    if last is not None:
        known = known_after(project, steps[: last + 1])
        for boundaries in ("as_was", "as_now") if known.project.has_regroupings else ("as_was",):
            yield boundaries, known.figures(boundaries, sorted(known.asked_for))
