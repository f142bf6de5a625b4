"""Files that break parsers and processes that die: a finding, never a traceback, and never harm to what stands beside."""

# ruff: noqa: E501  one case a line
from __future__ import annotations

import dataclasses
import io
import os
import random
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xlsxwriter
import xlwt
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.intake import sandbox
from g60pipeline.intake.findings import message
from g60pipeline.intake.receive import Received, receive
from g60pipeline.intake.sandbox import Limits, SandboxError, parse_many
from g60pipeline.settings import Settings, find_project_root, load_settings

LIMITS = Limits(memory_bytes=1_500_000_000, cpu_seconds=10, wall_seconds=20)
COVER = [("报送单位代码", "310117103"), ("报送期", "2021-12"), ("模板版本", "2021.1"), ("报送序号", 1)]
GOOD_JSON = '{"封面": {"报送单位代码": "310117103", "报送期": "2021-12", "模板版本": "2021.1", "报送序号": 1}}'.encode()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("project")
    (root / "schemas").symlink_to(find_project_root() / "schemas")
    return load_project(root)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox").mkdir()
    return dataclasses.replace(load_settings({"G60_HOME": str(tmp_path)}), parse_wall_seconds=20)


def build_xlsx(*far_cells: str) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        cover = book.add_worksheet("封面")
        for row, pair in enumerate(COVER):
            cover.write_row(row, 0, pair)
        sheet = book.add_worksheet("x")
        for address in far_cells:
            sheet.write(address, 1)
    return file.getvalue()


def build_xls() -> bytes:
    file = io.BytesIO()
    book = xlwt.Workbook()
    sheet = book.add_sheet("封面")
    for row, pair in enumerate(COVER):
        sheet.write(row, 0, pair[0])
        sheet.write(row, 1, pair[1])
    book.save(file)
    return file.getvalue()


def repack(data: bytes, changes: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w", compression) as target:
        members = {name: source.read(name) for name in source.namelist()} | changes
        for name, content in members.items():
            target.writestr(name, content)
    return file.getvalue()


def entities() -> bytes:
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    sheet = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{lines}]><worksheet><sheetData><row r="1"><c r="A1" t="str"><v>&a11;</v></c></row></sheetData></worksheet>'
    return repack(build_xlsx(), {"xl/worksheets/sheet1.xml": sheet.encode()})


def zip_of_many() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(2000):
            archive.writestr(f"{number}.csv", b"")
    return file.getvalue()


def ole2_of_another_program() -> bytes:
    data = build_xls()
    return data.replace("Workbook".encode("utf-16-le"), "WordDocu".encode("utf-16-le"))


def encrypted_office() -> bytes:
    return build_xls() + "EncryptedPackage".encode("utf-16-le")


