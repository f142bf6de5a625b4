"""`datapackage.json` of a snapshot: a Frictionless Data Package that describes every Parquet and CSV file.

Belongs here: what a contract says, in the words of Table Schema. Not here: which files there are (operations.publish), their
values (warehouse.snapshot). No profile and no `$schema` is named, so that a reader's tool fetches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from g60pipeline.contracts.tables import PublishedColumn, PublishedTable

_TYPES = {"timestamp": "datetime"}  # every other type has the same name
# As a table, frictionless reads a Parquet column of integers with gaps through floats, and refuses it: hence a file, whose
# hash and size it checks, with a schema for readers.
_FORMATS: dict[str, dict[str, Any]] = {
    "parquet": {"type": "file", "format": "parquet", "mediatype": "application/vnd.apache.parquet"},
    "csv": {
        "type": "table", "format": "csv", "mediatype": "text/csv", "encoding": "utf-8",
        "dialect": {"lineTerminator": "\n"},
    },
}  # fmt: skip
Row = tuple[Any, ...]


@dataclass(frozen=True)
class FileFacts:
    """A file of the snapshot: its path in the folder, as hash and size."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class ForeignKey:
    """A column whose values all stand in another table's key of the same name."""

    table: str
    column: str
    other: str


def instant(at: datetime) -> str:
    """Write an instant (UTC, without a zone) as ISO 8601."""
    return f"{at.isoformat()}Z"


def _values(table: PublishedTable, rows: Iterable[Row], name: str) -> set[Any]:
    at = table.column_names.index(name)
    return {row[at] for row in rows} - {None}


def find_foreign_keys(tables: Iterable[PublishedTable], rows: Mapping[str, list[Row]]) -> list[ForeignKey]:
    """Find columns with the name of another table's whole key and no value beyond it.

    A release of years ago may name an indicator that is no longer defined; then the promise is not made.
    """
    tables = list(tables)
    homes = {table.key[0]: table for table in tables if len(table.key) == 1}
    return [
        ForeignKey(table.name, name, homes[name].name)
        for table in tables
        for name in table.column_names
        if name in homes and homes[name] is not table
        and _values(table, rows[table.name], name) <= _values(homes[name], rows[homes[name].name], name)
    ]  # fmt: skip


def _field(column: PublishedColumn) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": _TYPES.get(column.logical_type, column.logical_type),
        "title": column.text.zh,
        "description": f"{column.text.zh} / {column.text.en}",
    }
    units = {"unit": column.unit, "unitColumn": column.unit_column}
    field |= {name: value for name, value in units.items() if value is not None}
    if not column.is_nullable:
        field["constraints"] = {"required": True}
    return field


def _schema(table: PublishedTable, keys: Iterable[ForeignKey], null: str, suffix: str) -> dict[str, Any]:
    return {
        "fields": [_field(column) for column in table.columns],
        "missingValues": [null],
        "primaryKey": list(table.key),
        "foreignKeys": [
            {"fields": [k.column], "reference": {"resource": k.other + suffix, "fields": [k.column]}}
            for k in keys
            if k.table == table.name
        ],
    }


def build_package(
    tables: Iterable[PublishedTable],
    files: Mapping[str, FileFacts],
    keys: Iterable[ForeignKey],
    null: str,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Describe every table, once as Parquet and once as CSV; `files` by path, `about` goes into the package as it is."""
    keys = list(keys)
    resources: list[dict[str, Any]] = []
    for kind, facts in _FORMATS.items():
        suffix = "" if kind == "parquet" else f"-{kind}"
        for table in tables:
            file = files[f"{kind}/{table.name}.{kind}"]
            resources.append({
                "name": table.name + suffix,
                "path": file.path,
                "title": f"{table.title.zh} / {table.title.en}",
                "description": f"{table.description.zh} / {table.description.en}",
                "version": table.version,
                **facts,
                "bytes": file.bytes,
                "hash": f"sha256:{file.sha256}",
                "schema": _schema(table, keys, null, suffix),
            })  # fmt: skip
    return {"name": "g60-pub-v1", **about, "resources": resources}
