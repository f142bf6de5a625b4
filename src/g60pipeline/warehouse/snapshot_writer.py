"""Writes a snapshot's DuckDB file and Parquet files from its CSV files, in a process that has seen nothing else.

DuckDB leaves whatever its memory held in the unused ends of blocks that it writes. So this runs as a script of its own,
started by snapshot.py: its memory holds what is published and no more. Belongs here: what touches the two formats. Not here:
what is published. Nothing of g60pipeline is imported.

Keys are not declared: the index of a primary key cannot be read by DuckDB 1.0, whatever the storage version. Rows are
sorted by the key instead, and datapackage.json names it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb

# FSST leaves the most memory behind that it never wrote to, and starts from a random sample.
_SETTINGS = (
    "SET threads = 1; SET disabled_compression_methods = 'fsst'; SET autoinstall_known_extensions = false"
)


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _create(connection: duckdb.DuckDBPyConnection, table: dict[str, Any], target: str) -> None:
    columns = [
        f"{_name(c['name'])} {c['type']}{'' if c['is_nullable'] else ' NOT NULL'}" for c in table["columns"]
    ]
    connection.execute(f"CREATE TABLE {target} ({', '.join(columns)})")
    connection.execute(f"COMMENT ON TABLE {target} IS {_text(table['comment'])}")
    for column in table["columns"]:
        connection.execute(
            f"COMMENT ON COLUMN {target}.{_name(column['name'])} IS {_text(column['comment'])}"
        )


def _fill(
    connection: duckdb.DuckDBPyConnection, table: dict[str, Any], target: str, null: str, folder: Path
) -> None:
    types = ", ".join(f"{_text(c['name'])}: {_text(c['type'])}" for c in table["columns"])
    source = _text(str(folder / "csv" / f"{table['name']}.csv"))
    connection.execute(
        f"INSERT INTO {target} FROM read_csv({source}, header = true, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = {_text(null)}, columns = {{{types}}})"
    )
    parquet = _text(str(folder / "parquet" / f"{table['name']}.parquet"))
    connection.execute(f"COPY (FROM {target}) TO {parquet} (FORMAT parquet, COMPRESSION zstd)")


def write(folder: Path, spec: dict[str, Any]) -> None:
    """Write `<database>` and `parquet/<table>.parquet` beside the folder's `csv/`; duckdb.Error when that fails."""
    with duckdb.connect() as connection:
        connection.execute(_SETTINGS)
        connection.execute(
            f"ATTACH {_text(str(folder / spec['database']))} AS snapshot (STORAGE_VERSION {_text(spec['storage_version'])})"
        )
        schema = f"snapshot.{_name(spec['schema'])}"
        connection.execute(f"CREATE SCHEMA {schema}")
        for table in spec["tables"]:
            target = f"{schema}.{_name(table['name'])}"
            _create(connection, table, target)
            _fill(connection, table, target, spec["null"], folder)
        connection.execute("CHECKPOINT snapshot")
        connection.execute("DETACH snapshot")


if __name__ == "__main__":
    try:
        write(Path(sys.argv[1]), json.load(sys.stdin))
    except duckdb.Error as failure:
        sys.exit(str(failure))
