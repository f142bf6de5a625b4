"""Which column comes from which: the graph that indicators work out, and that pages, the dictionary and Dagster show.

Belongs here: nodes, links and walks along them. Not here: how a link is found (indicators.lineage), any page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

Layer = Literal["form", "ledger", "mart", "indicator", "scorecard", "figure"]
# Why a column is there: it carries the value; it decides which rows count; it says whose value it is and of when;
# it says how many enterprises stand behind a value.
Role = Literal[
    "value",
    "numerator",
    "denominator",
    "condition",
    "dimension",
    "rows",
    "key",
    "disclosure",
    "column",
    "figure",
]
# Roles by which a value itself is handed on; the others only decide where and over which rows.
CARRYING: frozenset[Role] = frozenset({"value", "numerator", "denominator", "condition", "column", "figure"})
COVER = "cover"


class Node(NamedTuple):
    """A column. `table`: form, `schema.table` of the house's own, mart, theme of an indicator, scorecard, or `published`."""

    layer: Layer
    table: str
    name: str

    @property
    def key(self) -> str:
        """Name across all layers, such as `form.activity.session_count`."""
        return f"{self.layer}.{self.table}.{self.name}"


class Link(NamedTuple):
    """The target is made from the source."""

    source: Node
    target: Node
    role: Role


@dataclass(frozen=True)
class Lineage:
    """The whole graph. `constants`: columns that are the same in every row, so that they have no source."""

    links: tuple[Link, ...]
    constants: frozenset[Node] = frozenset()

    @cached_property
    def nodes(self) -> frozenset[Node]:
        """Every column that has a source or a target, or is a constant."""
        return frozenset(node for link in self.links for node in link[:2]) | self.constants

    @cached_property
    def _sources(self) -> dict[Node, tuple[Link, ...]]:
        return _grouped(self.links, lambda link: link.target)

    @cached_property
    def _targets(self) -> dict[Node, tuple[Link, ...]]:
        return _grouped(self.links, lambda link: link.source)

    def sources(self, node: Node) -> tuple[Link, ...]:
        """Links that end in the node."""
        return self._sources.get(node, ())

    def targets(self, node: Node) -> tuple[Link, ...]:
        """Links that begin in the node."""
        return self._targets.get(node, ())

    def ancestors(self, node: Node, roles: frozenset[Role] | None = None) -> frozenset[Node]:
        """Everything that the node is made from, along links of these roles, or of all."""
        return _walk(node, lambda at: [link.source for link in _of(self.sources(at), roles)])

    def descendants(self, node: Node, roles: frozenset[Role] | None = None) -> frozenset[Node]:
        """Everything that is made from the node, along links of these roles, or of all."""
        return _walk(node, lambda at: [link.target for link in _of(self.targets(at), roles)])


def _of(links: Iterable[Link], roles: frozenset[Role] | None) -> list[Link]:
    return [link for link in links if roles is None or link.role in roles]


def _grouped(links: Iterable[Link], key: Callable[[Link], Node]) -> dict[Node, tuple[Link, ...]]:
    found: dict[Node, list[Link]] = {}
    for link in links:
        found.setdefault(key(link), []).append(link)
    return {node: tuple(group) for node, group in found.items()}


def _walk(start: Node, step: Callable[[Node], Iterable[Node]]) -> frozenset[Node]:
    seen: set[Node] = set()
    waiting = [start]
    while waiting:
        for node in step(waiting.pop()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return frozenset(seen)


class Formula(NamedTuple):
    """A numerator or denominator: in words of both languages, and as it is written in the definition."""

    zh: str
    en: str
    value: str
    where: str | None


Formulas = Mapping[str, Mapping[Literal["numerator", "denominator"], Formula]]
