"""Reading the documents: their fenced blocks. Not here: what is done with them (tests/docs, tests/e2e)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: the document, the line on which its text begins, the language it names, its text."""

    document: Path
    line: int
    language: str
    text: str


def read_blocks(document: Path) -> Iterator[Block]:
    """Yield a document's fenced blocks in order."""
    text = document.read_text("utf-8")
    for found in _FENCE.finditer(text):
        yield Block(document, text.count("\n", 0, found.start(2)) + 1, found[1], found[2])
