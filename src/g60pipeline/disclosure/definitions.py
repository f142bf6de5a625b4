"""What a row of values measures, read from the indicators' definitions; only what has to do with protected magnitudes.

Two measures are of one family when they aggregate the same expression of the same relation: their values may be equal,
parts of each other, or give each other away by subtraction. Only families with a protected indicator matter.

Belongs here: sides, measures and disclosure rules of indicators. Not here: values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from g60pipeline.contracts.indicators import Component, Disclosure, Indicator
from g60pipeline.contracts.periods import Period

_ADDITIVE = re.compile(r"\s*(SUM\s*\((?!\s*DISTINCT)|COUNT\s*\(\s*\*)", re.IGNORECASE)
_DISTINCT = re.compile(r"\s*COUNT\s*\(\s*DISTINCT", re.IGNORECASE)
NUMERATOR, DENOMINATOR, REMAINDER = "numerator", "denominator", "remainder"


class Measure(NamedTuple):
    """An aggregate over the rows of a relation that meet all conditions."""

    relation: str
    value: str
    conditions: tuple[str, ...]

    @property
    def family(self) -> tuple[str, str]:
        """Relation and expression."""
        return self.relation, self.value

    @property
    def is_additive(self) -> bool:
        """Say whether parts add up to the whole."""
        return _ADDITIVE.match(self.value) is not None

    @property
    def is_distinct(self) -> bool:
        """Say whether it counts each thing once, so that parts add up to the whole or more."""
        return _DISTINCT.match(self.value) is not None

    def is_part_of(self, other: Measure) -> bool:
        """Say whether it measures some of the rows that `other` measures."""
        return self.family == other.family and set(self.conditions) > set(other.conditions)


class Side(NamedTuple):
    """Numerator or denominator of an indicator, and the month that it is of."""

    name: str
    measure: Measure
    months_back: int = 0
    base_period: str | None = None

    def period_of(self, period: str) -> str:
        """Return the month that the side is of in a row of `period`."""
        if self.base_period is not None:
            return self.base_period
        return Period.parse(period).plus(-self.months_back).key if self.months_back else period


@dataclass(frozen=True)
class Definition:
    """An indicator as far as disclosure goes. `disclosure`: its own rule, else its family's strictest."""

    indicator: Indicator
    sides: tuple[Side, ...]
    disclosure: Disclosure


def _conditions(where: str | None) -> tuple[str, ...]:
    parts = re.split(r"\s+AND\s+", where or "", flags=re.IGNORECASE)
    return tuple(sorted({" ".join(part.split()) for part in parts} - {""}))


def _measure(component: Component) -> Measure:
    return Measure(component.from_, " ".join(component.value.split()), _conditions(component.where))


def _sides(indicator: Indicator) -> tuple[Side, ...]:
    numerator = _measure(indicator.numerator)
    sides = [Side(NUMERATOR, numerator)]
    if indicator.denominator is not None:
        sides.append(Side(DENOMINATOR, _measure(indicator.denominator)))
    elif indicator.kind == "multiple":
        sides.append(Side(DENOMINATOR, numerator, base_period=indicator.base_period))
    elif indicator.kind != "value":
        back = 12 * indicator.years if indicator.years is not None else indicator.over_months or 12
        sides.append(Side(DENOMINATOR, numerator, months_back=back))
    return tuple(sides)


def _strictest(rules: Iterable[Disclosure]) -> Disclosure:
    return max(rules, key=lambda rule: (rule.minimum_contributors, rule.protection, rule.p or 0))


def read_definitions(indicators: Iterable[Indicator]) -> dict[str, Definition]:
    """Return the definitions that carry a magnitude of a protected family, by indicator."""
    listed = sorted(indicators, key=lambda indicator: indicator.id)
    rules: dict[tuple[str, str], list[Disclosure]] = {}
    for indicator in listed:
        if indicator.disclosure is not None:
            for side in _sides(indicator):
                rules.setdefault(side.measure.family, []).append(indicator.disclosure)
    definitions: dict[str, Definition] = {}
    for indicator in listed:
        sides = tuple(side for side in _sides(indicator) if side.measure.family in rules)
        if sides:
            rule = indicator.disclosure or _strictest(rules[sides[0].measure.family])
            definitions[indicator.id] = Definition(indicator, sides, rule)
    return definitions
