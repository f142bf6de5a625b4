"""Cited rows as units, forms, files, rows and cells: where each stood, what stood there, and what was made of it.

Belongs here: putting keys of rows together with files, headings, texts and corrections. Not here: which rows (recompute.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.project import Project
from g60pipeline.operations.recompute import Cited
from g60pipeline.reports.explain_data import (
    CitedCell,
    CitedFile,
    CitedForm,
    CitedRow,
    CitedUnit,
    LedgerEntry,
    Overlay,
    Role,
)

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

    from g60pipeline.intake.reread import Conversion
    from g60pipeline.warehouse.engine import Warehouse

Row = dict[str, Any]
Place = tuple[int, int]
_ROUNDING = Decimal("0.0000005")  # core keeps six places


@dataclass(frozen=True)
class Reading:
    """What is read beside the cited rows. `last_event`: the last correction event that counts."""

    connection: sa.Connection
    warehouse: Warehouse
    project: Project
    last_event: int | None


def describe_units(reading: Reading, cited: Sequence[Cited]) -> tuple[CitedUnit, ...]:
    """Describe the rows of forms, by unit, form and file."""
    forms: dict[str, list[CitedUnit]] = {}
    for form, frame, roles in _by_form(reading.project, cited):
        for unit in _describe_form(reading, form, frame, roles):
            forms.setdefault(unit.unit_code, []).append(unit)
    return tuple(
        CitedUnit(code, parts[0].label, tuple(form for part in parts for form in part.forms))
        for code, parts in sorted(forms.items())
    )


def describe_ledger(cited: Sequence[Cited]) -> tuple[LedgerEntry, ...]:
    """Describe the entries of the house's own ledgers."""
    entries = {
        (part.citation.source.name, *(row[key] for key in part.citation.source.keys)): LedgerEntry(
            part.citation.source.name, {name: shown for name, value in row.items() if (shown := show(value))}
        )
        for part in cited
        if not part.citation.source.is_form
        for row in _records(part.frame[list(part.citation.columns)])
    }
    return tuple(entries.values())


def _by_form(project: Project, cited: Sequence[Cited]) -> Iterable[tuple[Form, list[Row], dict[str, Role]]]:
    """Rows of each form, once each, though a mart may cite a row twice; `weights` of a row by the unit it counts for."""
    rows: dict[str, dict[tuple[Any, ...], Row]] = {}
    roles: dict[str, dict[str, Role]] = {}
    for part in cited:
        source = part.citation.source
        if not source.is_form:
            continue
        keyed = rows.setdefault(source.name, {})
        roles.setdefault(source.name, {}).update(part.citation.roles)
        for row in _records(part.frame):
            known = keyed.setdefault(tuple(row[key] for key in source.keys), row | {"weights": {}})
            known["weights"][row["for_unit"]] = row.get("unit_weight", 1)
    for name, keyed in rows.items():
        yield project.forms[name], list(keyed.values()), roles[name]


def _records(frame: pd.DataFrame) -> list[Row]:
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in records]


def _describe_form(
    reading: Reading, form: Form, rows: list[Row], roles: Mapping[str, Role]
) -> list[CitedUnit]:
    from g60pipeline.warehouse.citations import read_sources, read_texts
    from g60pipeline.warehouse.corrections import read_corrections_of_rows

    places = {(int(row["submission_id"]), int(row["sheet_row"])) for row in rows}
    sources = read_sources(reading.connection, {number for number, _ in places})
    texts = read_texts(reading.connection, reading.warehouse, form.name, places)
    corrected = {_place(row) for row in rows if row["row_version"]}
    overlays: dict[Place, list[Row]] = {}
    if corrected:
        found = read_corrections_of_rows(reading.connection, form.name, corrected, reading.last_event)
        for event in _records(found):
            overlays.setdefault(_place(event), []).append(event)
    cells = _Cells(reading.project, form, roles, sources, texts, overlays)
    by_unit: dict[str, dict[int, list[Row]]] = {}
    for row in rows:
        by_unit.setdefault(row["reporting_unit_code"], {}).setdefault(int(row["submission_id"]), []).append(
            row
        )
    return [
        CitedUnit(
            unit,
            label_of(reading.project, "units", unit),
            (CitedForm(form.name, form.title, cells.files(files)),),
        )
        for unit, files in sorted(by_unit.items())
    ]


def label_of(project: Project, code_list: str, code: str) -> Text:
    """Return a code's labels, or the code itself."""
    found = project.code_lists[code_list].by_code.get(code)
    return Text(zh=code, en=code) if found is None else Text(zh=found.label_zh, en=found.label_en)


