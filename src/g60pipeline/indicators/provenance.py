"""A mart's SQL, rewritten so that each of its rows says which rows it was made from.

Every table of a form's rows, or of the ledgers, carries its key out through CTEs, joins, DISTINCT and GROUP BY; what
aggregates is left out, since the rows that it takes in are what is asked for. Conditions on aggregates go with them: then
more is cited than was needed, never less.

Belongs here: the rewriting, and which columns of a source matter. Not here: figures (explain.py), reading rows (warehouse).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from g60pipeline.contracts.base import ContractError
from g60pipeline.indicators.templates import conjunction

FORM_KEYS = ("submission_id", "sheet_row", "row_version", "reporting_unit_code")
_OWED = ("reporting_unit_code", "form", "period")
_LEDGER_KEYS = {
    "submission": ("submission_id",),
    "verdict": ("verdict_id",),
    "obligation": _OWED,
    "in_force": _OWED,
}
_SINGLE = ""


@dataclass(frozen=True)
class Source:
    """A table whose rows can be cited. `table`: as the SQL names it; `name`: the form or the ledger."""

    table: str
    name: str
    is_form: bool
    keys: tuple[str, ...]
    prefix: str = ""

    def carried(self, key: str) -> str:
        """Name under which a traced mart carries the key."""
        return f"{self.prefix}__{key}"


@dataclass(frozen=True)
class Trace:
    """A mart's rows, unaggregated: the `kept` columns of the mart and the keys of each source (blank where an outer
    join found nothing)."""

    tree: exp.Select
    kept: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass
class _Traced:
    """What a query yields once it is rewritten. `is_multiplied`: it has more rows than before."""

    kept: tuple[str, ...]
    sources: tuple[Source, ...]
    is_multiplied: bool


@dataclass
class _Scope:
    """Tables of one SELECT by alias: rewritten queries, and tables as they are."""

    queries: dict[str, _Traced] = field(default_factory=dict[str, _Traced])
    sources: dict[str, Source] = field(default_factory=dict[str, Source])


def table_name(table: exp.Table) -> str:
    """Return the table as the SQL names it."""
    return f"{table.db}.{table.name}" if table.db else table.name


def find_source(table: exp.Table, forms: Collection[str]) -> Source | None:
    """Return what the table is a source of; None for periods, code lists and other references."""
    name = table.name.removeprefix("run_").removeprefix("was_")
    if name in forms:
        return Source(table_name(table), name, True, FORM_KEYS)
    keys = _LEDGER_KEYS.get(name)
    return None if keys is None else Source(table_name(table), name, False, keys)


def trace_mart(tree: exp.Expr, forms: Collection[str]) -> Trace:
    """Trace a mart's SELECT; ContractError where its shape cannot be followed."""
    if not isinstance(tree, exp.Select):
        raise ContractError("only a SELECT with CTEs and joins can be explained")
    copy = tree.copy()
    traced = _rewrite(copy, {}, forms, "")
    return Trace(copy, traced.kept, traced.sources)


def tables_of(select: exp.Select) -> list[exp.Expr]:
    """Return what a SELECT reads, in order: tables and subqueries."""
    first = select.args.get("from_")
    joined = [join.this for join in select.args.get("joins") or ()]
    return [*([first.this] if first is not None else []), *joined]


def _refuse_nested(select: exp.Select) -> None:
    inside = [*tables_of(select), *(cte.this for cte in select.ctes)]
    allowed = {id(query) for part in inside for query in part.find_all(exp.Query)}
    if any(id(query) not in allowed for query in select.find_all(exp.Query) if query is not select):
        raise ContractError("a subquery inside an expression cannot be explained; join it instead")


def _rewrite(query: exp.Expr, known: dict[str, _Traced], forms: Collection[str], path: str) -> _Traced:
    if isinstance(query, exp.Union):
        return _rewrite_union(query, known, forms, path)
    if not isinstance(query, exp.Select):
        raise ContractError("only a SELECT with CTEs and joins can be explained")
    _refuse_nested(query)
    known = dict(known)
    for cte in query.ctes:
        known[cte.alias] = _rewrite(cte.this, known, forms, f"{path}{cte.alias}_")
    scope = _scope(query, known, forms, path)
    _drop_lost_conditions(query, scope)
    has_multiplied = any(traced.is_multiplied for traced in scope.queries.values())
    kept = [part for part in query.expressions if not _is_lost(part, scope, has_multiplied)]
    is_folded = query.args.get("distinct") is not None or query.args.get("group") is not None
    is_aggregate = any(_aggregates(part) for part in query.expressions)
    for name in ("distinct", "group", "having", "order", "limit"):
        query.set(name, None)
    carried = list(_carried(scope))
    query.set("expressions", [*kept, *(column.as_(name) for _, name, column in carried)])
    sources = tuple(dict.fromkeys(source for source, _, _ in carried))
    return _Traced(
        tuple(part.alias_or_name for part in kept), sources, is_folded or is_aggregate or has_multiplied
    )