BAD: list[tuple[str, Callable[[], bytes], str, str]] = [
    ("nothing", lambda: b"", "file_is_a_known_kind", ""),
    ("random bytes", lambda: random.Random(1).randbytes(5000), "file_is_a_known_kind", ""),
    ("plain text", lambda: "报送单位代码,1".encode(), "file_is_a_known_kind", ""),
    ("zip of something else", lambda: _zip({"a.txt": b""}), "file_is_a_known_kind", ""),
    ("empty zip", lambda: _zip({}), "file_is_a_known_kind", ""),
    ("Word document of old", ole2_of_another_program, "file_is_a_known_kind", ""),
    ("truncated zip", lambda: build_xlsx()[:3000], "file_is_readable", "damaged"),
    ("truncated xls", lambda: build_xls()[:2000], "file_is_readable", "damaged"),
    ("encrypted workbook", encrypted_office, "file_is_readable", "encrypted"),
    ("entity bomb", entities, "file_is_readable", "doctype"),
    ("no workbook part", lambda: _zip({"[Content_Types].xml": b"", "xl/x": b""}), "file_is_readable", "damaged"),
    ("sheet is no XML", lambda: repack(build_xlsx(), {"xl/worksheets/sheet2.xml": b"<x"}), "file_is_readable", "damaged"),
    ("JSON cut off", lambda: GOOD_JSON[:-1], "file_is_readable", "json"),
    ("JSON of another shape", lambda: b'{"a": 1}', "file_is_readable", "json"),
    ("JSON in depth", lambda: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "file_is_readable", "json"),
    ("JSON with NaN", lambda: b'{"a": [{"b": NaN}]}', "file_is_readable", "json"),
    ("JSON with a key twice", lambda: b'{"a": [], "a": []}', "file_is_readable", "duplicates"),
    ("JSON with half a character", lambda: b'{"a": [{"b": "\\ud800"}]}', "file_is_readable", "damaged"),
    ("JSON with NUL", lambda: b'{"a": [{"b": "\\u0000"}]}', "file_is_readable", "encoding"),
    ("CSV with a quote left open", lambda: _zip({"a.csv": b'"a'}), "file_is_readable", "csv"),
    ("cells far apart", lambda: build_xlsx("A1", "XFD1048576"), "file_is_within_limits", "cells"),
    ("too many columns", lambda: build_xlsx("KZ1"), "file_is_within_limits", "cells"),
    ("too many rows", lambda: _zip({"a.csv": b"1\n" * 20_001}), "file_is_within_limits", "cells"),
    ("zip bomb", lambda: repack(build_xlsx(), {"xl/media/x.png": bytes(400_000_000)}), "file_is_within_limits", "unpacked_size"),
    ("zip of many", zip_of_many, "file_is_within_limits", "members"),
]  # fmt: skip


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def receive_one(settings: Settings, project: Project, data: bytes) -> Received:
    (Path(settings.inbox) / "file").write_bytes(data)
    (received,) = receive(settings, project, ())
    return received


