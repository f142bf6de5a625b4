"""Figures computed again from the cells that they cite, and from nothing else.

Cited rows are read from the world, put into a fresh database in memory with every other column blank, aggregated there
for each figure from the rows that it cites itself, and brought together by plain arithmetic. What is carried over beside
cells are months, code lists and
the list of units that count.

Belongs here: reading, recounting, comparing. Not here: queries (indicators), how it is shown (reports, terminal).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.arithmetic import compute_value, to_decimal
from g60pipeline.indicators.explain import (
    Citation,
    Subject,
    build_citations,
    build_judged,
    build_used,
)
from g60pipeline.indicators.plan import Plan, Side
from g60pipeline.indicators.recount import Recount, build_recount
from g60pipeline.indicators.units import build_unit_query, build_unit_table, unit_table_name
from g60pipeline.indicators.world_views import Views, read_views

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa
    from sqlglot import exp

    from g60pipeline.warehouse.scratch import Scratch

Dialect = Literal["duckdb", "postgres"]
SideName = Literal["numerator", "denominator"]


class FigureKey(NamedTuple):
    """One value of an indicator on a time basis."""

    period: str
    level: str
    subject_code: str
    dimension: str = ""
    dimension_code: str = ""


@dataclass(frozen=True)
class Cited:
    """Rows of one source that a side rests on. `links`: which of the figures asked for cites which row: `figure_id` and
    `row_id`, both by position."""

    citation: Citation
    frame: pd.DataFrame
    links: pd.DataFrame


@dataclass(frozen=True)
class Counted:
    """A side's aggregate over the cited rows of one figure."""

    measure: Decimal | None
    row_count: int


@dataclass
class World:
    """A connection on which the relations of a world are prepared and months are asked for."""

    connection: sa.Connection
    project: Project
    dialect: Dialect
    boundaries: Boundaries = "as_was"
    _references: dict[str, pd.DataFrame] = field(default_factory=dict[str, "pd.DataFrame"])

    @cached_property
    def _types(self) -> dict[str, dict[str, str]]:
        from g60pipeline.warehouse.scratch import column_types

        return column_types(self.project)

    @cached_property
    def views(self) -> Views:
        """What the world's views are made of."""
        return read_views(self.project, self.boundaries)

    def read(self, query: exp.Expr) -> pd.DataFrame:
        """Run a syntax tree."""
        from g60pipeline.warehouse.engine import read_frame

        sql = query.sql(dialect=self.dialect)
        return read_frame(self.connection, sql.replace(":", "\\:"))  # no colon of ours names a parameter

    def records(self, query: exp.Expr) -> list[dict[str, Any]]:
        """Run a syntax tree and return its rows as dictionaries."""
        rows = self.read(query).to_dict("records")
        return [{str(name): value for name, value in row.items()} for row in rows]

    def reference(self, name: str) -> pd.DataFrame:
        """Read a table of months or codes, once."""
        from g60pipeline.warehouse.engine import read_frame

        if name not in self._references:
            self._references[name] = read_frame(self.connection, f"SELECT * FROM {name}")
        return self._references[name]

    def types(self, table: str) -> dict[str, str]:
        """DuckDB's types of a table's columns, by any name that it has in SQL."""
        return self._types[""] | self._types.get(_bare(table), {})

    def columns(self, table: str) -> list[str]:
        """Every column that SQL may name of a form's rows or of a ledger."""
        return list(self._types[_bare(table)])


def _bare(table: str) -> str:
    return table.rpartition(".")[2].removeprefix("run_").removeprefix("was_")


def prepare_units(world: World, plan: Plan) -> None:
    """Make the plan's table of expected units on the world's connection."""
    name = unit_table_name(plan)
    world.connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    world.connection.exec_driver_sql(
        build_unit_table(name, build_unit_query(plan)).sql(dialect=world.dialect)
    )


def read_cited(
    world: World, plan: Plan, side: Side, keys: Sequence[FigureKey], subject: Subject | None = None
) -> tuple[Cited, ...]:
    """Read the rows that figures of a side rest on. `subject`: the one whose figures they all are, if it is one."""
    citations = build_citations(world.project, world.views, plan, side, subject)
    frames = [world.read(citation.query).reset_index(drop=True) for citation in citations]
    return tuple(
        Cited(citation, frame, _link(frame, keys)) for citation, frame in zip(citations, frames, strict=True)
    )


