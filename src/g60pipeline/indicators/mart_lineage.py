"""What the columns of one mart are made from, read off the syntax tree of its SQL.

Belongs here: scopes, names and what they resolve to. Not here: indicators, the graph of all (lineage.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.indicators import Mart
from g60pipeline.contracts.lineage import Link, Node
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.fragments import DIALECT
from g60pipeline.indicators.marts import mart_columns

# Every row has these; they tell rows apart only where nothing else does.
PLACING = ("reporting_unit_code", "period", "month_index")
_DECIDING = ("joins", "where", "group", "having", "qualify")


@dataclass(frozen=True)
class MartColumns:
    """A mart's links. `row_keys`: columns that tell its rows apart. `constants`: columns without any source."""

    links: tuple[Link, ...]
    constants: tuple[Node, ...]
    row_keys: tuple[str, ...]


def read_mart_columns(project: Project, mart: Mart) -> MartColumns:
    """Resolve every column of the mart; ContractError when it stays open which table a name belongs to."""
    return _Reader(project, mart).read()


def form_keys(project: Project, form: str) -> tuple[str, ...]:
    """Columns that tell the rows of a form apart."""
    return tuple(field.name for field in project.forms[form].key_fields) or PLACING[:1]


class _Reader:
    def __init__(self, project: Project, mart: Mart) -> None:
        self.project = project
        self.mart = mart
        if mart_columns(mart) != tuple(mart.columns):
            raise ContractError(f"marts/{mart.name}.sql: the header's columns are not those of the SELECT")
        tree = qualify(
            sqlglot.parse_one(mart.sql, dialect=DIALECT), dialect=DIALECT, identify=False, quote_identifiers=False,
            validate_qualify_columns=False,
        )  # fmt: skip
        root = build_scope(tree)
        assert root is not None  # it is a query, or it would have no columns
        self.root = root
        self.scope_of = {id(node): scope for scope in root.traverse() for node in scope.walk()}

    def read(self) -> MartColumns:
        deciding = set(self._deciding())
        links: list[Link] = []
        constants: list[Node] = []
        keys = set(self._row_keys(self.root))
        row_keys: list[str] = []
        for name in self.mart.columns:
            target = Node("mart", self.mart.name, name)
            values = set(self._projected(self.root, name))
            if not values:
                constants.append(target)
            elif values & keys and len(values) == 1:
                row_keys.append(name)
            links += [Link(source, target, "value") for source in values]
            links += [Link(source, target, "rows") for source in deciding - values]
        own = [name for name in row_keys if name not in PLACING]
        return MartColumns(tuple(links), tuple(constants), tuple(own or row_keys))

    def _projected(self, scope: Scope, name: str) -> Iterator[Node]:
        """What a named column of a query is made from."""
        if scope.set_operation_scopes:
            position = _query(scope).named_selects.index(name)
            for branch in scope.set_operation_scopes:
                yield from self._projected(branch, _query(branch).named_selects[position])
            return
        selects = _query(scope).selects
        named = [projection for projection in selects if projection.alias_or_name == name]
        for projection in named:
            yield from self._read_by(projection)
        if not named:  # it comes through a star
            stars = [select for select in selects if select.is_star]
            for star in stars:
                table = star.text("table") or next(iter(scope.selected_sources))
                yield from self._resolve(scope, exp.column(name, table))

    def _read_by(self, expression: Any) -> Iterator[Node]:
        """What an expression reads, sub-queries within it included."""
        for node in expression.find_all(exp.Column, exp.Star):
            scope = self.scope_of[id(node)]
            if isinstance(node, exp.Column):
                yield from self._resolve(scope, node)
            else:
                yield from self._counted(scope)

    def _resolve(self, scope: Scope | None, column: exp.Column) -> Iterator[Node]:
        while scope is not None and column.table not in scope.sources:
            scope = scope.parent
        if scope is None:
            raise ContractError(
                f"marts/{self.mart.name}.sql: it is open where {column.name} comes from; name its table"
            )
        source = scope.sources[column.table]
        if isinstance(source, Scope):
            yield from self._projected(source, column.name)
        else:
            yield self._column(source, column.name)

    def _column(self, table: exp.Table, name: str) -> Node:
        relation = _relation_name(self.project, table)
        if relation is None:
            return Node("ledger", f"{table.db}.{table.name}".removeprefix("."), name)
        return Node("form" if relation in self.project.forms else "mart", relation, name)

    def _deciding(self) -> Iterator[Node]:
        """What decides which rows there are: conditions of joins and filters, groups, distinct values."""
        for scope in self.root.traverse():
            arguments = scope.expression.args
            for name in _DECIDING:
                clauses = arguments.get(name) or []
                for clause in clauses if isinstance(clauses, list) else [clauses]:
                    yield from self._read_by(clause)
            if arguments.get("distinct"):
                yield from self._row_keys(scope)

    def _row_keys(self, scope: Scope) -> Iterator[Node]:
        """What tells the rows of a query apart."""
        arguments = scope.expression.args
        if scope.set_operation_scopes or arguments.get("distinct"):
            for name in _query(scope).named_selects:
                yield from self._projected(scope, name)
        elif arguments.get("group"):
            yield from self._read_by(arguments["group"])
        else:
            yield from self._counted(scope)

    def _counted(self, scope: Scope) -> Iterator[Node]:
        """What tells the rows apart that a query reads: those of the source that it begins with."""
        begins = scope.expression.args["from_"].this
        source = scope.sources[begins.alias_or_name]
        if isinstance(source, Scope):
            yield from self._row_keys(source)
            return
        relation = _relation_name(self.project, source)
        if relation in self.project.forms:
            names = list(form_keys(self.project, relation))
        else:  # keys of the house's own tables are not known here: what the query reads of them
            names = [column.name for column in scope.columns if column.table == begins.alias_or_name]
        yield from (self._column(source, name) for name in names)


def _query(scope: Scope) -> exp.Query:
    assert isinstance(scope.expression, exp.Query)  # what else has a scope is a source only
    return scope.expression


def _relation_name(project: Project, table: exp.Table) -> str | None:
    """The form or mart that the table holds the rows of; None for the house's own tables."""
    name = table.name.removeprefix("run_").removesuffix("_latest")
    return name if name in project.forms or name in project.marts else None
