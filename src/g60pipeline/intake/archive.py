"""The archive: every file received, byte for byte, by its SHA-256, and what the parser read in it.

Belongs here: durable, idempotent writing and reading. Not here: who sent what and when (the ledger, in
warehouse). Locally a file appears under its name only when it is whole and on the disk; object stores do so
by themselves.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from g60pipeline.intake.raw import RawReturn

_CHUNK_BYTES = 1_000_000


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK_BYTES):
        yield chunk


def hash_bytes(source: IO[bytes]) -> str:
    """Return the SHA-256 of a stream, in hexadecimal."""
    digest = hashlib.sha256()
    for chunk in _chunks(source):
        digest.update(chunk)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_local(path: Path, source: IO[bytes]) -> None:
    is_new_folder = not path.parent.is_dir()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as target:
            for chunk in _chunks(source):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)
    if is_new_folder:
        _sync_folder(path.parent.parent)


class Archive:
    """A content-addressed store at a path or fsspec URL: `ab/abcdef….bin` and `ab/abcdef….cells.json.gz`."""

    def __init__(self, url: str) -> None:
        fs, path = url_to_fs(url)
        self._fs: fsspec.AbstractFileSystem = fs
        self._root: str = path

    def _path(self, sha256: str, suffix: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}{suffix}"

    def _write(self, path: str, source: IO[bytes]) -> None:
        if self._fs.exists(path):
            return
        if isinstance(self._fs, LocalFileSystem):
            _write_local(Path(path), source)
        else:
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            opened: Any = self._fs.open(path, "wb")
            with opened as target:
                for chunk in _chunks(source):
                    target.write(chunk)

    def _read(self, path: str) -> bytes:
        data: Any = self._fs.cat_file(path)
        return data

    def put(self, data: bytes) -> str:
        """Keep a file; return its SHA-256. Again with the same bytes does nothing."""
        return self.put_stream(io.BytesIO(data))

    def put_stream(self, source: IO[bytes]) -> str:
        """Keep a file that is too big for the memory; the stream is read twice, so it must be seekable."""
        sha256 = hash_bytes(source)
        source.seek(0)
        self._write(self._path(sha256, ".bin"), source)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return a file; FileNotFoundError when it is not here."""
        return self._read(self._path(sha256, ".bin"))

    def put_cells(self, sha256: str, raw: RawReturn) -> None:
        """Keep what the parser read in a file, so that its forms can be read again without parsing it."""
        text = json.dumps(raw, ensure_ascii=False, separators=(",", ":"))
        self._write(
            self._path(sha256, ".cells.json.gz"), io.BytesIO(gzip.compress(text.encode(), 6, mtime=0))
        )

    def get_cells(self, sha256: str) -> RawReturn:
        """Return what the parser read in a file; FileNotFoundError when it was unreadable or is not here."""
        raw: RawReturn = json.loads(gzip.decompress(self._read(self._path(sha256, ".cells.json.gz"))))
        return raw
