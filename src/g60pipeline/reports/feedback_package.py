"""A workbook as a package of parts, changed part by part: what is not changed stays as it was, byte for byte.

Belongs here: parts, relationships, content types, XML read and written without loss. Not here: what the feedback
writes into them.

A spreadsheet library would read the workbook into its own model and write that: values stored with formulas, text
boxes, sparklines and whatever else it does not know would be gone, and the copy would not be read as the original was.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.dom import minidom
from xml.dom.minidom import Document, Element, Text
from xml.parsers.expat import ExpatError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORKBOOK = "xl/workbook.xml"
_MAX_TEXT = 32_767
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_PART_BYTES = 150_000_000
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([^"']+)["']""")
_BREAK = re.compile(rb"&#(?:(9|10|13)|x0*([9aAdD]));")
_BREAKS = (9, 10, 13)
_KEPT = 0xF8F0  # for private use, and no break in the library's eyes
_SHEET_DATA = re.compile(rb"<((?:\w+:)?)sheetData(?:\s[^<>]*)?(?:/>|>.*</\1sheetData\s*>)", re.DOTALL)


class NotCopyable(ValueError):
    """A workbook that is read but cannot be changed part by part."""


class SheetPart(NamedTuple):
    """A worksheet's name, part and relationship."""

    name: str
    part: str
    relationship: str


def local_name(element: Element) -> str:
    """Return an element's name without its prefix."""
    return str(element.tagName).rpartition(":")[2]


def children(parent: Element, name: str | None = None) -> list[Element]:
    """Return the child elements, all or those of a name."""
    found = [node for node in parent.childNodes if isinstance(node, Element)]
    return [element for element in found if name is None or local_name(element) == name]


def clean_text(text: str) -> str:
    """Return text that a cell takes: within its length, without characters that XML has not."""
    return _NO_XML.sub("", text)[:_MAX_TEXT]


def root_of(document: Document) -> Element:
    """Return the element that holds all others."""
    if document.documentElement is None:
        raise NotCopyable("a part without content")
    return document.documentElement


def _document_of(element: Element) -> Document:
    if element.ownerDocument is None:
        raise NotCopyable("an element outside any part")
    return element.ownerDocument


Attributes = Mapping[str, str | int]


def add_child(
    parent: Element, name: str, attributes: Attributes | None = None, before: Element | None = None
) -> Element:
    """Add an element with its parent's prefix, last or before another."""
    prefix = str(parent.tagName).rpartition(":")[0]
    element = _document_of(parent).createElement(f"{prefix}:{name}" if prefix else name)
    for key, value in (attributes or {}).items():
        if key == "r:id":
            element.setAttribute("xmlns:r", OFFICE)
        element.setAttribute(key, str(value))
    parent.insertBefore(element, before)
    return element


def add_text(parent: Element, text: str) -> None:
    """Add text as the element's content."""
    parent.appendChild(_document_of(parent).createTextNode(clean_text(text)))


def text_of(element: Element) -> str:
    """Return all text in an element."""
    texts = [
        node.data if isinstance(node, Text) else text_of(node) if isinstance(node, Element) else ""
        for node in element.childNodes
    ]
    return "".join(texts).translate({_KEPT + code: chr(code) for code in _BREAKS})


def relationship_id(element: Element) -> str:
    """Return the relationship that an element names, whatever the prefix."""
    return str(element.getAttributeNS(OFFICE, "id"))


def _keep_break(match: re.Match[bytes]) -> bytes:
    """Stand a character in for a break written as a reference, which the library writes as the break itself."""
    code = int(match[1]) if match[1] else int(match[2], 16)
    return chr(_KEPT + code).encode()


