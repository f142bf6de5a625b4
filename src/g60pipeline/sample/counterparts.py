"""What the supplier's unit reports of a cooperation that the receiver's unit, another one, reports.

Not here: the cooperations themselves (events).
"""

from __future__ import annotations

from g60pipeline.sample.calibration import CLUSTERS
from g60pipeline.sample.clusters import present
from g60pipeline.sample.events import cooperation_rows
from g60pipeline.sample.model import Row
from g60pipeline.sample.registers import Registers


def supplied_rows(host: str, registers: Registers, step: int, seed: int) -> list[Row]:
    """Return rows of `chain_cooperation` for what the host's enterprises supplied to other units' clusters."""
    cluster_of: dict[object, str] = {}
    for plan in (plan for plan in CLUSTERS if plan.host == host):
        for enterprise in present(registers[plan.code], step):
            cluster_of.setdefault(enterprise.uscc, plan.code)
    return [
        {**row, "cluster_code": cluster_of[row["supplier_uscc"]]}
        for plan in CLUSTERS
        if plan.host != host
        for row in cooperation_rows(plan, registers, step, seed)
        if row["supplier_uscc"] in cluster_of
    ]