def _link(frame: pd.DataFrame, keys: Sequence[FigureKey]) -> pd.DataFrame:
    """Say which figure cites which row: the one whose subject and part it is cited for."""
    import pandas as pd

    figures = pd.DataFrame(keys, columns=list(FigureKey._fields)).assign(figure_id=range(len(keys)))
    groups = frame.columns[frame.columns.str.startswith(("for_", "by_"))]
    rows = frame[groups].assign(row_id=range(len(frame)))
    links = [pd.DataFrame({"figure_id": [], "row_id": []}, dtype="int64")]
    for (level, dimension), some in figures.groupby(["level", "dimension"]):
        on = {"period": "for_period", "subject_code": f"for_{level}"}
        on |= {"dimension_code": f"by_{dimension}"} if dimension else {}
        if set(on.values()) <= set(rows.columns):
            both = some.merge(rows, left_on=list(on), right_on=list(on.values()))
            links.append(both[["figure_id", "row_id"]])
    return pd.concat(links, ignore_index=True)


def read_used(world: World, plan: Plan, subject: Subject | None = None) -> pd.DataFrame:
    """Read the units that count, with their windows."""
    return world.read(build_used(plan, subject))


def read_judged(world: World, plan: Plan) -> dict[FigureKey, str]:
    """Read the status of every month of a streak; the plan's units must be prepared."""
    rows = world.records(build_judged(world.project, plan))
    return {_key(row): row["status"] for row in rows}


def _known_type(name: str) -> str:
    """Type of a column of the units that count, or of figures."""
    if name == "is_requested":
        return "BOOLEAN"
    return "VARCHAR" if name in ("period", "level", "dimension") or name.endswith("_code") else "BIGINT"


def recount(
    world: World,
    plan: Plan,
    side: Side,
    keys: Sequence[FigureKey],
    used: pd.DataFrame,
    cited: Sequence[Cited],
) -> dict[FigureKey, Counted]:
    """Aggregate a side from cited rows alone, in a fresh database: the figure → its measure and its rows.

    Every figure sees the rows that it cites, and none that only another one does.
    """
    import pandas as pd

    from g60pipeline.warehouse.scratch import Scratch

    parts = {(key.level, key.dimension) for key in keys}
    counting = build_recount(world.project, world.views, plan, side, parts)
    figures = pd.DataFrame(keys, columns=list(FigureKey._fields)).assign(figure_id=range(len(keys)))
    with Scratch() as scratch:
        for name, frame in (("used", used), ("figure", figures)):
            columns = [str(column) for column in frame.columns]
            scratch.load(name, frame, {column: _known_type(column) for column in columns}, columns)
        for name, (rows, links) in _by_table(cited).items():
            scratch.load_cited(name, rows, links, world.types(name), world.columns(name))
        _load_references(world, counting, scratch)
        for name, select in counting.views.items():
            scratch.create_view(name, select.sql(dialect="duckdb"))
        counts = scratch.read(counting.query.sql(dialect="duckdb"))
    return {
        keys[row["figure_id"]]: Counted(to_decimal(row["measure"]), int(row["row_count"])) for row in counts
    }


def _by_table(cited: Sequence[Cited]) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Rows by table, each once, and which figure cites which: a mart may cite a table under two aliases, and a row for
    several subjects."""
    import pandas as pd

    found: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for table in dict.fromkeys(part.citation.source.table for part in cited):
        parts = [part for part in cited if part.citation.source.table == table]
        columns, keys = list(parts[0].citation.columns), list(parts[0].citation.source.keys)
        offsets = [sum(len(before.frame) for before in parts[:at]) for at in range(len(parts))]
        rows = pd.concat([part.frame[columns] for part in parts], ignore_index=True)
        links = pd.concat(
            [
                part.links.assign(row_id=part.links["row_id"] + at)
                for part, at in zip(parts, offsets, strict=True)
            ]
        )
        row_of = rows.groupby(keys, dropna=False, sort=False).ngroup()  # in the order of first appearance
        links = links.assign(row_id=row_of.to_numpy()[links["row_id"].to_numpy()]).drop_duplicates()
        found[table] = (rows.drop_duplicates(keys).reset_index(drop=True), links)
    return found


def _load_references(world: World, counting: Recount, scratch: Scratch) -> None:
    for name in counting.references:
        frame = world.reference(name)
        scratch.load(name, frame, world.types(name), list(frame.columns))


def _key(row: Mapping[str, Any]) -> FigureKey:
    return FigureKey(*(row[name] or "" for name in FigureKey._fields))


def side_measure(side: Side, counted: Counted | None) -> Decimal | None:
    """Return the aggregate, or what it is over no rows at all."""
    return counted.measure if counted is not None else to_decimal(side.empty_value)


def compute_figure(
    plan: Plan, key: FigureKey, counts: Mapping[SideName, Mapping[FigureKey, Counted]]
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return value, numerator and denominator of a figure from its counts; of a streak the month's 1 or 0."""
    measures = {side.name: side_measure(side, counts[side.name].get(key)) for side in plan.sides}
    numerator, denominator = measures["numerator"], measures.get("denominator")
    return compute_value(plan.indicator, numerator, denominator), numerator, denominator
