"""Bytes → raw return, by what the bytes are and never by a suffix. Runs isolated.

Belongs here: detection, limits on zip files, CSV and JSON. Not here: workbooks (xlsx.py, xls.py, ods.py),
and what keeps a bad file from doing harm (sandbox_server.py).
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

from g60pipeline.intake.ods import parse_ods
from g60pipeline.intake.raw import Cell, RawReturn, RawSheet, Refusal, build_sheet, text_cell
from g60pipeline.intake.scan import MAX_COLUMNS, MAX_ROWS
from g60pipeline.intake.xls import parse_xls
from g60pipeline.intake.xlsx import parse_xlsx

MAX_MEMBERS = 1_000
MAX_UNPACKED_BYTES = 300_000_000
MAX_RATIO = 300
_SMALL_BYTES = 10_000_000  # below this a high ratio does no harm: a small CSV of blanks packs well
_OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")


def parse(data: bytes) -> RawReturn:
    """Parse a file of any known kind; Refusal names the rule that it breaks."""
    if data.startswith(b"PK"):
        return _parse_zip(data)
    if data.startswith(_OLE2):
        return parse_xls(data)
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return _parse_json(data)
    raise Refusal("file_is_a_known_kind")


def _parse_zip(data: bytes) -> RawReturn:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Refusal("file_is_readable", "damaged") from error
    with archive:
        _check_members(archive.infolist(), len(data))
        names = {name for name in archive.namelist() if not name.endswith("/")}
        if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
            return parse_xlsx(data, archive)
        if "mimetype" in names and archive.read("mimetype").strip().endswith(b"opendocument.spreadsheet"):
            return parse_ods(archive)
        if names and all(name.lower().endswith(".csv") for name in names):
            return RawReturn(kind="csv.zip", sheets=[_parse_csv(archive, name) for name in sorted(names)])
    raise Refusal("file_is_a_known_kind")


def _check_members(members: list[zipfile.ZipInfo], packed_bytes: int) -> None:
    if any(member.flag_bits & 1 for member in members):
        raise Refusal("file_is_readable", "encrypted")
    if len(members) > MAX_MEMBERS:
        raise Refusal("file_is_within_limits", "members")
    if len({member.filename.lower() for member in members}) < len(members):
        raise Refusal("file_is_readable", "duplicates")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED_BYTES or total > max(_SMALL_BYTES, MAX_RATIO * packed_bytes):
        raise Refusal("file_is_within_limits", "unpacked_size")


def decode(data: bytes) -> str:
    """Decode by BOM, else as strict UTF-8, else as strict GB18030; Refusal otherwise. Never guesses."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ("utf-8-sig",)
    else:
        encodings = ("utf-8", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal("file_is_readable", "encoding")


def _member_name(info: zipfile.ZipInfo) -> str:
    """Return the member's name without folder and suffix.

    Names that are not flagged as UTF-8 may be GB18030.
    """
    name = info.filename
    if not info.flag_bits & 0x800:
        name = decode(name.encode("cp437"))
    return name.rpartition("/")[2][: -len(".csv")]


def _parse_csv(archive: zipfile.ZipFile, member: str) -> RawSheet:
    info = archive.getinfo(member)
    text = decode(archive.read(info))
    csv.field_size_limit(100_000)
    try:
        rows = [
            [text_cell(value) for value in row]
            for row in csv.reader(io.StringIO(text, newline=""), strict=True)
        ]
    except csv.Error as error:
        raise Refusal("file_is_readable", "csv") from error
    return _within_limits(build_sheet(_member_name(info), rows))


def _within_limits(sheet: RawSheet) -> RawSheet:
    if len(sheet["rows"]) > MAX_ROWS or any(len(row) > MAX_COLUMNS for row in sheet["rows"]):
        raise Refusal("file_is_within_limits", "cells")
    return sheet


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise Refusal("file_is_readable", "duplicates")
    return dict(pairs)


def _no_constant(_: str) -> Any:
    raise Refusal("file_is_readable", "json")


def _parse_json(data: bytes) -> RawReturn:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal("file_is_readable", "encoding") from error
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal("file_is_readable", "json") from error
    return RawReturn(kind="json", sheets=[_json_sheet(name, content) for name, content in document.items()])


def _json_sheet(name: str, content: Any) -> RawSheet:
    if isinstance(content, dict):  # the cover: label and value side by side
        rows: list[list[Cell]] = [[text_cell(label), _json_cell(value)] for label, value in content.items()]
        return _within_limits(build_sheet(name, rows))
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise Refusal("file_is_readable", "json")
    headings: dict[str, None] = dict.fromkeys(heading for row in content for heading in row)
    rows = [[text_cell(heading) for heading in headings]] if headings else []
    rows += [[_json_cell(row.get(heading)) for heading in headings] for row in content]
    return _within_limits(build_sheet(name, rows))


def _json_cell(value: Any) -> Cell:
    if isinstance(value, str):
        return text_cell(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise Refusal("file_is_readable", "json")
