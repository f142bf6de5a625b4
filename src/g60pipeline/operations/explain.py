"""One figure explained: what was asked for, the world it belongs to, its cells and its proof.

Belongs here: finding the figure and putting the parts together; why there is none. Not here: the parts (explain_cells.py,
recompute.py, prove.py), how they are shown (reports, terminal).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.indicators import Component, Indicator
from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.arithmetic import compare, write_formula
from g60pipeline.indicators.explain import Subject
from g60pipeline.indicators.plan import Plan, Side, build_plan, levels_of
from g60pipeline.operations.explain_cells import Reading, describe_ledger, describe_units, label_of
from g60pipeline.operations.explain_standing import read_standings
from g60pipeline.operations.explain_world import Asked, ExplainError, Opened, open_asked
from g60pipeline.operations.prove import Proof, count_all, find_streak, prove_values
from g60pipeline.operations.recompute import (
    Cited,
    Counted,
    FigureKey,
    SideName,
    compute_figure,
    prepare_units,
    read_cited,
    read_judged,
    read_used,
    recount,
    side_measure,
)
from g60pipeline.reports.explain_data import ExplainedSide, Explanation, UnitStanding

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse

Row = Mapping[str, Any]


def explain(warehouse: Warehouse, asked: Asked) -> Explanation:
    """Explain a figure: its cells, and whether they give it; ExplainError when there is no such figure to be shown."""
    (outcome,) = explain_many(warehouse, [asked])
    if isinstance(outcome, ExplainError):
        raise outcome
    return outcome


def explain_many(warehouse: Warehouse, asked: Sequence[Asked]) -> list[Explanation | ExplainError]:
    """Explain figures, or say why not; those of one month, boundaries and time of knowledge share their world."""
    worlds: dict[tuple[Any, ...], list[int]] = {}
    for at, one in enumerate(asked):
        worlds.setdefault((one.period, one.boundaries, one.as_of, one.release), []).append(at)
    found: dict[int, Explanation | ExplainError] = {}
    for places in worlds.values():
        try:
            with open_asked(warehouse, asked[places[0]]) as opened:
                found |= {at: _explain_or_say_why(opened, asked[at]) for at in places}
        except ExplainError as error:
            found |= dict.fromkeys(places, error)
    return [found[at] for at in range(len(asked))]


def _explain_or_say_why(opened: Opened, asked: Asked) -> Explanation | ExplainError:
    try:
        return _explain(opened, asked)
    except ExplainError as error:
        return error


def explain_all(
    warehouse: Warehouse, period: str, boundaries: Boundaries = "as_was", as_of: datetime | None = None,
    release: str | None = None,
) -> list[Proof]:  # fmt: skip
    """Compute every value of a month, or of a release, again from the cells that it cites; each is equal or not.

    ExplainError when the release is unknown or of another month.
    """
    asked = Asked("", period, "", "", boundaries=boundaries, as_of=as_of, release=release)
    with open_asked(warehouse, asked) as opened:
        return prove_values(opened.world, opened.values)


# --- what was asked for


def _check_figure(project: Project, asked: Asked) -> None:
    indicator = project.indicators.get(asked.indicator_id)
    if indicator is None:
        near = get_close_matches(asked.indicator_id, project.indicators, 3, 0.5)
        raise ExplainError(f"{asked.indicator_id} is no indicator{_instead(near)}")
    if asked.time is not None and asked.time not in indicator.time:
        raise ExplainError(
            f"{indicator.id} is not computed for {asked.time}, but for {', '.join(indicator.time)}"
        )
    listed = project.code_lists["clusters" if asked.level == "cluster" else "units"].by_code
    if asked.subject_code not in listed:
        near = get_close_matches(asked.subject_code, listed, 3, 0.6)
        raise ExplainError(f"{asked.subject_code} is no {asked.level}{_instead(near)}")
    levels = levels_of(project, indicator)
    if asked.level not in levels:
        raise ExplainError(f"{indicator.id} is not computed by {asked.level}, but by {', '.join(levels)}")
    if asked.dimension and asked.dimension not in indicator.dimensions:
        has = ", ".join(indicator.dimensions) or "none"
        raise ExplainError(f"{indicator.id} is not broken down by {asked.dimension}; its dimensions: {has}")


def _instead(near: Sequence[str]) -> str:
    return f"; did you mean {', '.join(near)}?" if near else ""


# --- the figure


def _explain(opened: Opened, asked: Asked) -> Explanation:
    world = opened.world
    _check_figure(world.project, asked)
    indicator = world.project.indicators[asked.indicator_id]
    asked = replace(asked, time=asked.time or indicator.time[0])
    plan = build_plan(world.project, indicator, asked.time or indicator.time[0], asked.boundaries)
    key = FigureKey(asked.period, asked.level, asked.subject_code, asked.dimension, asked.dimension_code)
    stored = _find_stored(opened, asked, key)
    prepare_units(world, plan)
    standings = read_standings(world, plan, key)
    if stored["status"] in ("withheld", "missing"):
        _refuse_without_value(asked, stored, standings)
    return _put_together(opened, plan, asked, key, stored, standings)


def _find_stored(opened: Opened, asked: Asked, key: FigureKey) -> dict[str, Any]:
    rows = [
        r for r in opened.values if (r["indicator_id"], r["time_basis"]) == (asked.indicator_id, asked.time)
    ]
    row = next(
        (row for row in rows if all(row[name] == value for name, value in key._asdict().items())), None
    )
    if row is None:
        part = f", {asked.dimension} {asked.dimension_code}" if asked.dimension else ""
        parts = sorted(
            {r["dimension_code"] for r in rows if r["dimension"] == asked.dimension and asked.dimension}
        )
        raise ExplainError(
            f"{asked.indicator_id} has no value for {asked.level} {asked.subject_code}{part} in {asked.period}"
            f" ({asked.time}, {asked.known}, {asked.boundaries}){'; codes: ' + ', '.join(parts) if parts else ''}"
        )
    if row.get("suppression") or row["status"] == "suppressed":
        raise ExplainError(
            f"{asked.indicator_id} of {asked.subject_code} is suppressed in release {asked.release}: it would tell of"
            " single enterprises, and so would its cells"
        )
    return row


def _refuse_without_value(asked: Asked, stored: Row, standings: Sequence[UnitStanding]) -> NoReturn:
    missing = "\n".join(
        f"  {unit.unit_code} {unit.label.zh} / {unit.label.en}: {'; '.join(unit.missing) or 'owed nothing in the base'}"
        for unit in standings
        if not unit.counts
    )
    counts = f"{stored['reporting_unit_count']} of {stored['expected_unit_count']} units count"
    raise ExplainError(
        f"{asked.indicator_id} of {asked.subject_code} in {asked.period} is {stored['status']}: {counts}. Missing:\n{missing}"
    )


def _put_together(
    opened: Opened,
    plan: Plan,
    asked: Asked,
    key: FigureKey,
    stored: dict[str, Any],
    standings: tuple[UnitStanding, ...],
) -> Explanation:
    world, project, indicator = opened.world, opened.world.project, plan.indicator
    subject = Subject(*key[1:])
    if indicator.kind == "streak":
        deciding = find_streak(plan, key, count_all(world, plan, [key]), read_judged(world, plan))[2]
        subject = replace(subject, months=deciding or (key.period,))
    keys = [key._replace(period=month) for month in subject.months or (key.period,)]
    used = read_used(world, plan, subject)
    cited = {side.name: read_cited(world, plan, side, keys, subject) for side in plan.sides}
    counts: dict[SideName, Mapping[FigureKey, Counted]] = {
        side.name: recount(world, plan, side, keys, used, cited[side.name]) for side in plan.sides
    }
    value = compute_figure(plan, key, counts)[0]
    if indicator.kind == "streak":
        value = find_streak(plan, key, counts, read_judged(world, plan))[0]
    return Explanation(
        indicator_id=indicator.id,
        label=indicator.label,
        definition=indicator.definition,
        kind=indicator.kind,
        unit=label_of(project, "measurement_units", indicator.unit),
        key={**key._asdict(), "time": plan.time, "boundaries": asked.boundaries},
        subject=label_of(project, "clusters" if key.level == "cluster" else "units", key.subject_code),
        known=asked.known,
        stored=stored,
        recomputed=None if value is None else float(value),
        formula=_formula(indicator, plan, counts, key, value),
        equality=compare(stored["value"], value),
        sides=tuple(
            _side(
                opened.reading,
                indicator,
                side,
                cited[side.name],
                side_measure(side, counts[side.name].get(key)),
            )
            for side in plan.sides
        ),
        standings=standings,
        months=subject.months or (),
        notes=_notes(stored),
    )


def _side(
    reading: Reading, indicator: Indicator, side: Side, cited: Sequence[Cited], measure: Any
) -> ExplainedSide:
    component = indicator.numerator if side.is_base or side.name == "numerator" else indicator.denominator
    assert component is not None
    return ExplainedSide(
        name=side.name,
        is_base=side.is_base,
        definition=_sql(component),
        recomputed=None if measure is None else float(measure),
        units=describe_units(reading, cited),
        ledger=describe_ledger(cited),
    )


def _formula(
    indicator: Indicator, plan: Plan, counts: Mapping[SideName, Mapping[FigureKey, Counted]], key: FigureKey, value: Any
) -> str:  # fmt: skip
    return write_formula(indicator, *compute_figure(plan, key, counts)[1:], value)


def _sql(component: Component) -> str:
    where = f" WHERE {component.where}" if component.where else ""
    return f"{component.value} FROM {component.from_}{where}"


def _notes(stored: Row) -> tuple[Text, ...]:
    if stored["note"] != "may_count_twice":
        return ()
    return (Text(zh="合计可能重复计算（人次）。", en="The sum may count some twice."),)
