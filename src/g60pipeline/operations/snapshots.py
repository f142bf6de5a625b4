"""The folder `published/`: who may read what at any moment, while a snapshot is published or the publisher is killed.

    published/
      2021-12.2-1f3a09c4d7e2/   a snapshot; never changed
      current.json              names the newest snapshot, with the hash of each file; written last
      latest -> 2021-12.2-…     the newest snapshot's folder, for bookmarks
      g60.xlsx, g60.duckdb      copies of the newest snapshot's, where a share does not follow links

What is new is written under names that start with `.tmp-` and reaches the disk before it gets its own name, by one rename:
folder, copies, link, then `current.json`. So

- a reader of `current.json` always finds the folder that it names, whole, with the hashes that it says;
- a reader of `latest/…`, `g60.xlsx` or `g60.duckdb` always finds a whole file. Two that are opened one after the other may
  be of two snapshots, and be newer than what `current.json` names, until it is written; who needs several files that belong
  together starts from `current.json` (or resolves `latest` once);
- a reader who has a file open keeps what it opened: renames and removals leave its bytes alone;
- a publisher that is killed leaves `.tmp-…` behind, which the next one removes, and at worst a folder that no name leads to,
  or names that are ahead of `current.json`: the next publication sets all names anew, also of a snapshot that is there.

A replaced snapshot stays until KEPT newer ones are there and it was last named KEPT_FOR ago; `current.json` says when each
was replaced. One publisher works at a time (a lock on `.lock`, which the system lets go of when its holder dies).
Belongs here: names, locks, the disk. Not here: what is in a snapshot (publish.py).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

CURRENT, LATEST, SUMS, LOCK, FRESH = "current.json", "latest", "SHA256SUMS", ".lock", ".tmp-"
KEPT = 3
KEPT_FOR = timedelta(hours=24)
_SNAPSHOT = re.compile(r"\d{4}-\d{2}\.\d+-[0-9a-f]{12}")
Document = dict[str, Any]


class DamagedSnapshot(RuntimeError):
    """A published folder is not what it was. The message says what to do."""


def file_hash(path: Path) -> str:
    """Fingerprint of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_in(folder: Path) -> list[Path]:
    """All files below the folder, in the order of their paths."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over all files of the folder, in the form that `sha256sum --check` reads."""
    lines = [f"{file_hash(path)}  {path.relative_to(folder).as_posix()}\n" for path in files_in(folder)]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def read_sums(folder: Path) -> dict[str, str]:
    """Path → hash, as SHA256SUMS says."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _whole_to_disk(folder: Path) -> None:
    for path in files_in(folder):
        path.chmod(0o444)
        _to_disk(path)
    for path in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        _to_disk(path)


class SnapshotFolder:
    """`published/` of one home."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def locked(self) -> Generator[None]:
        """Wait until nobody else publishes, and remove what a killed publisher left."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for path in self.root.glob(f"{FRESH}*"):
                _remove(path)
            yield

    def current(self) -> Document:
        """What `current.json` says; empty before the first publication."""
        with suppress(FileNotFoundError):
            return json.loads((self.root / CURRENT).read_text(encoding="utf-8"))
        return {}

    @contextmanager
    def fresh(self) -> Generator[Path]:
        """An empty folder for a new snapshot; gone afterwards, unless it was admitted."""
        folder = self._fresh("snapshot")
        folder.mkdir()
        try:
            yield folder
        finally:
            _remove(folder)

    def admit(self, fresh: Path, name: str) -> bool:
        """Let the folder be the snapshot `name`; False when that is there already, which is kept as it is."""
        target = self.root / name
        if target.exists():
            _check(target)
            return False
        _whole_to_disk(fresh)
        fresh.rename(target)
        _to_disk(self.root)
        return True

    def switch(self, name: str, about: Document, copies: Iterable[str], at: datetime) -> list[str]:
        """Lead every name to the snapshot, `current.json` last; returns the snapshots that nobody needs to keep."""
        before = self.current()
        document = {"snapshot": name, "path": name, **about, "files": self._describe(name)}
        document["previous"], outdated = self._previous(before, name, at)
        for copy in copies:
            fresh = self._fresh(copy)
            shutil.copyfile(self.root / name / copy, fresh)
            self._replace(fresh, copy)
        link = self._fresh(LATEST)
        link.symlink_to(name, target_is_directory=True)
        link.replace(self.root / LATEST)
        text = json.dumps(document, ensure_ascii=False, indent=2)
        fresh = self._fresh(CURRENT)
        fresh.write_text(text + "\n", encoding="utf-8")
        _to_disk(self.root)
        self._replace(fresh, CURRENT)
        _to_disk(self.root)
        return outdated

    def remove(self, names: Iterable[str]) -> None:
        """Remove snapshots, each under another name so that none is ever half there; what cannot go stays for next time."""
        for name in names:
            with suppress(OSError):
                doomed = (self.root / name).rename(self._fresh(name))
                _remove(doomed)

    def _fresh(self, name: str) -> Path:
        return self.root / f"{FRESH}{uuid4().hex}-{name}"

    def _replace(self, fresh: Path, name: str) -> None:
        fresh.chmod(0o444)
        _to_disk(fresh)
        fresh.replace(self.root / name)

    def _describe(self, name: str) -> list[Document]:
        folder = self.root / name
        hashes = {**read_sums(folder), SUMS: file_hash(folder / SUMS)}
        return [
            {"path": path, "sha256": digest, "bytes": (folder / path).stat().st_size}
            for path, digest in sorted(hashes.items())
        ]

    def _previous(self, before: Document, name: str, at: datetime) -> tuple[list[Document], list[str]]:
        """Snapshots beside the new one, the newest first: those that stay, and the names of the others.

        A folder that `current.json` does not know was left by a killed publisher; a name may have led to it until now.
        """
        replaced = {one["snapshot"]: one["replaced_at"] for one in before.get("previous", ())}
        now = f"{at.isoformat(timespec='seconds')}Z"
        there = [
            path.name for path in self.root.iterdir() if _SNAPSHOT.fullmatch(path.name) and path.name != name
        ]
        dated = sorted(((replaced.get(one, now), one) for one in there), reverse=True)
        limit = f"{(at - KEPT_FOR).isoformat(timespec='seconds')}Z"
        outdated = [one for replaced_at, one in dated[KEPT - 1 :] if replaced_at < limit]
        stay = [
            {"snapshot": one, "path": one, "replaced_at": replaced_at}
            for replaced_at, one in dated
            if one not in outdated
        ]
        return stay, outdated


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _check(folder: Path) -> None:
    found = {path.relative_to(folder).as_posix(): file_hash(path) for path in files_in(folder)}
    found.pop(SUMS, None)
    if not (folder / SUMS).is_file() or found != read_sums(folder):
        raise DamagedSnapshot(f"{folder} was changed after it was published: move it away and publish again")
