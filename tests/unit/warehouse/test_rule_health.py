"""How the rules do: what fired, and what became of it by the last readable return of the unit and month."""

from __future__ import annotations

from typing import Any

from ledger_world import DUE, HOST, LOCK, MONTH, TOWN, Ledger

from g60pipeline.warehouse.summary import most_fired_rules


def find(ledger: Ledger, submission: int, unit: str, key: str, explanation: str | None = None) -> None:
    """Add a finding to the submission's last verdict; the key is `form/rule/…` as production makes it."""
    form, rule = key.split("/")[:2]
    verdicts = ledger.warehouse.read(
        "SELECT max(verdict_id) AS v FROM ops.verdict WHERE submission_id = :s", {"s": submission}
    )
    known = ledger.warehouse.read("SELECT count(*) AS n FROM ops.finding")["n"].iloc[0]
    ledger.insert("ops.finding", {
        "verdict_id": int(verdicts["v"].iloc[0]), "finding_no": int(known) + 1, "submission_id": submission,
        "reporting_unit_code": unit, "period": MONTH, "form": None if form == "*" else form, "rule": rule,
        "code": "US-205", "level": 2, "severity": "warning", "finding_key": key, "explanation": explanation,
        "message_zh": "请核对。", "message_en": "Check.",
    })  # fmt: skip


def health(ledger: Ledger) -> dict[str, dict[str, Any]]:
    return {row["rule"]: row for row in most_fired_rules(ledger.warehouse, 10)}


def test_what_a_later_return_no_longer_has_is_fixed_and_what_it_still_has_is_open(ledger: Ledger) -> None:
    first = ledger.submit(TOWN, DUE, "returned")
    find(ledger, first, TOWN, "unit_summary/jumps/member_count/A")
    find(ledger, first, TOWN, "unit_summary/jumps/member_count/B")
    second = ledger.submit(TOWN, LOCK, "returned")
    find(ledger, second, TOWN, "unit_summary/jumps/member_count/B")
    row = health(ledger)["jumps"]
    assert (row["form"], row["code"], row["severity"]) == ("unit_summary", "US-205", "warning")
    assert (row["submission_count"], row["fired_submission_count"], row["fired_count"]) == (2, 2, 3)
    assert (row["fixed_count"], row["explained_count"], row["open_count"]) == (1, 0, 2)


def test_an_explanation_closes_the_finding_of_the_earlier_return_too(ledger: Ledger) -> None:
    key = "unit_summary/jumps/member_count/A"
    first = ledger.submit(TOWN, DUE, "awaiting_explanation")
    find(ledger, first, TOWN, key)
    assert health(ledger)["jumps"]["open_count"] == 1
    find(ledger, ledger.submit(TOWN, LOCK), TOWN, key, "已核对")
    row = health(ledger)["jumps"]
    assert (row["fixed_count"], row["explained_count"], row["open_count"]) == (0, 2, 0)


def test_another_unit_and_an_unreadable_return_fix_nothing(ledger: Ledger) -> None:
    first = ledger.submit(TOWN, DUE, "returned")
    find(ledger, first, TOWN, "unit_summary/jumps/member_count/A")
    ledger.submit(HOST, LOCK)
    ledger.submit(TOWN, LOCK, "unreadable", forms=())
    row = health(ledger)["jumps"]
    assert (row["fixed_count"], row["open_count"]) == (0, 1)
    assert row["submission_count"] == 2  # the unreadable one has no form to look at


def test_findings_of_a_replaced_verdict_count_no_more_and_those_of_a_file_look_at_every_file(
    ledger: Ledger,
) -> None:
    first = ledger.submit(TOWN, DUE, "returned")
    find(ledger, first, TOWN, "unit_summary/jumps/member_count/A")
    ledger.judge(first, "accepted", LOCK)
    broken = ledger.submit(HOST, DUE, "unreadable", forms=())
    find(ledger, broken, HOST, "*/file_is_readable/*/*")
    rows = health(ledger)
    assert set(rows) == {"file_is_readable"}
    assert (rows["file_is_readable"]["form"], rows["file_is_readable"]["submission_count"]) == ("*", 2)


def test_rules_come_by_how_many_returns_they_fired_in(ledger: Ledger) -> None:
    one = ledger.submit(TOWN, DUE, "returned")
    for letter in "ABC":
        find(ledger, one, TOWN, f"unit_summary/often_in_one/member_count/{letter}")
    for unit in (TOWN, HOST):
        find(ledger, ledger.submit(unit, DUE, "returned"), unit, "unit_summary/in_two/member_count/A")
    assert [row["rule"] for row in most_fired_rules(ledger.warehouse, 10)] == ["in_two", "often_in_one"]
    assert len(most_fired_rules(ledger.warehouse, 1)) == 1
