"""Dagster's event log on SQLite, quick enough for runs over many months.

Belongs here: how events are written. Not here: which (Dagster decides), or where Dagster's home is (instance.py).

Dagster's own SQLite storage opens a database engine per event, compiles each statement anew and waits for the disk, 10
to 20 ms an event; a run over a year writes thousands. This one keeps its connections, writes events of one kind (an
asset's months, a run's check results) together and leaves it to SQLite when to flush: what a power cut may lose is the
log's last seconds, never its integrity, and nothing of the ledger, which is in the warehouse. Tables and contents stay
Dagster's: tests/defs/test_event_log.py compares the two, so an upgrade that changes them is seen. On PostgreSQL
Dagster's own storage is used.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import SqlEventLogStorageTable, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.event import listen
from sqlalchemy.pool import StaticPool

_OPEN_LOGS = 8
_EVENTS_AT_ONCE = 500
_PLANNED = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value
_EVALUATED = dg.DagsterEventType.ASSET_CHECK_EVALUATION.value


class _Stored(NamedTuple):
    """An event, its number in the index of all runs, and its text as it is stored."""

    event: EventLogEntry
    number: int
    text: str


def _flush_when_sqlite_sees_fit(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


class QuickSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log in its usual place, `$DAGSTER_HOME/history/runs`, with connections kept."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._evaluations: list[EventLogEntry] = []
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """No settings: the place follows from the home."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> QuickSqliteEventLogStorage:
        """Open the log of `$DAGSTER_HOME`."""
        return cls(str(Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Generator[sa.Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> sa.Engine:
        """Engine of one log, held under the lock; the webserver looks at many runs, so only a few stay open."""
        if shard not in self._engines:
            while len(self._engines) >= _OPEN_LOGS:
                self._engines.pop(next(iter(self._engines))).dispose()
            # One connection for all threads: the lock lets one at it at a time.
            options = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
            engine = sa.create_engine(
                self.conn_string_for_shard(shard), poolclass=StaticPool, connect_args=options
            )
            listen(engine, "connect", _flush_when_sqlite_sees_fit)
            self._initdb(engine)
            self._engines[shard] = engine
        return self._engines[shard]

    def store_event(self, event: EventLogEntry) -> None:
        """Write an event; a run's check results wait for its next event of another kind, and go with it."""
        if event.dagster_event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION and event.run_id:
            self._evaluations.append(event)
            if len(self._evaluations) >= _EVENTS_AT_ONCE:
                self._write_evaluations()
            return
        self._write_evaluations()
        super().store_event(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Write planned and made materialisations of one run at once."""
        self._write_evaluations()
        self._write(events)

    def _write_evaluations(self) -> None:
        waiting, self._evaluations = self._evaluations, []
        for run_id in dict.fromkeys(event.run_id for event in waiting):
            self._write([event for event in waiting if event.run_id == run_id])

    def _write(self, events: Sequence[EventLogEntry]) -> None:
        """Write events of one run to its own log and to the index of all runs, as `store_event` does one by one."""
        rows = [self._event_to_row(event) for event in events]
        insert = SqlEventLogStorageTable.insert()
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(insert, rows)
        with self.index_connection() as connection:
            numbered = insert.returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
            ids = connection.execute(numbered, rows).scalars().all()
            groups: dict[str, list[_Stored]] = {}
            for row, event, id_ in zip(rows, events, ids, strict=True):
                groups.setdefault(row["dagster_event_type"], []).append(_Stored(event, id_, row["event"]))
            self._plan_checks(connection, groups.pop(_PLANNED, []))
            self._evaluate_checks(connection, groups.pop(_EVALUATED, []))
            for group in groups.values():
                self._index_assets(connection, group)

    def _index_assets(self, connection: sa.Connection, stored: list[_Stored]) -> None:
        events, numbers = [one.event for one in stored], [one.number for one in stored]
        self._store_asset_event_tags(connection, events, numbers)
        # The index keeps the last event of an asset only.
        last = {one.event.get_dagster_event().asset_key: one for one in stored}
        for one in last.values():
            self._store_asset_event(connection, one.event, one.number)

    def _plan_checks(self, connection: sa.Connection, stored: list[_Stored]) -> None:
        rows: list[dict[str, Any]] = []
        for one in stored:
            planned = one.event.get_dagster_event().asset_check_planned_data
            row = self._check_row(planned, one, AssetCheckExecutionRecordStatus.PLANNED)
            subset = planned.partitions_subset
            months = [None] if subset is None else subset.get_partition_keys()
            rows += [{**row, "partition": month} for month in months]
        if rows:
            connection.execute(AssetCheckExecutionsTable.insert(), rows)

    def _evaluate_checks(self, connection: sa.Connection, stored: list[_Stored]) -> None:
        """Put each result in the row that was planned for it, or in a new one (a whole range has none planned)."""
        if not stored:
            return
        table = AssetCheckExecutionsTable
        results = [self._evaluation_row(one) for one in stored]
        columns = (table.c.asset_key, table.c.check_name, table.c.partition, table.c.id)
        of_these = table.c.check_name.in_({row["check_name"] for row in results})
        planned = connection.execute(
            sa.select(*columns).where(table.c.run_id == stored[0].event.run_id, of_these)
        )
        row_ids = {(key, check, month): row_id for key, check, month, row_id in planned}
        updates: list[dict[str, Any]] = []
        for row in results:
            row_id = row_ids.get((row["asset_key"], row["check_name"], row["partition"]))
            if row_id is None:
                connection.execute(table.insert(), row)
            else:
                updates.append({**row, "row_id": row_id})
        if updates:
            connection.execute(table.update().where(table.c.id == sa.bindparam("row_id")), updates)

    def _evaluation_row(self, one: _Stored) -> dict[str, Any]:
        made = one.event.get_dagster_event().asset_check_evaluation_data
        status = (
            AssetCheckExecutionRecordStatus.SUCCEEDED
            if made.passed
            else AssetCheckExecutionRecordStatus.FAILED
        )
        target = made.target_materialization_data
        return {
            **self._check_row(made, one, status),
            "partition": made.partition,
            "materialization_event_storage_id": target.storage_id if target else None,
        }

    def _check_row(
        self,
        check: dg.AssetCheckEvaluation | AssetCheckEvaluationPlanned,
        one: _Stored,
        status: AssetCheckExecutionRecordStatus,
    ) -> dict[str, Any]:
        return {
            "asset_key": check.asset_key.to_string(),
            "check_name": check.check_name,
            "run_id": one.event.run_id,
            "execution_status": status.value,
            "evaluation_event": one.text,
            "evaluation_event_timestamp": self._event_insert_timestamp(one.event),
            "evaluation_event_storage_id": one.number,
        }
