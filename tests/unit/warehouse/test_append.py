"""What is appended comes back as it was, of the same types, whichever engine it went through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from g60pipeline.warehouse.connect import build_engine, parse_url
from g60pipeline.warehouse.loading import append_frame, append_rows, read_frame
from postgres import Cluster

TABLE = sa.Table(
    "every type", sa.MetaData(),
    sa.Column("number", sa.BigInteger()), sa.Column("order", sa.Numeric(24, 6)), sa.Column("share", sa.Double()),
    sa.Column("text", sa.String()), sa.Column("day", sa.Date()), sa.Column("at", sa.DateTime()),
    sa.Column("flag", sa.Boolean()), sa.Column("raw", sa.JSON()),
    schema="some",
)  # fmt: skip
DATABASE_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1))
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-(2**63), 2**63 - 1) | st.just(pd.NA),
    "order": st.decimals(-(10**17), 10**17, places=6) | st.just(Decimal("NaN")),
    "share": st.floats(allow_infinity=False),
    "text": DATABASE_TEXT,
    "day": DAYS,
    "at": INSTANTS | INSTANTS.map(pd.Timestamp) | st.just(pd.NaT),
    "flag": st.booleans(),
    "raw": st.dictionaries(DATABASE_TEXT, DATABASE_TEXT | st.integers(-9, 9) | st.none(), max_size=3)
    | st.lists(DATABASE_TEXT, max_size=2),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}),
    min_size=1,
    max_size=6,
)
FRAMES = ROWS.map(
    lambda rows: pd.DataFrame({n: pd.Series([row[n] for row in rows], dtype=object) for n in VALUES})
)
Engines = tuple[sa.Engine, sa.Engine]


@pytest.fixture(scope="module")
def engines(postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    file = tmp_path_factory.mktemp("append") / "w.duckdb"
    made = tuple(
        build_engine(parse_url(url)) for url in (f"duckdb:///{file}", postgres_cluster.create_database())
    )
    for engine in made:
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema("some"))
            TABLE.create(connection)
    yield made[0], made[1]
    for engine in made:
        engine.dispose()


def round_trip(engine: sa.Engine, frame: pd.DataFrame) -> pd.DataFrame:
    with engine.begin() as connection:
        connection.execute(sa.delete(TABLE))
        assert append_frame(connection, TABLE, frame) == len(frame)
        return read_frame(connection, sa.select(TABLE))


def cells(frame: pd.DataFrame) -> list[list[tuple[type, Any]]]:
    """Values with their types, None for what is missing, in an order that does not rest on the engine's."""
    plain = frame.astype(object).where(frame.notna(), None)
    return sorted(([(type(value), value) for value in row] for row in plain.to_numpy().tolist()), key=repr)


@settings(max_examples=60, deadline=None)
@given(frame=FRAMES)
def test_a_frame_of_every_type_comes_back_alike_from_both_engines(
    engines: Engines, frame: pd.DataFrame
) -> None:
    here, there = (round_trip(engine, frame) for engine in engines)
    assert list(here.dtypes) == list(there.dtypes)
    assert cells(here) == cells(there)
    for name in ("text", "day", "flag", "raw"):
        assert sorted(map(repr, here[name].dropna())) == sorted(map(repr, frame[name].dropna()))
    assert sorted(here["order"].dropna()) == sorted(frame["order"].dropna())


@pytest.mark.parametrize("which", [0, 1], ids=["duckdb", "postgres"])
def test_frames_of_typed_columns_come_back_as_they_were(engines: Engines, which: int) -> None:
    frame = pd.DataFrame({
        "number": pd.Series([1, None], dtype="Int64"), "share": [0.5, float("nan")], "text": ["甲, \"乙\"\n\t\\N", None],
        "order": pd.Series([Decimal("0.10"), None], dtype=object), "flag": pd.Series([True, None], dtype="boolean"),
        "at": pd.Series([datetime(2021, 12, 1, 8, 30), None], dtype="datetime64[us]"), "elsewhere": [1, 2],
    })  # fmt: skip
    first, second = cells(round_trip(engines[which], frame))
    names = [column.name for column in TABLE.columns]
    row = dict(zip(names, (value for _, value in second), strict=True))
    assert row["number"] == 1
    assert (type(row["order"]), str(row["order"])) == (Decimal, "0.100000")
    assert row["at"] == datetime(2021, 12, 1, 8, 30)
    assert (row["flag"], row["share"], row["text"]) == (True, 0.5, '甲, "乙"\n\t\\N')
    assert [value for _, value in first] == [None] * len(names)


@pytest.mark.parametrize("which", [0, 1], ids=["duckdb", "postgres"])
def test_a_large_number_after_many_small_ones_fits(engines: Engines, which: int) -> None:
    with engines[which].begin() as connection:
        connection.execute(sa.delete(TABLE))
        append_rows(connection, TABLE, [{"number": n} for n in range(5000)] + [{"number": 2**60, "raw": {}}])
        found = connection.execute(sa.select(sa.func.max(TABLE.c.number), sa.func.count(TABLE.c.raw))).one()
    assert tuple(found) == (2**60, 1)


@pytest.mark.parametrize("which", [0, 1], ids=["duckdb", "postgres"])
def test_a_fraction_is_no_whole_number(engines: Engines, which: int) -> None:
    with engines[which].connect() as connection, pytest.raises(ValueError, match=r"1\.5 is no whole number"):
        append_rows(connection, TABLE, [{"number": 1.5}])


@pytest.mark.parametrize("which", [0, 1], ids=["duckdb", "postgres"])
def test_nothing_appends_nothing(engines: Engines, which: int, tmp_path: Path) -> None:
    with engines[which].connect() as connection:
        assert append_rows(connection, TABLE, []) == 0
        assert append_frame(connection, TABLE, pd.DataFrame({"number": []})) == 0