@pytest.mark.parametrize(
    ("build", "rule", "reason"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_bad_file_gets_a_finding(
    settings: Settings, project: Project, build: Callable[[], bytes], rule: str, reason: str
) -> None:
    received = receive_one(settings, project, build())
    assert received.status == "unreadable"
    assert [(finding.rule, finding.quoted) for finding in received.findings] == [(rule, {"reason": reason})]
    text = message(project, received.findings[0])
    assert reason == "" or project.messages.reasons[reason].zh in text.zh


@pytest.mark.parametrize("build", [build_xlsx, build_xls, lambda: GOOD_JSON])
def test_the_unspoilt_file_is_received(
    settings: Settings, project: Project, build: Callable[[], bytes]
) -> None:
    assert receive_one(settings, project, build()).status == "received"


def test_bad_files_do_not_harm_the_good_ones_beside_them(settings: Settings, project: Project) -> None:
    for number, (_, build, _, _) in enumerate(BAD[:20]):
        (Path(settings.inbox) / f"{number}").write_bytes(build())
    (Path(settings.inbox) / "good").write_bytes(GOOD_JSON)
    received = receive(settings, project, ())
    assert [one.status for one in received] == ["received"] + ["unreadable"] * 20


def _busy_xlsx() -> bytes:
    rows = "".join(f'<row r="{r}">' + "<c><v>1</v></c>" * 250 + "</row>" for r in range(1, 4000))
    sheet = f"<worksheet><sheetData>{rows}</sheetData></worksheet>"
    return repack(build_xlsx(), {"xl/worksheets/sheet2.xml": sheet.encode()}, zipfile.ZIP_STORED)


def test_a_file_beyond_the_memory_limit_is_reported(settings: Settings, project: Project) -> None:
    tight = dataclasses.replace(settings, parse_memory_bytes=100_000_000)
    received = receive_one(tight, project, b'{"a": [{"b": "' + b"x" * 25_000_000 + b'"}]}')
    assert (received.status, received.findings[0].quoted) == ("unreadable", {"reason": "memory"})


def test_a_file_beyond_the_cpu_limit_is_reported() -> None:
    limits = dataclasses.replace(LIMITS, cpu_seconds=1)
    files = [("slow", _busy_xlsx()), ("good", GOOD_JSON)]
    slow, good = parse_many(files, limits)
    assert slow.raw == {"failure": "file_is_within_limits", "reason": "time"}
    assert good.raw["kind"] == "json"


def test_a_file_beyond_the_wall_limit_is_reported() -> None:
    limits = Limits(memory_bytes=LIMITS.memory_bytes, cpu_seconds=60, wall_seconds=1)
    (slow,) = parse_many([("slow", _busy_xlsx())], limits)
    assert slow.raw == {"failure": "file_is_within_limits", "reason": "time"}


def test_results_come_in_the_order_given() -> None:
    files = [(str(n), b'{"%d": []}' % n if n % 5 else build_xlsx("A1")) for n in range(40)]
    results = list(parse_many(iter(files), LIMITS))
    assert [result.name for result in results] == [name for name, _ in files]
    for result in results:
        if int(result.name) % 5:
            assert result.raw["sheets"][0]["name"] == result.name


def children() -> set[str]:
    """Processes of ours, those that ended and were not asked for included; other tests' databases are among them."""
    lists = Path("/proc/self/task").glob("*/children")
    return {pid for path in lists for pid in path.read_text().split()}


def test_leaving_early_ends_the_process() -> None:
    before = children()
    results = parse_many([(str(n), GOOD_JSON) for n in range(10)], LIMITS)
    next(results)
    assert children() > before
    results.close()
    assert children() == before


def _noting(started: list[int]) -> Callable[..., object]:
    real = sandbox.subprocess.Popen

    def start(*arguments: object, **options: object) -> object:
        process = real(*arguments, **options)  # type: ignore[call-overload]
        started.append(process.pid)
        return process

    return start


def _kill_before(
    files: list[tuple[str, bytes]], victims: list[int], started: list[int]
) -> Iterator[tuple[str, bytes]]:
    for number, file in enumerate(files):
        if number in victims:
            os.kill(started[-1], signal.SIGKILL)
        yield file


@pytest.mark.parametrize("victims", [[2], [5]])
def test_a_killed_server_is_started_again_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, victims: list[int]
) -> None:
    started: list[int] = []
    monkeypatch.setattr(sandbox.subprocess, "Popen", _noting(started))
    files = [(str(n), b'{"%d": []}' % n) for n in range(10)]
    results = list(parse_many(_kill_before(files, victims, started), LIMITS))
    assert [result.raw["sheets"][0]["name"] for result in results] == [name for name, _ in files]
    assert len(started) == 2


def test_a_server_killed_twice_is_a_fault_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    monkeypatch.setattr(sandbox.subprocess, "Popen", _noting(started))
    files = [(str(n), GOOD_JSON) for n in range(10)]
    with pytest.raises(SandboxError):
        list(parse_many(_kill_before(files, [3, 6], started), LIMITS))


def test_a_server_that_does_not_start_is_a_fault_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_START", "raise SystemExit(1)")
    with pytest.raises(SandboxError):
        list(parse_many([("x", GOOD_JSON)], LIMITS))


def test_no_memory_file_or_process_is_left() -> None:
    before = len(os.listdir("/proc/self/fd"))
    list(parse_many([("x", GOOD_JSON), ("y", build_xlsx("XFD1048576"))], LIMITS))
    assert len(os.listdir("/proc/self/fd")) == before


XLSX, XLS = build_xlsx("A1"), build_xls()
PARTS = [name for name in zipfile.ZipFile(io.BytesIO(XLSX)).namelist() if name.startswith("xl/")]
CHANGES = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=8)


def mutate(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    mutated = bytearray(data)
    for place, byte in changes:
        mutated[place % len(mutated)] = byte
    return bytes(mutated)


@profile(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHANGES, min_size=10, max_size=10), st.sampled_from(PARTS))
def test_mutated_files_never_raise(
    settings: Settings, project: Project, rounds: list[list[tuple[int, int]]], part: str
) -> None:
    inbox = Path(settings.inbox)
    content = zipfile.ZipFile(io.BytesIO(XLSX)).read(part)
    for number, changes in enumerate(rounds):
        (inbox / f"{number}.zip").write_bytes(mutate(XLSX, changes))
        (inbox / f"{number}.xlsx").write_bytes(repack(XLSX, {part: mutate(content, changes)}))
        (inbox / f"{number}.xls").write_bytes(mutate(XLS, changes))
        (inbox / f"{number}.json").write_bytes(mutate(GOOD_JSON, changes))
    received = receive(settings, project, ())
    assert all(one.findings for one in received if one.status != "received")
