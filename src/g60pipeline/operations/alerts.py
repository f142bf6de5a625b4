"""Telling operators what stands: failed runs, releases that the gate stopped, overdue units; in one digest, each state once.

Belongs here: what is looked at, and putting and sending it. Not here: text (reports.alerts), which runs failed (the caller's).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from g60pipeline.contracts.deadlines import beijing_day
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.logs import emit
from g60pipeline.operations.board import keep_own_district
from g60pipeline.reports.alerts import FailedRun, build_alert
from g60pipeline.reports.notify import parse_targets, send_outbox
from g60pipeline.reports.outbox import find_told, put_digest
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.reports.reminders import Digest
    from g60pipeline.warehouse.engine import Warehouse

MONTHS_WATCHED = 12
_NAME = "alert"


@dataclass(frozen=True)
class Alert:
    """What came of it. `subject` is None where nothing stands; `is_new`: nobody was told of the same before.

    `sent`, `failed`, `kept`: counts of what waited in the outbox, reminders too.
    """

    subject: str | None
    body: str | None
    is_new: bool
    is_warehouse_read: bool
    file: Path | None = None
    sent: int = 0
    failed: int = 0
    kept: int = 0


def alert(
    settings: Settings,
    project: Project,
    failed: Sequence[FailedRun],
    at: datetime | None = None,
    dry_run: bool = False,
) -> Alert:
    """Put what stands into the outbox and send it where addresses are; of the dry run only the text is made.

    While a run writes the warehouse, units are left for the next time. ValueError when the addresses are none.
    """
    from g60pipeline.warehouse.engine import open_if_readable
    from g60pipeline.warehouse.timeliness import utc_now

    targets, at = parse_targets(settings.notify_urls), at or utc_now()
    with open_if_readable(settings.warehouse_url, project) as warehouse:
        digest = build_alert(project, failed, _overdue(warehouse, at), at)
        is_read = warehouse is not None
    if digest is None:
        return Alert(None, None, False, is_read)
    if dry_run:
        is_new = not find_told(settings.outbox, digest)
        return Alert(digest.subject, digest.body, is_new, is_read)
    return _put_and_send(settings, digest, targets, at, is_read)


def _put_and_send(
    settings: Settings, digest: Digest, targets: dict[str, list[str]], at: datetime, is_read: bool
) -> Alert:
    # The digest's own key in the name: another alert on the same day is another one.
    file = put_digest(settings.outbox, digest, f"{_NAME}-{digest.key}", at)
    counts = vars(send_outbox(settings.outbox, targets, at)) if targets else {}
    level = logging.WARNING if counts.get("failed") else logging.INFO
    emit("alerted", level, subject=digest.subject, is_new=file is not None, **counts)
    return Alert(digest.subject, digest.body, file is not None, is_read, file, **counts)


def _overdue(warehouse: Warehouse | None, at: datetime) -> pd.DataFrame:
    """Forms that our own district's units owe since their grace ended, of the months that the board shows."""
    import pandas as pd

    from g60pipeline.warehouse.timeliness import read_form_status

    if warehouse is None:
        return pd.DataFrame(columns=["reporting_unit_code", "period"])
    today = beijing_day(at)
    last = Period(today.year, today.month).plus(-1)
    status = read_form_status(warehouse, last.plus(1 - MONTHS_WATCHED).key, last.key, at)
    return keep_own_district(warehouse.project, status[status["is_overdue"].astype(bool)])


def describe_alert(alert: Alert) -> str:
    """Say what came of it, for a terminal."""
    if alert.subject is None:
        return "nothing to tell of" + ("" if alert.is_warehouse_read else "; the warehouse could not be read")
    told = "new" if alert.is_new else "told before, not told again"
    counts = f"{alert.sent} sent, {alert.failed} failed, {alert.kept} kept"
    return f"{alert.subject}\n\n{alert.body}\n{told}; of the outbox: {counts}"


def as_json_document(alert: Alert) -> str:
    """Write it as JSON."""
    return json.dumps(vars(alert), ensure_ascii=False, default=str)
