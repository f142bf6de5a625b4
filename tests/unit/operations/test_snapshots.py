"""The folder `published/`: names, locks, what stays and what goes. The clock is given; files are small texts."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from datetime import datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from g60pipeline.operations.snapshots import DamagedSnapshot, SnapshotFolder, write_sums

_DAY = datetime(2022, 2, 1)
_SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def folder(tmp_path: Path) -> SnapshotFolder:
    return SnapshotFolder(tmp_path / "published")


def _name(number: int) -> str:
    return f"2021-12.{number}-{number:012x}"


def _publish(folder: SnapshotFolder, number: int, at: datetime = _DAY) -> bool:
    with folder.locked():
        with folder.fresh() as fresh:
            (fresh / "csv").mkdir()
            (fresh / "csv" / "t.csv").write_text(f"n\n{number}\n", encoding="utf-8")
            (fresh / "g60.xlsx").write_text(f"book {number}", encoding="utf-8")
            write_sums(fresh)
            is_new = folder.admit(fresh, _name(number))
        folder.remove(folder.switch(_name(number), {"releases": [str(number)]}, ["g60.xlsx"], at))
    return is_new


def _snapshots(folder: SnapshotFolder) -> list[int]:
    return sorted(int(path.name.split(".")[1].split("-")[0]) for path in folder.root.glob("2021-*"))


def _previous(folder: SnapshotFolder) -> list[str]:
    return [one["snapshot"] for one in folder.current()["previous"]]


def test_every_name_leads_to_the_newest(folder: SnapshotFolder) -> None:
    for number in (1, 2):
        assert _publish(folder, number)
    current = folder.current()
    assert (current["snapshot"], current["path"], current["releases"]) == (_name(2), _name(2), ["2"])
    assert (folder.root / "latest").readlink() == Path(_name(2))
    assert (folder.root / "latest" / "csv" / "t.csv").read_text(encoding="utf-8") == "n\n2\n"
    assert (folder.root / "g60.xlsx").read_text(encoding="utf-8") == "book 2"
    for file in current["files"]:
        data = (folder.root / _name(2) / file["path"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert [file["path"] for file in current["files"]] == ["SHA256SUMS", "csv/t.csv", "g60.xlsx"]
    assert not list(folder.root.glob(".tmp-*"))


def test_published_files_are_read_only_and_everybody_may_read_them(folder: SnapshotFolder) -> None:
    _publish(folder, 1)
    files = [path for path in folder.root.rglob("*") if path.is_file() and path.name != ".lock"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o444}
    assert (folder.root / _name(1)).stat().st_mode & 0o055 == 0o055


def test_a_replaced_snapshot_stays_until_three_are_newer_and_a_day_is_over(folder: SnapshotFolder) -> None:
    for number, hours in ((1, 0), (2, 1), (3, 2), (4, 3), (5, 25.5)):
        _publish(folder, number, _DAY + timedelta(hours=hours))
    # The first was replaced at hour 1: at 25.5 a day is over. The second was replaced at hour 2: not yet.
    assert _snapshots(folder) == [2, 3, 4, 5]
    assert _previous(folder) == [_name(4), _name(3), _name(2)]
    _publish(folder, 6, _DAY + timedelta(hours=500))
    assert _snapshots(folder) == [4, 5, 6]  # whatever their age, two stay beside the newest


def test_content_that_comes_back_leads_to_the_folder_that_is_there(folder: SnapshotFolder) -> None:
    assert [_publish(folder, number) for number in (1, 2, 1)] == [True, True, False]
    assert folder.current()["snapshot"] == _name(1)
    assert _previous(folder) == [_name(2)]


def test_publishing_the_same_again_changes_nothing(folder: SnapshotFolder) -> None:
    _publish(folder, 1, _DAY)
    before = (folder.current(), (folder.root / _name(1)).stat().st_mtime_ns)
    assert not _publish(folder, 1, _DAY + timedelta(hours=1))
    assert (folder.current(), (folder.root / _name(1)).stat().st_mtime_ns) == before


def test_the_same_again_mends_names_that_a_crash_left_behind(folder: SnapshotFolder) -> None:
    _publish(folder, 1)
    (folder.root / "g60.xlsx").unlink()
    (folder.root / "latest").unlink()
    _publish(folder, 1)
    assert (folder.root / "g60.xlsx").read_text(encoding="utf-8") == "book 1"
    assert (folder.root / "latest").readlink() == Path(_name(1))


def test_leftovers_of_a_crash_are_swept_and_a_nameless_folder_is_kept_a_day(folder: SnapshotFolder) -> None:
    (folder.root / ".tmp-dead-snapshot" / "csv").mkdir(parents=True)
    (folder.root / ".tmp-dead-snapshot" / "csv" / "x.csv").write_text("half")
    (folder.root / ".tmp-dead-latest").symlink_to("nowhere")
    (folder.root / _name(9)).mkdir()
    (folder.root / "somebody's notes").mkdir()
    for number, hours in ((1, 0), (2, 1), (3, 23), (4, 26)):
        _publish(folder, number, _DAY + timedelta(hours=hours))
        assert not list(folder.root.glob(".tmp-*"))
        assert (_name(9) in _previous(folder)) == (folder.root / _name(9)).exists() == (hours < 24)
    assert (folder.root / "somebody's notes").exists()


@pytest.mark.parametrize("damage", ["change", "add", "remove"])
def test_a_changed_snapshot_is_not_passed_on(folder: SnapshotFolder, damage: str) -> None:
    _publish(folder, 1)
    file = folder.root / _name(1) / "csv" / "t.csv"
    file.chmod(0o644)
    match damage:
        case "change":
            file.write_text("by hand")
        case "add":
            file.with_name("more.csv").write_text("by hand")
        case _:
            file.unlink()
    with pytest.raises(DamagedSnapshot, match="changed after it was published: move it away"):
        _publish(folder, 1)


def test_what_fails_half_way_leaves_nothing_and_current_as_it_was(folder: SnapshotFolder) -> None:
    _publish(folder, 1)
    before = folder.current()
    with pytest.raises(IsADirectoryError), folder.locked(), folder.fresh() as fresh:
        fresh.write_text("a folder is no file")
    assert folder.current() == before
    assert not list(folder.root.glob(".tmp-*"))


def test_a_name_that_is_taken_by_a_folder_is_an_error(folder: SnapshotFolder) -> None:
    (folder.root / "latest").mkdir(parents=True)
    with pytest.raises(OSError, match="latest"):
        _publish(folder, 1)
    assert folder.current() == {}


def _publish_many(root: Path, first: int) -> None:
    for number in range(first, first + 10):
        _publish(SnapshotFolder(root), number)


def test_two_publishers_wait_for_each_other(folder: SnapshotFolder) -> None:
    publishers = [_SPAWN.Process(target=_publish_many, args=(folder.root, first)) for first in (1, 11)]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join()
    assert [publisher.exitcode for publisher in publishers] == [0, 0]
    assert _snapshots(folder) == list(range(1, 21))
    current: dict[str, Any] = json.loads((folder.root / "current.json").read_text(encoding="utf-8"))
    assert len(current["previous"]) == 19


def _spin(root: Path, ready: Event, stop: Event, missing: Any) -> None:
    """Open every name as fast as it goes, for gaps that are too short for a reader who takes its time."""
    ready.set()
    while not stop.is_set():
        for name in ("latest/g60.xlsx", "g60.xlsx", "current.json"):
            try:
                (root / name).open("rb").close()
            except OSError as error:
                missing.put(repr(error))
                return
    missing.put("")


def test_no_name_is_missing_for_an_instant(folder: SnapshotFolder) -> None:
    _publish(folder, 1)
    ready, stop, missing = _SPAWN.Event(), _SPAWN.Event(), _SPAWN.Queue()
    reader = _SPAWN.Process(target=_spin, args=(folder.root, ready, stop, missing))
    reader.start()
    ready.wait()
    for number in range(2, 302):
        _publish(folder, 1 + number % 2)
    stop.set()
    assert missing.get(timeout=60) == ""
    reader.join()
