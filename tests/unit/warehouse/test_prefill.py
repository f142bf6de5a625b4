"""What a template takes over from the month before: rows in force only, prefilled fields only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from ledger_world import HOST, TOWN, Ledger

from g60pipeline.contracts.periods import Period
from g60pipeline.warehouse.prefill import next_sequence_number, read_last_month

NOVEMBER, DECEMBER = Period(2021, 11), Period(2021, 12)
CARRIERS = "innovation_carrier"
AT = datetime(2021, 12, 1)


@pytest.fixture
def books(ledger: Ledger) -> Iterator[Ledger]:
    yield ledger
    with ledger.warehouse.transaction() as connection:
        for table in ledger.warehouse.metadata.tables.values():
            if table.schema == "core" and "submission_id" in table.columns:
                connection.execute(sa.delete(table))


def enter(books: Ledger, number: int, form: str, unit: str, *rows: dict[str, Any], **raw: str) -> None:
    """Rows of an accepted submission, as they lie in core; `raw` is what stood in some cells."""
    books.insert(f"core.{form}", *(
        {**row, "submission_id": number, "reporting_unit_code": unit, "period": NOVEMBER.key, "sheet_row": n, "raw_text": raw,
         "row_version": 0, "is_dropped": False}
        for n, row in enumerate(rows, 4)
    ))  # fmt: skip


def carrier(name: str) -> dict[str, Any]:
    return {"cluster_code": "C03", "name": name, "level": "district", "recognised_on": date(2020, 5, 1)}


def test_only_the_rows_in_force_are_taken_over_in_the_sheets_order(books: Ledger) -> None:
    first = books.submit(HOST, AT)
    enter(books, first, CARRIERS, HOST, carrier("旧"), carrier("撤销"))
    second = books.submit(HOST, AT)
    enter(books, second, CARRIERS, HOST, carrier("乙"), carrier("甲"))
    returned = books.submit(HOST, AT, "returned")
    enter(books, returned, CARRIERS, HOST, carrier("退回"))
    assert read_last_month(books.warehouse, HOST, DECEMBER) == {CARRIERS: [carrier("乙"), carrier("甲")]}


def test_another_unit_or_month_gives_nothing(books: Ledger) -> None:
    enter(books, books.submit(HOST, AT), CARRIERS, HOST, carrier("甲"))
    assert read_last_month(books.warehouse, TOWN, DECEMBER) == {}
    assert read_last_month(books.warehouse, HOST, NOVEMBER) == {}
    assert read_last_month(books.warehouse, HOST, DECEMBER.plus(1)) == {}


def test_what_is_counted_anew_stays_behind_and_units_of_measure_stand_as_written(books: Ledger) -> None:
    unit = "310117U04"
    number = books.submit(unit, AT)
    row = {
        "measure_code": "fiscal_revenue",
        "value": 12300,
        "value_ytd": 45600,
        "unit_of_measure": "wan_yuan",
    }
    enter(books, number, "district_economy", unit, row, unit_of_measure="亿元", measure_code="地方财政收入")
    assert read_last_month(books.warehouse, unit, DECEMBER) == {
        "district_economy": [{"measure_code": "fiscal_revenue", "unit_of_measure": "亿元"}]
    }


def test_the_next_return_is_numbered_on(books: Ledger) -> None:
    assert next_sequence_number(books.warehouse, HOST, NOVEMBER) == 1
    books.submit(HOST, AT, "returned")
    assert next_sequence_number(books.warehouse, HOST, NOVEMBER) == 2
    assert next_sequence_number(books.warehouse, HOST, DECEMBER) == 1
    assert next_sequence_number(books.warehouse, TOWN, NOVEMBER) == 1
