"""Corrections by the district, as overlays: `assets/corrections/<period>.yaml`.

Belongs here: what a correction says, and whether it points to a unit, form, field and value that exist. Not here:
whether its old value is still the expected one, which only the rows tell (warehouse.corrections). Only a unit corrects
its data: a correction stands in until the unit sends a return that needs none, and then it is retired.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator
from pydantic import Field as Attr

from g60pipeline.contracts.base import ContractError, Model, Text, line_of, read_model
from g60pipeline.contracts.codelists import CodeList
from g60pipeline.contracts.correction_values import Scalar, read_valid_value, read_value
from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.odcs import Identifier
from g60pipeline.contracts.periods import Period

FOLDER = "assets/corrections"
# As long as a mobile phone number; no office has one in its name.
_LONG_NUMBER = re.compile(r"\d{11}", re.A)

Keys = tuple[str, ...]
Fault = tuple[Keys, str]  # where in the correction, and what is wrong


def _says_something(text: str) -> str:
    if len(text.strip()) < 2:
        raise ValueError("says nothing")
    return text.strip()


def _is_an_office(text: str) -> str:
    if _LONG_NUMBER.search(unicodedata.normalize("NFKC", text)):
        raise ValueError("holds the number of a person; an office decides, never a person")
    return text


def _is_a_month(text: str) -> str:
    return Period.parse(text).key


Saying = Annotated[str, AfterValidator(_says_something)]


class Reason(Text):
    """Why the district changes what a unit sent, for readers of the provenance."""

    zh: Saying
    en: Saying


class SetValue(Model):
    """Put `value` in place of `expected`; null is a blank cell. Amounts are in the field's base unit of measure."""

    kind: Literal["set"]
    field: Identifier
    expected: Scalar
    value: Scalar

    @property
    def expectations(self) -> dict[str, Any]:
        """What the row is expected to hold as it was sent: field → value."""
        return {self.field: self.expected}


class DropRow(Model):
    """Take the row out of force, if it holds what is `expected`."""

    kind: Literal["drop_row"]
    expected: Annotated[dict[str, Scalar], Attr(min_length=1)]

    @property
    def field(self) -> None:
        """No field: the row as a whole."""
        return None

    @property
    def expectations(self) -> dict[str, Any]:
        """What the row is expected to hold as it was sent: field → value."""
        return self.expected

    @property
    def value(self) -> None:
        """Nothing is put in the row's place."""
        return None


class Correction(Model):
    """One change to one row of one unit's form of one month, wherever the row stands in the return in force.

    `match` finds the row by what the unit sent. Values hold the field's type once the file is read. `decided_by` is an
    office, never a person.
    """

    id: str = Attr(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    unit: str
    period: Annotated[str, AfterValidator(_is_a_month)]
    form: Identifier
    match: Annotated[dict[str, Scalar], Attr(min_length=1)]
    action: Annotated[SetValue | DropRow, Attr(discriminator="kind")]
    reason: Reason
    decided_by: Annotated[Saying, AfterValidator(_is_an_office)]
    decided_on: date
    status: Literal["active", "retired"]

    @property
    def file(self) -> str:
        """The file that it stands in, from the project's root."""
        return f"{FOLDER}/{self.period}.yaml"

    @property
    def is_active(self) -> bool:
        """Say whether it is to be applied."""
        return self.status == "active"

    @cached_property
    def definition(self) -> dict[str, Any]:
        """What it says, as the ledger keeps it: JSON, in which the same content has the same form."""
        return self.model_dump(mode="json", exclude={"status"})


class CorrectionFile(Model):
    """`assets/corrections/<period>.yaml`."""

    corrections: tuple[Correction, ...] = ()


class _Reader:
    """Reads the files one after the other, gives values the types of their fields, and collects what is wrong."""

    def __init__(self, forms: Mapping[str, Form], code_lists: Mapping[str, CodeList]) -> None:
        self.forms = forms
        self.code_lists = code_lists
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.cells: set[tuple[object, ...]] = set()

    def read_file(self, path: Path) -> Iterator[Correction]:
        try:
            month = Period.parse(path.stem).key
        except ValueError:
            self.faults.append(
                f"{path}:1: a file of corrections is named for its month, such as 2021-12.yaml"
            )
            return
        for n, correction in enumerate(read_model(CorrectionFile, path).corrections):
            faults = [*self._reference_faults(correction, month)]
            typed = self._typed(correction, faults) if correction.form in self.forms else correction
            faults += [] if faults else self._conflicts(typed)
            for keys, problem in faults:
                line = line_of(path, ("corrections", n, *keys))
                self.faults.append(f"{path}:{line}: {correction.id}: {'.'.join(map(str, keys))}: {problem}")
            yield typed

    def _reference_faults(self, correction: Correction, month: str) -> Iterator[Fault]:
        if correction.period != month:
            yield ("period",), f"{correction.period} stands in the file of {month}"
        if correction.unit not in self.code_lists["units"].by_code:
            yield ("unit",), f"{correction.unit} is no unit"
        if correction.form not in self.forms:
            yield ("form",), f"{correction.form} is no form"
        if correction.id in self.ids:
            yield ("id",), "stands twice"
        self.ids.add(correction.id)

    def _typed(self, correction: Correction, faults: list[Fault]) -> Correction:
        fields = self.forms[correction.form].field_by_name

        def read(keys: Keys, name: str, value: Any, read_as: Any = read_value) -> Any:
            try:
                if name not in fields:
                    raise ValueError(f"is no field of {correction.form}")
                return read_as(fields[name], value, self.code_lists)
            except ValueError as error:
                faults.append((keys, f"{name} {error}" if name not in fields else str(error)))

        def read_all(keys: Keys, values: Mapping[str, Any]) -> dict[str, Any]:
            return {name: read((*keys, name), name, value) for name, value in values.items()}

        action, keys = correction.action, ("action", "expected")
        if isinstance(action, SetValue):
            expected = read(keys, action.field, action.expected)
            value = read(("action", "value"), action.field, action.value, read_valid_value)
            changed = action.model_copy(update={"expected": expected, "value": value})
        else:
            changed = action.model_copy(update={"expected": read_all(keys, action.expected)})
        match = read_all(("match",), correction.match)
        return correction.model_copy(update={"match": match, "action": changed})

    def _conflicts(self, correction: Correction) -> Iterator[Fault]:
        action = correction.action
        if isinstance(action, SetValue) and action.expected == action.value:
            yield ("action", "value"), "is the expected value: nothing would change"
        row = (correction.unit, correction.period, correction.form, frozenset(correction.match.items()))
        cell = (*row, action.field)
        if correction.is_active and cell in self.cells:
            yield ("match",), "another active correction is of the same cell"
        if correction.is_active:
            self.cells.add(cell)


def read_corrections(
    folder: Path, forms: Mapping[str, Form], code_lists: Mapping[str, CodeList]
) -> tuple[Correction, ...]:
    """Read every file of the folder, in order; ContractError names file and line of whatever is wrong."""
    reader = _Reader(forms, code_lists)
    corrections = [found for path in sorted(folder.glob("*.yaml")) for found in reader.read_file(path)]
    if reader.faults:
        raise ContractError("\n".join(reader.faults))
    return tuple(corrections)
