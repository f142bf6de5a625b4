"""What a receipt is made from: the file, its last verdict, the forms that were read."""

from __future__ import annotations

from ledger_world import DUE, HOST, LOCK, MONTH, TOWN, Ledger

from g60pipeline.warehouse.receipts import read_receipts


def test_every_placed_submission_of_the_months_comes_with_its_last_verdict_and_forms(ledger: Ledger) -> None:
    first = ledger.submit(TOWN, DUE, "returned")
    ledger.judge(first, "accepted", LOCK)
    refused = ledger.submit(HOST, DUE, "refused", forms=())
    waiting = ledger.submit(HOST, LOCK, None)
    ledger.submit(TOWN, LOCK, period="2021-10")

    rows = {row["submission_id"]: row for row in read_receipts(ledger.warehouse, [MONTH])}
    assert list(rows) == [first, refused, waiting]
    assert [rows[n]["verdict"] for n in rows] == ["accepted", "refused", "received"]
    assert [len(rows[n]["forms"]) for n in rows] == [1, 0, 9]
    assert rows[first]["judged_at"] == LOCK
    assert rows[waiting]["judged_at"] is None
    assert isinstance(rows[first]["sequence_number"], int)


def test_no_submission_is_no_error(ledger: Ledger) -> None:
    assert read_receipts(ledger.warehouse, [MONTH]) == []
