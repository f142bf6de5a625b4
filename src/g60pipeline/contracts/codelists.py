"""Code lists: codes with labels, aliases and dates of validity, and the reporting obligations.

Belongs here: reading `schemas/codelists/*.csv` and looking codes up. Not here: what a code means to an indicator.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field as Attr
from pydantic import ValidationError, ValidationInfo, field_validator

from g60pipeline.contracts.base import ContractError, Model
from g60pipeline.contracts.periods import Period

# Lists whose codes clerks know; everything else is written in words.
WRITTEN_AS_CODES = frozenset({"units", "clusters"})

_OWN = {"code", "label_zh", "label_en", "aliases", "valid_from", "valid_to"}


class Code(Model):
    """One code. `valid_from` and `valid_to` are ISO dates, both inclusive; blank means open."""

    code: str = Attr(min_length=1)
    label_zh: str = Attr(min_length=1)
    label_en: str = Attr(min_length=1)
    aliases: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""
    attributes: dict[str, str] = Attr(default_factory=dict)

    def is_valid_in(self, period: Period) -> bool:
        """Say whether the code is valid at the end of the period."""
        end = period.end.isoformat()
        return (not self.valid_from or self.valid_from <= end) and (not self.valid_to or end <= self.valid_to)


class CodeList(Model):
    """A named list of codes, in the file's order."""

    name: str
    codes: tuple[Code, ...]

    @cached_property
    def by_code(self) -> dict[str, Code]:
        """Codes by themselves."""
        return {code.code: code for code in self.codes}

    @cached_property
    def by_text(self) -> dict[str, str]:
        """Code by whatever a clerk may write for it: the code, a label, an alias."""
        texts: dict[str, str] = {}
        for code in self.codes:
            for text in (code.code, code.label_zh, code.label_en, *code.aliases):
                texts.setdefault(text, code.code)
        return texts

    def label_zh(self, code: str) -> str:
        """Return the Chinese label, or the code itself when it is not listed."""
        return self.by_code[code].label_zh if code in self.by_code else code

    def written(self, code: str) -> str:
        """Return what stands in a cell for the code: its Chinese label, or the code itself where clerks know it."""
        return code if self.name in WRITTEN_AS_CODES else self.label_zh(code)

    def valid_codes(self, period: Period) -> tuple[str, ...]:
        """Codes valid at the end of the period."""
        return tuple(code.code for code in self.codes if code.is_valid_in(period))

    def codes_where(self, attribute: str, value: str) -> tuple[str, ...]:
        """Codes whose attribute has the value."""
        return tuple(code.code for code in self.codes if code.attributes.get(attribute) == value)


class Obligation(Model):
    """One unit owes one form each month from `valid_from` to `valid_to` (months, inclusive).

    The return is due on `due_day` of the next month, late but taken until `grace_days` later, and the period is
    locked from `lock_day` of the next month on.
    """

    unit_code: str
    form: str
    valid_from: str
    valid_to: str = ""
    due_day: int = Attr(ge=1, le=28)
    grace_days: int = Attr(ge=0, le=15)
    lock_day: int = Attr(ge=1, le=28)

    @field_validator("lock_day")
    @classmethod
    def _locks_after_grace(cls, lock_day: int, info: ValidationInfo) -> int:
        grace_end_day = info.data.get("due_day", 0) + info.data.get("grace_days", 0)
        if lock_day <= grace_end_day:
            raise ValueError(f"day {lock_day} is not after the end of grace, day {grace_end_day}")
        return lock_day

    def is_owed_in(self, period: Period) -> bool:
        """Say whether the form is owed for the period."""
        return self.valid_from <= period.key and (not self.valid_to or period.key <= self.valid_to)


def _rows(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            yield reader.line_num, row


def read_code_list(path: Path) -> CodeList:
    """Read one list; ContractError names file and line."""
    codes: list[Code] = []
    for line, row in _rows(path):
        data: dict[str, Any] = {key: row[key] for key in _OWN if key in row}
        data["aliases"] = tuple(alias for alias in (row.get("aliases") or "").split(";") if alias)
        data["attributes"] = {key: value for key, value in row.items() if key not in _OWN}
        try:
            code = Code.model_validate(data)
        except ValidationError as error:
            raise ContractError(
                f"{path}:{line}: {error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}"
            ) from error
        if any(code.code == other.code for other in codes):
            raise ContractError(f"{path}:{line}: code {code.code} stands twice")
        codes.append(code)
    return CodeList(name=path.stem, codes=tuple(codes))


def read_obligations(path: Path) -> tuple[Obligation, ...]:
    """Read who owes what; ContractError names file and line."""
    obligations: list[Obligation] = []
    for line, row in _rows(path):
        try:
            obligations.append(Obligation.model_validate(row))
        except ValidationError as error:
            raise ContractError(
                f"{path}:{line}: {error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}"
            ) from error
    return tuple(obligations)
