"""Reading what is published and writing it as CSV, Parquet and DuckDB."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from g60pipeline.contracts.project import load_project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.snapshot import SnapshotError, read_published, write_data
from snapshot_world import FIGURE, ROWS, SUBJECT, TABLES

_TRUE_VALUE, _TRUE_TEXT = 48151623.421875, "never-to-be-published"


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    """The tables' rows in the wrong order, beside what nobody may read."""
    with Warehouse(warehouse_url, load_project(find_project_root())) as warehouse:
        with warehouse.transaction() as connection:
            run = connection.exec_driver_sql
            run("CREATE SCHEMA pub_v1")
            run("CREATE SCHEMA hidden")
            run(
                "CREATE TABLE hidden.figure (subject_code VARCHAR, dimension VARCHAR, value DOUBLE PRECISION, unit_code VARCHAR,"
                " change NUMERIC(38, 12), enterprise_count BIGINT, year BIGINT, is_newest BOOLEAN, held_on DATE,"
                " released_at TIMESTAMP, secret DOUBLE PRECISION, secret_text VARCHAR)"
            )
            run("CREATE TABLE hidden.subject (subject_code VARCHAR, label_zh VARCHAR)")
            for table in TABLES:
                for row in reversed(ROWS[table.name]):
                    values = ", ".join("NULL" if v is None else f"'{v}'" for v in row)
                    secret = f", {_TRUE_VALUE!r}, '{_TRUE_TEXT}'" if table is FIGURE else ""
                    run(f"INSERT INTO hidden.{table.name} VALUES ({values}{secret})")
                run(
                    f"CREATE VIEW pub_v1.{table.name} AS SELECT {', '.join(table.column_names)} FROM hidden.{table.name}"
                )
        yield warehouse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "snapshot"
    folder.mkdir()
    return folder


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".duckdb"  # a few bytes of its statistics vary
    }


