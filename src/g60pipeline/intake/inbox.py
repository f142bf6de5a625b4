"""The inbox: a folder into which returns are put.

Belongs here: listing and reading. Not here: what the files are.
"""

from __future__ import annotations

from typing import IO, Any, NamedTuple

import fsspec
from fsspec.core import url_to_fs
from fsspec.utils import tokenize

_IGNORED = (".", "~$")  # hidden files, and what Excel keeps beside an open workbook


class InboxFile(NamedTuple):
    """A file of the inbox. `state` changes when the file does, as far as its folder shows (size, time…)."""

    name: str
    path: str
    byte_count: int
    state: str


class Inbox:
    """A folder given as path or fsspec URL; a folder that does not exist is empty."""

    def __init__(self, url: str) -> None:
        fs, path = url_to_fs(url)
        self._fs: fsspec.AbstractFileSystem = fs
        self._path: str = path

    def list_files(self) -> list[InboxFile]:
        """List its files by name, without folders, hidden files and lock files."""
        if not self._fs.isdir(self._path):
            return []
        entries: list[dict[str, Any]] = self._fs.ls(self._path, detail=True, refresh=True)
        files = [
            InboxFile(e["name"].rpartition("/")[2], e["name"], e["size"], tokenize(e))
            for e in entries
            if e["type"] == "file"
        ]
        return sorted(file for file in files if not file.name.startswith(_IGNORED))

    def open_file(self, file: InboxFile) -> IO[bytes]:
        """Open a file for reading; FileNotFoundError when it was taken away since."""
        opened: Any = self._fs.open(file.path, "rb")
        return opened

    def read_file(self, file: InboxFile) -> bytes:
        """Read a whole file; FileNotFoundError when it was taken away since."""
        with self.open_file(file) as source:
            return source.read()
