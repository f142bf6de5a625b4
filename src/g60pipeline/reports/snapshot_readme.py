"""README.md of a snapshot, in Chinese and English.

Belongs here: what it is told. Not here: its words (`assets/reports/snapshot/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.tables import SCHEMA, PublishedTable
from g60pipeline.reports.pages import render


def build_readme(
    tables: Iterable[PublishedTable],
    rows: Mapping[str, list[tuple[Any, ...]]],
    facts: Iterable[tuple[Text, str]],
    null: str,
) -> str:
    """Write for readers which file is for whom and what holds for all of them; `facts` head it."""
    counted = [(table, len(rows[table.name])) for table in tables]
    return render(
        "snapshot/README.md.j2", {"tables": counted, "facts": list(facts), "null": null, "schema": SCHEMA}
    )
