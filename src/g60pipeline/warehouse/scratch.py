"""A fresh DuckDB in memory that holds what it is given and nothing else: where a figure is computed again from its cells.

Belongs here: tables of cited rows, running a query over them. Not here: which rows and which query (indicators, operations).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa
from duckdb_sqlalchemy import Dialect

from g60pipeline.warehouse.tables import build_metadata

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.contracts.project import Project

_KNOWN = {"month_index": "BIGINT", "unit_weight": "DOUBLE"}  # of rows in force
_TODAY = {
    "from_unit_code": "VARCHAR",
    "cluster_code": "VARCHAR",
    "to_unit_code": "VARCHAR",
    "weight": "DOUBLE",
}
_IN_FORCE = {
    "reporting_unit_code": "VARCHAR", "form": "VARCHAR", "period": "VARCHAR", "month_index": "BIGINT",
    "submission_id": "BIGINT",
}  # fmt: skip


class Scratch:
    """An empty database in memory; a context manager."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def load(self, name: str, frame: pd.DataFrame, types: Mapping[str, str], columns: Sequence[str]) -> None:
        """Make the table `name` (or `schema.name`) with `columns`; those that the frame lacks are blank in every row."""
        self._create_schema(name)
        texts = _as_texts(frame)
        self._connection.register("incoming", texts)
        casts = ", ".join(
            f'CAST("{c}" AS {types[c]}) AS "{c}"' if c in texts else f'CAST(NULL AS {types[c]}) AS "{c}"'
            for c in columns
        )
        self._connection.execute(f"CREATE TABLE {name} AS SELECT {casts} FROM incoming")
        self._connection.unregister("incoming")

    def load_cited(
        self,
        name: str,
        rows: pd.DataFrame,
        links: pd.DataFrame,
        types: Mapping[str, str],
        columns: Sequence[str],
    ) -> None:
        """Make the table `name` with a row for each figure that cites it (`links`: figure_id, row_id; the rows' index)."""
        known = dict(types) | {"row_id": "BIGINT", "figure_id": "BIGINT"}
        self.load("cited_row", rows.rename_axis("row_id").reset_index(), known, ["row_id", *columns])
        self.load("cited_link", links, known, ["figure_id", "row_id"])
        self._create_schema(name)
        self._connection.execute(
            f"CREATE TABLE {name} AS SELECT l.figure_id, r.* EXCLUDE (row_id) FROM cited_row r JOIN cited_link l USING (row_id)"
        )
        self._connection.execute("DROP TABLE cited_row; DROP TABLE cited_link")

    def create_view(self, name: str, select: str) -> None:
        """Make a view."""
        self._create_schema(name)
        self._connection.execute(f"CREATE VIEW {name} AS {select}")

    def read(self, select: str) -> list[dict[str, Any]]:
        """Run a query; values keep the types that the driver gives (Decimal, float, int)."""
        result = self._connection.execute(select)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _create_schema(self, name: str) -> None:
        schema, _, table = name.rpartition(".")
        if table and schema:
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")


def _as_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Every value as text, which is cast to its column's own type: nothing is guessed from a sample of rows."""
    import json

    import pandas as pd

    def text(value: Any) -> str | None:
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return None if value is None or value is pd.NaT or value != value else str(value)

    return pd.DataFrame(
        {name: pd.Series([text(value) for value in frame[name]], dtype=object) for name in frame.columns}
    )


def column_types(project: Project) -> dict[str, dict[str, str]]:
    """DuckDB's types of columns by table name without its schema; "" holds every column of the ledgers and dimensions."""
    metadata, dialect = build_metadata(project), Dialect()
    every: dict[str, str] = dict(_KNOWN)
    found: dict[str, dict[str, str]] = {}
    for table in metadata.tables.values():
        types = {column.name: _type(column, dialect) for column in table.columns}
        if table.schema == "core" and table.name in project.forms:
            found[table.name] = types | _KNOWN
        elif table.schema in ("core", "ops"):
            every.update(types)
            found.setdefault(table.name, types)
    return found | {"in_force": _IN_FORCE, "today": _TODAY, "": every}


def _type(column: sa.Column[Any], dialect: Any) -> str:
    return "JSON" if isinstance(column.type, sa.JSON) else column.type.compile(dialect=dialect)
