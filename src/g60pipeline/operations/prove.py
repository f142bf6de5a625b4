"""Every value of a month or a release, computed again from the cells that it cites: equal or not.

Belongs here: all values at once. Not here: one figure with its cells (explain.py), the recount itself (recompute.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from g60pipeline.contracts.periods import Period
from g60pipeline.indicators.arithmetic import Equality, compare, count_streak
from g60pipeline.indicators.plan import Plan, build_plan
from g60pipeline.operations.recompute import (
    Counted,
    FigureKey,
    SideName,
    World,
    compute_figure,
    prepare_units,
    read_cited,
    read_judged,
    read_used,
    recount,
)

Row = Mapping[str, Any]
Counts = Mapping[SideName, Mapping[FigureKey, Counted]]
SHOWN = ("published", "at_least")


@dataclass(frozen=True)
class Proof:
    """A value that is stored beside the one computed from its cells. `row_count`: rows cited, of both sides."""

    indicator_id: str
    time: str
    key: FigureKey
    stored: float | None
    recomputed: float | None
    row_count: int
    equality: Equality

    @property
    def is_equal(self) -> bool:
        """Say whether they are the same, to the last bit or to 1e-12."""
        return self.equality != "differs"


def prove_values(world: World, values: Sequence[Row]) -> list[Proof]:
    """Compute the values (rows of `mart.indicator_value`) again from their cells; those that show no value are left out.

    The world must be that in which they were computed, with their months asked for.
    """
    by_statement: dict[tuple[str, str], list[Row]] = {}
    for row in values:
        if row["value"] is not None and row["status"] in SHOWN:
            by_statement.setdefault((row["indicator_id"], row["time_basis"]), []).append(row)
    return [proof for statement, rows in by_statement.items() for proof in _prove(world, statement, rows)]


def _prove(world: World, statement: tuple[str, Any], rows: Sequence[Row]) -> Iterator[Proof]:
    name, time = statement
    plan = build_plan(world.project, world.project.indicators[name], time, world.boundaries)
    counts = count_all(world, plan, [key_of(row) for row in rows])
    judged = read_judged(world, plan) if plan.indicator.kind == "streak" else {}
    for row in rows:
        key = key_of(row)
        value = _streak(plan, key, counts, judged) if judged else compute_figure(plan, key, counts)[0]
        row_count = sum(counts[s.name][key].row_count for s in plan.sides if key in counts[s.name])
        recomputed = None if value is None else float(value)
        yield Proof(name, time, key, row["value"], recomputed, row_count, compare(row["value"], value))


def count_all(world: World, plan: Plan, keys: Sequence[FigureKey]) -> Counts:
    """Aggregate each of the figures from the rows that it cites; of streaks every month."""
    prepare_units(world, plan)
    used = read_used(world, plan)
    if plan.indicator.kind == "streak":
        asked = {key[1:] for key in keys}
        keys = [month for month in read_judged(world, plan) if month[1:] in asked]
    return {
        side.name: recount(world, plan, side, keys, used, read_cited(world, plan, side, keys))
        for side in plan.sides
    }


def key_of(row: Row) -> FigureKey:
    """Return which figure of its indicator a row is."""
    return FigureKey(*(row[name] for name in FigureKey._fields))


def _streak(plan: Plan, key: FigureKey, counts: Counts, judged: Mapping[FigureKey, str]) -> Any:
    return find_streak(plan, key, counts, judged)[0]


def find_streak(
    plan: Plan, key: FigureKey, counts: Counts, judged: Mapping[FigureKey, str]
) -> tuple[Any, bool, tuple[str, ...]]:
    """Return the months of a streak, whether a month ended it, and the months that decide it.

    Only months whose own value is published count: which units answered decides that, not a cell.
    """
    from decimal import Decimal

    is_above: dict[int, bool] = {}
    for month, status in judged.items():
        if month[1:] == key[1:] and status == "published":
            value = compute_figure(plan, month, counts)[0]
            if value is not None:
                is_above[Period.parse(month.period).month_index] = bool(value)
    last = Period.parse(key.period)
    length, is_ended = count_streak(is_above, last.month_index)
    deciding = tuple(last.plus(-back).key for back in range(length + is_ended))
    return Decimal(length), is_ended, deciding
