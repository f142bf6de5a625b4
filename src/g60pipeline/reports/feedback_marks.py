"""Marks at the cells of a worksheet: colours and comments, put on and taken off without touching a cell.

Belongs here: how a mark is written. Not here: which cells are marked and what is said (feedback_front.py).

A colour is a conditional format, so that the cell's own look is still there below it; a formula that is always true
tells ours from the clerk's. A comment of ours begins with words of its own, below the clerk's own text if there is any:
office programs do not agree in keeping the author's name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.dom.minidom import Document, Element

from g60pipeline.contracts.odcs import Severity
from g60pipeline.reports.feedback_package import (
    MAIN,
    Attributes,
    NotCopyable,
    Package,
    Worksheet,
    add_child,
    add_text,
    children,
    local_name,
    read_xml,
    relationship_id,
    root_of,
    text_of,
    write_xml,
)

AUTHOR = "g60"
_MARK_FORMULA = 'N("g60")=0'
_MARK = re.compile(r'N\(\s*"g60"\s*\)\s*=\s*0')
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
# What may stand behind a worksheet's cells, in the standard's order.
_ORDER = (
    "sheetData", "sheetCalcPr", "sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState",
    "dataConsolidate", "customSheetViews", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations",
    "hyperlinks", "printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks",
    "customProperties", "cellWatches", "ignoredErrors", "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF",
    "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst",
)  # fmt: skip
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_EMPTY_COMMENTS = f'<comments xmlns="{MAIN}"><authors/><commentList/></comments>'.encode()
_NAMESPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_EMPTY_DRAWING = f"<xml {_NAMESPACES}></xml>"
_SHAPE_TYPE = (
    f'<v:shapetype {_NAMESPACES} id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
    'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" '
    'o:connecttype="rect"/></v:shapetype>'
)
_SHAPE = (
    f'<v:shape {_NAMESPACES} id="_x0000_s{{id}}" type="#_x0000_t202" '
    'style="position:absolute;width:240pt;height:{height}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" '
    'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>'
    '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
    '</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
    "<x:Anchor>{left}, 12, {top}, 4, {right}, 12, {bottom}, 4</x:Anchor><x:AutoFill>False</x:AutoFill>"
    "<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
_SHAPES = re.compile(r"<v:shape[\s>].*?</v:shape>", re.DOTALL)
_SHAPE_PLACE = re.compile(r"<x:Row>\s*(\d+)\s*</x:Row>\s*<x:Column>\s*(\d+)\s*</x:Column>")
_SHAPE_ID = re.compile(r"_x0000_s(\d+)")


class Mark(NamedTuple):
    """What is put at a cell."""

    severity: Severity
    text: str


def place_of(address: str) -> tuple[int, int]:
    """Return 0-based row and column of an address such as C5; ValueError when it is none."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(f"{address!r} is no cell")
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]) - 1, column - 1


def insert_in_order(root: Element, name: str, attributes: Attributes) -> Element:
    """Add an element where the standard wants it, behind those of its kind."""
    rank = _ORDER.index(name)
    later = (
        child
        for child in children(root)
        if (_ORDER.index(local_name(child)) if local_name(child) in _ORDER else _rank_of_unknown(child))
        > rank
    )
    return add_child(root, name, attributes, before=next(later, None))


def _rank_of_unknown(element: Element) -> int:
    """What stands before the cells comes first; what is unknown behind them goes with the controls."""
    is_before = local_name(element) in ("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols")
    return -1 if is_before else _ORDER.index("controls")


# --- colours


def take_colours_off(sheet: Worksheet) -> bool:
    """Remove our colours; say whether there were any."""
    ours = [f for f in children(sheet.root, "conditionalFormatting") if _MARK.search(text_of(f))]
    for format_ in ours:
        sheet.root.removeChild(format_)
    return bool(ours)


def put_colours_on(sheet: Worksheet, marks: Mapping[str, Mark], looks: Mapping[Severity, int]) -> None:
    """Colour the cells, before any other conditional format."""
    by_severity: dict[Severity, list[str]] = {}
    for cell, mark in marks.items():
        by_severity.setdefault(mark.severity, []).append(cell)
    for rule in sheet.root.getElementsByTagNameNS(MAIN, "cfRule"):
        if rule.hasAttribute("priority"):
            rule.setAttribute("priority", str(int(rule.getAttribute("priority")) + len(by_severity)))
    for priority, (severity, cells) in enumerate(by_severity.items(), start=1):
        format_ = insert_in_order(sheet.root, "conditionalFormatting", {"sqref": " ".join(cells)})
        rule = add_child(
            format_, "cfRule", {"type": "expression", "dxfId": looks[severity], "priority": priority}
        )
        add_text(add_child(rule, "formula"), _MARK_FORMULA)


# --- comments