def _query(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_rows_are_read_as_promised_and_sorted_on_either_engine(warehouse: Warehouse) -> None:
    read = read_published(warehouse, TABLES)
    assert read == ROWS
    assert [type(value) for value in read["figure"][0]] == [type(value) for value in ROWS["figure"][0]]


def test_all_tables_are_read_as_of_one_instant(warehouse: Warehouse) -> None:
    """A row that is added while the first table is being read is in none of them."""
    second = FIGURE.model_copy(update={"name": "figure_too"})
    with warehouse.transaction() as connection:
        connection.exec_driver_sql("CREATE VIEW pub_v1.figure_too AS SELECT * FROM pub_v1.figure")

    def tables() -> Iterator[Any]:
        yield FIGURE
        with warehouse.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO hidden.figure (subject_code, dimension) VALUES ('3', '')")
        yield second

    read = read_published(warehouse, tables())
    assert read["figure_too"] == read["figure"] == ROWS["figure"]


def test_a_key_that_stands_twice_is_refused(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO hidden.subject VALUES ('310117001', 'again')")
    with pytest.raises(SnapshotError, match=r"pub_v1.subject: the key \['310117001'\] stands twice"):
        read_published(warehouse, TABLES)


@pytest.mark.parametrize(
    ("value", "said"), [("NULL", "promised and missing"), ("'NA'", "stands for a missing value")]
)
def test_a_row_that_breaks_its_contract_is_refused(warehouse: Warehouse, value: str, said: str) -> None:
    with warehouse.transaction() as connection:
        connection.exec_driver_sql(f"INSERT INTO hidden.subject VALUES ({value}, 'x')")
    with pytest.raises(SnapshotError, match=f"pub_v1.subject.subject_code.*{said}"):
        read_published(warehouse, [SUBJECT])


def test_an_infinite_number_is_refused(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.exec_driver_sql("UPDATE hidden.figure SET value = CAST('infinity' AS DOUBLE PRECISION)")
    with pytest.raises(SnapshotError, match=r"pub_v1.figure.value: inf is no number"):
        read_published(warehouse, TABLES)


def test_duckdb_and_parquet_hold_the_same_rows_with_types(folder: Path) -> None:
    write_data(folder, TABLES, ROWS)
    for table in TABLES:
        assert _query(folder / "g60.duckdb", f"FROM pub_v1.{table.name}") == ROWS[table.name]
        parquet = f"read_parquet('{folder / 'parquet'}/{table.name}.parquet')"
        assert duckdb.execute(f"FROM {parquet}").fetchall() == ROWS[table.name]
        types = duckdb.execute(f"SELECT column_type FROM (DESCRIBE FROM {parquet})").fetchall()
        expected = [
            column.type.replace(" PRECISION", "").replace("NUMERIC(38, 12)", "DECIMAL(38,12)")
            for column in table.columns
        ]
        assert [type_ for (type_,) in types] == expected


def test_csv_tells_a_blank_text_from_a_missing_value(folder: Path) -> None:
    write_data(folder, TABLES, ROWS)
    lines = (folder / "csv" / "figure.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "310117001,,0.123456789,ratio,1234567.5,1234,2021,true,2021-12-31,2022-01-12T01:30:00"
    assert lines[2] == "310117001,route,NA,ratio,NA,NA,NA,NA,NA,NA"
    assert lines[3].split(",")[4:6] == ["-0.000000000001", "100000000000000001"]


def test_the_database_is_plain_and_readable_by_1_x(folder: Path) -> None:
    """Tables with comments, no view, no index (DuckDB 1.0 cannot read one from 2.0), no log, the old storage version."""
    write_data(folder, TABLES, ROWS)
    database = folder / "g60.duckdb"
    header = database.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64
    tags = _query(
        database, "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'g60'"
    )
    assert tags == [("v1.0.0+",)]
    assert sorted(path.name for path in folder.iterdir()) == ["csv", "g60.duckdb", "parquet"]
    kinds = _query(
        database,
        "SELECT table_type, count(*) FROM information_schema.tables WHERE table_schema = 'pub_v1' GROUP BY 1",
    )
    assert kinds == [("BASE TABLE", 2)]
    assert _query(database, "FROM duckdb_indexes()") == []
    assert (
        _query(
            database, "SELECT constraint_type FROM duckdb_constraints() WHERE constraint_type <> 'NOT NULL'"
        )
        == []
    )
    comments = _query(
        database, "SELECT comment FROM duckdb_columns() WHERE table_name = 'figure' ORDER BY column_index"
    )
    assert comments[4] == ("变化额：与上次之差 / the change [wan_yuan]",)
    assert _query(database, "SELECT comment FROM duckdb_tables() WHERE table_name = 'subject'") == [
        ("对象 / subject: 对象。 / subject.",)
    ]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    many = {**ROWS, "subject": [(f"{n:09d}", f"单位{n * 7919 % 1009}号" * (n % 9)) for n in range(20_000)]}
    for folder in folders:
        folder.mkdir()
        write_data(folder, TABLES, many)
    assert _hashes(folders[0]) == _hashes(folders[1])


def test_both_engines_give_the_same_bytes(tmp_path: Path, folder: Path, warehouse: Warehouse) -> None:
    write_data(folder, TABLES, read_published(warehouse, TABLES))
    expected = tmp_path / "expected"
    expected.mkdir()
    write_data(expected, TABLES, ROWS)
    assert _hashes(folder) == _hashes(expected)


def test_nothing_that_the_process_knew_reaches_a_file(
    folder: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what the warehouse holds beside it nor what the environment says."""
    monkeypatch.setenv("G60_SECRET", _TRUE_TEXT)
    known = warehouse.read("SELECT secret, secret_text FROM hidden.figure")
    assert known["secret"].tolist() == [_TRUE_VALUE] * 4
    write_data(folder, TABLES, read_published(warehouse, TABLES))
    planted = (struct.pack("<d", _TRUE_VALUE), str(int(_TRUE_VALUE)).encode(), _TRUE_TEXT.encode())
    for path in folder.rglob("*.*"):
        assert not any(trace in path.read_bytes() for trace in planted), path


def test_a_disk_that_refuses_is_an_os_error(folder: Path) -> None:
    (folder / "g60.duckdb").mkdir()
    with pytest.raises(OSError, match="DuckDB and Parquet could not be written"):
        write_data(folder, TABLES, ROWS)
