"""The front sheet as a worksheet's XML: widths, heights, frozen headings, links, print set-up.

Belongs here: how it is laid out. Not here: what stands on it (feedback_front.py), colours (feedback_styles.py).

Text is written into the cells themselves as text, so that none of it can become a formula.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from g60pipeline.contracts.feedback import Column
from g60pipeline.reports.feedback_front import COLUMNS, Front, FrontCell, FrontLine
from g60pipeline.reports.feedback_package import MAIN, clean_text
from g60pipeline.reports.feedback_styles import STYLES

_WIDTHS: dict[Column, int] = {
    "number": 6, "severity": 10, "code": 9, "sheet": 17, "cell": 9, "field": 16, "value": 22, "compared": 42,
    "message": 38, "explanation": 26, "key": 10,
}  # fmt: skip
_SHOWN: tuple[Column, ...] = COLUMNS[:-1]  # the key is for the reader of returns
_WHOLE_WIDTH = sum(_WIDTHS[name] for name in _SHOWN)
_WIDTHS_SIZE = 11  # the size of letters in which a column's width is counted


def column_of(position: int) -> str:
    """Return the letter of a 0-based column of the front sheet."""
    return chr(ord("A") + position)


def display_width(text: str) -> int:
    """Return how wide a text is, in columns of a plain letter."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def _height(cell: FrontCell, width: int) -> float:
    """Estimate a cell's height in points: not every office program fits rows to wrapped text by itself."""
    size = STYLES[cell.style].size
    room = max(1, int((width - 3) * _WIDTHS_SIZE / size))
    lines = sum(max(1, -(-display_width(line) // room)) for line in str(cell.text).split("\n"))
    return lines * size * 1.5 + 8


def _line_height(line: FrontLine) -> float:
    if line.is_whole:
        return _height(line.cells[0], _WHOLE_WIDTH)
    pairs = zip(COLUMNS, line.cells, strict=True)
    return min(400.0, max(_height(cell, _WIDTHS[name]) for name, cell in pairs if name != "key"))


def _cell(address: str, cell: FrontCell, formats: Mapping[str, int]) -> str:
    look = f'<c r="{address}" s="{formats[cell.style]}"'
    if isinstance(cell.text, int):
        return f"{look}><v>{cell.text}</v></c>"
    if not cell.text:
        return f"{look}/>"
    text = escape(clean_text(cell.text), {"\r": "&#13;"})
    return f'{look} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _row(number: int, line: FrontLine, formats: Mapping[str, int]) -> str:
    cells = line.cells
    if line.is_whole:  # every cell below the merge has the look, or its border would break
        cells = (cells[0], *[FrontCell("", cells[0].style)] * (len(_SHOWN) - 1))
    written = "".join(_cell(f"{column_of(n)}{number}", cell, formats) for n, cell in enumerate(cells))
    # a row of findings may grow with what is typed into it; a merged one would lose its height
    return (
        f'<row r="{number}" ht="{_line_height(line):g}" customHeight="{int(line.is_whole)}">{written}</row>'
    )


def _links(lines: list[FrontLine]) -> str:
    links = [
        f'<hyperlink ref="{column_of(n)}{number}" location={quoteattr(clean_text(cell.link))} '
        f"display={quoteattr(str(cell.text))}/>"
        for number, line in enumerate(lines, start=1)
        for n, cell in enumerate(line.cells)
        if cell.link is not None
    ]
    return f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""


def _columns() -> str:
    columns = [
        f'<col min="{n}" max="{n}" width="{_WIDTHS[name]}" customWidth="1" hidden="{int(name == "key")}"/>'
        for n, name in enumerate(COLUMNS, start=1)
    ]
    return f"<cols>{''.join(columns)}</cols>"


def _view(heading_row: int) -> str:
    first = heading_row + 1
    start = f"{column_of(COLUMNS.index('explanation'))}{first}"
    return (
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0">'
        f'<pane ySplit="{heading_row}" topLeftCell="A{first}" activePane="bottomLeft" state="frozen"/>'
        f'<selection pane="bottomLeft" activeCell="{start}" sqref="{start}"/></sheetView></sheetViews>'
    )


def write_front(front: Front, formats: Mapping[str, int], tab_colour: str, footer: str) -> bytes:
    """Write the worksheet; all but the explanations is locked, without a password."""
    lines = [*front.above, *front.findings]
    last = column_of(len(_SHOWN) - 1)
    rows = "".join(_row(number, line, formats) for number, line in enumerate(lines, start=1))
    merged = [f'<mergeCell ref="A{n}:{last}{n}"/>' for n, line in enumerate(lines, start=1) if line.is_whole]
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}">'
        f'<sheetPr><tabColor rgb="{tab_colour}"/><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<dimension ref="A1:{column_of(len(COLUMNS) - 1)}{len(lines)}"/>{_view(len(front.above))}'
        f'<sheetFormatPr defaultRowHeight="18"/>{_columns()}<sheetData>{rows}</sheetData>'
        '<sheetProtection sheet="1" objects="1" scenarios="1" formatColumns="0" formatRows="0"/>'
        f'<mergeCells count="{len(merged)}">{"".join(merged)}</mergeCells>{_links(lines)}'
        '<printOptions horizontalCentered="1"/>'
        '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
        f"<headerFooter><oddFooter>&amp;C{escape(footer)}</oddFooter></headerFooter></worksheet>"
    ).encode()
