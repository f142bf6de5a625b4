"""The texts of cells, as they are kept beside the loaded rows, read once more by the parser that read the return.

Belongs here: putting texts back under their headings. Not here: how a cell is read (forms.py), whose rows they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.project import Project
from g60pipeline.intake.cover import find_code
from g60pipeline.intake.forms import read_form
from g60pipeline.intake.raw import Cell, build_sheet

_FLOAT = re.compile(r"-?\d+(?:\.\d+)?e[+-]\d+")


@dataclass(frozen=True)
class Conversion:
    """What a number was multiplied by on its way into the warehouse: units of measure by code."""

    from_unit: str
    factor: Decimal
    to_unit: str


def reread_rows(
    project: Project, form: Form, texts: Mapping[Any, Mapping[str, str]], fields: Collection[str]
) -> dict[Any, dict[str, Any]]:
    """Parse the texts of rows (any key → field → text) again; the fields' values by key, None for a blank."""
    wanted = {
        *fields,
        *(unit for name in fields if (unit := form.field_by_name[name].unit_field) is not None),
    }
    named = [field for field in form.fields if field.name in wanted]
    keys = list(texts)
    rows = [[_cell(texts[key].get(field.name)) for field in named] for key in keys]
    # A row without any text would be skipped; its number tells which rows were read.
    sheet = build_sheet(form.sheet, [[field.heading for field in named], *rows])
    read = {row.number: row.values for row in read_form(project, form, sheet).rows}
    blank = dict.fromkeys(fields)
    return {key: {name: read.get(at, blank)[name] for name in fields} for at, key in enumerate(keys, start=2)}


def _cell(text: str | None) -> Cell:
    """A cell's text again as a cell; a float that is kept as 1e-07 was never typed by a clerk."""
    return float(text) if text is not None and _FLOAT.fullmatch(text) else text


def find_conversion(project: Project, field: Field, texts: Mapping[str, str]) -> Conversion | None:
    """Return how the field's number was converted, by the unit that stands beside it; None where it stayed as it was."""
    units = project.code_lists["measurement_units"]
    said = texts.get(field.unit_field or "")
    code = find_code(units, said) if said else field.unit
    if field.unit_field is None or code is None or code not in units.by_code:
        return None
    attributes = units.by_code[code].attributes
    base = attributes["base_unit"]
    return None if base == code else Conversion(code, Decimal(attributes["factor"]), base)
