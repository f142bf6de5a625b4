"""The status board and the reminders of some months, written from the warehouse as it is.

Belongs here: where they go. Not here: states (warehouse.timeliness), pages and texts (reports), when (defs).
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from g60pipeline.contracts.project import DISTRICT, Project
from g60pipeline.files import write_whole
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.warehouse.engine import Warehouse

SYNTHETIC_MARK = "合成样例数据"


def write_board(
    settings: Settings, warehouse: Warehouse, month: str, run_id: str, at: datetime | None = None
) -> Path:
    """Write the board of a month as it stands (or stood at an instant, UTC) and return the page's path."""
    from g60pipeline.reports.board import BoardData, build_board, months_of_board
    from g60pipeline.warehouse.openings import read_openings
    from g60pipeline.warehouse.summary import is_synthetic
    from g60pipeline.warehouse.timeliness import read_contents, read_form_status, utc_now

    at = at or utc_now()
    status = keep_own_district(
        warehouse.project, read_form_status(warehouse, months_of_board(month)[0], month, at)
    )
    page = settings.out / "board" / f"{month}.html"
    data = BoardData(
        project=warehouse.project,
        period=month,
        at=at,
        status=status,
        contents=read_contents(warehouse, status[status["period"] == month]),
        openings=read_openings(warehouse),
        is_synthetic=is_synthetic(warehouse, month, SYNTHETIC_MARK),
        run_id=run_id,
        links=_feedback_links(settings, warehouse.project, month, page.parent),
    )
    write_whole(page, build_board(data))
    return page


def keep_own_district(project: Project, status: pd.DataFrame) -> pd.DataFrame:
    """Leave out other districts' units; one that is not listed is shown to us, for somebody must look at it."""
    others = [unit for unit, district in project.district_of.items() if district != DISTRICT]
    return status[~status["reporting_unit_code"].isin(others)]


def _feedback_links(settings: Settings, project: Project, month: str, beside: Path) -> dict[str, str]:
    """Relative addresses of the units' feedback folders, where there are any."""
    units = [code.code for code in project.code_lists["units"].codes]
    folders = {unit: settings.out / "feedback" / unit / month for unit in units}
    return {
        unit: Path(os.path.relpath(folder, beside)).as_posix() + "/"
        for unit, folder in folders.items()
        if folder.is_dir()
    }


def write_reminders(
    settings: Settings, warehouse: Warehouse, first: str, last: str, at: datetime | None = None
) -> dict[str, int]:
    """Put into the outbox what is missing or returned from first to last, and send it where that is configured.

    Returns counts of reminders: written, sent, failed, kept. Raises ValueError when the configured addresses are none.
    """
    from g60pipeline.reports.notify import parse_targets, send_outbox
    from g60pipeline.reports.outbox import put_digest
    from g60pipeline.reports.reminders import build_digests
    from g60pipeline.warehouse.timeliness import read_form_status, utc_now

    targets = parse_targets(settings.notify_urls)
    at = at or utc_now()
    digests = build_digests(warehouse.project, read_form_status(warehouse, first, last, at), at)
    months = first if first == last else f"{first}_{last}"
    put = [put_digest(settings.outbox, digest, months, at) for digest in digests]
    counts = {"written": sum(path is not None for path in put), "sent": 0, "failed": 0, "kept": 0}
    return counts | (vars(send_outbox(settings.outbox, targets, at)) if targets else {})
