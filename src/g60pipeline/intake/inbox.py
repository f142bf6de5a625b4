"""The inbox: a folder into which returns are put.

Belongs here: listing, reading, putting a file in. Not here: what the files are.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import tokenize

_IGNORED = (".", "~$")


def _names(name: str) -> Iterator[str]:
    """A name, and the same with numbers: `a.xlsx`, `a (2).xlsx`, `a (3).xlsx`…"""
    yield name
    path = PurePosixPath(name)
    yield from (f"{path.stem} ({number}){path.suffix}" for number in count(2))


def _link(hidden: Path, path: Path) -> None:
    """Give a file its name, where a rename would replace what has it; on a share without links a rename must do."""
    try:
        os.link(hidden, path)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise FileExistsError(path) from None
        hidden.rename(path)


def _write_new(path: Path, data: bytes) -> None:
    """Write under a hidden name, then give the file its own; FileExistsError when somebody has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with hidden.open("xb") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
        _link(hidden, path)
    finally:
        hidden.unlink(missing_ok=True)


def _readable(name: str) -> str:
    """A name whose bytes are no UTF-8, as old archives leave it: most are GB18030; of others the bytes are spelt out."""
    raw = os.fsencode(name)
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")


def is_ignored(name: str) -> bool:
    """Say whether a file of that name is never taken: a hidden one, or what Excel keeps beside an open workbook."""
    return name.startswith(_IGNORED)


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
            InboxFile(_readable(e["name"].rpartition("/")[2]), e["name"], e["size"], tokenize(e))
            for e in entries
            if e["type"] == "file"
        ]
        return sorted(file for file in files if not is_ignored(file.name))

    def open_file(self, file: InboxFile) -> IO[bytes]:
        """Open a file for reading; FileNotFoundError when it was taken away since."""
        opened: Any = self._fs.open(file.path, "rb")
        return opened

    def read_file(self, file: InboxFile) -> bytes:
        """Read a whole file; FileNotFoundError when it was taken away since."""
        with self.open_file(file) as source:
            return source.read()

    def put_file(self, name: str, data: bytes) -> tuple[str, bool]:
        """Put a file in whole, and never in another's place: a name that is taken gets a number.

        Returns its name, and whether it was put; it is not where one of these names holds the same bytes already.
        """
        for free in _names(name):
            path = f"{self._path}/{free}"
            try:
                self._put_new(path, data)
            except FileExistsError:
                if self._fs.cat_file(path) == data:
                    return free, False
            else:
                return free, True
        raise AssertionError("names never end")

    def _put_new(self, path: str, data: bytes) -> None:
        """On an object store a file is there as a whole or not at all; a folder needs care."""
        if isinstance(self._fs, LocalFileSystem):
            _write_new(Path(path), data)
        elif self._fs.exists(path):
            raise FileExistsError(path)
        else:
            self._fs.makedirs(self._path, exist_ok=True)
            self._fs.pipe_file(path, data)
