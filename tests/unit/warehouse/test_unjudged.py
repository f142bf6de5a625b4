"""Whose verdict is to be made anew: that of a submission whose last one is not by the present rules."""

from __future__ import annotations

import pytest
from ledger_world import DUE, MONTH, TOWN, Ledger

from g60pipeline.warehouse.ledger import append_verdicts, months_to_judge, unjudged


def _judge(ledger: Ledger, submission: int, monkeypatch: pytest.MonkeyPatch, rules: str) -> list[int]:
    """Judge by some rules; returns what waits under these once that is done."""
    monkeypatch.setattr(
        ledger.warehouse, "project", ledger.warehouse.project.model_copy(update={"rules_version": rules})
    )
    assert list(unjudged(ledger.warehouse, MONTH)["submission_id"]) == [submission]
    verdict = {"submission_id": submission, "status": "accepted", "critical_count": 0, "warning_count": 0}
    with ledger.warehouse.transaction() as connection:
        append_verdicts(connection, ledger.warehouse, [verdict], [])
    return list(unjudged(ledger.warehouse, MONTH)["submission_id"])


def test_rules_that_are_changed_and_changed_back_judge_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = ledger.submit(TOWN, DUE, None)

    assert [_judge(ledger, submission, monkeypatch, rules) for rules in ("a", "b", "a")] == [[], [], []]


def test_a_month_that_is_to_be_judged_again_is_known_by_another_name(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = ledger.submit(TOWN, DUE, None)
    told = [months_to_judge(ledger.warehouse)]
    for rules in ("a", "b"):
        _judge(ledger, submission, monkeypatch, rules)
        assert months_to_judge(ledger.warehouse) == []
        other = ledger.warehouse.project.model_copy(update={"rules_version": "c"})
        with monkeypatch.context() as patch:
            patch.setattr(ledger.warehouse, "project", other)
            told.append(months_to_judge(ledger.warehouse))

    assert [month for found in told for month, _ in found] == [MONTH] * 3
    assert len({known for found in told for _, known in found}) == 3
