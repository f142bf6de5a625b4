"""`schemas/tables/pub_v1.lock.json`: the published contracts as they were last agreed on.

`python -m g60pipeline.contracts.table_lock` refreshes it and refuses what the versions do not say; `--check` only
compares. So a change of a promise shows in a diff, and cannot pass unnoticed.

Belongs here: reading and writing the lock, contracts of a folder or of a lock. Not here: comparing (table_changes.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.table_changes import compare_tables
from g60pipeline.contracts.tables import SCHEMA, PublishedTable, read_tables
from g60pipeline.settings import find_project_root

LOCK = f"{SCHEMA}.lock.json"
Tables = dict[str, PublishedTable]


def render_lock(tables: Tables) -> str:
    """The lock's text: a line per column, so that a diff shows what changed."""
    return "{\n" + ",\n".join(_render_table(table) for _, table in sorted(tables.items())) + "\n}\n"


def _render_table(table: PublishedTable) -> str:
    data = table.model_dump(mode="json", exclude_defaults=True)
    columns = ",\n  ".join(json.dumps(column, ensure_ascii=False) for column in data.pop("columns"))
    head = json.dumps(data, ensure_ascii=False)[:-1]
    return f' "{table.name}": {head}, "columns": [\n  {columns}\n ]}}'


def parse_lock(text: str) -> Tables:
    """Read a lock's text; ValueError when it is none."""
    return {name: PublishedTable.model_validate(table) for name, table in json.loads(text).items()}


def read_promises(path: Path) -> Tables:
    """Read contracts from a lock, from a folder that holds them, or from a project; ContractError when there are none."""
    if path.is_file():
        return parse_lock(path.read_text(encoding="utf-8"))
    folder = path / "schemas" / "tables"
    tables = read_tables(folder if folder.is_dir() else path)
    if not tables:
        raise ContractError(f"{path}: no contracts of published tables (*.odcs.yaml)")
    return tables


def refresh_lock(folder: Path) -> list[str]:
    """Bring the folder's lock in step with its contracts; when the versions do not allow it, say why and leave it."""
    lock, tables = folder / LOCK, read_tables(folder)
    if lock.exists():
        faults = compare_tables(read_promises(lock), tables).faults
        if faults:
            return list(faults)
    lock.write_text(render_lock(tables), encoding="utf-8")
    return []


def check_lock(folder: Path) -> list[str]:
    """Say what keeps the lock from being in step with the contracts."""
    lock, tables = folder / LOCK, read_tables(folder)
    if not lock.exists():
        return [f"{lock}: missing; run `make contracts`"]
    if lock.read_text(encoding="utf-8") == render_lock(tables):
        return []
    return [*compare_tables(read_promises(lock), tables).faults, f"{lock}: stale; run `make contracts`"]


def main(arguments: Sequence[str]) -> int:
    """Refresh the lock, or `--check` it; returns 1 when the versions do not say what changed, or it is stale."""
    folder = find_project_root() / "schemas" / "tables"
    faults = check_lock(folder) if "--check" in arguments else refresh_lock(folder)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
