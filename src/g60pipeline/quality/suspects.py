"""Submissions that are held back, and which of their cells are suspected.

Belongs here: looking up rows, texts and last month's figures of one submission. Not here: what may be wrong with a cell
(edits.py) or with the cover (moves.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import Batch
from g60pipeline.quality.parts import Layouts

_CELL = re.compile(r"(.+)!([A-Z]+)(\d+)=")


class Cell(NamedTuple):
    """A cell by what it is: its form, its row in the sheet, its field."""

    form: str
    sheet_row: int
    field: str


class Suspect:
    """A submission that is held back, with what was found in it."""

    def __init__(
        self, batch: Batch, layouts: Layouts, number: int, findings: Sequence[dict[str, Any]]
    ) -> None:
        self.number, self.findings = number, findings
        self.project: Project = batch.project
        self.batch, self._layouts = batch, layouts
        self._rows: dict[str, pd.DataFrame] = {}
        self.unit, self.period = str(findings[0]["reporting_unit_code"]), str(findings[0]["period"])

    def rows(self, form: str) -> pd.DataFrame:
        """Its rows of a form, by their row in the sheet."""
        if form not in self._rows:
            frame = self.batch.prepared.get(form, pd.DataFrame(columns=["submission_id", "sheet_row"]))
            own = frame[frame["submission_id"] == self.number]
            self._rows[form] = own.set_index("sheet_row", drop=False)
        return self._rows[form]

    def last_month(self, form: Form) -> pd.DataFrame:
        """What was in force for the month before, by the keys of its rows."""
        keys = [field.name for field in form.key_fields]
        history = self.batch.prepared_history.get(form.name)
        if history is None:
            return pd.DataFrame(columns=[field.name for field in form.fields]).set_index(keys)
        chosen = (history["submission_id"] == self.number) & (history["months_before"] == 1)
        return history[chosen].drop_duplicates(keys).set_index(keys)

    def value(self, cell: Cell) -> float:
        """The number in a cell; NaN for none."""
        return float(self._at(cell.form, cell.sheet_row, cell.field))

    def text(self, cell: Cell) -> str | None:
        """The text in a cell."""
        return self.texts(cell).get(cell.field)

    def texts(self, cell: Cell) -> dict[str, str]:
        """The texts of its row, by field; blank cells are absent."""
        return self._at(cell.form, cell.sheet_row, "raw_text")

    def _at(self, form: str, sheet_row: int, column: str) -> Any:
        return self.rows(form).at[sheet_row, column]

    @cached_property
    def cells(self) -> list[Cell]:
        """Cells with numbers that findings mark or compare with, the most suspected first."""
        weights: Counter[Cell] = Counter()
        for finding in self.findings:
            if finding["sheet_row"] is not None and finding["form"] and finding["field"]:
                weights[Cell(finding["form"], int(finding["sheet_row"]), finding["field"])] += 2
            weights.update(cell for text in finding["related_cells"] if (cell := self._cell(text)))
        return [cell for cell, _ in weights.most_common() if self._holds_a_number(cell)]

    def _holds_a_number(self, cell: Cell) -> bool:
        form = self.project.forms.get(cell.form)
        is_known = form is not None and cell.sheet_row in self.rows(cell.form).index
        return is_known and form is not None and is_number(form.field_by_name[cell.field])

    def _cell(self, text: str) -> Cell | None:
        found = _CELL.match(text)
        if found is None:
            return None
        sheet, column, row = found.groups()
        for form, layouts in self._layouts.items():
            layout = layouts.get(self.number, {})
            if layout.get("sheet") == sheet:
                names = [name for name, place in layout["fields"].items() if place["column"] == column]
                return Cell(form, int(row), names[0]) if names else None
        return None


def is_number(field: Field) -> bool:
    """Whether a field holds numbers."""
    return field.type in ("integer", "decimal")
