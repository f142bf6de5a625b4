"""Every value that the main job stored of its last months, against the slow reference model of tests/reference."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.engine import Warehouse

sys.path.append(str(Path(__file__).parents[1] / "reference"))

from figures import Figure, Key, differences
from known import Submission, Verdict, state_of
from model import figures_of

MONTHS = ("2021-11", "2021-12")


def _rows(warehouse: Warehouse, query: str) -> list[dict[str, Any]]:
    with warehouse.engine.connect() as connection:
        return [dict(row) for row in connection.exec_driver_sql(query).mappings()]


def _submissions(warehouse: Warehouse) -> list[Submission]:
    forms: dict[int, dict[str, list[dict[str, Any]]]] = {}
    for row in _rows(warehouse, "SELECT submission_id, form FROM ops.submission_form"):
        forms.setdefault(row["submission_id"], {})[row["form"]] = []
    for form in warehouse.project.forms:
        for row in _rows(warehouse, f"SELECT * FROM core.{form} WHERE row_version = 0"):
            fields = {name: row[name] for name in warehouse.project.forms[form].field_by_name}
            forms[row["submission_id"]][form].append(fields)
    return [
        Submission(
            row["submission_id"], row["reporting_unit_code"], row["period"], row["received_at"], row["status"],
            {form: tuple(rows) for form, rows in forms.get(row["submission_id"], {}).items()},
        )
        for row in _rows(warehouse, "SELECT * FROM ops.submission")
    ]  # fmt: skip


def test_every_value_of_the_last_months_is_the_models(full_home: Path, project: Project) -> None:
    with Warehouse(f"duckdb:///{full_home / 'warehouse.duckdb'}", project, read_only=True) as warehouse:
        assert not _rows(warehouse, "SELECT event_id FROM ops.correction_event"), (
            "the model is given no corrections"
        )
        verdicts = _rows(warehouse, "SELECT verdict_id, submission_id, status FROM ops.verdict")
        state = state_of(
            project,
            _submissions(warehouse),
            [Verdict(row["verdict_id"], row["submission_id"], row["status"]) for row in verdicts],
        )
        months = ", ".join(f"'{month}'" for month in MONTHS)
        stored = {
            Key(*(row[name] for name in Key._fields)): Figure(*(row[name] for name in Figure._fields))
            for row in _rows(warehouse, f"SELECT * FROM mart.indicator_value WHERE period IN ({months})")
        }
    expected = figures_of(state, list(project.indicators.values()), [Period.parse(month) for month in MONTHS])
    assert len(stored) > 10_000
    found = differences(expected, stored)
    assert not found, "\n".join([f"{len(found)} differences", *found[:20]])
