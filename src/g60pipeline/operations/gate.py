"""The gate before a release: what must hold of a month, in the world that would be released.

Belongs here: testing the conditions of `assets/releases.yaml`. Not here: the conditions themselves (contracts.releases),
suppressing (operations.disclosure).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from g60pipeline.contracts.deadlines import beijing_day
from g60pipeline.contracts.project import Project
from g60pipeline.contracts.releases import ReleaseRules, Stage

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse
    from g60pipeline.warehouse.releases import Release

_OWED = """
SELECT o.reporting_unit_code, o.form, s.submission_id IS NOT NULL AS is_in_force
FROM run_obligation AS o
LEFT JOIN run_in_force AS s ON s.reporting_unit_code = o.reporting_unit_code AND s.form = o.form AND s.period = o.period
WHERE o.period = :period ORDER BY o.reporting_unit_code, o.form
"""
_SHOWN = 5
_LOCK = "SELECT MAX(o.lock_date) FROM run_obligation AS o WHERE o.period = :period"
_RECONCILIATION = """
SELECT measure_code, bureau_value, units_total, tolerance_ratio, is_within_tolerance
FROM was_reconciliation WHERE period = :period ORDER BY measure_code
"""
_IN_FORCE = "SELECT reporting_unit_code, form FROM run_in_force WHERE period = :period"
# Which stages may follow which; a month may be revised more than once.
_NEXT: dict[str | None, tuple[Stage, ...]] = {
    None: ("preliminary",),
    "preliminary": ("revised", "final"),
    "revised": ("revised", "final"),
    "final": (),
}


@dataclass(frozen=True)
class Condition:
    """One condition of the gate and how it stands."""

    name: str
    is_met: bool
    message: str


def examine_gate(
    connection: sa.Connection, warehouse: Warehouse, project: Project, period: str, stage: Stage, at: datetime
) -> list[Condition]:
    """Test every condition but disclosure in the connection's world. `at`: the present instant, UTC."""
    conditions = [*_loaded(warehouse, period)]
    if project.release_rules is not None:
        conditions.append(_coverage(connection, period, stage, project.release_rules))
        conditions += _reconciliation(connection, period, stage, project.release_rules)
    if stage == "final":
        conditions.append(_lock(connection, period, at))
    return [*conditions, *_corrections(connection, warehouse, period)]


def examine_order(stage: Stage, before: Release | None) -> Condition:
    """A month's releases go from preliminary over revised to final; a final one is the last."""
    last = None if before is None else before.stage
    allowed = _NEXT[last]
    said = (
        "it is the first release of its month"
        if before is None
        else f"it follows {before.release_id}, {last}"
    )
    if stage not in allowed:
        said += (
            f": make it {' or '.join(allowed)}"
            if allowed
            else ", and a final release is the last of its month"
        )
    return Condition("stages_are_in_order", stage in allowed, said)


def _loaded(warehouse: Warehouse, period: str) -> Iterator[Condition]:
    """Rows of accepted submissions are in core only once the run that accepted them has loaded them."""
    from g60pipeline.warehouse.ledger import submissions_to_load

    waiting = submissions_to_load(warehouse, period)
    if waiting:
        numbers = sorted({n for forms in waiting.values() for some in forms.values() for n in some})
        said = f"submissions {_listed(map(str, numbers))} are accepted, but their rows are not loaded yet"
        message = f"{said}: {_run(min(waiting), max(waiting))}"
        yield Condition("accepted_returns_are_loaded", False, message)


def _coverage(connection: sa.Connection, period: str, stage: Stage, rules: ReleaseRules) -> Condition:
    name, least = "coverage_is_sufficient", rules.coverage[stage]
    rows = connection.execute(sa.text(_OWED), {"period": period}).all()
    if not rows:
        return Condition(
            name, False, f"nobody owes anything for {period}; obligations.csv says who owes what since when"
        )
    missing = [f"{unit} {form}" for unit, form, is_in_force in rows if not is_in_force]
    share = 1 - len(missing) / len(rows)
    said = f"{len(rows) - len(missing)} of {len(rows)} owed forms are in force ({share:.1%}); a {stage} release needs"
    message = f"{said} {least:.0%}" + (f"; missing: {_listed(missing)}" if missing else "")
    return Condition(name, share >= least, message)


def _lock(connection: sa.Connection, period: str, at: datetime) -> Condition:
    lock = connection.execute(sa.text(_LOCK), {"period": period}).scalar()
    is_met = lock is not None and beijing_day(at) >= lock
    said = f"{period} locks on {lock}" if lock is not None else f"nobody owes anything for {period}"
    return Condition(
        "the_month_is_locked", is_met, said if is_met else f"{said}; a final release comes no earlier"
    )


def _reconciliation(
    connection: sa.Connection, period: str, stage: Stage, rules: ReleaseRules
) -> Iterator[Condition]:
    is_required = rules.reconciliation[stage] == "required"
    rows = connection.execute(sa.text(_RECONCILIATION), {"period": period}).mappings().all()
    for row in rows:
        yield _compared(row, is_required)
    if not rows:
        message = f"the Statistics Bureau's figures of {period} are not in force, so there is nothing to compare with"
        yield Condition("two_sources_agree", not is_required, message)


def _compared(row: sa.RowMapping, is_required: bool) -> Condition:
    agrees, figures = row["is_within_tolerance"], [row["bureau_value"], row["units_total"]]
    bureau, units = ("none" if figure is None else f"{float(figure):.15g}" for figure in figures)
    if agrees is None:
        said = (
            "cannot be compared while a unit's return is missing or blank"
            + "; a final release needs it" * is_required
        )
    elif agrees:
        said = f"differ by at most {row['tolerance_ratio']:.0%}"
    else:
        said = (
            f"differ by more than {row['tolerance_ratio']:.0%}: ask who is right, and for a corrected return"
        )
    is_met = not is_required if agrees is None else bool(agrees)
    return Condition(
        "two_sources_agree", is_met, f"{row['measure_code']}: bureau {bureau}, units {units}: {said}"
    )


def _corrections(connection: sa.Connection, warehouse: Warehouse, period: str) -> Iterator[Condition]:
    from g60pipeline.warehouse.correction_states import read_states

    in_force = {tuple(row) for row in connection.execute(sa.text(_IN_FORCE), {"period": period})}
    for state in read_states(warehouse):
        correction = state.correction
        if correction.period == period and state.has_failed:
            yield Condition("corrections_meet_their_expected_value", False, state.message)
        is_overdue = state.state == "waiting" and (correction.unit, correction.form) in in_force
        if correction.period == period and is_overdue:
            message = (
                f"{correction.file}: {correction.id} is not laid over the return yet: {_run(period, period)}"
            )
            yield Condition("corrections_are_applied", False, message)


def _run(first: str, last: str) -> str:
    return f"g60 run --from {first} --to {last} first"


def _listed(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ", ".join(known[:_SHOWN]) + more
