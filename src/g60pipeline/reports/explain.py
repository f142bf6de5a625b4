"""The explanation of a figure as one offline page, without any script, in Chinese and English.

Belongs here: what stands on the page. Not here: words and layout (assets/reports/explain/), the terminal (terminal_explain).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from g60pipeline.reports.explain_data import CitedFile, Explanation
from g60pipeline.reports.pages import read_words, render

_OPEN_ROWS = 60  # below it every unit is shown unfolded


def build_explanation(explanation: Explanation, briefing: str | None = None) -> str:
    """Return the page; `briefing`: the relative address of the briefing that it is linked from.

    KeyError for a word that the catalogue lacks.
    """
    rows = sum(side.row_count for side in explanation.sides)
    context = {
        "it": explanation,
        "briefing": briefing,
        "shown": show_number,
        "columns": _columns,
        "is_open": rows <= _OPEN_ROWS,
        "counting": sum(unit.counts for unit in explanation.standings),
    }
    return render("explain/template.html.j2", context, read_words("explain"))


def show_number(value: Any) -> str:
    """Write a value as it is stored, not rounded."""
    return "–" if value is None else f"{value:,.15g}"


def _columns(file: CitedFile) -> list[tuple[str, str, str]]:
    """Headings of the file's cells: role, column of the sheet, heading."""
    cells = file.rows[0].cells if file.rows else ()
    return [(cell.role, cell.address.rstrip("0123456789"), cell.heading) for cell in cells]


_LINK = re.compile(r'<a class="explain" data-explain="(\w+)"(?: hidden| href="[^"]*")>')


def link_figures(briefing: str, addresses: Mapping[str, str]) -> str:
    """Return the briefing with a link at each figure that has a page (id → relative address); the others show none."""

    def link(match: re.Match[str]) -> str:
        address = addresses.get(match[1])
        return f'<a class="explain" data-explain="{match[1]}"' + (
            f' href="{address}">' if address else " hidden>"
        )

    return _LINK.sub(link, briefing)
