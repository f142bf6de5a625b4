"""`g60 submit`: files come into the inbox whole, and none in another's place."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

from g60pipeline.cli import app
from g60pipeline.contracts.project import load_project
from g60pipeline.intake import inbox as inbox_module
from g60pipeline.intake.inbox import Inbox
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.ledger import append_submissions


@pytest.fixture(params=["folder", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Address of an inbox that does not exist yet."""
    if request.param == "folder":
        return str(tmp_path / "inbox")
    MemoryFileSystem.store.clear()
    return "memory://returns/inbox"


def names(place: str) -> list[str]:
    return [file.name for file in Inbox(place).list_files()]


def test_a_name_that_is_taken_gets_a_number_and_the_same_content_none(place: str) -> None:
    inbox = Inbox(place)
    assert inbox.put_file("a.csv.zip", b"one") == ("a.csv.zip", True)
    assert inbox.put_file("a.csv.zip", b"two") == ("a.csv (2).zip", True)
    assert inbox.put_file("a.csv.zip", b"three") == ("a.csv (3).zip", True)
    assert inbox.put_file("a.csv.zip", b"two") == ("a.csv (2).zip", False)
    assert inbox.put_file("a.csv.zip", b"one") == ("a.csv.zip", False)
    assert [inbox.read_file(file) for file in inbox.list_files()] == [b"two", b"three", b"one"]


def test_two_at_once_under_one_name_are_both_there(tmp_path: Path) -> None:
    inbox, start = Inbox(str(tmp_path)), threading.Barrier(8)

    def put(number: int) -> None:
        start.wait()
        inbox.put_file("a.xlsx", b"%d" % number)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {inbox.read_file(file) for file in inbox.list_files()}
    assert found == {b"%d" % number for number in range(8)}
    assert len(list(tmp_path.iterdir())) == 8  # nothing temporary stays


def test_a_share_without_links_is_renamed_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("operation not permitted")

    monkeypatch.setattr(inbox_module.os, "link", refuse)
    inbox = Inbox(str(tmp_path))
    assert inbox.put_file("a.xlsx", b"one") == ("a.xlsx", True)
    assert inbox.put_file("a.xlsx", b"two") == ("a (2).xlsx", True)
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"one", b"two"]


def submit(home: Path, *arguments: Path | str) -> Result:
    env = {"G60_HOME": str(home), "G60_INBOX": None, "G60_WAREHOUSE_URL": None}
    return CliRunner().invoke(app, ["submit", *map(str, arguments), "--json"], env=env)


def test_what_became_of_each_file_is_said(tmp_path: Path) -> None:
    first, second, third = tmp_path / "a.xlsx", tmp_path / "b.xlsx", tmp_path / "c.xlsx"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    third.write_bytes(b"three")
    home = tmp_path / "home"
    done = submit(home, first, second)
    assert done.exit_code == 0, done.output
    assert [(f["outcome"], f["name"]) for f in json.loads(done.stdout)["files"]] == [
        ("put", "a.xlsx"),
        ("put", "b.xlsx"),
    ]

    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", load_project(find_project_root())) as warehouse:
        warehouse.create()
        sha256 = json.loads(done.stdout)["files"][1]["sha256"]
        row = {"sha256": sha256, "file_name": "b.xlsx", "status": "unreadable"}
        with warehouse.transaction() as connection:
            append_submissions(connection, warehouse, [row])
        busy = submit(home, third)  # as while a run writes: what was received is not known, the file is taken
    assert json.loads(busy.stdout)["files"][0]["outcome"] == "put"

    again = json.loads(submit(home, first, second).stdout)["files"]
    assert [(f["outcome"], f["name"]) for f in again] == [("in_inbox", "a.xlsx"), ("received_before", None)]
    assert names(str(home / "inbox")) == ["a.xlsx", "b.xlsx", "c.xlsx"]


def test_a_file_that_the_inbox_would_never_take_is_wrong_usage(tmp_path: Path) -> None:
    lock = tmp_path / "~$a.xlsx"
    lock.write_bytes(b"")
    assert submit(tmp_path / "home", lock).exit_code == 2
    assert not (tmp_path / "home" / "inbox").exists()


def test_an_inbox_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    file, home = tmp_path / "a.xlsx", tmp_path / "home"
    file.write_bytes(b"one")
    home.mkdir()
    (home / "inbox").write_text("no folder")
    done = submit(home, file)
    assert done.exit_code == 1
    assert "cannot be put into the inbox" in done.stderr


def test_files_without_a_month_cannot_be_run_and_stay_in_the_inbox(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(b"no workbook")
    done = submit(tmp_path / "home", file, "--run")
    assert done.exit_code == 1
    assert "none of the files names a month" in done.stderr
    assert names(str(tmp_path / "home" / "inbox")) == ["a.xlsx"]
