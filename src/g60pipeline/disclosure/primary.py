"""The rule: which magnitudes may not be known, and how far off whoever solves for them must be left.

The minimum of contributors and the p% rule. The (n, k) dominance rule is not used: it protects cells that nobody can
estimate and misses some that a competitor can (Hundepool et al., Statistical Disclosure Control, 2012, chapter 4), while
p% asks what matters: how near the second largest contributor, who knows its own part, comes to the largest. A magnitude of
0, or that nobody contributes to, is safe.

Belongs here: the rule, what earlier releases hid, what the district published itself. Not here: other values that must go
for their sake (complementary.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from g60pipeline.contracts.indicators import Disclosure, Waiver
from g60pipeline.disclosure.cells import AS_WAS, KEY, Key, Release, keys_of, records
from g60pipeline.disclosure.definitions import REMAINDER, Definition
from g60pipeline.disclosure.magnitudes import Carrier, Magnitudes, Place
from g60pipeline.disclosure.relations import Knowledge

# What was hidden only for another's sake must not come out exactly, no more.
_NOT_A_POINT = 0.01


class Need(NamedTuple):
    """How far the interval must reach beyond the true value, up and down, and why."""

    up: float
    down: float
    reason: str


Needs = dict[int, Need]
Contributions = Mapping[tuple[Key, str], Sequence[Mapping[str, float]]]


def read_contributions(frame: pd.DataFrame | None) -> Contributions:
    """Return the rows of contributions by key and side."""
    found: dict[tuple[Key, str], list[Mapping[str, float]]] = {}
    if frame is not None:
        rows = frame[["contributor_count", "largest_contribution", "second_largest_contribution"]]
        for key, side, row in zip(keys_of(frame), frame["side"], records(rows), strict=True):
            found.setdefault((key, side), []).append(row)
    return found


def judge(value: float, rows: Sequence[Mapping[str, float]], rule: Disclosure) -> str:
    """Return why the magnitude must be hidden: few_contributors, dominated or nothing."""
    if value == 0:
        return ""
    counts = [0.0 if pd.isna(row["contributor_count"]) else row["contributor_count"] for row in rows]
    if not rows or min(counts) < rule.minimum_contributors:
        return "few_contributors"
    return "dominated" if any(_is_dominated(value, row, rule.p) for row in rows) else ""


def _is_dominated(value: float, row: Mapping[str, float], p: float | None) -> bool:
    if p is None:
        return False
    largest, second = row["largest_contribution"], row["second_largest_contribution"]
    if pd.isna(largest):
        return True
    return abs(value) - largest - (0 if pd.isna(second) else second) < p * largest


def _raise(needs: Needs, magnitude: int, need: Need) -> None:
    held = needs.get(magnitude)
    if held is None:
        needs[magnitude] = need
    else:
        needs[magnitude] = Need(max(held.up, need.up), max(held.down, need.down), held.reason)


def _need(value: float, rule: Disclosure, reason: str) -> Need:
    return Need(rule.protection * abs(value), rule.protection * abs(value), reason)


def needs_by_rule(
    magnitudes: Magnitudes,
    knowledge: Knowledge,
    definitions: Mapping[str, Definition],
    release: Release,
    number: int,
) -> Needs:
    """Return what the rule hides in the release of that number."""
    contributions = read_contributions(release.contributions)
    needs: Needs = {}
    by_row: dict[Key, dict[str, int]] = {}
    for carrier in knowledge.carriers:
        if carrier.release == number:
            by_row.setdefault(carrier.key, {})[carrier.side] = carrier.magnitude
    told = {
        magnitude
        for key, sides in by_row.items()
        for side, magnitude in sides.items()
        if (key, side) in contributions
    }
    for key, sides in by_row.items():
        rule = definitions[key[0]].disclosure
        for side, magnitude in _with_remainder(sides, knowledge).items():
            value = magnitudes.values[magnitude]
            rows = contributions.get((key, side), ())
            if not rows and (magnitude in told or side == REMAINDER):
                continue
            reason = judge(value, rows, rule)
            if reason:
                _raise(needs, magnitude, _need(value, rule, reason))
    return needs


def _with_remainder(sides: Mapping[str, int], knowledge: Knowledge) -> Mapping[str, int]:
    pair = (sides.get("numerator", -1), sides.get("denominator", -1))
    return {**sides, REMAINDER: knowledge.slack[pair]} if pair in knowledge.slack else sides


def needs_by_change(
    magnitudes: Magnitudes,
    changes: Mapping[tuple[int, Place], int],
    knowledge: Knowledge,
    definitions: Mapping[str, Definition],
    release: Release,
) -> Needs:
    """Return the changes since the release before that rest on too few."""
    contributions = read_contributions(release.changes)
    rows_of: dict[int, list[Mapping[str, float]]] = {}
    rules: dict[int, Disclosure] = {}
    for carrier in knowledge.carriers:
        place = _place_of(magnitudes, carrier, definitions)
        change = changes.get((carrier.release, place))
        if change is not None:
            rules[change] = definitions[carrier.key[0]].disclosure
            rows_of.setdefault(change, []).extend(contributions.get((carrier.key, carrier.side), ()))
    needs: Needs = {}
    for change, rule in rules.items():
        value = magnitudes.values[change]
        if judge(value, rows_of[change], rule):
            _raise(needs, change, _need(value, rule, "difference"))
    return needs


def _place_of(magnitudes: Magnitudes, carrier: Carrier, definitions: Mapping[str, Definition]) -> Place:
    found = magnitudes.places[carrier.magnitude]
    assert found is not None
    at = dict(zip(KEY, carrier.key, strict=True))
    side = next(side for side in definitions[carrier.key[0]].sides if side.name == carrier.side)
    return found._replace(variant=f"{carrier.key[0]}.{side.name}", boundaries=at["boundaries"])


def needs_from_before(
    magnitudes: Magnitudes,
    knowledge: Knowledge,
    definitions: Mapping[str, Definition],
    suppressions: Sequence[Mapping[Key, str]],
) -> Needs:
    """Return what earlier releases hid and must stay hidden; `suppressions` of each earlier release by key."""
    needs: Needs = {}
    for carrier in knowledge.carriers:
        kind = (
            suppressions[carrier.release].get(carrier.key, "") if carrier.release < len(suppressions) else ""
        )
        value = magnitudes.values[carrier.magnitude]
        if kind == "primary" and value != 0:
            _raise(needs, carrier.magnitude, _need(value, definitions[carrier.key[0]].disclosure, "kept"))
        elif kind:
            _raise(needs, carrier.magnitude, not_a_point(value))
    return needs


def not_a_point(value: float) -> Need:
    """Return the need of what is hidden for another's sake: in doubt, by however little."""
    return Need(_NOT_A_POINT * max(abs(value), 1.0), _NOT_A_POINT * abs(value), "kept")


def _is_waived(key: Key, waivers: Iterable[Waiver]) -> bool:
    at = dict(zip(KEY, key, strict=True))
    given = (
        at["period"],
        at["time_basis"],
        at["level"],
        at["subject_code"],
        at["dimension"],
        at["dimension_code"],
    )
    return at["boundaries"] == AS_WAS and any(
        given == (w.period, w.time, w.level, w.subject, w.dimension, w.dimension_code) for w in waivers
    )


def waived_rows(keys: Iterable[Key], definitions: Mapping[str, Definition]) -> set[Key]:
    """Return the rows that are published because the district published the figure itself."""
    return {
        key
        for key in keys
        if (own := definitions[key[0]].indicator.disclosure) is not None
        and _is_waived(key, own.published_by_district)
    }
