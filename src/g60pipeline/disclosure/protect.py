"""Suppress what a release must not show, given what was released before.

Belongs here: the whole from frames to frame. Not here: rule (primary.py), choice (complementary.py), attack (attacker.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from g60pipeline.contracts.indicators import Indicator
from g60pipeline.disclosure.cells import KEY, Key, Release, keys_of
from g60pipeline.disclosure.complementary import Choice, Problem, choose_rows
from g60pipeline.disclosure.definitions import Definition, read_definitions
from g60pipeline.disclosure.magnitudes import Magnitudes, build_magnitudes
from g60pipeline.disclosure.primary import (
    Needs,
    needs_by_change,
    needs_by_rule,
    needs_from_before,
    waived_rows,
)
from g60pipeline.disclosure.relations import Hierarchy, Knowledge, derive_relations

_LEVEL_COST = {"cluster": 0.0, "unit": 0.5, "district": 1.0, "city": 1.5, "corridor": 2.0}
_PART_BONUS = 0.25
_VALUE_COST = 0.2
_TIE_COST = 1e-4


@dataclass(frozen=True)
class _State:
    definitions: Mapping[str, Definition]
    magnitudes: Magnitudes
    knowledge: Knowledge
    rows: Mapping[Key, int]
    suppressions: Sequence[Mapping[Key, str]]

    @property
    def last(self) -> int:
        return len(self.suppressions)

    def carried(self, release: int) -> Iterable[tuple[Key, int]]:
        return ((c.key, c.magnitude) for c in self.knowledge.carriers if c.release == release)


def derive_knowledge(
    releases: Sequence[Release], indicators: Iterable[Indicator], hierarchies: Sequence[Hierarchy]
) -> Knowledge:
    """Return what is public besides the figures of these releases, earliest first, for `attacker.attack`."""
    definitions = read_definitions(indicators)
    return derive_relations(build_magnitudes(releases, definitions), hierarchies, releases)[0]


def _costs(release: Release, keys: Sequence[Key]) -> np.ndarray:
    """Cost of suppressing each row: fewest rows, low levels and parts rather than totals, then small values."""
    values = dict(
        zip(keys_of(release.values), release.values["value"].astype(float).fillna(0).abs(), strict=True)
    )
    largest: dict[tuple[str, str], float] = {}
    for key in keys:
        head = (key[0], key[2])
        largest[head] = max(largest.get(head, 0.0), values[key])
    costs = np.ones(len(keys))
    for row, key in enumerate(keys):
        at = dict(zip(KEY, key, strict=True))
        costs[row] += _LEVEL_COST.get(at["level"], 0.0) - (_PART_BONUS if at["dimension"] else 0.0)
        costs[row] += _VALUE_COST * values[key] / (largest[key[0], key[2]] or 1.0)
        costs[row] += _TIE_COST * row / len(keys)
    return costs


def _problem(state: _State, release: Release, waived: set[Key]) -> Problem:
    magnitudes, count = state.magnitudes, len(state.magnitudes.values)
    is_fixed = np.zeros(count, dtype=bool)
    for number, suppressed in enumerate(state.suppressions):
        for key, magnitude in state.carried(number):
            is_fixed[magnitude] |= not suppressed.get(key)
    rows_of: dict[int, set[int]] = {}
    for key, magnitude in state.carried(state.last):
        is_fixed[magnitude] |= key in waived
        rows_of.setdefault(magnitude, set()).add(state.rows[key])
    return Problem(
        values=np.array(magnitudes.values, dtype=float),
        is_signed=np.array(state.knowledge.is_signed, dtype=bool),
        is_fixed=is_fixed,
        relations=state.knowledge.relations,
        rows_of={magnitude: frozenset(rows) for magnitude, rows in rows_of.items()},
        cost=_costs(release, list(state.rows)),
    )


def _label(state: _State, choice: Choice, needs: Needs, waived: set[Key]) -> dict[Key, tuple[str, str]]:
    """Return suppression and reason by row."""
    labels: dict[Key, tuple[str, str]] = {
        key: ("", "published_by_district") for key in waived if key in state.rows
    }
    for key, magnitude in state.carried(state.last):
        need = needs.get(magnitude)
        if state.rows[key] in choice.hidden:
            is_primary = need is not None and need.reason != "kept" and magnitude not in choice.given_away
            held = labels.get(key, ("secondary", "kept" if need else "complementary"))
            labels[key] = ("primary", need.reason) if is_primary and need and held[0] != "primary" else held
        elif need is not None and key not in waived:
            labels[key] = ("", "follows_from_published")
    return labels


def _suppressions(previous: Sequence[Release]) -> list[dict[Key, str]]:
    found: list[dict[Key, str]] = []
    for release in previous:
        kinds = release.values["suppression"].fillna("").astype(str)
        found.append({key: kind for key, kind in zip(keys_of(release.values), kinds, strict=True) if kind})
    return found


def protect(
    release: Release,
    indicators: Iterable[Indicator],
    hierarchies: Sequence[Hierarchy],
    previous: Sequence[Release] = (),
) -> pd.DataFrame:
    """Return the release's values with `suppression` ('' | primary | secondary) and `reason`.

    `previous`: what was released before, earliest first: the same month's earlier releases and the months of the year
    before it. Reasons: few_contributors, dominated, difference (the change since the release before rests on too
    few), kept (hidden before), complementary; published rows say published_by_district or follows_from_published
    where only that keeps them from being suppressed. DisclosureError when a frame is wrong.
    """
    definitions = read_definitions(indicators)
    releases = [*previous, release]
    magnitudes = build_magnitudes(releases, definitions)
    knowledge, changes = derive_relations(magnitudes, hierarchies, releases)
    keys = sorted({c.key for c in knowledge.carriers if c.release == len(previous)})
    state = _State(
        definitions, magnitudes, knowledge, {k: n for n, k in enumerate(keys)}, _suppressions(previous)
    )
    waived = waived_rows(keys, definitions)
    needs = needs_from_before(magnitudes, knowledge, definitions, state.suppressions)
    for more in (
        needs_by_change(magnitudes, changes, knowledge, definitions, release),
        needs_by_rule(magnitudes, knowledge, definitions, release, state.last),
    ):
        for magnitude, need in more.items():
            held = needs.get(magnitude, need)
            needs[magnitude] = need._replace(up=max(held.up, need.up), down=max(held.down, need.down))
    choice = choose_rows(_problem(state, release, waived), needs)
    labels = _label(state, choice, needs, waived)
    result = [labels.get(key, ("", "")) for key in keys_of(release.values)]
    return release.values.assign(suppression=[s for s, _ in result], reason=[r for _, r in result])
