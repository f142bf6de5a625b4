"""What a workbook holds beside its cells' values, so that it can be said what a copy keeps or loses.

Belongs here: finding it in the file's parts. Not here: what it is called (schemas/feedback.yaml).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

_ANY = re.compile(b"")
# Name in the catalogue, the parts in which it may lie, and how it looks there.
_XLSX: tuple[tuple[str, str, re.Pattern[bytes]], ...] = (
    ("formulas", r"xl/worksheets/[^/]+\.xml", re.compile(rb"<(?:\w+:)?f[\s>/]")),
    ("formats", r"xl/styles\.xml", _ANY),
    ("drop_downs", r"xl/worksheets/[^/]+\.xml", re.compile(rb"<(?:\w+:)?dataValidation\s")),
    ("conditional_formats", r"xl/worksheets/[^/]+\.xml", re.compile(rb"<(?:\w+:)?cfRule\s")),
    ("comments", r"xl/(?:threaded)?comments.*\.xml", _ANY),
    ("text_boxes", r"xl/drawings/[^/]+\.xml", re.compile(rb"<(?:\w+:)?(?:sp|cxnSp)[\s>]")),
    ("pictures", r"xl/drawings/[^/]+\.xml", re.compile(rb"<(?:\w+:)?pic[\s>]")),
    ("charts", r"xl/(?:charts|chartsheets)/.*\.xml", _ANY),
    ("sparklines", r"xl/worksheets/[^/]+\.xml", re.compile(rb"<(?:\w+:)?sparklineGroup\s")),
    ("pivot_tables", r"xl/pivottables/.*\.xml", _ANY),
    ("slicers", r"xl/slicers/.*\.xml", _ANY),
    ("controls", r"xl/(?:ctrlprops|activex)/.*", _ANY),
    ("macros", r"xl/vbaproject\.bin", _ANY),
)
_ODS: tuple[tuple[str, str, re.Pattern[bytes]], ...] = (
    ("formulas", r"content\.xml", re.compile(rb"\stable:formula=")),
    ("formats", r"content\.xml", re.compile(rb"<style:style\s")),
    ("drop_downs", r"content\.xml", re.compile(rb"<table:content-validation\s")),
    ("conditional_formats", r"content\.xml", re.compile(rb"<calcext:conditional-format\s")),
    ("comments", r"content\.xml", re.compile(rb"<office:annotation[\s>]")),
    ("text_boxes", r"content\.xml", re.compile(rb"<draw:(?:text-box|custom-shape|rect|ellipse|line)[\s>]")),
    ("pictures", r"content\.xml", re.compile(rb"<draw:image[\s>]")),
    ("charts", r"content\.xml", re.compile(rb"<draw:object[\s>]")),
    ("sparklines", r"content\.xml", re.compile(rb"<calcext:sparkline-group[\s>]")),
    ("pivot_tables", r"content\.xml", re.compile(rb"<table:data-pilot-table\s")),
    ("controls", r"content\.xml", re.compile(rb"<form:form\s")),
)
# The old binary format is not looked into: whatever it may hold.
_XLS = (
    "formulas",
    "formats",
    "drop_downs",
    "conditional_formats",
    "comments",
    "text_boxes",
    "pictures",
    "charts",
)
# A spreadsheet's everyday matter, which goes without saying where it is kept.
EVERYDAY = frozenset({"formulas", "formats", "drop_downs"})


def find_extras(data: bytes, kind: str) -> tuple[str, ...]:
    """Return what the file holds, in the catalogue's order; nothing for a kind that has only values."""
    if kind == "xls":
        return _XLS
    searched = {"xlsx": _XLSX, "ods": _ODS}.get(kind, ())
    if not searched:
        return ()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = set(_search(archive, searched))
    return tuple(name for name, _, _ in searched if name in found)


def _search(
    archive: zipfile.ZipFile, searched: tuple[tuple[str, str, re.Pattern[bytes]], ...]
) -> Iterator[str]:
    for part in archive.namelist():
        looked_for = [(name, sign) for name, parts, sign in searched if re.fullmatch(parts, part.lower())]
        data = archive.read(part) if any(sign is not _ANY for _, sign in looked_for) else b""
        yield from (name for name, sign in looked_for if sign.search(data))