def read_xml(data: bytes) -> Document:
    """Read a part; NotCopyable when it is no XML in UTF-8 or declares a document type."""
    encoding = _ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    if (encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii")) or b"<!DOCTYPE" in data:
        raise NotCopyable("a part is not in UTF-8 or declares a document type")
    try:
        return minidom.parseString(_BREAK.sub(_keep_break, data))
    except ExpatError as error:
        raise NotCopyable(f"a part is no XML: {error}") from error


def write_xml(document: Document) -> bytes:
    """Write a part that was read by `read_xml`."""
    data: bytes = document.toxml(encoding="UTF-8", standalone=True)
    for code in _BREAKS:
        data = data.replace(chr(_KEPT + code).encode(), b"&#%d;" % code)
    return data


class Worksheet:
    """A worksheet's part without its cells, which stay as they are."""

    def __init__(self, data: bytes) -> None:
        found = _SHEET_DATA.search(data)
        if found is None:
            raise NotCopyable("a worksheet without cells")
        self._cells = found[0]
        self._mark = b"<%ssheetData/>" % found[1]
        self.document = read_xml(data[: found.start()] + self._mark + data[found.end() :])
        self.root: Element = root_of(self.document)

    def write(self) -> bytes:
        """Return the part with its cells."""
        head, mark, tail = write_xml(self.document).partition(self._mark)
        if not mark:
            raise NotCopyable("a worksheet whose cells are not found again")
        return head + self._cells + tail


class Package:
    """The parts of a workbook. Every method raises NotCopyable when the workbook is not as the standard asks."""

    def __init__(self, data: bytes) -> None:
        self._source = zipfile.ZipFile(io.BytesIO(data))
        self._sizes = {info.filename: info.file_size for info in self._source.infolist()}
        self._changed: dict[str, bytes | None] = {}
        self.workbook = self.read_part(WORKBOOK)
        if root_of(self.workbook).namespaceURI != MAIN:
            raise NotCopyable("not a workbook of the transitional kind")

    @property
    def names(self) -> list[str]:
        """Names of all parts."""
        names = dict.fromkeys([*self._sizes, *self._changed])
        return [name for name in names if self._changed.get(name, b"") is not None]

    def read(self, name: str) -> bytes:
        """Return a part's bytes."""
        changed = self._changed.get(name)
        if changed is not None:
            return changed
        if name not in self._sizes or name in self._changed or self._sizes[name] > _MAX_PART_BYTES:
            raise NotCopyable(f"{name} is missing or too big")
        return self._source.read(name)

    def read_part(self, name: str) -> Document:
        """Return a part's XML."""
        return read_xml(self.read(name))

    def write(self, name: str, data: bytes) -> None:
        """Replace or add a part."""
        self._changed[name] = data

    def drop(self, name: str) -> None:
        """Take a part out, if it is there."""
        self._changed[name] = None

    def free_name(self, pattern: str) -> str:
        """Return a part's name that is not taken; `{}` in the pattern stands for a number."""
        taken = {name.lower() for name in self.names}
        return next(name for n in range(1, 100_000) if (name := pattern.format(n)).lower() not in taken)

    # --- relationships and content types

    def _relationships(self, part: str) -> tuple[str, Document]:
        folder, name = posixpath.split(part)
        path = f"{folder}/_rels/{name}.rels"
        empty = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
        return path, self.read_part(path) if path in self.names else read_xml(empty)

    def targets(self, part: str) -> dict[str, tuple[str, str]]:
        """Return a part's relationships: id → last word of the type, target part."""
        _, document = self._relationships(part)
        return {
            str(r.getAttribute("Id")): (
                str(r.getAttribute("Type")).rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", posixpath.dirname(part), str(r.getAttribute("Target"))))[1:],
            )
            for r in children(root_of(document))
        }  # fmt: skip

    def target(self, part: str, type_: str) -> str | None:
        """Return the first part that the part points to by this type of relationship."""
        return next((target for kind, target in self.targets(part).values() if kind == type_), None)

    def relate(self, part: str, type_: str, target: str) -> str:
        """Add a relationship; return its id."""
        path, document = self._relationships(part)
        taken = {str(r.getAttribute("Id")).lower() for r in children(root_of(document))}
        id_ = next(name for n in range(1, 100_000) if (name := f"rIdG{n}").lower() not in taken)
        add_child(
            root_of(document),
            "Relationship",
            {"Id": id_, "Type": f"{OFFICE}/{type_}", "Target": f"/{target}"},
        )
        self.write(path, write_xml(document))
        return id_

    def declare(self, part: str, content_type: str) -> None:
        """State a part's content type."""
        name = "[Content_Types].xml"
        document = self.read_part(name)
        root = root_of(document)
        for known in children(root, "Override"):
            if str(known.getAttribute("PartName")).lower() == f"/{part}".lower():
                root.removeChild(known)
        add_child(root, "Override", {"PartName": f"/{part}", "ContentType": content_type})
        self.write(name, write_xml(document))

    # --- sheets

    @property
    def sheet_list(self) -> Element:
        """The workbook's list of sheets."""
        found = children(root_of(self.workbook), "sheets")
        if not found:
            raise NotCopyable("a workbook without sheets")
        return found[0]

    def sheets(self) -> Iterator[SheetPart]:
        """Yield the worksheets in their order."""
        targets = self.targets(WORKBOOK)
        for sheet in children(self.sheet_list):
            kind, part = targets.get(relationship_id(sheet), ("", ""))
            if kind == "worksheet":
                yield SheetPart(str(sheet.getAttribute("name")), part, relationship_id(sheet))

    # --- the file

    def save(self) -> bytes:
        """Return the workbook with what was changed."""
        self.write(WORKBOOK, write_xml(self.workbook))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
            for name in self.names:
                changed = self._changed.get(name)
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(info, self._source.read(name) if changed is None else changed)
        return buffer.getvalue()
