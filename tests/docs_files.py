"""Reading the documents: fenced blocks, the commands in them, links. Not here: what is done with them (tests/docs, tests/e2e).

In a block `console` a line that starts with `$ ` is a command, and `# exit 3` behind it says how it ends; other lines are
what it prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"\$ (?P<line>.+?)(?:\s+# exit (?P<code>\d+))?")
_LISTED = re.compile(r"^\| \[[^]]+\]\(([^)#/]+\.md)\)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: the document, the line on which its text begins, the language it names, its text."""

    document: Path
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A line that a reader types, the exit code that it is said to have, and the first place where it stands."""

    line: str
    code: int
    place: str


def list_documents() -> list[Path]:
    """Return README.md and the pages of docs/, in the order in which docs/README.md names them; they build on one another."""
    docs = ROOT / "docs"
    listed = _LISTED.findall((docs / "README.md").read_text("utf-8"))
    return [ROOT / "README.md", docs / "README.md", *(docs / name for name in listed)]


def read_blocks(document: Path) -> Iterator[Block]:
    """Yield a document's fenced blocks in order."""
    text = document.read_text("utf-8")
    for found in _FENCE.finditer(text):
        yield Block(document, text.count("\n", 0, found.start(2)) + 1, found[1], found[2])


def read_commands() -> list[Command]:
    """Return what the documents tell to type, in order; a line that stands in several places is typed once."""
    commands: dict[str, Command] = {}
    for block in (block for document in list_documents() for block in read_blocks(document)):
        if block.language != "console":
            continue
        for n, text in enumerate(block.text.splitlines(), block.line):
            found = _COMMAND.fullmatch(text)
            if found and found["line"] not in commands:
                place = f"{block.document.name}:{n}"
                commands[found["line"]] = Command(found["line"], int(found["code"] or 0), place)
    return list(commands.values())
