"""Where that stands what a cell was compared with: cells of its row, of another form, figures of other units.

Belongs here: finding the parts of a sum again for a row that failed. Not here: the sums themselves (derive).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from g60pipeline.contracts.forms import Derived, Form, Rule
from g60pipeline.quality.batch import Batch
from g60pipeline.quality.derive import chosen_rows, unit_addends
from g60pipeline.quality.quoting import BLANK, format_value

MOST_PARTS = 10
# form → submission → sheet and the columns of its fields
Layouts = dict[str, dict[int, dict[str, Any]]]


def address(layout: dict[str, Any], field: str, sheet_row: int) -> str | None:
    """Return the address of a field's cell; None where its column was not found."""
    column = layout.get("fields", {}).get(field, {}).get("column")
    return None if column is None else f"{column}{sheet_row}"


class Parts:
    """Finds parts for the findings of one form; rows of other forms are grouped once."""

    def __init__(self, batch: Batch, form: Form, layouts: Layouts) -> None:
        self._batch, self._form, self._layouts = batch, form, layouts
        self._groups: dict[str, tuple[pd.DataFrame, dict[Any, Any]]] = {}

    def of(self, rule: Rule, row: Any) -> list[str]:
        """List the cells that the rule compared the row's cell with, as `sheet!cell=text`; at most ten per column."""
        return [part for name in self._form.quoted_columns(rule) for part in self._of_column(rule, name, row)]

    def _of_column(self, rule: Rule, name: str, row: Any) -> list[str]:
        if name in self._form.field_by_name:
            return [] if name == rule.cell else self._cells(self._form, name, pd.DataFrame([row._asdict()]))
        column = self._form.derived_by_name.get(name)
        if column is None:
            return []
        if column.function in ("sum_over_form", "count_over_form"):
            return self._of_other_form(column, row)
        return self._of_units(column, row) if column.function == "sum_over_units" else []

    def _of_other_form(self, column: Derived, row: Any) -> list[str]:
        rows, groups = self._grouped(column)
        keys = ["submission_id", *column.arguments.get("by", ())]
        found = groups.get(tuple(getattr(row, key) for key in keys))
        if found is None:
            return []
        field, other = str(column.arguments["field"]), self._batch.project.forms[column.arguments["form"]]
        chosen = rows.loc[found]
        if column.function == "sum_over_form":
            chosen = chosen.sort_values(field, ascending=False, na_position="first", kind="stable")
        return self._cells(other, field, chosen)

    def _grouped(self, column: Derived) -> tuple[pd.DataFrame, dict[Any, Any]]:
        if column.name not in self._groups:
            asked = column.arguments
            rows = chosen_rows(
                self._batch, asked["form"], asked.get("where_true", ""), asked.get("distinct", ())
            )
            rows = pd.DataFrame() if rows is None else rows
            keys = ["submission_id", *asked.get("by", ())]
            groups = {key: part.index for key, part in rows.groupby(keys)} if len(rows) else {}
            self._groups[column.name] = (rows, groups)
        return self._groups[column.name]

    def _cells(self, form: Form, field: str, rows: pd.DataFrame) -> list[str]:
        cells: list[str] = []
        for row in rows.head(MOST_PARTS).to_dict("records"):
            layout = self._layouts.get(form.name, {}).get(int(row["submission_id"]), {})
            place = address(layout, field, int(row["sheet_row"]))
            if place is not None:
                text = row["raw_text"].get(field, BLANK)
                cells.append(f"{layout.get('sheet', form.sheet)}!{place}={text}")
        return cells

    def _of_units(self, column: Derived, row: Any) -> list[str]:
        asked, units = column.arguments, self._batch.project.code_lists["units"]
        addends = unit_addends(
            pd.DataFrame([row._asdict()]), self._batch, asked["by"], asked["fields"], asked["form"]
        )
        largest = addends.sort_values("addend", ascending=False).head(MOST_PARTS)
        return [
            f"{units.label_zh(str(unit))}={format_value(float(addend))}"
            for unit, addend in zip(largest["reporting_unit_code__other"], largest["addend"], strict=True)
        ]