def _rewrite_union(query: exp.Union, known: dict[str, _Traced], forms: Collection[str], path: str) -> _Traced:
    """Rewrite both branches; each says nothing of the other's sources, and a column is kept that both keep."""
    branches = (query.this, query.expression)
    names = list(query.named_selects)
    positions = [{name: at for at, name in enumerate(branch.named_selects)} for branch in branches]
    traced = [_rewrite(branch, known, forms, f"{path}{at}_") for at, branch in enumerate(branches, start=1)]
    kept_at = [{places[name] for name in part.kept} for places, part in zip(positions, traced, strict=True)]
    kept = [at for at in range(len(names)) if all(at in places for places in kept_at)]
    sources = tuple(source for part in traced for source in part.sources)
    carried = [source.carried(key) for source in sources for key in source.keys]
    for branch, places in zip(branches, positions, strict=True):
        by_name = {part.alias_or_name: part for part in branch.expressions}
        own = {at: by_name[name] for name, at in places.items() if name in by_name}
        outer = [by_name.get(name, exp.null().as_(name)) for name in carried]
        branch.set("expressions", [*(own[at].unalias().as_(names[at]) for at in kept), *outer])
    query.set("distinct", False)
    return _Traced(tuple(names[at] for at in kept), sources, is_multiplied=True)


def _scope(query: exp.Select, known: dict[str, _Traced], forms: Collection[str], path: str) -> _Scope:
    scope = _Scope()
    for table in tables_of(query):
        alias = table.alias_or_name
        if isinstance(table, exp.Subquery):
            scope.queries[alias] = _rewrite(table.this, known, forms, f"{path}{alias}_")
        elif isinstance(table, exp.Table) and not table.db and table.name in known:
            scope.queries[alias] = known[table.name]
        elif isinstance(table, exp.Table) and (source := find_source(table, forms)) is not None:
            scope.sources[alias] = Source(
                source.table, source.name, source.is_form, source.keys, f"{path}{alias}"
            )
    return scope


def _carried(scope: _Scope) -> Iterator[tuple[Source, str, exp.Expr]]:
    """Keys that a SELECT carries out: the source, the name to carry it under, and the column."""
    for alias, source in scope.sources.items():
        for key in source.keys:
            yield source, source.carried(key), exp.column(key, alias)
    for alias, traced in scope.queries.items():
        for inner in traced.sources:
            # The same query may be joined twice, so its keys go out under the alias that it has here.
            outer = Source(inner.table, inner.name, inner.is_form, inner.keys, f"{alias}_{inner.prefix}")
            for key in inner.keys:
                yield outer, outer.carried(key), exp.column(inner.carried(key), alias)


def _aggregates(part: exp.Expr) -> bool:
    return any(found.find_ancestor(exp.Window) is None for found in part.find_all(exp.AggFunc))


def _is_lost(part: exp.Expr, scope: _Scope, has_multiplied: bool) -> bool:
    """Say whether the expression rests on what is no longer computed."""
    if _aggregates(part) or (has_multiplied and part.find(exp.Window) is not None):
        return True
    return any(
        column.name not in scope.queries[column.table].kept
        for column in part.find_all(exp.Column)
        if column.table in scope.queries
    )


def _kept_conditions(condition: exp.Expr, scope: _Scope) -> exp.Expr:
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    return conjunction([part for part in parts if not _is_lost(part, scope, has_multiplied=False)])


def _drop_lost_conditions(query: exp.Select, scope: _Scope) -> None:
    where = query.args.get("where")
    if where is not None:
        query.set("where", exp.Where(this=_kept_conditions(where.this, scope)))
    for join in query.args.get("joins") or ():
        if join.args.get("on") is not None:
            join.set("on", _kept_conditions(join.args["on"], scope))


def source_columns(tree: exp.Select, wanted: Collection[str]) -> dict[str, set[str]]:
    """Return by table the columns that decide the wanted columns of the mart: their own, and those of joins, conditions
    and groups."""
    found: dict[str, set[str]] = {}
    _collect(tree, set(wanted), found)
    return found


def _collect(query: exp.Expr, wanted: set[str], found: dict[str, set[str]]) -> None:
    if isinstance(query, exp.Union):
        places = [at for at, name in enumerate(query.named_selects) if name in wanted]
        for branch in (query.this, query.expression):
            _collect(branch, {branch.named_selects[at] for at in places}, found)
        return
    assert isinstance(query, exp.Select)
    by_alias = _columns_by_alias(query, wanted)
    names = {cte.alias for cte in query.ctes}
    inner: dict[str, set[str]] = {}
    for table in tables_of(query):
        columns = by_alias.get(table.alias_or_name, set()) | by_alias.get(_SINGLE, set())
        if isinstance(table, exp.Subquery):
            _collect(table.this, columns, found)
        elif isinstance(table, exp.Table):
            _note(table_name(table), columns, inner if table_name(table) in names else found)
    for cte in reversed(query.ctes):
        nested: dict[str, set[str]] = {}
        _collect(cte.this, inner.get(cte.alias, set()), nested)
        for name, columns in nested.items():
            _note(name, columns, inner if name in names else found)


def _note(table: str, columns: set[str], into: dict[str, set[str]]) -> None:
    into.setdefault(table, set()).update(columns)


def _columns_by_alias(query: exp.Select, wanted: set[str]) -> dict[str, set[str]]:
    """Columns that the wanted ones are made of, and those that decide which rows there are."""
    is_distinct = query.args.get("distinct") is not None
    parts = [part for part in query.expressions if is_distinct or part.alias_or_name in wanted]
    parts += [query.args[name] for name in ("where", "group", "having") if query.args.get(name) is not None]
    parts += [join.args["on"] for join in query.args.get("joins") or () if join.args.get("on") is not None]
    found: dict[str, set[str]] = {}
    for column in (column for part in parts for column in part.find_all(exp.Column)):
        _note(column.table, {column.name}, found)
    return found
