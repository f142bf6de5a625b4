"""What whoever reads the releases can work out about suppressed values, by linear programming.

The attacker knows every published figure of every release exactly, all relations, and that what is no difference is not
below 0. This shares no code with the suppression: it sees frames as they are published and `Knowledge`, which holds no value.

Belongs here: intervals of suppressed values and their verdict. Not here: true values, but for the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import null_space
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

from g60pipeline.disclosure.cells import KEY, Key, Release, keys_of, records
from g60pipeline.disclosure.relations import Knowledge

_EXACT = 1e-6
_ROUNDING = 4e-9


@dataclass(frozen=True)
class Verdict:
    """`hidden`: suppressed magnitudes. `exact`: recovered exactly. `within_protection`: among the primary, those whose
    interval does not reach as far as it should, up or down.
    """

    hidden: int
    exact: int
    primary: int
    within_protection: int


def _published(releases: Sequence[pd.DataFrame], knowledge: Knowledge) -> dict[int, float]:
    """Return the magnitudes that some row shows."""
    shown: list[Mapping[Key, Mapping[str, Any]]] = []
    for frame in releases:
        figures = records(frame[["value", "numerator", "denominator"]])
        shown.append(dict(zip(keys_of(frame), figures, strict=True)))
    known: dict[int, float] = {}
    for carrier in knowledge.carriers:
        row = shown[carrier.release].get(carrier.key)
        if row is None:
            continue
        figure = row[carrier.side]
        if pd.isna(figure) and carrier.side == "numerator" and pd.isna(row["denominator"]):
            figure = row["value"]
        if not pd.isna(figure):
            known.setdefault(carrier.magnitude, float(figure))
    return known


class _System:
    """Relations among the unknown, `matrix @ x = right`, in parts that hang together."""

    def __init__(self, knowledge: Knowledge, known: Mapping[int, float]) -> None:
        involved = {magnitude for relation in knowledge.relations for magnitude, _ in relation.terms}
        involved |= {carrier.magnitude for carrier in knowledge.carriers}
        self.unknown = sorted(involved - known.keys())
        self.is_signed = [
            number < len(knowledge.is_signed) and knowledge.is_signed[number] for number in self.unknown
        ]
        at = {magnitude: column for column, magnitude in enumerate(self.unknown)}
        entries: list[tuple[int, int, float]] = []
        self.right = np.zeros(len(knowledge.relations))
        self.size = np.zeros(len(knowledge.relations))
        for row, relation in enumerate(knowledge.relations):
            for magnitude, coefficient in relation.terms:
                if magnitude in at:
                    entries.append((row, at[magnitude], coefficient))
                else:
                    self.right[row] -= coefficient * known[magnitude]
                    self.size[row] += abs(coefficient * known[magnitude])
        rows, columns, data = zip(*entries, strict=True) if entries else ((), (), ())
        shape = (max(len(knowledge.relations), 1), len(self.unknown))
        self.matrix = sparse.csr_array((data, (rows, columns)), shape=shape)

    def parts(self) -> list[np.ndarray]:
        """Return the columns of each part."""
        if not self.unknown:
            return []
        _, labels = connected_components(abs(self.matrix).T @ abs(self.matrix), directed=False)
        return [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]

    def determined(self, columns: np.ndarray) -> np.ndarray:
        """Say which unknowns of a part the relations alone determine, however small against the others."""
        kernel = null_space(self.matrix[:, columns].toarray())
        return np.abs(kernel).max(axis=1, initial=0) < _EXACT**2

    def bounds(self, columns: np.ndarray, wanted: np.ndarray) -> list[tuple[float, float]]:
        """Return the intervals of the wanted unknowns of a part.

        Relations hold up to the rounding of the known terms.
        """
        part = self.matrix[:, columns]
        rows = np.flatnonzero(np.diff(part.tocsr().indptr) > 0)
        scale = float(np.max(self.size[rows], initial=0)) or 1.0
        slack = np.maximum(self.size[rows], 1e-3) * _ROUNDING / scale
        matrix = part.tocsr()[rows]
        right = self.right[rows] / scale
        both = sparse.vstack([matrix, -matrix]).tocsr()
        limits = np.concatenate([right + slack, slack - right])
        low = np.array([-np.inf if self.is_signed[column] else 0.0 for column in columns])
        positions = np.flatnonzero(np.isin(columns, wanted)).tolist()
        ends = [
            [_end(both, limits, low, position, sign) * scale for sign in (1.0, -1.0)]
            for position in positions
        ]
        return [(lower, upper) for lower, upper in ends]


def _end(matrix: Any, limits: np.ndarray, low: np.ndarray, position: int, sign: float) -> float:
    """Return the least (sign 1) or the greatest (sign -1) value of an unknown."""
    cost = np.zeros(len(low))
    cost[position] = sign
    bounds = np.column_stack([low, np.full(len(low), np.inf)])
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    solved = linprog(cost, A_ub=matrix, b_ub=limits, bounds=bounds, method="highs", options=tight)
    if solved.status == 3:
        return -np.inf * sign
    if solved.status != 0:
        raise ArithmeticError(f"the attacker's programme was not solved: {solved.message}")
    return float(solved.x[position])


def attack(releases: Sequence[pd.DataFrame], knowledge: Knowledge) -> pd.DataFrame:
    """Return the interval (`lower`, `upper`) of every suppressed magnitude, once per row that would show it.

    `releases`: frames as published (`cells.redact`), in the order of `knowledge`. Columns: `release` (0 = the first),
    the key, `side`, `magnitude`, `lower`, `upper`, `is_exact`.
    """
    known = _published(releases, knowledge)
    system = _System(knowledge, known)
    wanted = {carrier.magnitude for carrier in knowledge.carriers} - known.keys()
    interval: dict[int, tuple[float, float]] = {}
    determined = set[int]()
    asked = np.array([n for n, magnitude in enumerate(system.unknown) if magnitude in wanted], dtype=int)
    for columns in system.parts():
        hidden = np.intersect1d(columns, asked)
        if len(hidden):
            for column, ends in zip(hidden, system.bounds(columns, hidden), strict=True):
                interval[system.unknown[column]] = ends
            determined |= {system.unknown[column] for column in columns[system.determined(columns)]}
    rows = [
        (carrier.release, *carrier.key, carrier.side, carrier.magnitude, *interval[carrier.magnitude])
        for carrier in knowledge.carriers
        if carrier.magnitude in wanted
    ]
    found = pd.DataFrame(rows, columns=["release", *KEY, "side", "magnitude", "lower", "upper"])
    found = found.astype({"lower": float, "upper": float})
    width = found["upper"] - found["lower"]
    is_narrow = np.isfinite(width) & (width <= _EXACT * found["upper"].abs().clip(lower=_EXACT))
    return found.assign(is_exact=is_narrow | found["magnitude"].isin(determined))


def judge_attack(
    found: pd.DataFrame, releases: Sequence[Release], protection: Mapping[str, float]
) -> Verdict:
    """Return how far the attacker came. `releases` hold the true values and `suppression`; `protection` by indicator."""
    truth: dict[tuple[int, Key], Mapping[str, Any]] = {}
    for number, release in enumerate(releases):
        figures = records(release.values[["value", "numerator", "denominator", "suppression"]])
        truth.update(zip(((number, key) for key in keys_of(release.values)), figures, strict=True))
    primary, near, exact = set[int](), set[int](), set[int]()
    for row in records(found):
        key = tuple(row[column] for column in KEY)
        true = truth[row["release"], key]
        figure = true[row["side"]]
        value = float(true["value"] if pd.isna(figure) else figure)
        if row["is_exact"]:
            exact.add(row["magnitude"])
        if true["suppression"] == "primary" and value != 0:
            primary.add(row["magnitude"])
            width = protection.get(row["indicator_id"], 0.0) * abs(value) * (1 - _EXACT)
            if row["upper"] - value < width or value - row["lower"] < width:
                near.add(row["magnitude"])
    return Verdict(found["magnitude"].nunique(), len(exact), len(primary), len(near))
