"""From whom a figure is expected, who has reported, and whom it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from known import State
from plain_sql import parse
from sqlglot import exp

from g60pipeline.contracts.indicators import Indicator
from g60pipeline.contracts.periods import Period


@dataclass(frozen=True)
class Subject:
    """Whom a figure is about: rows of these units, or of one cluster."""

    level: str
    code: str
    units: frozenset[str]
    cluster: str | None = None


def window_of(basis: str, month: int) -> range:
    """Months whose rows count: the month itself, or January to it."""
    return range(month - month % 12, month + 1) if basis == "year_to_date" else range(month, month + 1)


class Reporters:
    """Units behind the figures of one indicator, for one time basis."""

    def __init__(self, state: State, indicator: Indicator, basis: str) -> None:
        self.state = state
        self.indicator = indicator
        self.basis = basis
        self.components = [c for c in (indicator.numerator, indicator.denominator) if c is not None]

    def forms(self) -> set[str]:
        """Forms behind both sides; none where the house's own ledger is behind them."""
        project = self.state.project
        found: set[str] = set()
        for component in self.components:
            found |= set(
                project.marts[component.from_].forms
                if component.from_ in project.marts
                else [component.from_]
            )
        return found

    def _bureaus(self) -> set[str] | None:
        """Units that the code list names for the measures that are asked for; None where nothing is by measure."""
        measures = self.state.project.code_lists["economy_measures"].by_code
        named: set[str] = set()
        for component in self.components:
            if component.from_ == "district_economy" and component.where is not None:
                texts = {n.this for n in parse(component.where).find_all(exp.Literal) if n.is_string}
                named |= {measures[text].attributes["reported_by"] for text in texts & set(measures)}
        return named or None

    def expected(self, month: int) -> set[str]:
        """Units that owe all forms behind the figure in the month."""
        owed = self.state.owed
        if not self.forms():
            return {unit for unit, _, at in owed if at == month}
        sets = [{unit for unit, form, at in owed if form == name and at == month} for name in self.forms()]
        units = set.intersection(*sets)
        bureaus = self._bureaus()
        return units if bureaus is None else units & bureaus

    def has_reported(self, unit: str, month: int) -> bool:
        """Say whether the unit's returns are in force in every month of the window that it owes."""
        return all(
            (unit, form, at) in self.state.reported
            for form in self.forms()
            for at in window_of(self.basis, month)
            if (unit, form, at) in self.state.owed
        )

    def _reported_base(self, unit: str, base: int | None) -> bool:
        """Say whether the unit's returns of the base window are in force."""
        if base is None:
            return True
        return all(
            (unit, form, at) in self.state.reported
            for form in self.forms()
            for at in window_of(self.basis, base)
        )

    def is_present(self, unit: str, month: int) -> bool:
        """Say whether the unit's returns of the window, and of the base window, are in force."""
        return self.has_reported(unit, month) and self._reported_base(unit, self.base_month(month))

    def base_month(self, month: int) -> int | None:
        """Month against which the figure of a month stands; None where it has its base beside it, or none."""
        indicator = self.indicator
        if indicator.kind == "growth":
            assert indicator.over_months is not None
            return month - indicator.over_months
        if indicator.kind == "average_annual_growth":
            assert indicator.years is not None
            return month - 12 * indicator.years
        if indicator.kind == "multiple":
            assert indicator.base_period is not None
            return Period.parse(indicator.base_period).month_index
        return month - 12 if indicator.kind == "streak" and indicator.denominator is None else None

    def subjects(self, month: int) -> Iterator[Subject]:
        """Subjects of each level that have a unit from which the figure is expected."""
        expected = self.expected(month)
        if "cluster" in self.indicator.levels:
            hosts = self.state.hosts(Period(month // 12, month % 12 + 1))
            hosted = {cluster: host for cluster, host in hosts.items() if host in expected}
            yield from (Subject("cluster", code, frozenset({host}), code) for code, host in hosted.items())
        if "unit" in self.indicator.levels:
            yield from (Subject("unit", unit, frozenset({unit})) for unit in expected)
        if "district" in self.indicator.levels:
            yield from self._districts(expected)

    def _districts(self, expected: set[str]) -> Iterator[Subject]:
        for level in self._levels_of_districts():
            above = {unit: self._above(unit, level) for unit in expected}
            for code in set(above.values()):
                yield Subject(level, code, frozenset(unit for unit in expected if above[unit] == code))

    def _levels_of_districts(self) -> Sequence[str]:
        """Where there is one district only, figures above it would say nothing new."""
        kinds = [unit.attributes["kind"] for unit in self.state.project.code_lists["units"].codes]
        return ("district", "city", "corridor") if kinds.count("district") > 1 else ("district",)

    def _above(self, unit: str, kind: str) -> str:
        """Return the district, city or corridor that the unit belongs to."""
        units = self.state.project.code_lists["units"].by_code
        while units[unit].attributes["kind"] != kind:
            unit = units[unit].attributes["parent"]
        return unit
