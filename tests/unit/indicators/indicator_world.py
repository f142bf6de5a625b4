"""A small real warehouse: tables from the contracts, its own views, rows made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.indicators import Indicator, TimeBasis
from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.check import check_indicator
from g60pipeline.indicators.compile import Dialect, compile_indicators
from g60pipeline.indicators.marts import mart_at_cut_sql, mart_view_sql
from g60pipeline.operations.compute import ask_for_months, prepare_world
from g60pipeline.warehouse.dimensions import write_dimensions
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.marts import create_mart_view
from g60pipeline.warehouse.tables import SCHEMAS, build_metadata
from g60pipeline.warehouse.views import create_views

ROOT = Path(__file__).parents[3]


class World:
    """Rows by hand; `read` runs an indicator as production does."""

    def __init__(
        self, connection: sa.Connection, project: Project, dialect: Dialect, is_built: bool = False
    ) -> None:
        self.connection = connection
        self.project = project
        self.dialect: Dialect = dialect
        self.warehouse = Warehouse(connection.engine.url.render_as_string(hide_password=False), project)
        self.metadata = build_metadata(project)
        self.submissions = 0
        self.boundaries: Boundaries = "as_was"
        if not is_built:
            self._build()

    def _build(self) -> None:
        for schema in SCHEMAS:
            self.connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        self.metadata.create_all(self.connection)
        create_views(self.connection, self.metadata, self.project)
        for mart in self.project.marts.values():
            sql, at_cut = mart_view_sql(mart, self.dialect), mart_at_cut_sql(mart, self.dialect)
            create_mart_view(self.connection, mart, sql, at_cut)
        write_dimensions(self.connection, self.metadata, self.project)
        self.connection.execute(sa.delete(self.metadata.tables["core.obligation"]))

    def insert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self.connection.execute(self.metadata.tables[table].insert(), list(rows))

    def owe(self, form: str, units: Sequence[str], first: str, last: str) -> None:
        """These units owe the form from the first month to the last."""
        self.insert("core.obligation", [
            {"reporting_unit_code": unit, "form": form, "period": p.key, "month_index": p.month_index,
             "due_date": p.plus(1).start.replace(day=5), "grace_end_date": p.plus(1).start.replace(day=8),
             "lock_date": p.plus(1).start.replace(day=20)}
            for p in period_range(Period.parse(first), Period.parse(last))
            for unit in units
        ])  # fmt: skip

    def submit(
        self, unit: str, period: str, received_at: datetime = datetime(2022, 1, 1), status: str = "accepted",
        **forms: Sequence[dict[str, Any]],
    ) -> int:  # fmt: skip
        """One accepted submission with these forms' rows."""
        self.submissions += 1
        number = self.submissions
        self.insert("ops.submission", [
            {"submission_id": number, "sha256": str(number), "reporting_unit_code": unit, "period": period,
             "status": "received", "received_at": received_at},
        ])  # fmt: skip
        self.insert("ops.verdict", [
            {"verdict_id": number, "submission_id": number, "rules_version": "1", "status": status,
             "critical_count": 0, "warning_count": 0, "judged_at": received_at},
        ])  # fmt: skip
        for form, rows in forms.items():
            self.insert("ops.submission_form", [
                {"submission_id": number, "form": form, "sheet": form, "row_count": len(rows)}
            ])  # fmt: skip
            blank = dict.fromkeys(self.project.forms[form].field_by_name)
            self.insert(f"core.{form}", [
                blank | {"submission_id": number, "reporting_unit_code": unit, "period": period, "sheet_row": at + 4,
                 "row_version": 0, "is_dropped": False, "raw_text": {}} | row
                for at, row in enumerate(rows)
            ])  # fmt: skip
        return number

    def request(self, *periods: str) -> None:
        """Make the world as it is now, and ask for the months."""
        prepare_world(self.connection, self.warehouse, self.project, boundaries=self.boundaries)
        ask_for_months(self.connection, self.warehouse, periods)

    def rows(self, indicator: Indicator, time: TimeBasis) -> list[dict[str, Any]]:
        """Check, compile and run; the periods are those of the last `request`."""
        check_indicator(self.project, indicator)
        compiled = compile_indicators(self.project, [indicator], self.dialect, self.boundaries)
        for statement in compiled.tables:
            self.connection.exec_driver_sql(statement)
        sql = next(statement.sql for statement in compiled.statements if statement.time == time)
        return [dict(row) for row in self.connection.exec_driver_sql(sql).mappings()]

    def read(self, indicator: Indicator, time: TimeBasis) -> dict[tuple[str, ...], dict[str, Any]]:
        """Rows by (period, level, subject) or (period, level, subject, dimension, code)."""
        found = {}
        for row in self.rows(indicator, time):
            key = (row["period"], row["level"], row["subject_code"])
            key += (row["dimension"], row["dimension_code"]) if row["dimension"] else ()
            assert key not in found, f"{key} stands twice"
            found[key] = row
        return found


def define(**keys: Any) -> Indicator:
    """Build an indicator; what the test does not name is plain."""
    plain = {
        "id": "tested", "label": {"zh": "测", "en": "tested"}, "definition": {"zh": "测", "en": "tested"},
        "kind": "value", "unit": "person", "time": ["end"], "levels": ["cluster", "unit", "district"],
        "missing": "exclude_unit", "threshold": 0.5,
    }  # fmt: skip
    return Indicator.model_validate(plain | keys)
