"""XML read as a stream, and the limits on cells. Runs isolated: standard library only.

Belongs here: the safe walk over an XML part. Not here: what its elements mean (xlsx.py, ods.py).
"""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers import expat

from g60pipeline.intake.raw import Refusal

MAX_ROWS = 20_000
MAX_COLUMNS = 300

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def check_cell(row: int, column: int) -> None:
    """Refuse content beyond the limits, which makes a small file fill the memory."""
    if row > MAX_ROWS or column > MAX_COLUMNS:
        raise Refusal("file_is_within_limits", "cells")


def _refuse_doctype(*_: object) -> None:
    # No office program writes one; entities are declared in it.
    raise Refusal("file_is_readable", "doctype")


def _local(name: str) -> str:
    return name.rpartition(":")[2] if ":" in name else name


def local_names(attributes: dict[str, str]) -> dict[str, str]:
    """Return the attributes without the prefixes of their names."""
    return {_local(name): value for name, value in attributes.items()}


def walk_xml(data: bytes, start: Start, end: End | None = None, text: Text | None = None) -> None:
    """Call the handlers with local names; Refusal for a document type or what is not XML."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.ordered_attributes = False
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
    if end is not None:
        parser.EndElementHandler = lambda name: end(_local(name))
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Refusal("file_is_readable", "damaged") from error


def text_of_xml(data: bytes) -> str:
    """Return all text of an XML part, its elements' texts apart by a line's end."""
    texts: list[str] = []
    walk_xml(data, lambda _name, _attributes: None, None, texts.append)
    return "\n".join(texts)
