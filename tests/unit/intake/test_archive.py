"""Content-addressed, idempotent, and whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from g60pipeline.intake.archive import Archive
from g60pipeline.intake.inbox import Inbox

DATA = b"x" * 3_000_000
SHA = hashlib.sha256(DATA).hexdigest()


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_what_is_put_is_got(tmp_path: Path, scheme: str) -> None:
    archive = Archive(f"{scheme}{tmp_path}/archive")
    assert archive.put(DATA) == SHA == archive.put_stream(io.BytesIO(DATA))
    archive.put_cells(SHA, {"kind": "json", "sheets": []})
    assert archive.get(SHA) == DATA
    assert archive.get_cells(SHA) == {"kind": "json", "sheets": []}
    assert files(tmp_path) == [f"archive/{SHA[:2]}/{SHA}.bin", f"archive/{SHA[:2]}/{SHA}.cells.json.gz"]


def test_other_file_systems_work_too() -> None:
    archive = Archive("memory://archive")
    assert archive.get(archive.put(DATA)) == DATA
    assert [file.byte_count for file in Inbox(f"memory://archive/{SHA[:2]}").list_files()] == [len(DATA)]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Archive(str(tmp_path)).get(SHA)
    assert Inbox(str(tmp_path / "none")).list_files() == []


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 1_500_000 and self.rounds:
                raise OSError("the disk is full")
            data = super().read(size)
            self.rounds += not data
            return data

        rounds = 0

    with pytest.raises(OSError, match="disk"):
        Archive(str(tmp_path)).put_stream(Broken(DATA))
    assert files(tmp_path) == []


WRITER = """
import os, sys, signal
from pathlib import Path
from g60pipeline.intake import archive
real = os.fsync
def die(descriptor):
    os.kill(os.getpid(), signal.SIGKILL)
archive.os.fsync = die
archive.Archive(sys.argv[1]).put(b"x" * 3_000_000)
"""


def test_a_writer_killed_before_the_end_leaves_only_a_temporary_file(tmp_path: Path) -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    (left,) = files(tmp_path)
    assert left.endswith(".tmp")
    archive = Archive(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        archive.get(SHA)
    assert archive.get(archive.put(DATA)) == DATA
