"""Applying the district's corrections: what the contract cannot see is looked for, then they are laid over core.

Belongs here: personal numbers in corrections. Not here: events and rows (warehouse.corrections).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.corrections import Correction
from g60pipeline.contracts.project import Project

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse


def _texts(correction: Correction) -> Iterator[str]:
    action = correction.action
    values = (*correction.match.values(), *action.expectations.values(), action.value)
    yield from (correction.reason.zh, correction.reason.en, correction.decided_by)
    yield from (value for value in values if isinstance(value, str))


def refuse_personal_numbers(project: Project) -> None:
    """Raise ContractError where a correction holds a resident-ID or phone number, without repeating it."""
    from g60pipeline.intake.personal import kinds_in_text

    faults = [
        f"{correction.file}: {correction.id}: holds a personal number; take it out"
        for correction in project.corrections
        if any(kinds_in_text(text) for text in _texts(correction))
    ]
    if faults:
        raise ContractError("\n".join(faults))


def apply_corrections(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Bring core in step with the project's corrections, in one transaction; returns the events of the ledger.

    ContractError when one holds a personal number; then nothing is written.
    """
    from g60pipeline.warehouse.corrections import sync_corrections

    refuse_personal_numbers(warehouse.project)
    with warehouse.transaction() as connection:
        return sync_corrections(connection, warehouse, warehouse.project)
