"""Readers poll every name while snapshots are published and the publisher is killed at random moments."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from multiprocessing.synchronize import Event
from pathlib import Path
from queue import Empty
from typing import Any, TypeAlias
from zipfile import ZipFile

import duckdb
from publisher import ROW_COUNT

_HERE = Path(__file__).parent
_PUBLICATIONS = 32
_KILLS = 6
_SPAWN = multiprocessing.get_context("spawn")
Seen: TypeAlias = "dict[str, Counter[str]]"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _look_at_current(root: Path, seen: Seen) -> None:
    """The folder that current.json names is there, whole, as current.json says."""
    current = json.loads((root / "current.json").read_text(encoding="utf-8"))
    folder = root / current["path"]
    for file in current["files"]:
        data = (folder / file["path"]).read_bytes()
        assert (_hash(data), len(data)) == (file["sha256"], file["bytes"]), f"{folder / file['path']} is torn"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        file["path"] for file in current["files"]
    }
    seen["current"][current["snapshot"]] += 1


def _look_at_copies(root: Path, seen: Seen) -> None:
    """The copies under stable names open and hold one generation."""
    with duckdb.connect(str(root / "g60.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT generation, count(*) FROM pub_v1.generation GROUP BY 1").fetchall()
        release = connection.execute("SELECT release_id FROM pub_v1.release").fetchall()
    assert found == [(int(release[0][0].split(".")[1]), ROW_COUNT)], found
    with ZipFile(root / "g60.xlsx") as parts:
        assert parts.testzip() is None
    for name in ("g60.duckdb", "g60.xlsx"):
        seen[name][_hash((root / name).read_bytes())] += 1


def _look_at_latest(root: Path, seen: Seen) -> None:
    """`latest` always leads somewhere; resolved once, everything behind it belongs together."""
    assert (root / "latest" / "README.md").read_bytes()
    folder = (root / "latest").resolve(strict=True)
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, path = line.split("  ", 1)
        assert _hash((folder / path).read_bytes()) == digest, f"{folder / path} is torn"
    seen["latest"][folder.name] += 1


_LOOKS = (_look_at_current, _look_at_copies, _look_at_latest)


def _poll(which: int, root: Path, stop: Event, results: Any) -> None:
    """Look again and again; the first thing that is missing or torn ends it."""
    seen: Seen = {name: Counter() for name in ("current", "g60.duckdb", "g60.xlsx", "latest")}
    fault = ""
    while not (stop.is_set() or fault):
        try:
            _LOOKS[which](root, seen)
            time.sleep(0.02)  # leaves the publisher some of the processor
        except Exception as error:
            fault = repr(error)
            stop.set()
    results.put((fault, seen))


def _start_publisher(root: Path) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(_HERE), str(_HERE.parent), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, str(_HERE / "publisher.py"), str(root)], env={**os.environ, "PYTHONPATH": path}
    )


def _published(root: Path) -> int:
    """The newest generation that current.json has named."""
    try:
        current = json.loads((root / "current.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    return int(current["snapshot"].split(".")[1].split("-")[0])


def _publish_until(
    root: Path, publisher: subprocess.Popen[bytes], generation: int, stop: Event | None = None
) -> None:
    while _published(root) < generation and not (stop and stop.is_set()):
        assert publisher.poll() is None, "the publisher ended by itself"
        time.sleep(0.01)


def _kill(publisher: subprocess.Popen[bytes]) -> None:
    publisher.send_signal(signal.SIGKILL)
    publisher.wait()


def _publish_and_kill(root: Path, stop: Event) -> int:
    """Let a publisher work, kill it somewhere within its next publication, start another; returns the kills."""
    chance, killed = random.Random(60), 0
    while _published(root) < _PUBLICATIONS and not stop.is_set():
        publisher = _start_publisher(root)
        try:
            goal = min(_PUBLICATIONS, _published(root) + _PUBLICATIONS // _KILLS)
            _publish_until(root, publisher, goal, stop)
            time.sleep(chance.uniform(0, 1))
        finally:
            _kill(publisher)
        killed += 1
    return killed


def _read_results(results: Any, readers: list[Any]) -> list[tuple[str, Seen]]:
    found: list[tuple[str, Seen]] = []
    while len(found) < len(readers):
        try:
            found.append(results.get(timeout=1))
        except Empty:
            assert any(reader.is_alive() for reader in readers), "a reader ended without a word"
    return found


def test_readers_never_see_a_torn_or_missing_file(tmp_path: Path) -> None:
    root, stop, results = tmp_path / "published", _SPAWN.Event(), _SPAWN.Queue()
    first = _start_publisher(root)
    try:
        _publish_until(root, first, 1)
    finally:
        _kill(first)
    readers = [
        _SPAWN.Process(target=_poll, args=(which, root, stop, results)) for which in range(len(_LOOKS))
    ]
    for reader in readers:
        reader.start()
    try:
        killed = _publish_and_kill(root, stop)
    finally:
        stop.set()
        found = _read_results(results, readers)
        for reader in readers:
            reader.join()
    assert [fault for fault, _ in found if fault] == []
    assert killed >= _KILLS - 1
    _check_what_was_seen(
        root, sum((Counter({k: len(v)}) for _, seen in found for k, v in seen.items()), Counter()), found
    )


def _check_what_was_seen(root: Path, kinds: Counter[str], found: list[tuple[str, Seen]]) -> None:
    """Readers saw many publications, and every file under a stable name was one of a snapshot's, whole."""
    whole = {_hash(path.read_bytes()) for path in root.glob("2021-12.*/g60.*")}
    for _, seen in found:
        assert set(seen["g60.duckdb"]) | set(seen["g60.xlsx"]) <= whole
        assert set(seen["current"]) | set(seen["latest"]) <= {path.name for path in root.glob("2021-12.*")}
    assert all(kinds[name] >= 5 for name in ("current", "g60.duckdb", "g60.xlsx", "latest")), kinds


def test_the_next_publication_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    root = tmp_path / "published"
    publisher = _start_publisher(root)
    try:
        _publish_until(root, publisher, 1)
        while not list(root.glob(".tmp-*-snapshot/csv")):
            time.sleep(0.001)
    finally:
        _kill(publisher)
    left = set(root.glob(".tmp-*"))
    assert left
    publisher = _start_publisher(root)
    try:
        _publish_until(root, publisher, _published(root) + 1)
    finally:
        _kill(publisher)
    assert not left & set(root.glob(".tmp-*"))
