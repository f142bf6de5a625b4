"""The cover of a return: labels and values side by side. It decides whose the return is.

Not here: forms (forms.py), the ledger's order (receive.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from g60pipeline.contracts.codelists import CodeList
from g60pipeline.contracts.forms import Field
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.intake.addresses import cell_address
from g60pipeline.intake.findings import IntakeFinding
from g60pipeline.intake.layout import cells_of, index_headings, match_heading, sheets_by_form
from g60pipeline.intake.raw import Cell, RawReturn, RawSheet
from g60pipeline.intake.text import fold, is_blank, is_error, parse_cell, parse_period, raw_text


@dataclass
class Cover:
    """The cover's typed values, raw texts and cells by field.

    A blank or wrong value is absent from `values`.
    """

    sheet: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    findings: list[IntakeFinding] = field(default_factory=list)

    @property
    def is_placed(self) -> bool:
        """Say whether unit and period are known."""
        return {"unit_code", "period"} <= self.values.keys()


_Found = tuple[Field, int, int, Cell]


def _pairs(project: Project, sheet: RawSheet) -> Iterator[_Found]:
    """Yield each label's field with row, column and cell of its value, the next cell that is not blank."""
    by_heading = index_headings(project.cover)
    for row, cells in cells_of(sheet):
        for index, (column, cell) in enumerate(cells):
            field_ = match_heading(project, by_heading, cell) if isinstance(cell, str) else None
            if field_ is not None:
                filled = [pair for pair in cells[index + 1 :] if not is_blank(pair[1])]
                at, value = filled[0] if filled else (column + 1, None)
                yield field_, row, at, value
                break


def _finding(project: Project, cover: Cover, rule: str, field_: Field, **quoted: str) -> IntakeFinding:
    return IntakeFinding(
        rule,
        form=project.cover.name,
        sheet=cover.sheet,
        cell=cover.cells.get(field_.name),
        field=field_.name,
        value=cover.texts.get(field_.name, ""),
        quoted=quoted,
    )


def find_code(codes: CodeList, text: str) -> str | None:
    """Return the code that a text stands for, written as code, label or alias."""
    return codes.by_text.get(text) or codes.by_text.get(fold(text))


def _value(project: Project, field_: Field, cell: Cell) -> Any:
    if field_.name == "period":
        return parse_period(cell).key
    value = parse_cell(cell, field_.type)
    if field_.code_list is None:
        return value
    code = find_code(project.code_lists[field_.code_list], value)
    if code is None:
        raise ValueError("not in its code list")
    return code


_RULES = {"unit_code": "unit_is_known", "period": "period_is_known"}


def _read(project: Project, cover: Cover, found: _Found, sheet: RawSheet) -> None:
    field_, row, column, cell = found
    address = cell_address(row, column)
    cover.cells[field_.name] = address
    if address in sheet["valueless_formulas"]:
        cover.findings.append(_finding(project, cover, "formula_has_a_stored_value", field_))
    if is_blank(cell):
        return
    cover.texts[field_.name] = raw_text(cell)
    if is_error(cell):
        cover.findings.append(_finding(project, cover, "cell_is_not_an_error", field_))
        return
    try:
        cover.values[field_.name] = _value(project, field_, cell)
    except ValueError:
        rule = _RULES.get(field_.name, "value_has_the_declared_type")
        cover.findings.append(_finding(project, cover, rule, field_, type=field_.type))


def _check_version(project: Project, cover: Cover) -> None:
    version = cover.values.get("template_version")
    if version is not None:
        cover.values["template_version"] = version = fold(version)
    period = Period.parse(cover.values["period"]) if "period" in cover.values else None
    state = project.template_versions.state(version, period)
    if state == "in_use":
        return
    rule = "template_version_is_current" if state == "in_grace" else "template_version_is_known"
    quoted = {
        "reason": f"template_{state}",
        "allowed": project.template_versions.current.code,
        "grace_until": project.template_versions.grace_until(version),
    }
    field_ = project.cover.field_by_name["template_version"]
    cover.findings.append(_finding(project, cover, rule, field_, **quoted))


def read_cover(project: Project, raw: RawReturn) -> Cover:
    """Read the cover; findings say what is missing or wrong on it."""
    sheets = [sheet for form, sheet in sheets_by_form(project, raw) if form is project.cover]
    cover = Cover()
    for sheet in sheets[:1]:
        cover.sheet = sheet["name"]
        for found in _pairs(project, sheet):
            if found[0].name in cover.cells:
                text = found[0].heading
                cover.findings.append(
                    IntakeFinding(
                        "headings_are_unique", project.cover.name, cover.sheet, found[1], value=text
                    )
                )
            else:
                _read(project, cover, found, sheet)
        if sheet["hidden"]:
            quoted = {"part": "sheet"}
            cover.findings.append(
                IntakeFinding(
                    "value_is_not_hidden", project.cover.name, cover.sheet, value=cover.sheet, quoted=quoted
                )
            )
    if not {"unit_code", "period"} <= cover.texts.keys():
        cover.findings.insert(0, IntakeFinding("cover_is_present", project.cover.name, cover.sheet))
    else:
        _check_version(project, cover)
    return cover
