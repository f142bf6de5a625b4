"""ods → raw return, from its XML in one pass. Runs isolated: standard library only.

Positions, hidden rows and errors stand in the XML beside the values, so that a second reader would add
nothing.
"""

from __future__ import annotations

import zipfile
from datetime import datetime

from g60pipeline.intake.addresses import cell_address
from g60pipeline.intake.raw import (
    Cell,
    RawReturn,
    RawSheet,
    Refusal,
    build_sheet,
    moment_cell,
    number_cell,
    text_cell,
)
from g60pipeline.intake.scan import MAX_COLUMNS, MAX_ROWS, check_cell, local_names, text_of_xml, walk_xml

_CELLS = ("table-cell", "covered-table-cell")


class _Content:
    """Walks content.xml.

    Repeated blank rows and cells only move the position; repeated content is written out.
    """

    def __init__(self) -> None:
        self.sheets: list[RawSheet] = []
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._row = self._row_repeats = self._column = self._table_column = 0
        self._cells: dict[int, Cell] = {}
        self._attributes: dict[str, str] | None = None
        self._text: list[str] = []
        self._annotations = 0

    def start(self, name: str, raw: dict[str, str]) -> None:
        attributes = local_names(raw)
        if name == "style":
            self._style = attributes.get("name", "")
        elif name == "table-properties" and attributes.get("display") == "false":
            self._hidden_styles.add(self._style)
        elif name == "table":
            self._start_table(attributes)
        elif name == "table-column":
            self._start_column(attributes)
        elif name == "table-row":
            self._start_row(attributes)
        elif name in _CELLS:
            # the plain value-type is office's; calcext repeats it, and says error where office says string
            self._attributes = attributes | {
                "value-type": raw.get("calcext:value-type", attributes.get("value-type", ""))
            }
            self._text = []
        else:
            self._start_in_cell(name, attributes)

    def _start_table(self, attributes: dict[str, str]) -> None:
        sheet = build_sheet(attributes.get("name", ""), [])
        sheet["hidden"] = attributes.get("style-name") in self._hidden_styles
        self.sheets.append(sheet)
        self._row = self._table_column = 0

    def _start_column(self, attributes: dict[str, str]) -> None:
        repeats = int(attributes.get("number-columns-repeated", 1))
        if attributes.get("visibility", "visible") != "visible":
            last = min(self._table_column + repeats, MAX_COLUMNS)
            self.sheets[-1]["hidden_columns"] += range(self._table_column + 1, last + 1)
        self._table_column += repeats

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._row_repeats = int(attributes.get("number-rows-repeated", 1))
        self._column = 0
        self._cells = {}
        if attributes.get("visibility", "visible") != "visible":
            last = min(self._row + self._row_repeats, MAX_ROWS)
            self.sheets[-1]["hidden_rows"] += range(self._row + 1, last + 1)

    def _start_in_cell(self, name: str, attributes: dict[str, str]) -> None:
        if name == "annotation":
            self._annotations += 1
        elif self._annotations or self._attributes is None:
            return
        elif name == "p" and self._text:
            self._text.append("\n")
        elif name == "s":
            self._text.append(" " * min(int(attributes.get("c", 1)), 1000))
        elif name in ("tab", "line-break"):
            self._text.append("\t" if name == "tab" else "\n")

    def text(self, text: str) -> None:
        if self._attributes is not None and not self._annotations:
            self._text.append(text)

    def end(self, name: str) -> None:
        if name == "annotation":
            self._annotations -= 1
        elif name in _CELLS and self._attributes is not None:
            self._end_cell(self._attributes)
            self._attributes = None
        elif name == "table-row":
            self._end_row()

    def _end_cell(self, attributes: dict[str, str]) -> None:
        repeats = int(attributes.get("number-columns-repeated", 1))
        cell = _cell(attributes, "".join(self._text))
        if cell is not None:
            check_cell(self._row + self._row_repeats, self._column + repeats)
            self._cells.update(dict.fromkeys(range(self._column, self._column + repeats), cell))
        elif attributes.get("formula") and attributes["value-type"] != "string":
            self.sheets[-1]["valueless_formulas"].append(cell_address(self._row + 1, self._column + 1))
        self._merge(attributes)
        self._column += repeats

    def _merge(self, attributes: dict[str, str]) -> None:
        columns = int(attributes.get("number-columns-spanned", 1))
        rows = int(attributes.get("number-rows-spanned", 1))
        if columns > 1 or rows > 1:
            first = cell_address(self._row + 1, self._column + 1)
            self.sheets[-1]["merged"].append(
                f"{first}:{cell_address(self._row + rows, self._column + columns)}"
            )

    def _end_row(self) -> None:
        if self._cells:
            rows = self.sheets[-1]["rows"]
            rows.extend([] for _ in range(self._row - len(rows)))
            cells = [self._cells.get(column) for column in range(max(self._cells) + 1)]
            rows.extend(list(cells) for _ in range(self._row_repeats))
        self._row += self._row_repeats


def _cell(attributes: dict[str, str], text: str) -> Cell:
    kind = attributes["value-type"]
    if kind == "error":
        return {"error": text or "#ERROR"}
    if kind in ("float", "percentage", "currency") and "value" in attributes:
        return number_cell(float(attributes["value"]))
    if kind == "date" and "date-value" in attributes:
        return moment_cell(datetime.fromisoformat(attributes["date-value"]))
    if kind == "boolean" and "boolean-value" in attributes:
        return attributes["boolean-value"] == "true"
    return text_cell(text)


def parse_ods(archive: zipfile.ZipFile) -> RawReturn:
    """Parse a workbook; Refusal when it is damaged or beyond the limits."""
    content = _Content()
    try:
        data = archive.read("content.xml")
        walk_xml(data, content.start, content.end, content.text)
        loose = {"content.xml": text_of_xml(data), "meta.xml": text_of_xml(archive.read("meta.xml"))}
    except (KeyError, IndexError, ValueError, zipfile.BadZipFile) as error:
        raise Refusal("file_is_readable", "damaged") from error
    return RawReturn(kind="ods", sheets=content.sheets, loose_text=loose)
