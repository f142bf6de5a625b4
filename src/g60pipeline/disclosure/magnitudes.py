"""Rows of releases → the magnitudes that they carry, each once: what is equal is one magnitude, wherever it stands.

A row of a ratio carries two magnitudes, and a magnitude may be carried by rows of several indicators, boundaries and
releases. Whoever sees one such row knows the magnitude; so to hide it all of them must be suppressed.

Belongs here: finding magnitudes. Not here: how they hang together (relations.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from g60pipeline.disclosure.cells import KEY, Key, Release, keys_of, records
from g60pipeline.disclosure.definitions import NUMERATOR, Definition, Measure, Side

_EQUAL = 1e-9
_SUBJECT = {name: position for position, name in enumerate(KEY)}


class Place(NamedTuple):
    """What a magnitude is of. `variant`: the indicator and side that it was read from."""

    variant: str
    measure: Measure
    period: str
    time_basis: str
    boundaries: str
    level: str
    subject_code: str
    dimension: str
    dimension_code: str

    @property
    def identity(self) -> tuple[object, ...]:
        """What may be the same magnitude: all but the indicator and the boundaries that it was read from."""
        return (self.measure, self.period, self.time_basis, *self[5:])


class Carrier(NamedTuple):
    """A row of a release (0 = the first) that shows a magnitude on one of its sides."""

    release: int
    key: Key
    side: str
    magnitude: int


@dataclass
class Magnitudes:
    """All magnitudes of a chain of releases, numbered. `at`: release and place → magnitude."""

    places: list[Place | None] = field(default_factory=list[Place | None])
    values: list[float] = field(default_factory=list[float])
    is_signed: list[bool] = field(default_factory=list[bool])
    carriers: list[Carrier] = field(default_factory=list[Carrier])
    at: dict[tuple[int, Place], int] = field(default_factory=dict[tuple[int, Place], int])
    _known: dict[tuple[object, ...], list[int]] = field(default_factory=dict[tuple[object, ...], list[int]])

    def add(self, value: float, place: Place | None = None, is_signed: bool = False) -> int:
        """Add a magnitude and return its number; without a place it is one that no row can show."""
        self.places.append(place)
        self.values.append(value)
        self.is_signed.append(is_signed or value < 0)
        return len(self.values) - 1

    def find_or_add(self, value: float, place: Place) -> int:
        """Return the magnitude of the same identity and value, or a new one."""
        same = self._known.setdefault(place.identity, [])
        for number in same:
            if is_equal(self.values[number], value):
                return number
        same.append(self.add(value, place))
        return same[-1]


def is_equal(one: float, other: float) -> bool:
    """Say whether two figures differ by no more than the rounding of their computation."""
    return abs(one - other) <= _EQUAL * max(abs(one), abs(other))


def _place(key: Key, side: Side) -> Place:
    at = _SUBJECT
    return Place(
        variant=f"{key[at['indicator_id']]}.{side.name}",
        measure=side.measure,
        period=side.period_of(key[at["period"]]),
        time_basis=key[at["time_basis"]],
        boundaries=key[at["boundaries"]],
        level=key[at["level"]],
        subject_code=key[at["subject_code"]],
        dimension=key[at["dimension"]],
        dimension_code=key[at["dimension_code"]],
    )


def protected_rows(values: pd.DataFrame, definitions: Mapping[str, Definition]) -> pd.DataFrame:
    """Return the rows that carry a magnitude of a protected family, by key, indexed by it."""
    rows = values[values["indicator_id"].isin(list(definitions))]
    return rows.set_axis(pd.Index(keys_of(rows), tupleize_cols=False)).sort_index()


def _figure(side: Side, definition: Definition, row: Mapping[str, float]) -> float | None:
    figure = row[side.name]
    if pd.isna(figure) and side.name == NUMERATOR and definition.indicator.kind == "value":
        figure = row["value"]
    return None if pd.isna(figure) else float(figure)


def build_magnitudes(releases: Sequence[Release], definitions: Mapping[str, Definition]) -> Magnitudes:
    """Number the magnitudes of all releases, earliest first."""
    magnitudes = Magnitudes()
    for number, release in enumerate(releases):
        rows = protected_rows(release.values, definitions)
        figures = records(rows[["value", "numerator", "denominator"]])
        for key, row in zip(rows.index, figures, strict=True):
            definition = definitions[key[0]]
            for side in definition.sides:
                figure = _figure(side, definition, row)
                if figure is None:
                    continue
                place = _place(key, side)
                found = magnitudes.find_or_add(figure, place)
                magnitudes.at[number, place] = found
                magnitudes.carriers.append(Carrier(number, key, side.name, found))
    return magnitudes
