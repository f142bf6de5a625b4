"""How the project's corrections stand, and what operators are told of those that did not take.

Belongs here: reading. Not here: applying (corrections.py), showing (defs, cli).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from g60pipeline.contracts.correction_values import write_value
from g60pipeline.contracts.corrections import Correction
from g60pipeline.warehouse.corrections import Event, decode, read_events, read_in_force, replay
from g60pipeline.warehouse.engine import Warehouse

State = Literal["waiting", "applied", "stale", "unmatched", "ambiguous", "retired"]
FAILED = frozenset({"stale", "unmatched", "ambiguous"})


@dataclass(frozen=True)
class CorrectionState:
    """A correction, how it stands, and the submission that it was tried on.

    `cell` is where, as sheet!address, once a row was found; `message` says what to do of one that did not take.
    """

    correction: Correction
    state: State
    submission_id: int | None = None
    cell: str = ""
    expected: str = ""
    found: str = ""
    message: str = ""

    @property
    def has_failed(self) -> bool:
        """Say whether somebody has to look."""
        return self.state in FAILED


def read_states(warehouse: Warehouse) -> list[CorrectionState]:
    """State of every correction of the project, in the order of its files.

    A correction waits until it has been tried on the submission in force, as it is written now.
    """
    corrections = warehouse.project.corrections
    with warehouse.engine.connect() as connection:
        known = replay(read_events(connection))
        active = [correction for correction in corrections if correction.is_active]
        in_force = read_in_force(connection, (c.period for c in active)) if active else {}
        states: list[CorrectionState] = []
        for correction in corrections:
            entered = known.get(correction.id)
            number = in_force.get((correction.unit, correction.form, correction.period))
            if not correction.is_active:
                states.append(CorrectionState(correction, "retired"))
            elif number is None or entered is None or entered.definition != correction.definition:
                states.append(CorrectionState(correction, "waiting"))
            elif number not in entered.tries:
                states.append(CorrectionState(correction, "waiting", number))
            else:
                states.append(_tried(connection, warehouse, correction, entered.tries[number]))
        return states


def _tried(
    connection: sa.Connection, warehouse: Warehouse, correction: Correction, event: Event
) -> CorrectionState:
    number, state, action = int(event["submission_id"]), event["kind"], correction.action
    if state in ("unmatched", "ambiguous"):
        row = ", ".join(f"{name}={_shown(write_value(value))}" for name, value in correction.match.items())
        message = f"{_name(correction)}: {_NOT_ONE_ROW[state].format(row=row, number=number)}"
        return CorrectionState(correction, state, number, message=message)
    cell = _cell(connection, warehouse, event)
    field = event["field"]
    expected = _shown(write_value(action.expectations[field])) if field else ""
    found = _shown(event["old_value"]) if field else ""
    message = ""
    if state == "stale":
        where = f"{cell} ({field or 'the row'}) of submission {number}"
        said = (
            f"was expected to hold {expected}, but holds {found}"
            if field
            else "is dropped by another correction"
        )
        is_mended = action.field is not None and event["old_value"] == write_value(action.value)
        message = f"{_name(correction)}: {where} {said}: not applied. {_MENDED if is_mended else _CHANGED}"
    return CorrectionState(correction, state, number, cell, expected, found, message)


_MENDED = "The unit has mended it: retire the correction."
_CHANGED = "Retire the correction, or enter it anew with what is expected now."
_NOT_ONE_ROW = {
    "unmatched": "no row of submission {number} has {row}: not applied. Correct the match, or retire the correction.",
    "ambiguous": "several rows of submission {number} have {row}: not applied. Give more fields in the match.",
}


def _name(correction: Correction) -> str:
    return f"{correction.file}: {correction.id}"


def _shown(text: str | None) -> str:
    return "(blank)" if text is None else text


def _cell(connection: sa.Connection, warehouse: Warehouse, event: Event) -> str:
    """Where the event's cell stands in what was sent; the row where it is of no one cell."""
    form = warehouse.table("ops.submission_form")
    sent = sa.select(form.c.sheet, form.c.layout).where(
        form.c.submission_id == int(event["submission_id"]), form.c.form == event["form"]
    )
    sheet, layout = connection.execute(sent).one()
    columns: dict[str, Any] = (decode(layout) or {}).get("fields", {})
    column = columns.get(event["field"], {}).get("column")
    row = int(event["sheet_row"])
    return f"{sheet}!{column}{row}" if column else f"{sheet}!{row}:{row}"
