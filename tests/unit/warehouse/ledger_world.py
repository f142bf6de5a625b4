"""A ledger made by hand in a real warehouse: submissions with the instants at which they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.periods import Period
from g60pipeline.warehouse.engine import Warehouse, append_rows

TOWN, HOST = "310117001", "310117103"  # owes one form; hosts a cluster and owes nine
MONTH = "2021-11"
DUE, GRACE_END, LOCK = datetime(2021, 12, 5), datetime(2021, 12, 8), datetime(2021, 12, 20)


class Ledger:
    """Rows by hand. Instants are UTC, as in production: Beijing's midnight is 16:00 of the day before."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.count = 0

    def clear(self) -> None:
        """Forget everything."""
        with self.warehouse.transaction() as connection:
            for table in self.warehouse.metadata.tables.values():
                if table.schema in ("ops", "staged") or "row_version" in table.columns:
                    connection.execute(sa.delete(table))
            for name in ("indicator_vintage", "computation"):
                connection.execute(sa.delete(self.warehouse.table(f"mart.{name}")))
        self.count = 0

    def insert(self, table: str, *rows: dict[str, Any]) -> None:
        with self.warehouse.transaction() as connection:
            append_rows(connection, self.warehouse.table(table), rows)

    def submit(
        self,
        unit: str,
        received_at: datetime,
        verdict: str | None = "accepted",
        period: str = MONTH,
        forms: Sequence[str] | None = None,
    ) -> int:
        """One submission of the forms (all that are owed), judged at once; with `forms=()` nothing could be read."""
        self.count += 1
        number = self.count
        status = verdict if verdict in ("unreadable", "refused") else "received"
        self.insert("ops.submission", {
            "submission_id": number, "sha256": f"{number:064d}", "file_name": f"{number}.xlsx", "kind": "xlsx",
            "byte_count": 1000 + number, "reporting_unit_code": unit, "period": period, "status": status,
            "template_version": "2021.1", "sequence_number": 1, "received_at": received_at,
        })  # fmt: skip
        names = self.warehouse.project.owed_forms(unit, Period.parse(period)) if forms is None else forms
        for name in names:
            row = {"submission_id": number, "form": name, "sheet": name, "row_count": 1, "layout": {}}
            self.insert("ops.submission_form", row)
        if verdict is not None:
            self.judge(number, verdict, received_at)
        return number

    def judge(self, number: int, verdict: str, at: datetime) -> None:
        """Give a verdict, which replaces an earlier one."""
        known = self.warehouse.read("SELECT count(*) AS n FROM ops.verdict")["n"].iloc[0]
        self.insert("ops.verdict", {
            "verdict_id": int(known) + 1, "submission_id": number, "rules_version": "1", "status": verdict,
            "critical_count": 0 if verdict == "accepted" else 2, "warning_count": 1, "judged_at": at,
        })  # fmt: skip

    def stage(self, number: int, form: str, unit: str, *rows: dict[str, Any], period: str = MONTH) -> None:
        """Rows as they were read; what is None was blank."""
        self.insert(f"staged.{form}", *(
            {**row, "submission_id": number, "reporting_unit_code": unit, "period": period, "sheet_row": n,
             "raw_text": {name: str(value) for name, value in row.items() if value is not None}}
            for n, row in enumerate(rows, 4)
        ))  # fmt: skip
