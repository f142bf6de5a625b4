"""datapackage.json: what frictionless makes of it, without a network."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import frictionless
import pytest

from g60pipeline.reports.snapshot_package import FileFacts, ForeignKey, build_package, find_foreign_keys
from g60pipeline.warehouse.snapshot import NULL, write_data
from snapshot_world import FIGURE, ROWS, SUBJECT, TABLES


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshot")
    write_data(folder, TABLES, ROWS)
    facts = {}
    for path in folder.rglob("*.*"):
        name = path.relative_to(folder).as_posix()
        facts[name] = FileFacts(name, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
    package = build_package(
        TABLES, facts, find_foreign_keys(TABLES, ROWS), NULL, {"created": "2022-01-12T01:30:00Z"}
    )
    (folder / "datapackage.json").write_text(json.dumps(package, ensure_ascii=False), encoding="utf-8")
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something wants the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _resource(folder: Path, name: str) -> dict[str, Any]:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return next(resource for resource in package["resources"] if resource["name"] == name)


@pytest.mark.usefixtures("no_network")
def test_frictionless_finds_nothing_wrong(written: Path) -> None:
    report = frictionless.validate(str(written / "datapackage.json"))
    assert report.valid, report.flatten(["name", "message"])
    assert (report.stats["errors"], report.stats["warnings"]) == (0, 0)
    assert [(task.name, task.type, task.warnings) for task in report.tasks] == [
        ("subject", "file", []), ("figure", "file", []), ("subject-csv", "table", []), ("figure-csv", "table", []),
    ]  # fmt: skip
    assert report.tasks[3].stats["rows"] == len(ROWS["figure"])


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("path", "old", "new", "error"),
    [
        ("csv/subject.csv", "岳阳街道", "岳阳街办", "hash-count"),
        ("parquet/figure.parquet", "PAR1", "PAR2", "hash-count"),
        ("csv/figure.csv", "310117107,route", "310117999,route", "foreign-key"),
        ("csv/figure.csv", "310117107,route", "310117107,", "primary-key"),
        ("csv/figure.csv", ",1234,", ",12.5,", "type-error"),
    ],
)
def test_frictionless_sees_every_promise_that_is_broken(
    written: Path, tmp_path: Path, path: str, old: str, new: str, error: str
) -> None:
    for source in written.rglob("*.*"):
        target = tmp_path / source.relative_to(written)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(source.read_bytes())
    changed = (tmp_path / path).read_bytes()
    assert old.encode() in changed
    (tmp_path / path).write_bytes(changed.replace(old.encode(), new.encode()))
    report = frictionless.validate(str(tmp_path / "datapackage.json"))
    assert error in {found for (found,) in report.flatten(["type"])}


@pytest.mark.usefixtures("no_network")
def test_frictionless_reads_the_rows_that_were_written(written: Path) -> None:
    resource = frictionless.Package(str(written / "datapackage.json")).get_resource("figure-csv")
    rows = [tuple(row.to_dict().values()) for row in resource.read_rows()]
    assert [row[0:2] for row in rows] == [row[0:2] for row in ROWS["figure"]]
    assert [None if row[2] is None else float(row[2]) for row in rows] == [row[2] for row in ROWS["figure"]]
    assert [row[5:10] for row in rows] == [row[5:10] for row in ROWS["figure"]]


def test_columns_say_what_they_are_in_both_languages(written: Path) -> None:
    schema = _resource(written, "figure")["schema"]
    assert schema["fields"][2] == {
        "name": "value", "type": "number", "title": "数值：按单位", "description": "数值：按单位 / the value",
        "unitColumn": "unit_code",
    }  # fmt: skip
    assert schema["fields"][0]["constraints"] == {"required": True}
    assert schema["fields"][9]["type"] == "datetime"
    assert schema["primaryKey"] == ["subject_code", "dimension"]
    assert schema["missingValues"] == ["NA"]
    assert schema["foreignKeys"][0]["reference"] == {"resource": "subject", "fields": ["subject_code"]}


def test_resources_carry_hash_size_and_kind(written: Path) -> None:
    for name, path, kind in (
        ("figure", "parquet/figure.parquet", "vnd.apache.parquet"),
        ("figure-csv", "csv/figure.csv", "csv"),
    ):
        resource, data = _resource(written, name), (written / path).read_bytes()
        assert resource["path"] == path
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert resource["bytes"] == len(data)
        assert resource["mediatype"].endswith(kind)


def test_a_key_is_promised_only_where_it_holds() -> None:
    assert find_foreign_keys(TABLES, ROWS) == [ForeignKey("figure", "subject_code", "subject")]
    assert find_foreign_keys([SUBJECT, FIGURE], {**ROWS, "subject": ROWS["subject"][:1]}) == []
