"""A raw return → its cover and a typed frame per form.

Not here: parsing, archiving, the ledger's order (receive.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.project import Project
from g60pipeline.intake.cover import Cover, read_cover
from g60pipeline.intake.explanations import Explanation, read_explanations
from g60pipeline.intake.findings import IntakeFinding
from g60pipeline.intake.forms import TypedRow, read_form
from g60pipeline.intake.grid import find_hidden_sheet, holds_content
from g60pipeline.intake.layout import sheets_by_form
from g60pipeline.intake.raw import RawReturn

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ParsedReturn:
    """A return as read. `cover` holds typed values, `cover_texts` what stood in the cells, `cover_cells`
    where.

    `rows`, `forms` and `layouts` hold the forms whose sheets are there; one that is owed and absent is not judged
    here. `explanations`: what the unit says to earlier findings, if it sent the feedback workbook back.
    """

    file_name: str
    cover: dict[str, Any]
    cover_texts: dict[str, str]
    cover_cells: dict[str, str]
    cover_sheet: str | None
    rows: dict[str, list[TypedRow]]
    layouts: dict[str, dict[str, object]]
    findings: tuple[IntakeFinding, ...]
    contracts: Mapping[str, Form]
    explanations: tuple[Explanation, ...] = ()

    @cached_property
    def forms(self) -> dict[str, pd.DataFrame]:
        """The rows as a typed frame per form."""
        from g60pipeline.intake.frames import build_frame

        keys = {"reporting_unit_code": self.cover.get("unit_code"), "period": self.cover.get("period")}
        return {name: build_frame(self.contracts[name], [(keys, rows)]) for name, rows in self.rows.items()}


def read_return(project: Project, raw: RawReturn, file_name: str) -> ParsedReturn:
    """Read the cover and every form of a parsed file.

    Forms of a template version that is not allowed are not read.
    """
    cover = read_cover(project, raw)
    findings = list(cover.findings)
    rows: dict[str, list[TypedRow]] = {}
    layouts: dict[str, dict[str, object]] = {}
    is_stale = any(finding.rule == "template_version_is_known" for finding in findings)
    for form, sheet in () if is_stale else sheets_by_form(project, raw):
        if form is None and sheet["hidden"] and holds_content(sheet):
            findings.append(find_hidden_sheet(None, sheet))
        if form is None or form is project.cover:
            continue
        if form.name in rows:
            findings.append(_twice(form, sheet["name"]))
            continue
        read = read_form(project, form, sheet, allows_no_headings=raw.get("kind") == "json")
        rows[form.name] = read.rows
        layouts[form.name] = read.layout
        findings += read.findings
    parsed = _build(project, cover, file_name, rows, layouts, findings)
    return replace(parsed, explanations=read_explanations(project, raw))


def _twice(form: Form, sheet: str) -> IntakeFinding:
    return IntakeFinding("file_is_readable", form.name, sheet, quoted={"reason": "form_twice"})


def _build(
    project: Project,
    cover: Cover,
    file_name: str,
    rows: dict[str, list[TypedRow]],
    layouts: dict[str, dict[str, object]],
    findings: list[IntakeFinding],
) -> ParsedReturn:
    return ParsedReturn(
        file_name=file_name,
        cover=cover.values,
        cover_texts=cover.texts,
        cover_cells=cover.cells,
        cover_sheet=cover.sheet,
        rows=rows,
        layouts=layouts,
        findings=tuple(findings),
        contracts=project.forms,
    )
