"""What a unit says to findings: read from the front sheet of a feedback workbook that was sent back.

Belongs here: knowing that sheet and reading it, in a workbook as in CSV and JSON, by its headings. Not here: whether an
explanation is enough (the verdict), the sheet's making (reports). The rest of that sheet is the district's own and is
not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from g60pipeline.contracts.project import Project
from g60pipeline.intake.addresses import cell_address
from g60pipeline.intake.raw import Cell, RawReturn, RawSheet
from g60pipeline.intake.text import is_blank, is_error, raw_text, squeeze


class Explanation(NamedTuple):
    """A unit's text to a finding. `key` is the finding's (contracts.findings); `cell` is where the text stands."""

    key: str
    text: str
    sheet: str
    cell: str


def is_feedback_sheet(project: Project, name: str) -> bool:
    """Say whether a sheet is the front sheet of a feedback workbook."""
    return squeeze(name) == squeeze(project.feedback.sheet)


def read_explanations(project: Project, raw: RawReturn) -> tuple[Explanation, ...]:
    """Read the explanations of a parsed file in the order of their rows; of two with the same key and text, one."""
    sheets = [sheet for sheet in raw.get("sheets", ()) if is_feedback_sheet(project, sheet["name"])]
    found = {(e.key, e.text): e for sheet in reversed(sheets) for e in reversed([*_in_sheet(project, sheet)])}
    return tuple(reversed(found.values()))


def _in_sheet(project: Project, sheet: RawSheet) -> Iterator[Explanation]:
    columns = project.feedback.columns
    headings = squeeze(columns["key"]), squeeze(columns["explanation"])
    places: tuple[int, int] | None = None
    for number, cells in enumerate(sheet["rows"], start=sheet["first_row"]):
        if places is None:
            places = _places(cells, headings)
            continue
        key, text = (_text(cells, place) for place in places)
        if key and text:
            yield Explanation(
                key, text, sheet["name"], cell_address(number, sheet["first_column"] + places[1])
            )


def _places(cells: list[Cell], headings: tuple[str, str]) -> tuple[int, int] | None:
    """Return where both headings stand in the row."""
    texts = [squeeze(raw_text(cell)) for cell in cells]
    if not set(headings) <= set(texts):
        return None
    return texts.index(headings[0]), texts.index(headings[1])


def _text(cells: list[Cell], place: int) -> str:
    cell = cells[place] if place < len(cells) else None
    return "" if is_blank(cell) or is_error(cell) else raw_text(cell).strip()
