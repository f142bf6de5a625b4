"""Playing a history to a real warehouse, and asking it what the model is asked.

Rows go in as intake and judgement put them in; instants are the ledger's own, so that each step has one. Belongs here:
doing steps, reading values. Not here: what they should be (steps.py, model.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from figures import Figure, Key
from project_files import write_project
from steps import (
    Compute,
    Correct,
    Judge,
    Regroup,
    Release,
    Step,
    Submit,
    changed,
    regrouped,
)

from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.project import Project
from g60pipeline.intake.forms import TypedRow, hash_content
from g60pipeline.operations.compute import compute_all, open_world, update_indicators
from g60pipeline.operations.corrections import apply_corrections
from g60pipeline.operations.freezing import ReleaseError
from g60pipeline.operations.releases import create_release
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.dimensions import write_dimensions
from g60pipeline.warehouse.engine import Warehouse, append_rows
from g60pipeline.warehouse.ledger import append_accepted, append_submissions, append_verdicts
from g60pipeline.warehouse.timeliness import utc_now
from g60pipeline.warehouse.world import find_cut

FIRST_SHEET_ROW = 4
_NO_RELEASE = ("corrections_meet_their_expected_value", "has no values")
Figures = dict[Key, Figure]


class Replay:
    """A warehouse to which steps are done one after the other."""

    def __init__(self, url: str, project: Project, folder: Path) -> None:
        self.folder = folder
        self.project = project
        self.warehouse = Warehouse(url, write_project(project, find_project_root(), folder))
        self.warehouse.create()
        self.instants: list[datetime] = []
        self.loaded: set[int] = set()
        self.released: dict[int, str] = {}  # step → release

    def close(self) -> None:
        """Let go of the warehouse."""
        self.warehouse.close()

    def do(self, step: Step) -> None:
        """Do one step and remember when it was done."""
        if isinstance(step, Submit):
            self._submit(step)
        elif isinstance(step, Judge):
            self._judge(step)
        elif isinstance(step, Correct):
            self._use(changed(self.project, corrections=step.corrections))
            apply_corrections(self.warehouse)
        elif isinstance(step, Regroup):
            self._use(regrouped(self.project, step))
            with self.warehouse.transaction() as connection:
                write_dimensions(connection, self.warehouse.metadata, self.warehouse.project)
        elif isinstance(step, Compute):
            update_indicators(self.warehouse, step.periods)
        elif isinstance(step, Release):
            self._release(step)
        self.instants.append(utc_now())

    def _use(self, project: Project) -> None:
        self.project = project
        self.warehouse.project = write_project(project, find_project_root(), self.folder)

    def _release(self, step: Release) -> None:
        """Make a release, where the gate lets it pass: corrections that did not take hold it up, and so does nothing to say."""
        before = [name for name in self.released.values() if name.startswith(step.period)]
        try:
            release = create_release(self.warehouse, step.period, "revised" if before else "preliminary")
        except ReleaseError as error:
            if not any(reason in str(error) for reason in _NO_RELEASE):
                raise
        else:
            self.released[len(self.instants)] = release.release_id

    def _submit(self, step: Submit) -> None:
        warehouse = self.warehouse
        entry = {
            "sha256": f"{len(self.instants):064d}",
            "file_name": "return.xlsx",
            "kind": "xlsx",
            "byte_count": 1,
            "reporting_unit_code": step.unit,
            "period": step.period,
            "template_version": "2021.1",
            "sequence_number": 1,
            "status": "received",
        }
        with warehouse.transaction() as connection:
            number = append_submissions(connection, warehouse, [entry])[0]
            for form, rows in step.forms.items():
                sheet = {
                    "submission_id": number,
                    "form": form,
                    "sheet": form,
                    "row_count": len(rows),
                    "layout": {},
                    "content_hash": hash_content(TypedRow(n, row, {}) for n, row in enumerate(rows)),
                }
                append_rows(connection, warehouse.table("ops.submission_form"), [sheet])
                append_rows(connection, warehouse.table(f"staged.{form}"), list(_staged(step, number, form)))

    def _judge(self, step: Judge) -> None:
        warehouse = self.warehouse
        verdict = {
            "submission_id": step.submission,
            "status": step.status,
            "critical_count": 0,
            "warning_count": 0,
        }
        with warehouse.transaction() as connection:
            append_verdicts(connection, warehouse, [verdict], [])
            if step.status == "accepted" and step.submission not in self.loaded:
                self.loaded.add(step.submission)
                for form in self.project.forms:
                    append_accepted(connection, warehouse, form, [step.submission])
        apply_corrections(warehouse)

    # -- asking ----------------------------------------------------------------------------------------------------

    def world(self, instant: datetime, boundaries: Boundaries, periods: Sequence[str]) -> Figures:
        """Compute what was known at an instant, by today's definitions."""
        with self.warehouse.engine.connect() as connection:
            cut = find_cut(connection, instant)
        with open_world(self.warehouse, self.warehouse.project, cut, boundaries) as connection:
            return _figures(
                compute_all(connection, self.warehouse, self.warehouse.project, periods, boundaries)
            )

    def stored(self, instant: datetime, boundaries: Boundaries) -> Figures:
        """Read the values that stood at an instant."""
        if boundaries == "as_was":
            function = "mart.indicator_value_as_of(CAST(:instant AS TIMESTAMP))"
            query, values = f"SELECT * FROM {function}", {"instant": instant}
        else:
            query = (
                "SELECT * FROM mart.indicator_vintage WHERE boundaries = :boundaries AND known_from <= :instant"
                " AND (known_to IS NULL OR known_to > :instant)"
            )
            values = {"instant": instant, "boundaries": boundaries}
        with self.warehouse.engine.connect() as connection:
            return _figures([dict(row) for row in connection.execute(sa.text(query), values).mappings()])

    def in_release(self, name: str, boundaries: Boundaries) -> tuple[Figures, set[Key]]:
        """Read what a release published, and which of it is suppressed."""
        query = sa.text("SELECT * FROM release.value WHERE release_id = :name AND boundaries = :boundaries")
        with self.warehouse.engine.connect() as connection:
            found = connection.execute(query, {"name": name, "boundaries": boundaries}).mappings()
            rows = [dict(row) for row in found]
        hidden = [row for row in rows if row["suppression"]]
        return _figures(rows), set(_figures(hidden))

    def latest(self) -> Figures:
        """Read the values that stand now."""
        with self.warehouse.engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT * FROM mart.indicator_value")).mappings()
            return _figures([dict(row) for row in rows])


def _staged(step: Submit, number: int, form: str) -> Iterator[dict[str, Any]]:
    for n, row in enumerate(step.forms[form], FIRST_SHEET_ROW):
        place = {
            "submission_id": number,
            "reporting_unit_code": step.unit,
            "period": step.period,
            "sheet_row": n,
        }
        yield row | place | {"raw_text": {}}


def _figures(rows: Sequence[dict[str, Any]]) -> Figures:
    found: Figures = {}
    for row in rows:
        key = Key(*(row[name] for name in Key._fields))
        assert key not in found, f"{key} stands twice"
        found[key] = Figure(*(_plain(row[name]) for name in Figure._fields))
    return found


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
