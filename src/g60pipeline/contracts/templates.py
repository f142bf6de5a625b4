"""The template's versions (which one is handed out, which are taken for a month) and its catalogue of texts.

Belongs here: what `template_versions.csv` means, the shape of `template.yaml`, and what both the maker and the reader
of templates must know. Not here: workbooks (reports), covers (intake).

A version is in use until `valid_to` and taken up to the month `grace_until`. Both are held against the month that is
reported, never against a clock, so that a return is judged the same whenever it is read. A newer version does for any
older month.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field as Attr

from g60pipeline.contracts.base import Model
from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.odcs import Identifier
from g60pipeline.contracts.periods import Period

# Sheets that a template keeps for itself. Very hidden as it is handed out; some programs save them as merely hidden.
OWN_SHEETS = "_g60_"

VersionState = Literal["in_use", "in_grace", "expired", "unknown", "missing"]


class TemplateVersions(Model):
    """The code list of versions, asked for a version and a month."""

    versions: CodeList

    @cached_property
    def current(self) -> Code:
        """The version that is handed out: the last without an end. IndexError when there is none."""
        return [code for code in self.versions.codes if not code.valid_to][-1]

    def grace_until(self, version: str | None) -> str:
        """Return the last month, YYYY-MM, for which the version is taken; "" when open or unknown."""
        code = self.versions.by_code.get(version or "")
        return "" if code is None else code.attributes.get("grace_until") or code.valid_to[: len("2021-12")]

    def state(self, version: str | None, period: Period | None) -> VersionState:
        """Say whether a return on the version is taken for the month; without a month, whether it is known."""
        if version is None:
            return "missing"
        code = self.versions.by_code.get(version)
        if code is None:
            return "unknown"
        if period is None or not code.valid_to or period.end.isoformat() <= code.valid_to:
            return "in_use"
        return "in_grace" if period.key <= self.grace_until(version) else "expired"


class GuideSection(Model):
    """A part of the sheet that explains how to fill in the others."""

    title: str
    lines: tuple[str, ...] = Attr(min_length=1)


class TemplateTexts(Model):
    """`schemas/template.yaml`: what the template says beside the contracts' own help.

    `grains`: what a row of each form is. `hints` stand above the headings, `prompts` appear at a cell, `errors` when
    it refuses what is typed.
    """

    guide_sheet: str
    words: dict[Identifier, str]
    grains: dict[Identifier, str]
    hints: dict[Identifier, str]
    prompts: dict[Identifier, str]
    errors: dict[Identifier, str]
    booleans: tuple[str, str]
    guide: tuple[GuideSection, ...]