def _box(number: int, cell: str, text: str) -> str:
    row, column = place_of(cell)
    lines = sum(1 + len(line) // 20 for line in text.splitlines())
    top = max(row - 1, 0)
    return _SHAPE.format(
        id=number, height=16 * lines + 8, row=row, column=column, top=top,
        bottom=top + lines + 1, left=column + 1, right=column + 5,
    )  # fmt: skip


class _Comments:
    """A worksheet's comments and the drawing in which their boxes lie."""

    def __init__(self, package: Package, part: str, sheet: Worksheet) -> None:
        self.package, self.part, self.sheet = package, part, sheet
        self.name = package.target(part, "comments")
        self.document: Document = read_xml(package.read(self.name) if self.name else _EMPTY_COMMENTS)
        drawings = children(sheet.root, "legacyDrawing")
        named = relationship_id(drawings[0]) if drawings else ""
        self.drawing_name = package.targets(part)[named][1] if named else None
        drawing = package.read(self.drawing_name) if self.drawing_name else _EMPTY_DRAWING.encode()
        self.drawing = drawing.decode("utf-8-sig", errors="surrogateescape")

    @property
    def list(self) -> Element:
        return children(root_of(self.document), "commentList")[0]

    def is_thread(self, comment: Element) -> bool:
        """Say whether a comment only repeats a conversation that lies elsewhere and would overwrite what is added."""
        authors = children(children(root_of(self.document), "authors")[0])
        return text_of(authors[int(comment.getAttribute("authorId"))]).startswith("tc=")

    def by_cell(self) -> dict[str, Element]:
        return {str(comment.getAttribute("ref")): comment for comment in children(self.list, "comment")}

    def author(self) -> int:
        authors = children(root_of(self.document), "authors")[0]
        names = [text_of(author) for author in children(authors)]
        if AUTHOR not in names:
            add_text(add_child(authors, "author"), AUTHOR)
            names.append(AUTHOR)
        return names.index(AUTHOR)

    def add_boxes(self, texts: Mapping[str, str]) -> None:
        """Add a hidden box for each cell's comment."""
        last = max([1024, *map(int, _SHAPE_ID.findall(self.drawing))])
        boxes = [
            _box(number, cell, text) for number, (cell, text) in enumerate(texts.items(), start=last + 1)
        ]
        type_ = "" if 'id="_x0000_t202"' in self.drawing else _SHAPE_TYPE
        head, end, tail = self.drawing.rpartition("</xml>")
        if not end:
            raise NotCopyable("a drawing that does not end")
        self.drawing = "".join((head, type_, *boxes, end, tail))

    def remove_boxes(self, cells: Iterable[str]) -> None:
        places = {place_of(cell) for cell in cells}

        def keep(shape: re.Match[str]) -> str:
            place = _SHAPE_PLACE.search(shape[0])
            is_gone = place is not None and (int(place[1]), int(place[2])) in places
            return "" if is_gone and 'ObjectType="Note"' in shape[0] else shape[0]

        self.drawing = _SHAPES.sub(keep, self.drawing)

    def save(self) -> None:
        folder = "xl"
        if self.name is None:
            self.name = self.package.free_name(posixpath.join(folder, "comments{}.xml"))
            self.package.relate(self.part, "comments", self.name)
            self.package.declare(self.name, _COMMENTS_TYPE)
        if self.drawing_name is None:
            self.drawing_name = self.package.free_name(posixpath.join(folder, "drawings", "vmlDrawing{}.vml"))
            id_ = self.package.relate(self.part, "vmlDrawing", self.drawing_name)
            self.package.declare(self.drawing_name, _DRAWING_TYPE)
            insert_in_order(self.sheet.root, "legacyDrawing", {"r:id": id_})
        self.package.write(self.name, write_xml(self.document))
        self.package.write(self.drawing_name, self.drawing.encode("utf-8", errors="surrogateescape"))


def take_comments_off(package: Package, part: str, sheet: Worksheet, sign: str) -> bool:
    """Remove our comments, which begin with `sign`; a clerk's own text above them stays. Say whether there were any."""
    if package.target(part, "comments") is None:
        return False
    comments = _Comments(package, part, sheet)
    signed = {cell: c for cell, c in comments.by_cell().items() if sign in text_of(c)}
    for comment in signed.values():
        own = text_of(comment).partition(sign)[0].rstrip()
        if own:
            _set_text(comment, own)
        else:
            comments.list.removeChild(comment)
    comments.remove_boxes(signed.keys() - comments.by_cell().keys())
    if signed:
        comments.save()
    return bool(signed)


def put_comments_on(
    package: Package, part: str, sheet: Worksheet, marks: Mapping[str, Mark], sign: str
) -> None:
    """Comment the cells; below the clerk's own text where there is a comment already."""
    comments = _Comments(package, part, sheet)
    known = comments.by_cell()
    author = comments.author()
    texts = {cell: f"{sign}\n{mark.text}" for cell, mark in marks.items()}
    for cell in texts.keys() & known.keys():
        if not comments.is_thread(known[cell]):
            _set_text(known[cell], f"{text_of(known[cell])}\n\n{texts[cell]}")
    added = {cell: text for cell, text in texts.items() if cell not in known}
    for cell, text in added.items():
        _set_text(add_child(comments.list, "comment", {"ref": cell, "authorId": author}), text)
    comments.add_boxes(added)
    comments.save()


def _set_text(comment: Element, text: str) -> None:
    for old in children(comment, "text"):
        comment.removeChild(old)
    first = next(iter(children(comment)), None)
    run = add_child(add_child(comment, "text", before=first), "r")
    add_text(add_child(run, "t", {"xml:space": "preserve"}), text)
