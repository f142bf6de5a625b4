"""`examples/dbt_sources.yml`: the published tables as sources of a dbt project.

`python -m g60pipeline.contracts.dbt_sources` writes it, `--check` says whether it is stale. Not here: the contracts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from g60pipeline.contracts.tables import SCHEMA, PublishedColumn, PublishedTable, read_tables
from g60pipeline.settings import find_project_root

_HEAD = "# GENERATED from schemas/tables/: never edit, run `make contracts`.\n"


def _column(column: PublishedColumn, table: PublishedTable) -> dict[str, Any]:
    tests = [] if column.is_nullable else ["not_null"]
    if table.key == (column.name,):
        tests.insert(0, "unique")
    described = {
        "name": column.name,
        "description": f"{column.text.zh} / {column.text.en}",
        "data_type": column.type.lower(),
    }
    return described | ({"data_tests": tests} if tests else {})


def _table(table: PublishedTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "description": f"{table.title.zh}：{table.description.zh} / {table.title.en}: {table.description.en}",
        "meta": {"contract_version": table.version, "grain": table.grain, "primary_key": list(table.key)},
        "columns": [_column(column, table) for column in table.columns],
    }


def render_sources(tables: Mapping[str, PublishedTable]) -> str:
    """Return the file's text."""
    source = {
        "name": "g60",
        "description": "Released figures of the industrial clusters.",
        "schema": SCHEMA,
        "tables": [_table(table) for table in tables.values()],
    }
    data = {"version": 2, "sources": [source]}
    return _HEAD + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120)


def main(arguments: Sequence[str]) -> int:
    """Write the file; with `--check` return 1 when it is stale."""
    root = find_project_root()
    path: Path = root / "examples" / "dbt_sources.yml"
    text = render_sources(read_tables(root / "schemas" / "tables"))
    if "--check" not in arguments:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"{path}: stale; run `make contracts`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
