"""The events of the log: what happens to submissions, months and releases, each with its ids.

Belongs here: names of events and their ids. Not here: how and where they are written (logs.py).

| event | ids |
|---|---|
| `received`, `unreadable`, `refused` | submission, unit, month, file fingerprint |
| `judged` | submission, unit, month, verdict, counts of findings |
| `loaded` | submission, unit, month, forms |
| `computed` | theme, months, values changed |
| `ended` | indicators that are defined no longer, values ended |
| `sent_back` | submission, unit, month, workbook |
| `released`, `published` | release, month, stage; snapshot |
| `abandoned` | run whose process is gone |
| `alerted` | what of it was new, sent or failed |

Within a Dagster run each also bears `run`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g60pipeline.logs import emit

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse

Row = Mapping[str, Any]


def emit_received(rows: Sequence[Row], submission_ids: Sequence[int]) -> None:
    """Tell of files that were entered in the ledger: rows of `ops.submission` and their numbers."""
    for row, number in zip(rows, submission_ids, strict=True):
        level = logging.INFO if row["status"] == "received" else logging.WARNING
        emit(
            row["status"],
            level,
            submission=number,
            unit=row["reporting_unit_code"],
            month=row["period"],
            sha256=row["sha256"],
        )


def emit_verdicts(verdicts: Sequence[Row], unit_of: Mapping[int, str], month: str) -> None:
    """Tell of a month's verdicts; `unit_of`: submission → unit."""
    for verdict in verdicts:
        number = int(verdict["submission_id"])
        emit(
            "judged",
            submission=number,
            unit=unit_of[number],
            month=month,
            verdict=verdict["status"],
            critical=verdict["critical_count"],
            warnings=verdict["warning_count"],
        )


def emit_loaded(warehouse: Warehouse, month: str, forms: Mapping[str, Sequence[int]]) -> None:
    """Tell of submissions whose rows went into core; `forms`: form → submissions."""
    from g60pipeline.warehouse.ledger import read_units

    units = read_units(warehouse, sorted({number for numbers in forms.values() for number in numbers}))
    for number, unit in units.items():
        loaded = ",".join(form for form, numbers in forms.items() if number in numbers)
        emit("loaded", submission=number, unit=unit, month=month, forms=loaded)


def emit_sent_back(row: Row, workbook: str) -> None:
    """Tell of a feedback workbook; `row` is one of `read_receipts`."""
    emit(
        "sent_back",
        submission=row["submission_id"],
        unit=row["reporting_unit_code"],
        month=row["period"],
        verdict=row["verdict"],
        workbook=workbook,
    )
