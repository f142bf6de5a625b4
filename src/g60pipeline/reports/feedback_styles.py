"""The looks of the feedback workbook, added to a workbook's own styles.

Belongs here: fonts, fills, borders, and what they are called. Not here: which cell gets which (feedback_front.py).
"""

from __future__ import annotations

from typing import NamedTuple
from xml.dom.minidom import Document, Element

from g60pipeline.contracts.odcs import Severity
from g60pipeline.reports.feedback_package import (
    MAIN,
    Attributes,
    NotCopyable,
    add_child,
    children,
    local_name,
    root_of,
)

FONT = "微软雅黑"
# Of each severity: the fill of a marked cell, and the darker colour of its text.
COLOURS: dict[Severity, tuple[str, str]] = {
    "critical": ("FFFFC7CE", "FF9C0006"),
    "warning": ("FFFFEB9C", "FF7F6000"),
    "info": ("FFDDEBF7", "FF1F4E78"),
}
_GOOD = ("FFE2EFDA", "FF375623")
_BLACK, _GREY, _BLUE, _WHITE, _LINE = "FF000000", "FF595959", "FF0563C1", "FFFFFFFF", "FFBFBFBF"
_HEADING = "FF1F4E78"


class Style(NamedTuple):
    """A look. `fill` and `colour` are ARGB; `is_submitted`: text of a submission, which never becomes a formula."""

    size: int = 11
    is_bold: bool = False
    is_underlined: bool = False
    colour: str = _BLACK
    fill: str | None = None
    has_border: bool = True
    horizontal: str = "left"
    is_unlocked: bool = False
    is_submitted: bool = False


def _severity(severity: Severity) -> Style:
    fill, colour = COLOURS[severity]
    return Style(is_bold=True, colour=colour, fill=fill, horizontal="center")


def _verdict(colours: tuple[str, str]) -> Style:
    return Style(size=14, is_bold=True, fill=colours[0], colour=colours[1], has_border=False)


STYLES: dict[str, Style] = {
    "title": Style(size=18, is_bold=True, has_border=False),
    "verdict_good": _verdict(_GOOD),
    "verdict_warning": _verdict(COLOURS["warning"]),
    "verdict_critical": _verdict(COLOURS["critical"]),
    "line": Style(size=12, has_border=False),
    "cause": Style(size=12, is_bold=True, has_border=False),
    "note": Style(size=10, colour=_GREY, has_border=False, is_submitted=True),
    "heading": Style(is_bold=True, colour=_WHITE, fill=_HEADING, horizontal="center"),
    "centre": Style(horizontal="center"),
    "text": Style(),
    "submitted": Style(is_submitted=True),
    "link": Style(colour=_BLUE, is_underlined=True, horizontal="center"),
    "critical": _severity("critical"),
    "warning": _severity("warning"),
    "info": _severity("info"),
    "explanation": Style(is_unlocked=True, is_submitted=True),
    "explanation_needed": Style(fill="FFFFF2CC", is_unlocked=True, is_submitted=True),
}

_ORDER = (
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors",
    "extLst",
)  # fmt: skip


class AddedStyles(NamedTuple):
    """Where the looks stand in the workbook: a cell's format by the look's name, a mark's by severity."""

    formats: dict[str, int]
    marks: dict[Severity, int]


def add_styles(document: Document) -> AddedStyles:
    """Add every look to the workbook's styles; NotCopyable when there are none to add to."""
    root = root_of(document)
    if root.namespaceURI != MAIN or not children(root, "cellXfs"):
        raise NotCopyable("a workbook without styles")
    formats = {name: _add_format(root, style) for name, style in STYLES.items()}
    return AddedStyles(
        formats, {severity: _add_mark(root, colours[0]) for severity, colours in COLOURS.items()}
    )


def _list(root: Element, name: str) -> Element:
    found = children(root, name)
    if found:
        return found[0]
    later = (c for c in children(root) if local_name(c) in _ORDER[_ORDER.index(name) + 1 :])
    return add_child(root, name, before=next(later, None))


def _append(
    root: Element, list_name: str, name: str, attributes: Attributes | None = None
) -> tuple[int, Element]:
    """Add an entry to one of the lists; return its position and itself."""
    entries = _list(root, list_name)
    position = len(children(entries, name))
    entries.setAttribute("count", str(position + 1))
    return position, add_child(entries, name, attributes)


def _add_font(root: Element, style: Style) -> int:
    position, font = _append(root, "fonts", "font")
    if style.is_bold:
        add_child(font, "b")
    if style.is_underlined:
        add_child(font, "u")
    add_child(font, "sz", {"val": style.size})
    add_child(font, "color", {"rgb": style.colour})
    add_child(font, "name", {"val": FONT})
    add_child(font, "family", {"val": 2})
    add_child(font, "charset", {"val": 134})
    return position


def _add_fill(root: Element, colour: str | None) -> int:
    if colour is None:
        return 0  # the standard's own: none
    position, fill = _append(root, "fills", "fill")
    pattern = add_child(fill, "patternFill", {"patternType": "solid"})
    add_child(pattern, "fgColor", {"rgb": colour})
    add_child(pattern, "bgColor", {"indexed": 64})
    return position


def _add_border(root: Element, has_border: bool) -> int:
    position, border = _append(root, "borders", "border")
    for side in ("left", "right", "top", "bottom", "diagonal"):
        is_drawn = has_border and side != "diagonal"
        line = add_child(border, side, {"style": "thin"} if is_drawn else None)
        if is_drawn:
            add_child(line, "color", {"rgb": _LINE})
    return position


def _add_format(root: Element, style: Style) -> int:
    parts = {
        "fontId": _add_font(root, style),
        "fillId": _add_fill(root, style.fill),
        "borderId": _add_border(root, style.has_border),
    }
    applied = dict.fromkeys(("applyFont", "applyFill", "applyBorder", "applyAlignment", "applyProtection"), 1)
    quoted = {"quotePrefix": 1} if style.is_submitted else {}
    position, format_ = _append(
        root, "cellXfs", "xf", {"numFmtId": 0, **parts, "xfId": 0, **quoted, **applied}
    )
    indent = int(style.horizontal == "left" and style.has_border)
    aligned = {"horizontal": style.horizontal, "vertical": "center", "wrapText": 1, "indent": indent}
    add_child(format_, "alignment", aligned)
    add_child(format_, "protection", {"locked": 0 if style.is_unlocked else 1})
    return position


def _add_mark(root: Element, colour: str) -> int:
    position, mark = _append(root, "dxfs", "dxf")
    pattern = add_child(add_child(mark, "fill"), "patternFill", {"patternType": "solid"})
    add_child(pattern, "fgColor", {"rgb": colour})
    add_child(pattern, "bgColor", {"rgb": colour})
    return position
