"""Published tables as the dictionary shows them, from their contracts in `schemas/tables/`, where there are any.

Belongs here: what of a contract a reader sees. Not here: which columns there are (warehouse), layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from g60pipeline.contracts.base import Text, read_yaml
from g60pipeline.reports.dictionary import PublishedColumn, PublishedTable, Ref


def describe_published(root: Path) -> tuple[PublishedTable, ...]:
    """Every table of every contract; ContractError for a file that is no YAML."""
    paths = sorted((root / "schemas" / "tables").glob("*.odcs.yaml"))
    documents = [read_yaml(path) for path in paths]
    return tuple(_table(document, table) for document in documents for table in document.get("schema", ()))


def _table(document: dict[str, Any], table: dict[str, Any]) -> PublishedTable:
    name = table["name"]
    title = _extras(table).get("title", {})
    label = Text(zh=table.get("businessName", name), en=title.get("en", name))
    columns = tuple(_column(name, column) for column in table.get("properties", ()))
    ref = Ref("published", f"table-{name}", label, table.get("physicalName", name))
    return PublishedTable(ref, str(document.get("version", "")), _description(table), columns)


def _column(table: str, column: dict[str, Any]) -> PublishedColumn:
    name = column["name"]
    label = Text(zh=column.get("businessName", name), en=name)
    ref = Ref("published", f"table-{table}-{name}", label, name)
    unit = _extras(column).get("unit") or ""
    return PublishedColumn(ref, column.get("logicalType", ""), _description(column), unit)


def _description(entry: dict[str, Any]) -> Text:
    """What it is; a column whose Chinese text is missing goes by its Chinese name."""
    name = entry.get("businessName", entry["name"])
    return Text(zh=_extras(entry).get("zh", name), en=entry.get("description", name))


def _extras(entry: dict[str, Any]) -> dict[str, Any]:
    """Our extras of a table or column: each under its own property, or several in one."""
    found: dict[str, Any] = {}
    for extra in entry.get("customProperties", ()):
        value = extra.get("value")
        found |= value if isinstance(value, dict) else {extra["property"]: value}
    return found
