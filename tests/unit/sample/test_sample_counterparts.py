"""A cooperation between enterprises of two units stands in both units' returns."""

from __future__ import annotations

from collections import Counter

import pytest

from g60pipeline.sample.calibration import CLUSTERS
from g60pipeline.sample.clusters import present
from g60pipeline.sample.generate import Sample
from g60pipeline.sample.model import MONTHS

SAME = ("cooperation_no", "supplier_uscc", "receiver_uscc", "kind", "goods", "quantity", "agreed_on")


@pytest.mark.parametrize("step", [0, 6, 12])
def test_both_parties_units_report_it_once(sample: Sample, step: int) -> None:
    host_of = {
        enterprise.uscc: plan.host
        for plan in CLUSTERS
        for enterprise in present(sample.registers[plan.code], step)
    }
    sent: Counter[tuple[object, ...]] = Counter()
    reporting: dict[tuple[object, ...], set[str]] = {}
    for host in sorted({plan.host for plan in CLUSTERS}):
        for row in sample.correct_return(host, MONTHS[step]).forms["chain_cooperation"]:
            deal = tuple(row[name] for name in SAME)
            sent[deal] += 1
            reporting.setdefault(deal, set()).add(host)
            parties = {host_of[str(row["supplier_uscc"])], host_of[str(row["receiver_uscc"])]}
            assert host in parties
    assert any(len(hosts) == 2 for hosts in reporting.values())
    for deal, hosts in reporting.items():
        assert hosts == {host_of[str(deal[1])], host_of[str(deal[2])]}
        assert sent[deal] == len(hosts)
