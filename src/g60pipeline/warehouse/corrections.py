"""Corrections by the district laid over the rows of core, and the ledger of what became of each.

A correction is `entered` when it is first seen, tried once on each submission in force of its unit, form and month
(`applied`, `stale`, `unmatched` or `ambiguous`), and `retired` when it is gone, retired or changed. An event that
changes a row appends a version of it under the event's number, so that every cut through the ledger finds the row as it
was then. What a correction expects is compared with the row as it was sent: several on one row do not depend on order.

Belongs here: events and row versions. Not here: what a correction may say (contracts.corrections), what operators are
told of it (correction_states.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from g60pipeline.contracts.correction_values import write_value
from g60pipeline.contracts.corrections import Correction
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.engine import Warehouse, append_rows

if TYPE_CHECKING:
    import pandas as pd

Event = dict[str, Any]
InForce = dict[tuple[str, str, str], int]

_PROVENANCE = (
    "event_id", "correction_id", "submission_id", "sheet_row", "field", "old_value", "new_value", "reason_zh",
    "reason_en", "decided_by", "decided_on",
)  # fmt: skip


@dataclass
class Entered:
    """A correction that is in force: what it says, and how it went on each submission since it was entered."""

    definition: dict[str, Any]
    tries: dict[int, Event] = field(default_factory=dict[int, Event])

    def applied(self) -> Iterator[Event]:
        """Events that changed a row."""
        return (event for event in self.tries.values() if event["kind"] == "applied")


def decode(value: Any) -> Any:
    """Return the data of a JSON column, which some drivers give as text."""
    return json.loads(value) if isinstance(value, str) else value


def read_events(connection: sa.Connection, last_event_id: int | None = None) -> list[Event]:
    """Events in order, up to one where it is given."""
    condition = "" if last_event_id is None else " WHERE event_id <= :last"
    query = sa.text(f"SELECT * FROM ops.correction_event{condition} ORDER BY event_id")
    found = connection.execute(query, {} if last_event_id is None else {"last": last_event_id}).mappings()
    return [dict(event) for event in found]


def replay(events: Iterable[Event]) -> dict[str, Entered]:
    """Corrections in force after the events, by id, in the order in which they were entered."""
    known: dict[str, Entered] = {}
    for event in events:
        name = str(event["correction_id"])
        if event["kind"] == "entered":
            known[name] = Entered(decode(event["definition"]))
        elif event["kind"] == "retired":
            known.pop(name)
        else:
            known[name].tries[int(event["submission_id"])] = event
    return known


def read_in_force(connection: sa.Connection, periods: Iterable[str]) -> InForce:
    """Submissions in force of the months by unit, form and month."""
    query = sa.text(
        "SELECT reporting_unit_code, form, period, submission_id FROM core.latest_submission WHERE period IN :periods"
    ).bindparams(sa.bindparam("periods", expanding=True))
    rows = connection.execute(query, {"periods": sorted(set(periods))})
    return {(unit, form, period): int(number) for unit, form, period, number in rows}


class _Sync:
    """One pass over the corrections, in the caller's transaction. Events are numbered at once and written at the end."""

    def __init__(self, connection: sa.Connection, warehouse: Warehouse) -> None:
        self.connection = connection
        self.warehouse = warehouse
        known = read_events(connection)
        self.known = replay(known)
        self.last_event_id = max((int(event["event_id"]) for event in known), default=0)
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.events: list[Event] = []

    def run(self, corrections: Iterable[Correction]) -> None:
        wanted = {correction.id: correction for correction in corrections if correction.is_active}
        for name, entered in list(self.known.items()):
            if name not in wanted or wanted[name].definition != entered.definition:
                self._retire(name)
        for correction in wanted.values():
            if correction.id not in self.known:
                self._append("entered", correction.definition, definition=correction.definition)
                self.known[correction.id] = Entered(correction.definition)
        in_force = read_in_force(self.connection, (c.period for c in wanted.values())) if wanted else {}
        for correction in wanted.values():
            number = in_force.get((correction.unit, correction.form, correction.period))
            tries = self.known[correction.id].tries
            if number is not None and number not in tries and self._is_loaded(correction.form, number):
                tries[number] = self._try(correction, number)

    def _append(self, kind: str, said: dict[str, Any], **found: Any) -> Event:
        self.last_event_id += 1
        event = {
            "event_id": self.last_event_id,
            "correction_id": said["id"],
            "kind": kind,
            "form": said["form"],
            "reporting_unit_code": said["unit"],
            "period": said["period"],
            "entered_at": self.now,
            **found,
        }
        self.events.append(event)
        return event

    def _is_loaded(self, form: str, number: int) -> bool:
        """Say whether core has the submission's rows; it was accepted, but an interrupted run may not have loaded it."""
        sheet, table = self.warehouse.table("ops.submission_form"), self.warehouse.table(f"core.{form}")
        sent = sa.select(sheet.c.row_count).where(sheet.c.submission_id == number, sheet.c.form == form)
        loaded = sa.select(sa.func.count()).where(table.c.submission_id == number, table.c.row_version == 0)
        counts = self.connection.execute(sa.select(sent.scalar_subquery(), loaded.scalar_subquery())).one()
        return int(counts[0]) == int(counts[1])

    def _try(self, correction: Correction, number: int) -> Event:
        rows = self._matching(correction, number)
        if len(rows) != 1:
            kind = "ambiguous" if rows else "unmatched"
            return self._append(kind, correction.definition, submission_id=number)
        place = {"submission_id": number, "sheet_row": int(rows[0]["sheet_row"])}
        others = list(self._applied_on(correction.form, **place))
        unexpected = next(_unexpected(correction, rows[0], others), None)
        if unexpected is not None:
            return self._append("stale", correction.definition, **place, **unexpected)
        return self._apply(correction, place, rows[0], others)

    def _matching(self, correction: Correction, number: int) -> Sequence[sa.RowMapping]:
        table = self.warehouse.table(f"core.{correction.form}")
        conditions = [
            table.c[name].is_(None) if value is None else table.c[name] == _as(table.c[name], value)
            for name, value in correction.match.items()
        ]
        query = sa.select(table).where(table.c.submission_id == number, table.c.row_version == 0, *conditions)
        return self.connection.execute(query).mappings().all()

    def _applied_on(self, form: str, submission_id: int, sheet_row: int) -> Iterator[Event]:
        for event in (event for entered in self.known.values() for event in entered.applied()):
            if event["form"] == form and _place(event) == (submission_id, sheet_row):
                yield event

    def _apply(
        self, correction: Correction, place: dict[str, int], row: sa.RowMapping, others: list[Event]
    ) -> Event:
        action, table = correction.action, self.warehouse.table(f"core.{correction.form}")
        if action.field is None:
            event = self._append("applied", correction.definition, **place)
            changes: dict[str, Any] = {"is_dropped": sa.true()}
        else:
            texts = {"old_value": write_value(row[action.field]), "new_value": write_value(action.value)}
            event = self._append("applied", correction.definition, **place, field=action.field, **texts)
            changes = {action.field: _as(table.c[action.field], action.value)}
        self._append_version(event, event, [*others, event], changes)
        return event

    def _retire(self, name: str) -> None:
        entered = self.known.pop(name)
        retired = self._append("retired", entered.definition)
        for applied in entered.applied():
            # Of a form that no contract describes any more nobody reads the rows.
            if f"core.{applied['form']}" in self.warehouse.metadata.tables:
                others = list(self._applied_on(str(applied["form"]), *_place(applied)))
                self._append_version(retired, applied, others, self._as_sent(applied))

    def _as_sent(self, applied: Event) -> dict[str, Any]:
        """The applied change undone: the cell of the row as it was sent."""
        name, sent = applied.get("field"), self.warehouse.table(f"core.{applied['form']}").alias()
        if name is None:
            return {"is_dropped": sa.false()}
        if name not in sent.c:
            return {}
        return {
            name: sa.select(sent.c[name])
            .where(_row(sent, applied), sent.c.row_version == 0)
            .scalar_subquery()
        }

    def _append_version(
        self, event: Event, place: Event, corrections: list[Event], changes: dict[str, Any]
    ) -> None:
        """Append the row's last version once more, with the changes, under the number of the event."""
        table = self.warehouse.table(f"core.{place['form']}")
        earlier = table.alias()
        last = sa.select(sa.func.max(earlier.c.row_version)).where(_row(earlier, place)).scalar_subquery()
        ids = ";".join(str(other["correction_id"]) for other in corrections) or None
        values = {
            "row_version": _as(table.c.row_version, event["event_id"]),
            "correction_ids": _as(table.c.correction_ids, ids),
            **changes,
        }
        version = sa.select(*(values.get(column.name, column) for column in table.columns))
        version = version.where(_row(table, place), table.c.row_version == last)
        names = [column.name for column in table.columns]
        self.connection.execute(sa.insert(table).from_select(names, version))


