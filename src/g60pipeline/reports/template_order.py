"""Whose template for which month, and what follows from the contracts for it: forms, codes to choose from, first rows.

Belongs here: what stands in a template. Not here: where and how it looks (template_sheet.py, template_cover.py), what
was accepted last month (warehouse).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.contracts.templates import TemplateTexts

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]


class TemplateError(ValueError):
    """No template can be made. The message says why."""


@dataclass(frozen=True)
class Choice:
    """What a cell may be chosen from: the workbook's name for it, and the texts."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """A template to be made. `last_month` holds the rows in force of the month before, by form, typed."""

    project: Project
    unit_code: str
    period: Period
    last_month: Rows = field(default_factory=dict[str, Sequence[Row]])
    sequence_number: int = 1

    def __post_init__(self) -> None:
        if self.unit_code not in self.project.code_lists["units"].by_code:
            raise TemplateError(f"{self.unit_code} is no unit; see schemas/codelists/units.csv")
        if not self.forms:
            raise TemplateError(f"{self.unit_code} owes no form for {self.period.key}")

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """Forms that the unit owes."""
        owed = self.project.owed_forms(self.unit_code, self.period)
        return tuple(self.project.forms[name] for name in owed)

    @property
    def texts(self) -> TemplateTexts:
        """The catalogue."""
        return self.project.template

    @property
    def unit_name(self) -> str:
        """Name of the unit."""
        return self.project.code_lists["units"].label_zh(self.unit_code)

    @property
    def quoted(self) -> dict[str, Any]:
        """What the catalogue's texts quote of the order."""
        date = self.period.end.isoformat()
        return {
            "unit": self.unit_name,
            "year": self.period.year,
            "month": self.period.month,
            "period": self.period.key,
            "version": self.project.template_versions.current.code,
            "date": date,
            "time": self.texts.words["time_example"].format(date=date),
        }

    def choice(self, form: Form, field: Field) -> Choice | None:
        """Return what the field's cells are chosen from; None where they are typed."""
        if field.type == "boolean":
            return Choice("g60_yes_no", self.texts.booleans)
        if field.code_list is None or field.is_list:
            return None
        codes = self.project.code_lists[field.code_list]
        dimensions = self._dimensions(form, field)
        if dimensions:
            valid = [code for code in self.valid(codes) if code.attributes["dimension"] in dimensions]
            return Choice("_".join(("g60", codes.name, *sorted(dimensions))), _written(codes, valid))
        return Choice(f"g60_{codes.name}", _written(codes, self._offered(codes)))

    def valid(self, codes: CodeList) -> list[Code]:
        """Return the codes that are valid for the month."""
        return [codes.by_code[code] for code in codes.valid_codes(self.period)]

    def _dimensions(self, form: Form, field: Field) -> set[str]:
        """Dimensions of the fields whose unit of measure the field says."""
        units = self.project.code_lists["measurement_units"].by_code
        measured = [f.unit for f in form.fields if f.unit_field == field.name and f.unit is not None]
        return {units[unit].attributes["dimension"] for unit in measured}

    def _offered(self, codes: CodeList) -> list[Code]:
        """Return the unit's own codes where it has such, else every valid one."""
        return self.own(codes) or self.valid(codes)

    def own(self, codes: CodeList) -> list[Code]:
        """Return the codes that the unit answers for: itself, the clusters that it hosts, the measures that it reports."""
        if codes.name == "units":
            return [codes.by_code[self.unit_code]]
        owners = {o["owner"] for o in self._expected if o["code_list"] == codes.name}
        own = {
            c for o in owners for c in self.project.codes_owned_by(codes.name, o, self.unit_code, self.period)
        }
        return [code for code in self.valid(codes) if code.code in own]

    @property
    def _expected(self) -> list[dict[str, Any]]:
        """Forms in which each of the unit's own codes must have a row, as the cover's contract has it checked."""
        return [d.arguments for d in self.project.cover.derived if d.function == "missing_codes"]

    def _expected_keys(self, form: Form) -> list[dict[str, Any]]:
        fields = {o["field"] for o in self._expected if o["form"] == form.name}
        fields |= {f.name for f in form.key_fields if f.code_list == "units"}
        lists = {name: form.field_by_name[name].code_list for name in sorted(fields)}
        return [
            {name: code.code}
            for name, code_list in lists.items()
            if code_list is not None
            for code in self.own(self.project.code_lists[code_list])
        ]

    def first_rows(self, form: Form) -> list[dict[str, Any]]:
        """Return the rows with which the form begins: last month's as far as the contract says, then keys still expected.

        Rows of clusters that are no longer the unit's own are left out.
        """
        names = [f.name for f in form.fields if f.is_prefilled]
        kept = [row for row in self.last_month.get(form.name, ()) if self._is_own(form, row)]
        rows = [{name: row[name] for name in names if row.get(name) is not None} for row in kept]
        return [row for row in rows if row] + [
            key for key in self._expected_keys(form) if not _stands_in(rows, key)
        ]

    def _is_own(self, form: Form, row: Row) -> bool:
        if form.cluster_field is None:
            return True
        own = {code.code for code in self.own(self.project.code_lists["clusters"])}
        return row.get(form.cluster_field) in own


def _written(codes: CodeList, chosen: Iterable[Code]) -> tuple[str, ...]:
    return tuple(codes.written(code.code) for code in chosen)


def _stands_in(rows: Iterable[Row], key: Row) -> bool:
    return any(all(row.get(name) == value for name, value in key.items()) for row in rows)
