"""A small real warehouse on a DuckDB file: tables from the contracts, the agreed views, rows made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.indicators import Indicator, TimeBasis
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.check import check_indicator
from g60pipeline.indicators.compile import Dialect, compile_indicators, run_table_statements
from g60pipeline.indicators.marts import mart_view_sql
from g60pipeline.warehouse.tables import SCHEMAS, build_metadata

ROOT = Path(__file__).parents[3]

LATEST_SUBMISSION = """
CREATE VIEW core.latest_submission AS
SELECT s.reporting_unit_code, f.form, s.period, p.month_index, MAX(s.submission_id) AS submission_id
FROM ops.submission s
JOIN ops.submission_form f ON f.submission_id = s.submission_id
JOIN ops.verdict v ON v.submission_id = s.submission_id
JOIN core.period p ON p.period = s.period
WHERE v.status = 'accepted'
GROUP BY s.reporting_unit_code, f.form, s.period, p.month_index
"""


class World:
    """Rows by hand; `read` runs an indicator as production does."""

    def __init__(self, connection: sa.Connection, project: Project, dialect: Dialect) -> None:
        self.connection = connection
        self.project = project
        self.dialect: Dialect = dialect
        self.metadata = build_metadata(project)
        self.submissions = 0
        self._build()

    def _build(self) -> None:
        for schema in SCHEMAS:
            self.connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
        self.metadata.create_all(self.connection)
        self.connection.execute(sa.text(LATEST_SUBMISSION))
        for form in self.project.forms:
            self.connection.execute(sa.text(
                f"CREATE VIEW core.{form}_latest AS SELECT r.*, l.month_index FROM core.{form} r"
                f" JOIN core.latest_submission l ON l.submission_id = r.submission_id AND l.form = '{form}'"
            ))  # fmt: skip
        for mart in self.project.marts.values():
            self.connection.exec_driver_sql(
                f"CREATE VIEW mart.{mart.name} AS {mart_view_sql(mart, self.dialect)}"
            )
        self._fill_dimensions()

    def insert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self.connection.execute(self.metadata.tables[table].insert(), list(rows))

    def _fill_dimensions(self) -> None:
        self.insert("core.period", [
            {"period": p.key, "month_index": p.month_index, "year_start_index": p.month_index - p.month + 1,
             "start_date": p.start, "end_date": p.end}
            for p in period_range(Period(2015, 1), Period(2022, 12))
        ])  # fmt: skip
        self.insert("core.cluster", [
            {"cluster_code": c.code, "label_zh": c.label_zh, "label_en": c.label_en, "valid_from": c.valid_from,
             "valid_to": c.valid_to, "organisation_form": c.attributes["organisation_form"],
             "host_unit_code": c.attributes["host_unit"], "strategic_industry": c.attributes["strategic_industry"]}
            for c in self.project.code_lists["clusters"].codes
        ])  # fmt: skip
        self.insert("core.unit", [
            {"unit_code": u.code, "label_zh": u.label_zh, "label_en": u.label_en, "kind": u.attributes["kind"]}
            for u in self.project.code_lists["units"].codes
        ])  # fmt: skip
        self.insert("core.code", [
            {"code_list": name, "code": c.code, "label_zh": c.label_zh, "label_en": c.label_en,
             "attributes": c.attributes}
            for name, code_list in self.project.code_lists.items()
            for c in code_list.codes
        ])  # fmt: skip

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
                 "raw_text": {}} | row
                for at, row in enumerate(rows)
            ])  # fmt: skip
        return number

    def request(self, *periods: str) -> None:
        """Make the run's temporary tables."""
        for statement in run_table_statements([Period.parse(period) for period in periods], self.dialect):
            self.connection.execute(sa.text(statement))

    def rows(self, indicator: Indicator, time: TimeBasis) -> list[dict[str, Any]]:
        """Check, compile and run; the periods are those of the last `request`."""
        check_indicator(self.project, indicator)
        compiled = compile_indicators(self.project, [indicator], self.dialect)
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
