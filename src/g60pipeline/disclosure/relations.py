"""The linear relations that really hold between magnitudes, as anybody can work them out from the definitions.

Units add up to their district, clusters to their host, dimension parts to the whole, a month and the year before it to
the year; a magnitude with more conditions is a part of one with fewer. Each relation is tested against the true values,
and one that does not hold is none. Parts of a distinct count add up to the whole or more: that is kept as a bound.

Belongs here: what an attacker may know besides published figures. Not here: what is suppressed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import NamedTuple

from g60pipeline.contracts.boundaries import host_in
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.disclosure.cells import Release
from g60pipeline.disclosure.definitions import Measure
from g60pipeline.disclosure.magnitudes import Carrier, Magnitudes, Place

_LEVELS = ("cluster", "unit", "district", "city", "corridor")
_HOLDS = 1e-9

Hierarchy = Mapping[str, str]
Group = Mapping[tuple[str, str, str, str], int]


class Relation(NamedTuple):
    """Terms (magnitude, coefficient) that add up to 0."""

    terms: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Knowledge:
    """What is public besides the figures. It holds no value.

    `is_signed`: magnitudes that may be below 0. `carriers`: which row of which release shows a magnitude.
    `slack`: (part, whole) → the magnitude that is their difference; no row shows it.
    """

    is_signed: tuple[bool, ...]
    carriers: tuple[Carrier, ...]
    relations: tuple[Relation, ...]
    slack: Mapping[tuple[int, int], int]


def build_hierarchies(project: Project, period: str) -> tuple[Hierarchy, ...]:
    """Return who belonged to whom in the month, and today where that differs: subject code → parent's code."""
    units = {code.code: code.attributes["parent"] for code in project.code_lists["units"].codes}
    hosts = {code.code: code.attributes["host_unit"] for code in project.code_lists["clusters"].codes}
    then = {
        cluster: host_in(cluster, Period.parse(period), project.cluster_hosts, host)
        for cluster, host in hosts.items()
    }
    return ({**units, **hosts},) if then == hosts else ({**units, **then}, {**units, **hosts})


class _Builder:
    """Collects relations that hold, each once."""

    def __init__(self, magnitudes: Magnitudes) -> None:
        self.magnitudes = magnitudes
        self.relations: dict[Relation, None] = {}
        self.slack: dict[tuple[int, int], int] = {}
        self.changes: dict[tuple[int, int], int] = {}

    def _add(self, terms: Iterable[tuple[int, float]]) -> None:
        summed: dict[int, float] = {}
        for magnitude, coefficient in terms:
            summed[magnitude] = summed.get(magnitude, 0) + coefficient
        left = tuple(sorted((magnitude, c) for magnitude, c in summed.items() if c != 0))
        if left:
            self.relations[Relation(left)] = None

    def add_sum(self, whole: int, parts: Sequence[int], measure: Measure) -> None:
        """Add `whole = sum of parts` if it holds; a bound where the measure counts distinct things."""
        values = self.magnitudes.values
        gap = sum(values[part] for part in parts) - values[whole]
        terms = [(whole, -1.0), *((part, 1.0) for part in parts)]
        if abs(gap) <= _HOLDS * (abs(values[whole]) + sum(abs(values[part]) for part in parts)):
            self._add(terms)
        elif measure.is_distinct and gap > 0:
            self._add([*terms, (self.magnitudes.add(gap), -1.0)])
            for part in parts:
                self.add_part(part, whole)

    def add_part(self, part: int, whole: int) -> None:
        """Add `part <= whole` if it holds, with the difference as a magnitude of its own."""
        values = self.magnitudes.values
        if part == whole or (part, whole) in self.slack or values[part] > values[whole]:
            return
        self.slack[part, whole] = self.magnitudes.add(values[whole] - values[part])
        self._add([(part, 1.0), (self.slack[part, whole], 1.0), (whole, -1.0)])

    def add_change(self, before: int, after: int) -> int:
        """Add the change between two releases as a magnitude of its own and return it."""
        if (before, after) not in self.changes:
            change = self.magnitudes.values[after] - self.magnitudes.values[before]
            self.changes[before, after] = self.magnitudes.add(change, is_signed=True)
            self._add([(after, 1.0), (before, -1.0), (self.changes[before, after], -1.0)])
        return self.changes[before, after]


