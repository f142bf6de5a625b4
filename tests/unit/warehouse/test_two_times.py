"""What is in force now, what was as of an instant, what is in a release: rows, marts and values, in SQL, on both engines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ledger_world import MONTH, TOWN, Ledger

from g60pipeline.contracts.knowledge import Cut
from g60pipeline.operations.marts import create_marts
from g60pipeline.operations.values import read_rows
from g60pipeline.warehouse.engine import WarehouseError
from g60pipeline.warehouse.ledger import append_accepted
from g60pipeline.warehouse.world import find_cut

FIRST, SECOND, THIRD = datetime(2021, 12, 1), datetime(2021, 12, 3), datetime(2021, 12, 6)
FORM = "cluster_enterprise"


def load(ledger: Ledger, at: datetime, *codes: str, verdict: str = "accepted") -> int:
    number = ledger.submit(TOWN, at, verdict, forms=[FORM])
    ledger.stage(number, FORM, TOWN, *({"enterprise_uscc": code, "cluster_code": "C01"} for code in codes))
    if verdict == "accepted":
        with ledger.warehouse.transaction() as connection:
            append_accepted(connection, ledger.warehouse, FORM, [number])
    return number


def codes(ledger: Ledger, source: str, **parameters: Any) -> list[str]:
    query = f"SELECT enterprise_uscc FROM {source} WHERE period = :month ORDER BY enterprise_uscc"
    return list(ledger.warehouse.read(query, {"month": MONTH, **parameters})["enterprise_uscc"])


def as_of(ledger: Ledger, instant: datetime) -> list[str]:
    return codes(ledger, f"core.{FORM}_as_of(:instant)", instant=instant)


def test_a_row_dropped_by_a_resubmission_is_gone_from_latest_and_there_as_of_yesterday(
    ledger: Ledger,
) -> None:
    load(ledger, FIRST, "E1", "E2")
    load(ledger, SECOND, "E1", "E3")
    assert codes(ledger, f"core.{FORM}_latest") == ["E1", "E3"]
    assert as_of(ledger, datetime(2021, 12, 2)) == ["E1", "E2"]
    assert as_of(ledger, SECOND) == ["E1", "E3"]
    assert as_of(ledger, datetime(2021, 11, 30)) == []


def test_an_acceptance_taken_back_leaves_what_was_in_force_before(ledger: Ledger) -> None:
    load(ledger, FIRST, "E1")
    second = load(ledger, SECOND, "E2")
    ledger.judge(second, "returned", THIRD)
    assert codes(ledger, f"core.{FORM}_latest") == ["E1"]
    assert as_of(ledger, datetime(2021, 12, 4)) == ["E2"]
    assert as_of(ledger, THIRD) == ["E1"]


def test_the_order_is_the_ledgers_not_the_clocks(ledger: Ledger) -> None:
    load(ledger, SECOND, "E1")
    load(ledger, FIRST, "E2")  # the machine's clock was set back
    assert codes(ledger, f"core.{FORM}_latest") == ["E2"]


def test_a_release_keeps_its_cut(ledger: Ledger) -> None:
    load(ledger, FIRST, "E1")
    with ledger.warehouse.engine.connect() as connection:
        cut = find_cut(connection)
    load(ledger, SECOND, "E2")
    entry = {f"cut_{name}": number for name, number in cut._asdict().items()}
    with ledger.warehouse.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM release.release")
    ledger.insert("release.release", {
        **entry, "release_id": "2021-11.1", "period": MONTH, "release_no": 1, "stage": "preliminary",
        "definitions_hash": "x", "created_at": FIRST, "manifest": {}, "manifest_sha256": "x",
    })  # fmt: skip
    assert codes(ledger, f"core.{FORM}_in_release(:release)", release="2021-11.1") == ["E1"]
    assert codes(ledger, f"core.{FORM}_in_release(:release)", release="never") == []
    assert codes(ledger, f"core.{FORM}_latest") == ["E2"]


def test_marts_and_forms_are_read_at_the_same_three_times(ledger: Ledger) -> None:
    create_marts(ledger.warehouse)
    load(ledger, FIRST, "E1")
    load(ledger, SECOND, "E2", "E3")
    for name in (FORM, "cluster_register"):
        latest = read_rows(ledger.warehouse, name, MONTH)
        before = read_rows(ledger.warehouse, name, MONTH, as_of=datetime(2021, 12, 2))
        assert sorted(latest["enterprise_uscc"]) == ["E2", "E3"]
        assert list(before["enterprise_uscc"]) == ["E1"]
        with pytest.raises(WarehouseError, match="no release never"):
            read_rows(ledger.warehouse, name, MONTH, release_id="never")
    with pytest.raises(KeyError):
        read_rows(ledger.warehouse, "submission", MONTH)
    with pytest.raises(ValueError, match="not for both"):
        read_rows(ledger.warehouse, FORM, MONTH, as_of=FIRST, release_id="2021-11.1")


def test_row_versions_count_from_their_event_on(ledger: Ledger) -> None:
    number = load(ledger, FIRST, "E1", "E2")
    core = ledger.warehouse.table(f"core.{FORM}")
    rows = ledger.warehouse.read(f"SELECT * FROM core.{FORM}_latest ORDER BY sheet_row").to_dict("records")
    versions = ({"enterprise_uscc": "E9", "row_version": 5}, {"is_dropped": True, "row_version": 7})
    for row, version in zip(rows, versions, strict=True):
        changed = {str(name): value for name, value in row.items() if name in core.columns}
        ledger.insert(core.fullname, {**changed, **version})
    for event, at in ((5, SECOND), (7, THIRD)):
        ledger.insert("ops.correction_event", {
            "event_id": event, "correction_id": "x", "kind": "applied", "form": FORM, "reporting_unit_code": TOWN,
            "period": MONTH, "submission_id": number, "entered_at": at,
        })  # fmt: skip
    assert codes(ledger, f"core.{FORM}_latest") == ["E9"]
    assert as_of(ledger, datetime(2021, 12, 2)) == ["E1", "E2"]
    assert as_of(ledger, datetime(2021, 12, 4)) == ["E2", "E9"]
    with ledger.warehouse.engine.connect() as connection:
        assert find_cut(connection) == Cut(number, number, 7)
        assert find_cut(connection, datetime(2021, 12, 4)) == Cut(number, number, 5)
