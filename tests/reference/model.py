"""The slow reference model: every indicator's figures from plain frames, by obvious loops.

Written from the definitions (`assets/README.md`, `assets/indicators/`), not from the statements that production runs,
so that a disagreement shows that one of the two is wrong. Belongs here: units expected and reporting, numerator,
denominator, value, coverage, status. Not here: which rows are in force (known.py), what SQL text means (plain_sql.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from figures import Figure, Key
from known import State
from plain_sql import Row, aggregate_of, columns_of, holds, total
from reporters import Reporters, Subject, window_of

from g60pipeline.contracts.indicators import Component, Indicator
from g60pipeline.contracts.periods import Period

KNOWN_WITHIN_MONTHS = 12
NOT_REPORTED = "not_reported"
Number = Fraction | None


class Sides(NamedTuple):
    """Numerator and denominator, or base."""

    numerator: Number
    denominator: Number


class Model:
    """Figures of one indicator over one state, for one time basis."""

    def __init__(self, state: State, indicator: Indicator, basis: str) -> None:
        self.state = state
        self.indicator = indicator
        self.basis = basis
        self.who = Reporters(state, indicator, basis)
        self.components = self.who.components
        self.rows = [self._rows_that_count(component) for component in self.components]

    # -- rows ------------------------------------------------------------------------------------------------------

    def _is_one_source(self) -> bool:
        return len({component.from_ for component in self.components}) == 1 and len(self.components) == 2

    def _is_filled(self, row: Row) -> bool:
        """Say whether a row's measured cells and yes/no cells are filled, for two sides of one source."""
        measured = set().union(*(columns_of(c.value) for c in self.components))
        asked = set().union(*(columns_of(c.where) for c in self.components))
        flags = {name for name in asked if self._is_flag(name)}
        return all(row[name] is not None for name in measured | flags)

    def _is_flag(self, column: str) -> bool:
        project, source = self.state.project, self.components[0].from_
        if source in project.marts:
            return project.marts[source].columns[column].type == "boolean"
        return project.forms[source].field_by_name[column].type == "boolean"

    def _rows_that_count(self, component: Component) -> dict[tuple[str, int], list[Row]]:
        """Rows that meet the component's condition, by unit and month."""
        found: dict[tuple[str, int], list[Row]] = {}
        both = self._is_one_source()
        for row in self.state.sources[component.from_].to_dict("records"):
            cells = {str(name): value for name, value in row.items()}
            if holds(component.where, cells) and (not both or self._is_filled(cells)):
                found.setdefault((cells["reporting_unit_code"], cells["month_index"]), []).append(cells)
        return found

    def _selected(self, side: int, subject: Subject, units: Sequence[str], window: range) -> list[Row]:
        rows = [row for unit in units for month in window for row in self.rows[side].get((unit, month), [])]
        if subject.cluster is None:
            return rows
        return [row for row in rows if row["cluster_code"] == subject.cluster]

    def _is_of_events(self, component: Component) -> bool:
        project = self.state.project
        if component.from_ in project.marts:
            return project.marts[component.from_].rows == "events"
        return project.forms[component.from_].rows == "events"

    def _total(self, side: int, subject: Subject, rows: list[Row], part: tuple[str, str]) -> Number:
        component = self.components[side]
        dimension, code = part
        if dimension:
            rows = [row for row in rows if (row[dimension] or NOT_REPORTED) == code]
        aggregate = aggregate_of(component.value)
        if subject.level == "unit" and not aggregate.adds_up and any(row["unit_weight"] != 1 for row in rows):
            return None  # it cannot be divided between the units that a former one became
        return total(aggregate, rows, self._is_of_events(component))

    # -- figures ---------------------------------------------------------------------------------------------------

    def _sides(self, subject: Subject, units: Sequence[str], month: int, part: tuple[str, str]) -> Sides:
        """Sum both sides over the window; the base is the same measure over the base window."""
        window = window_of(self.basis, month)
        sums = [
            self._total(n, subject, self._selected(n, subject, units, window), part)
            for n in range(len(self.components))
        ]
        base = self.who.base_month(month)
        if base is not None:
            rows = self._selected(0, subject, units, window_of(self.basis, base))
            sums.append(self._total(0, subject, rows, part))
        return Sides(sums[0], sums[1] if len(sums) > 1 else None)

    def _parts(self, subject: Subject, units: Sequence[str], month: int) -> Iterator[tuple[str, str]]:
        """The whole, and each code that stands in a row that counts, on either side."""
        if not self.indicator.parts_only:
            yield "", ""
        window = window_of(self.basis, month)
        rows = [row for n in range(len(self.components)) for row in self._selected(n, subject, units, window)]
        for dimension in self.indicator.dimensions:
            for code in {row[dimension] or NOT_REPORTED for row in rows}:
                yield dimension, code

    def figures(self, period: Period) -> Iterator[tuple[Key, Figure]]:
        """Compute the figures of a month, at every level and for every part."""
        month = period.month_index
        for subject in self.who.subjects(month):
            now = [unit for unit in sorted(subject.units) if self.who.has_reported(unit, month)]
            present = [unit for unit in now if self.who.is_present(unit, month)]
            for part in self._parts(subject, present, month):
                key = Key(self.indicator.id, period.key, self.basis, subject.level, subject.code, *part)
                yield key, self._figure(subject, now, present, month, part)

    def _figure(
        self, subject: Subject, now: list[str], present: list[str], month: int, part: tuple[str, str]
    ) -> Figure:
        coverage = self._coverage(subject, present, month)
        sides = self._sides(subject, present, month, part) if present else Sides(None, None)
        value, cut = self._value(sides, subject, present, month)
        status = "at_least" if cut else "published"
        if not now:
            status = "missing"
        elif not present or (value is None and not self._is_withheld(subject, present, coverage)):
            status = "no_value"
        elif self._is_withheld(subject, present, coverage):
            status = "withheld"
        if status in ("withheld", "missing"):
            value, sides = None, Sides(None, None)
        note = "may_count_twice" if self.indicator.may_count_twice else None
        numbers = (value, _float(sides.numerator), _float(sides.denominator))
        counts = (len(subject.units), len(present), _float(coverage))
        return Figure(*numbers, *counts, status, note, self.indicator.unit)

    def _value(
        self, sides: Sides, subject: Subject, present: list[str], month: int
    ) -> tuple[float | None, bool]:
        """Combine the sides as the kind says; the second says that a missing month cut a streak."""
        over, under = sides
        kind = self.indicator.kind
        if kind == "value":
            return _float(over), False
        if over is None or under is None:
            return None, False
        if kind == "streak":
            return self._streak(subject, month)
        if under == 0:
            return None, False
        if kind in ("ratio", "multiple"):
            return float(over / under), False
        if kind in ("growth", "comparable_growth"):
            return float(over / under - 1), False
        assert kind == "average_annual_growth", kind
        assert self.indicator.years is not None
        if over / under < 0:
            return None, False
        return float(over / under) ** (1 / self.indicator.years) - 1, False

    def _streak(self, subject: Subject, month: int) -> tuple[float, bool]:
        """Count months back from this one while the numerator is above its base."""
        length = 0
        while True:
            at = month - length
            present = [unit for unit in sorted(subject.units) if self.who.is_present(unit, at)]
            over, under = self._sides(subject, present, at, ("", ""))
            if len(present) < len(subject.units) or over is None or under is None:
                return float(length), True
            if over <= under:
                return float(length), False
            length += 1

    # -- coverage --------------------------------------------------------------------------------------------------

    def _is_withheld(self, subject: Subject, present: list[str], coverage: Number) -> bool:
        count, expected = len(present), len(subject.units)
        if self.indicator.missing == "withhold" and count < expected:
            return True
        threshold = Fraction(str(self.indicator.threshold))
        return Fraction(count, expected) < threshold or (coverage is not None and coverage < threshold)

    def _weight(self, subject: Subject, unit: str, month: int) -> Number:
        """Last known denominator or base of the unit (numerator where there is none), at most a year old."""
        for at in range(month, month - KNOWN_WITHIN_MONTHS - 1, -1):
            if unit in self.who.expected(at) and self.who.is_present(unit, at):
                sides = self._sides(subject, [unit], at, ("", ""))
                has_two = len(self.components) == 2 or self.who.base_month(at) is not None
                weight = sides.denominator if has_two else sides.numerator
                if weight is not None:
                    return weight
        return None

    def _coverage(self, subject: Subject, present: list[str], month: int) -> Number:
        """Share of the weights that reporting units have; a part has the coverage of its whole."""
        if len(present) == len(subject.units):
            return Fraction(1)
        if not present:
            return Fraction(0)
        if self.indicator.parts_only or not aggregate_of(self.components[-1].value).can_weigh:
            return None
        weights = {unit: self._weight(subject, unit, month) for unit in subject.units}
        known = [weight for weight in weights.values() if weight is not None]
        if len(known) < len(weights) or min(known) < 0 or sum(known) == 0:
            return None
        return Fraction(sum(weights[unit] or 0 for unit in present)) / sum(known)


def _float(number: Number) -> float | None:
    return None if number is None else float(number)


def figures_of(state: State, indicators: Sequence[Indicator], periods: Sequence[Period]) -> dict[Key, Figure]:
    """Compute all figures of the indicators for the months."""
    found: dict[Key, Figure] = {}
    for indicator in indicators:
        for basis in indicator.time:
            model = Model(state, indicator, basis)
            for period in periods:
                for key, figure in model.figures(period):
                    assert key not in found, f"{key} stands twice"
                    found[key] = figure
    return found
