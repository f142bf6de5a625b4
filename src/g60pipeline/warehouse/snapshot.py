"""What is published, read from the warehouse as of one instant and written as CSV, Parquet and DuckDB.

Belongs here: what needs the warehouse or DuckDB. Not here: the workbook and the descriptions (reports.snapshot_*), where
the files go and when readers see them (operations.publish).

Rows are sorted here by the key, by code point, since engines sort text as their locale says; values are written in one
way whatever the engine, so that the same content gives the same CSV and Parquet, byte by byte.
"""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.tables import SCHEMA, PublishedColumn, PublishedTable
from g60pipeline.warehouse import snapshot_writer
from g60pipeline.warehouse.connect import POSTGRES, explained
from g60pipeline.warehouse.engine import Warehouse

DATABASE = "g60.duckdb"
STORAGE_VERSION = "v1.0.0"  # the oldest that DuckDB 2 writes; every 1.x reads it
STORAGE_NUMBER = 64  # as it stands in the file's header
NULL = "NA"  # a blank text is a value of its own (the whole of a dimension), so a missing one needs a sign

Row = tuple[Any, ...]
Rows = Mapping[str, list[Row]]


class SnapshotError(RuntimeError):
    """What the warehouse holds cannot be published. The message says what is wrong with it."""


@dataclass(frozen=True)
class PublishedRelease:
    """A release as readers see it; `released_at` is UTC."""

    release_id: str
    released_at: datetime
    is_newest: bool


def _number(value: Any) -> float:
    number = float(value) + 0.0  # -0.0 becomes 0.0
    if not math.isfinite(number):
        raise ValueError(f"{number} is no number")
    # As many digits as a release promises: where a quantile lies between two cases, engines differ in the last bit.
    return float(f"{number:.15g}")


def _words(value: Any) -> str:
    if value == NULL:
        raise ValueError(f"the text {NULL} stands for a missing value in CSV")
    return str(value)


_READ: dict[str, Callable[[Any], Any]] = {
    "VARCHAR": _words,
    "BIGINT": int,
    "DOUBLE PRECISION": _number,
    "NUMERIC(38, 12)": lambda value: value if isinstance(value, Decimal) else Decimal(str(value)),
    "BOOLEAN": bool,
    "DATE": lambda value: value.date() if isinstance(value, datetime) else value,
    "TIMESTAMP": lambda value: value,
}


def _plain(table: PublishedTable, column: PublishedColumn, value: Any) -> Any:
    if value is None and not column.is_nullable:
        raise SnapshotError(f"{table.full_name}.{column.name} is promised and missing in a row")
    try:
        return None if value is None else _READ[column.type](value)
    except (TypeError, ValueError) as error:
        raise SnapshotError(f"{table.full_name}.{column.name}: {error}") from error


def _read_table(connection: sa.Connection, table: PublishedTable) -> list[Row]:
    names = [sa.column(name) for name in table.column_names]
    found = connection.execute(sa.select(*names).select_from(sa.table(table.name, schema=SCHEMA)))
    rows = [tuple(_plain(table, c, v) for c, v in zip(table.columns, row, strict=True)) for row in found]
    key = [table.column_names.index(name) for name in table.key]
    rows.sort(key=lambda row: tuple(row[at] for at in key))
    for one, next_one in pairwise(rows):
        if all(one[at] == next_one[at] for at in key):
            raise SnapshotError(f"{table.full_name}: the key {[one[at] for at in key]} stands twice")
    return rows


def read_published(warehouse: Warehouse, tables: Iterable[PublishedTable]) -> Rows:
    """Read all tables as of one instant, each sorted by its key; SnapshotError when a row breaks its contract."""
    with explained(warehouse.engine), warehouse.engine.connect() as connection:
        if connection.dialect.name == POSTGRES:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            return {table.name: _read_table(connection, table) for table in tables}


def releases_of(table: PublishedTable, rows: Rows) -> list[PublishedRelease]:
    """Releases among the published rows, the newest last."""
    at = [table.column_names.index(name) for name in ("release_id", "released_at", "is_newest")]
    releases = [PublishedRelease(*(row[index] for index in at)) for row in rows[table.name]]
    return sorted(releases, key=lambda release: (release.released_at, release.release_id))


def _cell(value: Any) -> str:
    match value:
        case None:
            return NULL
        case bool():
            return "true" if value else "false"
        case float():
            return repr(value)
        case Decimal():
            text = format(value, "f")
            return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _write_csv(path: Path, table: PublishedTable, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows([_cell(value) for value in row] for row in rows)


def write_data(folder: Path, tables: Iterable[PublishedTable], rows: Rows) -> None:
    """Write `csv/`, `parquet/` and the DuckDB file into an empty folder; OSError when that fails."""
    tables = list(tables)
    for name in ("csv", "parquet"):
        (folder / name).mkdir()
    for table in tables:
        _write_csv(folder / "csv" / f"{table.name}.csv", table, rows[table.name])
    spec = {
        "database": DATABASE,
        "storage_version": STORAGE_VERSION,
        "schema": SCHEMA,
        "null": NULL,
        "tables": [_spec(table) for table in tables],
    }
    _run_writer(folder, json.dumps(spec))


def _spec(table: PublishedTable) -> dict[str, Any]:
    def comment(column: PublishedColumn) -> str:
        return f"{column.text.zh} / {column.text.en}{f' [{column.unit}]' if column.unit else ''}"

    return {
        "name": table.name,
        "comment": f"{table.title.zh} / {table.title.en}: {table.description.zh} / {table.description.en}",
        "columns": [
            {"name": c.name, "type": c.type, "comment": comment(c), "is_nullable": c.is_nullable}
            for c in table.columns
        ],
    }


def _run_writer(folder: Path, spec: str) -> None:
    """Start the writer with an empty environment, which holds no password, and memory that is zeroed before use."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", str(Path(snapshot_writer.__file__)), str(folder)],
        input=spec,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"DUCKDB_JE_MALLOC_CONF": "zero:true"},
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f"DuckDB and Parquet could not be written: {done.stderr.strip()}")
    _check_storage(folder / DATABASE)


def _check_storage(path: Path) -> None:
    """Readers on DuckDB 1.x would find a later version out only when they open the file."""
    with path.open("rb") as file:
        header = file.read(20)
    version = int.from_bytes(header[12:20], "little")
    if header[8:12] != b"DUCK" or version != STORAGE_NUMBER:
        raise SnapshotError(f"{path.name} has storage version {version}, which DuckDB 1.0 cannot read")
