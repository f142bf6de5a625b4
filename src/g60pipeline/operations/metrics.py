"""The counts that operators watch, as a file that Prometheus' node exporter (or anything that reads the format) picks up.

Belongs here: which metrics there are. Not here: counting in the database (warehouse.counts), the format
(reports.prometheus), runs (the caller's). "The current month" is the one that units report now: last month.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from g60pipeline.contracts.deadlines import beijing_day
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.files import write_whole
from g60pipeline.operations.board import keep_own_district
from g60pipeline.reports.outbox import unsent
from g60pipeline.reports.prometheus import Metric, write_metrics
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse

_MONTHS = 3
_STATUSES = ("received", "accepted", "awaiting_explanation", "returned", "unreadable", "refused")
_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True)
class LastRun:
    """The last run of a job that has ended. `at`: when, UTC."""

    job: str
    at: datetime
    has_succeeded: bool


def write_metrics_file(
    settings: Settings,
    project: Project,
    runs: Sequence[LastRun],
    at: datetime | None = None,
    out: Path | None = None,
) -> Path:
    """Write the metrics in one go, below the home or where `out` says; return the file.

    What stands in the warehouse is left out while that cannot be read; g60_warehouse_readable says so.
    """
    from g60pipeline.warehouse.engine import open_if_readable
    from g60pipeline.warehouse.timeliness import utc_now

    at, path = at or utc_now(), out or settings.metrics
    with open_if_readable(settings.warehouse_url, project) as warehouse:
        metrics = [*_around(settings, runs, at, warehouse is not None)]
        if warehouse is not None:
            metrics += _in_warehouse(settings, warehouse, at)
    write_whole(path, write_metrics(metrics))
    return path


def _seconds(instant: datetime) -> float:
    """Seconds since 1970 of an instant in UTC without a zone."""
    return instant.replace(tzinfo=UTC).timestamp()


def _around(settings: Settings, runs: Sequence[LastRun], at: datetime, is_readable: bool) -> Iterator[Metric]:
    yield Metric("g60_written_timestamp_seconds", "When these metrics were written.", [({}, _seconds(at))])
    yield Metric(
        "g60_warehouse_readable",
        "Whether the warehouse could be read when these metrics were written.",
        [({}, float(is_readable))],
    )
    yield Metric(
        "g60_last_run_timestamp_seconds",
        "When the last run of a job ended.",
        [({"job": run.job}, _seconds(run.at)) for run in runs],
    )
    yield Metric(
        "g60_last_run_success",
        "Whether the last run of a job succeeded.",
        [({"job": run.job}, float(run.has_succeeded)) for run in runs],
    )
    yield Metric(
        "g60_outbox_unsent_messages",
        "Reminders and alerts that were not sent.",
        [({}, float(len(unsent(settings.outbox))))],
    )


def _in_warehouse(settings: Settings, warehouse: Warehouse, at: datetime) -> list[Metric]:
    from g60pipeline.warehouse.counts import count_findings, count_submissions, last_releases, size_of

    today = beijing_day(at)
    current = Period(today.year, today.month).plus(-1)
    months = [current.plus(1 - _MONTHS + n).key for n in range(_MONTHS)]
    submissions = count_submissions(warehouse, months[0], months[-1])
    findings = count_findings(warehouse, months[0], months[-1])
    return [
        _by_month("g60_submissions", "Submissions of the last three months by present verdict.", "status", months,
                  _STATUSES, submissions),
        _by_month("g60_findings", "Findings of present verdicts of the last three months.", "severity", months,
                  _SEVERITIES, findings),
        _units(warehouse, current.key, at),
        Metric("g60_last_release_timestamp_seconds", "When a month was last released.",
               [({"month": month}, _seconds(when)) for month, when in last_releases(warehouse)]),
        Metric("g60_warehouse_size_bytes", "Bytes that the warehouse takes.", [({}, float(size_of(warehouse)))]),
        Metric("g60_inbox_backlog_files", "Files of the inbox that were not received yet, by name and size.",
               [({}, float(_count_backlog(settings, warehouse)))]),
    ]  # fmt: skip


def _by_month(
    name: str,
    about: str,
    label: str,
    months: list[str],
    kinds: tuple[str, ...],
    counts: list[tuple[str, str, int]],
) -> Metric:
    """A count that is 0 is written too: a series that comes and goes cannot be alarmed on."""
    found = {(month, kind): count for month, kind, count in counts}
    return Metric(name, about, [
        ({"month": month, label: kind}, float(found.get((month, kind), 0))) for month in months for kind in kinds
    ])  # fmt: skip


def _units(warehouse: Warehouse, month: str, at: datetime) -> Metric:
    from g60pipeline.warehouse.timeliness import read_form_status

    status = keep_own_district(warehouse.project, read_form_status(warehouse, month, month, at))
    owed = status[status["is_expected"].astype(bool)]
    by_unit = owed.groupby("reporting_unit_code")[["is_received", "is_accepted", "is_overdue"]]
    some, every = by_unit.any(), by_unit.all()
    counts = {
        "expected": len(some),
        "received": some["is_received"].sum(),
        "accepted": every["is_accepted"].sum(),
        "overdue": some["is_overdue"].sum(),
    }
    about = "Units of the current month: expected, received (some form), accepted (every form), overdue (some form)."
    return Metric("g60_units", about, [
        ({"month": month, "state": state}, float(count)) for state, count in counts.items()
    ])  # fmt: skip


def _count_backlog(settings: Settings, warehouse: Warehouse) -> int:
    from g60pipeline.intake.inbox import Inbox
    from g60pipeline.intake.personal import mask
    from g60pipeline.warehouse.counts import known_files

    known = known_files(warehouse)
    files = Inbox(settings.inbox).list_files()
    return sum((mask(file.name), file.byte_count) not in known for file in files)
