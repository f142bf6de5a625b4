"""What was known: the ledgers as plain records, and the rows in force after them.

Belongs here: which submission of a unit, form and month counts, its rows, and the district's corrections on them. Not
here: figures (model.py), today's boundaries (today.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

import pandas as pd
from plain_marts import build_marts
from plain_sql import Row, plain

from g60pipeline.contracts.boundaries import host_in
from g60pipeline.contracts.corrections import Correction
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project

# The months that can matter here: the past, and a year ahead of us. The warehouse's own calendar is whole.
MONTHS = (*period_range(Period(2014, 1), Period(2022, 12)), *period_range(Period(2029, 1), Period(2030, 12)))


@dataclass(frozen=True)
class Submission:
    """One entry of the ledger; `forms` holds the rows of each form that it contains."""

    number: int
    unit: str
    period: str
    received_at: datetime
    status: str = "received"
    forms: dict[str, tuple[Row, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """One judgement; of a submission's verdicts the last one counts."""

    number: int
    submission: int
    status: str


InForce = dict[tuple[str, str, str], Submission]


class Overlays:
    """The district's corrections as they went: each is tried once on every submission that comes into force."""

    def __init__(self) -> None:
        self.active: dict[str, Correction] = {}
        self.tries: dict[
            tuple[str, int], int | None
        ] = {}  # → row that it changed, None where it was not applied

    def sync(self, corrections: Sequence[Correction], chosen: InForce) -> None:
        """Retire what is gone, enter what is new, try what has not been tried on the submissions in force."""
        wanted = {correction.id: correction for correction in corrections if correction.is_active}
        for name, correction in list(self.active.items()):
            if wanted.get(name) != correction:
                del self.active[name]
                self.tries = {key: row for key, row in self.tries.items() if key[0] != name}
        self.active |= {name: wanted[name] for name in wanted if name not in self.active}
        for correction in wanted.values():
            submission = chosen.get((correction.unit, correction.form, correction.period))
            if submission is not None and (correction.id, submission.number) not in self.tries:
                self.tries[correction.id, submission.number] = self._row(correction, submission)

    def _row(self, correction: Correction, submission: Submission) -> int | None:
        """Return the row that the correction changes: the only match, as expected, and not changed there already."""
        rows = submission.forms[correction.form]
        matching = [
            n
            for n, row in enumerate(rows)
            if all(row.get(name) == value for name, value in correction.match.items())
        ]
        if len(matching) != 1:
            return None
        row = rows[matching[0]]
        if any(row.get(name) != value for name, value in correction.action.expectations.items()):
            return None
        for (other, number), changed in self.tries.items():
            of_same = number == submission.number and changed == matching[0]
            if of_same and self._is_same_cell(self.active[other], correction):
                return None
        return matching[0]

    @staticmethod
    def _is_same_cell(one: Correction, other: Correction) -> bool:
        return one.form == other.form and one.action.field == other.action.field

    def laid_over(self, submission: Submission, form: str) -> list[Row]:
        """Return the rows of a form of a submission with the corrections in force."""
        rows: list[Row | None] = [dict(row) for row in submission.forms[form]]
        for (name, number), changed in self.tries.items():
            correction = self.active[name]
            if number == submission.number and changed is not None and correction.form == form:
                row = rows[changed]
                if correction.action.field is None:
                    rows[changed] = None
                elif row is not None:
                    row[correction.action.field] = correction.action.value
        return [row for row in rows if row is not None]


@dataclass
class State:
    """What a computation sees: who owes and who has reported what, and the rows by form and mart.

    `owed`, `reported`: unit, form, month. Frames hold reporting_unit_code, period, month_index, unit_weight, row_id
    and the source's own columns. `hosts`: cluster → host by month.
    """

    project: Project
    owed: set[tuple[str, str, int]]
    reported: set[tuple[str, str, int]]
    sources: dict[str, pd.DataFrame]
    hosts: Callable[[Period], dict[str, str]]


def hosts_as_was(project: Project) -> Callable[[Period], dict[str, str]]:
    """Return who hosted each cluster at the end of a month, of the clusters that existed."""
    clusters = project.code_lists["clusters"].codes

    def hosts(period: Period) -> dict[str, str]:
        return {
            c.code: host_in(c.code, period, project.cluster_hosts, c.attributes["host_unit"])
            for c in clusters
            if c.is_valid_in(period)
        }

    return hosts


def owed_forms(project: Project) -> set[tuple[str, str, int]]:
    """Every unit, form and month that is owed."""
    owed: set[tuple[str, str, int]] = set()
    for duty in project.obligations:
        for month in MONTHS:
            if duty.is_owed_in(month):
                owed.add((duty.unit_code, duty.form, month.month_index))
    return owed


def in_force(submissions: Iterable[Submission], verdicts: Iterable[Verdict]) -> InForce:
    """Submission that counts, by unit, form and month: the latest whose last verdict is `accepted`."""
    last = {verdict.submission: verdict.status for verdict in sorted(verdicts, key=lambda v: v.number)}
    chosen: InForce = {}
    for submission in sorted(submissions, key=lambda s: s.number):
        if last.get(submission.number) == "accepted":
            for form in submission.forms:
                chosen[submission.unit, form, submission.period] = submission
    return chosen


def frame_of(rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    """Build a frame of plain cells, None for missing."""
    return pd.DataFrame(
        [[row.get(name) for name in columns] for row in rows], columns=list(columns), dtype=object
    )


_OWN = ("reporting_unit_code", "period", "month_index", "unit_weight", "row_id")


def _placed(row: Row, unit: str, period: str, row_id: object) -> Row:
    """Return a row with its place: unit, month, full weight, and what tells it from all others."""
    cells = {name: plain(value) for name, value in row.items()}
    place: Row = {"reporting_unit_code": unit, "period": period, "row_id": row_id, "unit_weight": Fraction(1)}
    return cells | place | {"month_index": Period.parse(period).month_index}


def state_of(
    project: Project,
    submissions: Sequence[Submission],
    verdicts: Sequence[Verdict],
    overlays: Overlays | None = None,
) -> State:
    """Build what is seen when these submissions, verdicts and corrections are all that is known."""
    chosen = in_force(submissions, verdicts)
    rows: dict[str, list[Row]] = {form: [] for form in project.forms}
    for (unit, form, period), submission in chosen.items():
        found = (overlays or Overlays()).laid_over(submission, form)
        rows[form] += [
            _placed(row, unit, period, (form, submission.number, n)) for n, row in enumerate(found)
        ]
    forms = {
        form: frame_of(found, (*_OWN, *project.forms[form].field_by_name)) for form, found in rows.items()
    }
    reported = {(unit, form, Period.parse(period).month_index) for unit, form, period in chosen}
    owed = owed_forms(project)
    marts = build_marts(project, forms, owed, reported, returns_of(submissions, verdicts))
    return State(project, owed, reported, forms | marts, hosts_as_was(project))


def returns_of(submissions: Sequence[Submission], verdicts: Sequence[Verdict]) -> list[Row]:
    """List the readable submissions with their last verdict (None before the first)."""
    last = {verdict.submission: verdict.status for verdict in sorted(verdicts, key=lambda v: v.number)}
    return [
        {"unit": s.unit, "period": s.period, "received_at": s.received_at, "status": last.get(s.number)}
        for s in submissions
        if s.status == "received"
    ]