def _place(event: Event) -> tuple[int, int]:
    return int(event["submission_id"]), int(event["sheet_row"])


def _row(table: sa.FromClause, place: Event) -> sa.ColumnElement[bool]:
    return (table.c.submission_id == place["submission_id"]) & (table.c.sheet_row == place["sheet_row"])


def _as(column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[Any]:
    """The value in the column's own type, whatever the driver would make of it."""
    return sa.cast(sa.literal(value, column.type), column.type)


def _unexpected(correction: Correction, row: sa.RowMapping, others: list[Event]) -> Iterator[Event]:
    """Cells that are not what the correction expects, or that another one has changed already: field, old_value."""
    for name, value in correction.action.expectations.items():
        if row[name] != value:
            yield {"field": name, "old_value": write_value(row[name])}
    for other in others:
        if other.get("field") == correction.action.field:
            yield {"field": other.get("field"), "old_value": other.get("new_value")}


def sync_corrections(connection: sa.Connection, warehouse: Warehouse, project: Project) -> list[Event]:
    """Bring the rows in force in step with the project's corrections; returns the events written, none where all is.

    Runs in the caller's transaction and needs the rows of accepted submissions in core; those that are not there yet
    wait for the next pass.
    """
    sync = _Sync(connection, warehouse)
    sync.run(project.corrections)
    append_rows(connection, warehouse.table("ops.correction_event"), sync.events)
    return sync.events


def read_corrections_of_rows(
    connection: sa.Connection,
    form: str,
    rows: Iterable[tuple[int, int]],
    correction_event_id: int | None = None,
) -> pd.DataFrame:
    """Corrections in force in rows of a form, given as (submission_id, sheet_row), up to an event where it is given.

    Columns: event_id, correction_id, submission_id, sheet_row, field (null: the row is dropped), old_value, new_value
    (texts, null: blank), reason_zh, reason_en, decided_by, decided_on; in the order in which they were entered.
    """
    import pandas as pd

    wanted, found = set(rows), list[dict[str, Any]]()
    for entered in replay(read_events(connection, correction_event_id)).values():
        said = entered.definition
        why = {"reason_zh": said["reason"]["zh"], "reason_en": said["reason"]["en"]}
        for event in entered.applied():
            if event["form"] == form and _place(event) in wanted:
                found.append({**event, **why, **{name: said[name] for name in ("decided_by", "decided_on")}})
    return pd.DataFrame(found, columns=list(_PROVENANCE))