def _groups(magnitudes: Magnitudes) -> dict[tuple[int, Place], dict[tuple[str, str, str, str], int]]:
    """Magnitudes of one release, variant, month, time and boundaries, by level, subject, dimension and code."""
    groups: dict[tuple[int, Place], dict[tuple[str, str, str, str], int]] = {}
    for (release, place), magnitude in magnitudes.at.items():
        head = place._replace(level="", subject_code="", dimension="", dimension_code="")
        groups.setdefault((release, head), {})[place[5:]] = magnitude
    return groups


def _sums_over_subjects(group: Group, hierarchy: Hierarchy) -> Iterator[tuple[int, list[int]]]:
    levels = [level for level in _LEVELS if any(key[0] == level for key in group)]
    above = dict(pairwise(levels))
    parts: dict[int, list[int]] = {}
    for (level, subject, dimension, code), magnitude in group.items():
        key = (above.get(level, ""), hierarchy.get(subject, ""), dimension, code)
        if key in group:
            parts.setdefault(group[key], []).append(magnitude)
    yield from parts.items()


def _sums_over_dimensions(group: Group) -> Iterator[tuple[int, list[int]]]:
    parts: dict[tuple[int, str], list[int]] = {}
    for (level, subject, dimension, _), magnitude in group.items():
        whole = group.get((level, subject, "", ""))
        if dimension and whole is not None:
            parts.setdefault((whole, dimension), []).append(magnitude)
    for (whole, _), magnitudes in parts.items():
        yield whole, magnitudes


def _sums_over_months(magnitudes: Magnitudes) -> Iterator[tuple[int, list[int], Measure]]:
    before: dict[Place, list[int]] = {}
    for (_, place), magnitude in magnitudes.at.items():
        before.setdefault(place, []).append(magnitude)
    for (release, place), whole in list(magnitudes.at.items()):
        month = magnitudes.at.get((release, place._replace(time_basis="month")))
        if place.time_basis != "year_to_date" or month is None or not place.measure.is_additive:
            continue
        if place.period.endswith("-01"):
            yield whole, [month], place.measure
            continue
        last = place._replace(period=Period.parse(place.period).plus(-1).key)
        # A part that no row stood for until now was nothing until now.
        for earlier in dict.fromkeys(before.get(last, [])):
            yield whole, [month, earlier], place.measure
        if last not in before:
            yield whole, [month], place.measure


def _add_parts(builder: _Builder, groups: Mapping[tuple[int, Place], Group]) -> None:
    alike: dict[tuple[object, ...], list[tuple[Measure, Group]]] = {}
    for (release, head), group in groups.items():
        key = (release, head.measure.family, head.period, head.time_basis, head.boundaries)
        alike.setdefault(key, []).append((head.measure, group))
    for members in alike.values():
        for (narrow, parts), (wide, wholes) in permutations(members, 2):
            if narrow.is_part_of(wide):
                for key in parts.keys() & wholes.keys():
                    builder.add_part(parts[key], wholes[key])


def derive_relations(
    magnitudes: Magnitudes, hierarchies: Sequence[Hierarchy], releases: Sequence[Release]
) -> tuple[Knowledge, dict[tuple[int, Place], int]]:
    """Return what is known besides the figures, and the changes since the release of the month before: place → magnitude.

    The changes are those of the last release.
    """
    builder = _Builder(magnitudes)
    groups = _groups(magnitudes)
    for (_, head), group in groups.items():
        if head.measure.is_additive or head.measure.is_distinct:
            sums = [pair for hierarchy in hierarchies for pair in _sums_over_subjects(group, hierarchy)]
            for whole, parts in (*sums, *_sums_over_dimensions(group)):
                builder.add_sum(whole, parts, head.measure)
    for whole, parts, measure in list(_sums_over_months(magnitudes)):
        builder.add_sum(whole, parts, measure)
    _add_parts(builder, groups)
    changes = _add_changes(builder, releases)
    knowledge = Knowledge(
        tuple(magnitudes.is_signed), tuple(magnitudes.carriers), tuple(builder.relations), builder.slack
    )
    return knowledge, changes


def _add_changes(builder: _Builder, releases: Sequence[Release]) -> dict[tuple[int, Place], int]:
    last = len(releases) - 1
    earlier = [number for number in range(last) if releases[number].period == releases[last].period]
    changes: dict[tuple[int, Place], int] = {}
    if not earlier:
        return changes
    for (release, place), after in list(builder.magnitudes.at.items()):
        before = builder.magnitudes.at.get((earlier[-1], place))
        if release == last and before is not None and before != after:
            changes[release, place] = builder.add_change(before, after)
    return changes
