"""Linear programmes over magnitudes that hang together. All unknowns are distances from the true values.

A distance vector is possible when every relation still holds and nothing that cannot be negative becomes so. Whoever
reads the release cannot tell the true values from true values plus any possible distance among what is hidden; so one
such vector that moves a magnitude far enough is a proof that it is protected in that direction.

Belongs here: questions to HiGHS, always with the same answer to the same question. Not here: what is hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse.csgraph import connected_components

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
# A hidden magnitude never has to give way by more than this many times what it protects.
_REACH = 16.0
_FAR_REACH = 1e4
_NODES = 500
_MOVED = 1e-9


@dataclass(frozen=True)
class Block:
    """Magnitudes that hang together by relations among what may be hidden.

    `room`: how far each may fall, infinite where it may be negative.
    """

    members: Positions
    matrix: Any
    room: Floats

    def around(self, is_open: Mask, position: int) -> Positions:
        """Return the open positions that hang together with an open one, by relations among what is open."""
        chosen = np.flatnonzero(is_open)
        part = abs(self.matrix[:, chosen])
        _, labels = connected_components(part.T @ part, directed=False)
        return chosen[labels == labels[np.searchsorted(chosen, position)]]

    def relations_of(self, chosen: Positions) -> Any:
        """Return the relations in which any of the chosen stands, as far as they are about the chosen."""
        part = self.matrix[:, chosen].tocsr()
        return part[np.diff(part.indptr) > 0]


def _solve(cost: Floats, matrix: Any, low: Floats, high: Floats) -> Floats | None:
    if matrix.shape[0] == 0:
        matrix = sparse.csr_array((1, len(cost)))
    bounds = np.column_stack([low, high])
    solved = linprog(cost, A_eq=matrix, b_eq=np.zeros(matrix.shape[0]), bounds=bounds, method="highs")
    return solved.x if solved.status == 0 else None


def find_move(block: Block, chosen: Positions, position: int, amount: float) -> Floats | None:
    """Return the least possible distances that move one magnitude by `amount`, none but the chosen; None if there are none."""
    at = int(np.searchsorted(chosen, position))
    room = block.room[chosen] / abs(amount)
    up, down = np.full(len(chosen), np.inf), room.copy()
    low = np.zeros(2 * len(chosen))
    up[at] = low[at] = float(amount > 0)
    down[at] = low[len(chosen) + at] = float(amount < 0)
    if room[at] < float(amount < 0):
        return None
    part = block.matrix[:, chosen]
    solved = _solve(
        np.ones(2 * len(chosen)), sparse.hstack([part, -part]).tocsr(), low, np.concatenate([up, down])
    )
    if solved is None:
        return None
    distance = np.zeros(len(block.members))
    distance[chosen] = solved[: len(chosen)] - solved[len(chosen) :]
    distance[np.abs(distance) < _MOVED] = 0
    return distance * abs(amount)


def farthest(block: Block, chosen: Positions, position: int, amount: float) -> float:
    """Return the share of `amount` by which a magnitude can be moved at most, from 0 to 1."""
    if amount == 0:
        return 0.0
    at = int(np.searchsorted(chosen, position))
    low, high = -block.room[chosen] / abs(amount), np.full(len(chosen), np.inf)
    cost = np.zeros(len(chosen))
    if amount > 0:
        low[at], high[at], cost[at] = 0, 1, -1
    else:
        low[at], high[at], cost[at] = max(low[at], -1), 0, 1
    solved = _solve(cost, block.relations_of(chosen), low, high)
    return 0.0 if solved is None else float(abs(solved[at]))


def cheapest_to_open(
    block: Block, is_open: Mask, cost: Floats, position: int, up: float, down: float
) -> Mask:
    """Return which further magnitudes to hide so that one can move by `up` and by `-down`, at the least cost.

    An infinite cost: may not be hidden. All that may be hidden when no solution is found, which never leaves less room.
    """
    usable = is_open | np.isfinite(cost)
    for reach in (_REACH, _FAR_REACH):
        chosen = _open_by_milp(block, is_open, cost, position, up, down, reach)
        if chosen is not None:
            return chosen
    return usable & ~is_open


def _limits(part: Any, closed: Positions, directions: int, reach: float) -> list[LinearConstraint]:
    """Relations hold in each direction, and what is closed moves only if it is switched on."""
    count, switches = part.shape[1], len(closed)
    none = sparse.csr_array((part.shape[0] * directions, switches))
    limits = [LinearConstraint(sparse.hstack([sparse.block_diag([part] * directions), none]), 0, 0)]
    if switches:
        pick = sparse.csr_array((np.ones(switches), (np.arange(switches), closed)), shape=(switches, count))
        moved = sparse.block_diag([pick] * directions)
        switch = sparse.vstack([sparse.eye_array(switches)] * directions) * reach
        limits.append(LinearConstraint(sparse.hstack([moved, -switch]), -np.inf, 0))
        limits.append(LinearConstraint(sparse.hstack([-moved, -switch]), -np.inf, 0))
    return limits


def _open_by_milp(
    block: Block, is_open: Mask, cost: Floats, position: int, up: float, down: float, reach: float
) -> Mask | None:
    usable = block.around(is_open | np.isfinite(cost), position)
    closed = np.flatnonzero(~is_open[usable])
    at, count, scale = int(np.searchsorted(usable, position)), len(usable), max(up, down)
    part = block.relations_of(usable)
    directions = [amount / scale for amount in (up, -down) if amount != 0]
    size, switches = len(directions) * count, len(closed)
    low = np.tile(np.maximum(-block.room[usable] / scale, -reach), len(directions))
    high = np.full(size, reach)
    for number, amount in enumerate(directions):
        low[number * count + at] = high[number * count + at] = amount
    if np.any(low > high):
        return None
    limits = _limits(part, closed, len(directions), reach)
    lower: Any = np.concatenate([low, np.zeros(switches)])
    upper: Any = np.concatenate([high, np.ones(switches)])
    solved = milp(
        np.concatenate([np.zeros(size), cost[usable[closed]]]),
        constraints=limits,
        bounds=Bounds(lower, upper),
        integrality=np.concatenate([np.zeros(size), np.ones(switches)]),
        options={"node_limit": _NODES},
    )
    if solved.x is None:
        return None
    chosen = np.zeros(len(block.members), dtype=bool)
    # A switch within the solver's tolerance of 0 lets a little through: whatever moved is hidden too.
    distance = np.abs(solved.x[:size].reshape(len(directions), count)[:, closed]).max(axis=0, initial=0)
    chosen[usable[closed]] = (solved.x[size:] > 0.5) | (distance > 1e-7 * reach)
    return chosen