def _place(row: Mapping[str, Any]) -> Place:
    return int(row["submission_id"]), int(row["sheet_row"])


class _Cells:
    """Cells of one form's rows."""

    def __init__(
        self, project: Project, form: Form, roles: Mapping[str, Role], sources: Mapping[tuple[int, str], Row],
        texts: Mapping[Place, Mapping[str, str]], overlays: Mapping[Place, list[Row]],
    ) -> None:  # fmt: skip
        from g60pipeline.intake.reread import reread_rows

        self.project, self.form, self.roles = project, form, roles
        self.sources, self.texts, self.overlays = sources, texts, overlays
        self.fields = [form.field_by_name[name] for name in roles if name in form.field_by_name]
        self.again = reread_rows(project, form, texts, [field.name for field in self.fields])

    def files(self, by_submission: Mapping[int, list[Row]]) -> tuple[CitedFile, ...]:
        return tuple(
            self._file(number, rows, self.sources[number, self.form.name])
            for number, rows in sorted(
                by_submission.items(), key=lambda item: (self._period(item[0]), item[0])
            )
        )

    def _period(self, number: int) -> str:
        return str(self.sources[number, self.form.name]["period"])

    def _file(self, number: int, rows: list[Row], source: Row) -> CitedFile:
        ordered = sorted(rows, key=lambda row: int(row["sheet_row"]))
        return CitedFile(
            submission_id=number,
            file_name=source["file_name"] or "",
            sha256=source["sha256"],
            period=source["period"],
            sheet=source["sheet"],
            rows=tuple(self._row(row, source["layout"].get("fields", {})) for row in ordered),
        )

    def _row(self, row: Row, layout: Mapping[str, Mapping[str, str]]) -> CitedRow:
        return CitedRow(
            sheet_row=int(row["sheet_row"]),
            row_version=int(row["row_version"] or 0),
            weight=float(sum(row["weights"].values())),
            cells=tuple(self._cell(row, field, layout.get(field.name, {})) for field in self.fields),
        )

    def _cell(self, row: Row, field: Field, at: Mapping[str, str]) -> CitedCell:
        from g60pipeline.intake.reread import find_conversion

        place = _place(row)
        texts = self.texts.get(place, {})
        raw, value, again = texts.get(field.name), row[field.name], self.again.get(place, {}).get(field.name)
        overlay = self._overlay(place, field.name)
        conversion = None if raw is None or again is None else find_conversion(self.project, field, texts)
        unit = conversion.to_unit if conversion is not None else field.unit
        return CitedCell(
            field=field.name,
            heading=at.get("heading", field.heading),
            address=f"{at['column']}{row['sheet_row']}" if "column" in at else "",
            role=self.roles[field.name],
            raw=raw,
            value=show(value),
            unit=None if unit is None else self._unit(unit),
            parsed_again=show(again),
            conversion=None if conversion is None else self._converted(raw, conversion, again),
            overlay=overlay,
            agrees=_is_same(value, again) if overlay is None else _holds(value, overlay.new_value),
        )

    def _converted(self, raw: str | None, by: Conversion, result: Any) -> str:
        units = self._unit(by.from_unit), self._unit(by.to_unit)
        return f"{raw} {units[0]} × {show(by.factor)} = {show(result)} {units[1]}"

    def _unit(self, code: str) -> str:
        return self.project.code_lists["measurement_units"].label_zh(code)

    def _overlay(self, place: Place, field: str) -> Overlay | None:
        for event in reversed(self.overlays.get(place, [])):
            if event["field"] == field:
                return Overlay(
                    int(event["event_id"]), event["correction_id"], event["old_value"], event["new_value"],
                    Text(zh=event["reason_zh"], en=event["reason_en"]), event["decided_by"],
                )  # fmt: skip
        return None


def show(value: Any) -> str | None:
    """Write a value without needless zeros; None for a blank."""
    if value is None or value != value:
        return None
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "true" if value else "false"
    number = _number(value)
    if number is not None:
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        return None
    return (
        value
        if isinstance(value, Decimal)
        else Decimal(repr(value if isinstance(value, int) else float(value)))
    )


def _holds(value: Any, written: str | None) -> bool:
    """Say whether the value is the one that a correction wrote."""
    number = _number(value)
    if number is not None and written is not None:
        return abs(number - Decimal(written)) <= _ROUNDING
    return show(value) == written


def _is_same(value: Any, again: Any) -> bool:
    left, right = _number(value), _number(again)
    if left is not None and right is not None:
        return abs(left - right) <= _ROUNDING
    return show(value) == show(again)
