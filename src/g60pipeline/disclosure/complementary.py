"""Which rows to suppress besides those that the rule hides, so that each hidden magnitude stays in doubt far enough.

One magnitude after the other: if nothing proves yet that it can be elsewhere, the cheapest further rows are chosen that
make it so. Suppressing more never takes a proof away, so one pass is enough; then rows that are no longer needed are
opened again, dearest first. Every proof is a vector of distances (solver.py), so what is returned is proven.

Belongs here: the choice. Not here: why a magnitude must be hidden (primary.py), frames (protect.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from g60pipeline.disclosure.primary import Need, Needs, not_a_point
from g60pipeline.disclosure.relations import Relation
from g60pipeline.disclosure.solver import (
    Block,
    Floats,
    Mask,
    Positions,
    cheapest_to_open,
    farthest,
    find_move,
)

_SURELY = 0.99
_NOTHING = 1e-6
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Problem:
    """Magnitudes by number. `is_fixed`: known for good. `rows_of`: rows of this release that show it; `cost`: of a row."""

    values: Floats
    is_signed: Mask
    is_fixed: Mask
    relations: Sequence[Relation]
    rows_of: Mapping[int, frozenset[int]]
    cost: Floats


@dataclass
class Choice:
    """`hidden`: rows suppressed. `given_away`: magnitudes that fixed ones determine: no suppression can hide them."""

    hidden: set[int] = field(default_factory=set[int])
    given_away: set[int] = field(default_factory=set[int])


def _blocks(problem: Problem, wanted: set[int]) -> list[Block]:
    free = np.flatnonzero(~problem.is_fixed)
    if not len(free):
        return []
    count = len(problem.values)
    rows = [row for row, relation in enumerate(problem.relations) for _ in relation.terms]
    columns = [magnitude for relation in problem.relations for magnitude, _ in relation.terms]
    coefficients = [coefficient for relation in problem.relations for _, coefficient in relation.terms]
    shape = (max(len(problem.relations), 1), count)
    matrix = sparse.csr_array((coefficients, (rows, columns)), shape=shape)[:, free]
    together = (abs(matrix).T @ abs(matrix)).tocsr()
    _, labels = connected_components(together, directed=False)
    blocks: list[Block] = []
    for label in dict.fromkeys(labels[np.isin(free, sorted(wanted))]):
        own = np.flatnonzero(labels == label)
        part = matrix[:, own]
        part = part[np.diff(part.indptr) > 0]
        members = free[own]
        values = problem.values[members]
        # A difference that is rounding only is nothing.
        values = np.where(values > _ROUNDING * np.max(values), values, 0.0)
        room = np.where(problem.is_signed[members], np.inf, values)
        blocks.append(Block(members, part.tocsc(), room))
    return blocks


class _Chooser:
    """The choice within one block; proofs are kept, so that only what a change touches is solved again."""

    def __init__(self, problem: Problem, block: Block, choice: Choice) -> None:
        self.problem, self.block, self.choice = problem, block, choice
        self.at = {int(member): position for position, member in enumerate(block.members)}
        self.rows = [problem.rows_of.get(int(member), frozenset()) for member in block.members]
        self.moves = np.zeros((0, len(self.rows)))
        self._parts: tuple[bytes, dict[int, Positions]] | None = None

    def open_mask(self, hidden: set[int]) -> Mask:
        return np.array([rows <= hidden for rows in self.rows])

    def around(self, is_open: Mask, magnitude: int) -> Positions:
        """Return what is open and hangs together with the magnitude; each set of open ones is taken apart once."""
        key = is_open.tobytes()
        if self._parts is None or self._parts[0] != key:
            self._parts = (key, {})
        parts = self._parts[1]
        position = self.at[magnitude]
        if position not in parts:
            found = self.block.around(is_open, position)
            parts.update(dict.fromkeys(found.tolist(), found))
        return parts[position]

    def reachable(self, magnitude: int, need: Need) -> Need:
        """Return what of the need can be had when everything that may be hidden is."""
        around = self.around(np.ones(len(self.rows), dtype=bool), magnitude)
        amounts = (need.up, -need.down)
        shares = [farthest(self.block, around, self.at[magnitude], amount) for amount in amounts]
        up, down = (0.0 if s < _NOTHING else 1.0 if s > 1 - 1e-9 else s * _SURELY for s in shares)
        return Need(need.up * up, need.down * down, need.reason)

    def _move(self, magnitude: int, amount: float, is_open: Mask) -> Floats | None:
        """Return a proof that the magnitude can be off by `amount`: an earlier one if any will do, else a new one."""
        position = self.at[magnitude]
        if len(self.moves):
            fits = ~np.any(self.moves[:, ~is_open], axis=1) & (
                self.moves[:, position] * np.sign(amount) >= abs(amount)
            )
            if fits.any():
                return self.moves[np.argmax(fits)]
        found = find_move(self.block, self.around(is_open, magnitude), position, amount)
        if found is not None:
            self.moves = np.vstack([self.moves, found])
        return found

    def prove(self, magnitude: int, need: Need, is_open: Mask) -> bool:
        """Say whether the need is met with these open."""
        if not is_open[self.at[magnitude]]:
            return False
        amounts = [amount for amount in (need.up, -need.down) if amount != 0]
        return all(self._move(magnitude, amount, is_open) is not None for amount in amounts)

    def meet(self, magnitude: int, need: Need) -> Need:
        """Hide the cheapest further rows that meet the need, as far as that can be; return what is met."""
        self.choice.hidden |= self.rows[self.at[magnitude]]
        if self.prove(magnitude, need, self.open_mask(self.choice.hidden)):
            return need
        need = self.reachable(magnitude, need)
        is_open = self.open_mask(self.choice.hidden)
        if (not need.up and not need.down) or self.prove(magnitude, need, is_open):
            return need
        cost = np.array(
            [sum(self.problem.cost[row] for row in sorted(rows - self.choice.hidden)) for rows in self.rows]
        )
        more = cheapest_to_open(self.block, is_open, cost, self.at[magnitude], need.up, need.down)
        self.choice.hidden |= {row for position in np.flatnonzero(more) for row in self.rows[position]}
        if not self.prove(magnitude, need, self.open_mask(self.choice.hidden)):
            self.choice.hidden |= frozenset().union(*self.rows)
        return need

    def open_again(self, needs: Needs) -> None:
        """Open rows that no need rests on, dearest first."""
        required = frozenset().union(*(self.rows[self.at[magnitude]] for magnitude in needs))
        own = (frozenset().union(*self.rows) & self.choice.hidden) - required
        for row in sorted(own, key=self.problem.cost.__getitem__, reverse=True):
            without = self.choice.hidden - {row}
            is_open = self.open_mask(without)
            if all(self.prove(magnitude, need, is_open) for magnitude, need in needs.items()):
                self.choice.hidden = without

    def points(self, needs: Needs) -> Needs:
        """Return hidden magnitudes that come out exactly and have no need of their own yet."""
        is_open = self.open_mask(self.choice.hidden)
        found: Needs = {}
        for magnitude, position in self.at.items():
            if not self.rows[position] or not is_open[position] or magnitude in needs:
                continue
            if not np.any(self.moves[~np.any(self.moves[:, ~is_open], axis=1), position]):
                found[magnitude] = not_a_point(self.problem.values[magnitude])
        return {m: n for m, n in found.items() if not self._is_in_doubt(m, n, is_open)}

    def _is_in_doubt(self, magnitude: int, need: Need, is_open: Mask) -> bool:
        amounts, around = (need.up, -need.down), self.around(is_open, magnitude)
        return any(farthest(self.block, around, self.at[magnitude], amount) > _NOTHING for amount in amounts)


def _settle(chooser: _Chooser, needs: Needs) -> None:
    met: Needs = {}
    pending = needs
    while pending:
        for magnitude, need in sorted(pending.items(), key=lambda item: (-max(item[1][:2]), item[0])):
            reachable = chooser.meet(magnitude, need)
            if reachable.up or reachable.down:
                met[magnitude] = reachable
            else:
                chooser.choice.given_away.add(magnitude)
        chooser.open_again(met)
        pending = chooser.points(met)


def choose_rows(problem: Problem, needs: Needs) -> Choice:
    """Return the rows to suppress so that every need is met as far as what is fixed lets it."""
    choice = Choice()
    choice.given_away |= {magnitude for magnitude in needs if problem.is_fixed[magnitude]}
    wanted = {magnitude: need for magnitude, need in needs.items() if not problem.is_fixed[magnitude]}
    for magnitude in wanted:
        choice.hidden |= problem.rows_of.get(magnitude, frozenset())
    for block in _blocks(problem, set(wanted)):
        chooser = _Chooser(problem, block, choice)
        _settle(
            chooser, {magnitude: wanted[magnitude] for magnitude in sorted(wanted.keys() & chooser.at.keys())}
        )
    return choice
