"""What goes back to the units: a receipt for every submission, a workbook for each that has findings.

Belongs here: which files go where. A unit's folder holds its own files only: `out/feedback/<unit>/<month>/`; files that
say no unit or no month go to `out/feedback/unplaced/`. Not here: what stands in them (reports).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.project import Project
from g60pipeline.files import write_whole
from g60pipeline.operations.events import emit_sent_back
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.intake.archive import Archive
    from g60pipeline.reports.feedback import SubmissionFacts
    from g60pipeline.warehouse.engine import Warehouse

Row = dict[str, Any]


def write_feedback(settings: Settings, warehouse: Warehouse, months: Sequence[str]) -> dict[str, int]:
    """Write receipts and feedback workbooks of the months' submissions as they are judged now.

    Files of an earlier verdict are replaced. Returns counts: receipts, workbooks.
    """
    from g60pipeline.intake.archive import Archive
    from g60pipeline.reports.receipt import build_receipt
    from g60pipeline.warehouse.receipts import read_findings_of, read_receipts

    archive, project = Archive(settings.archive), warehouse.project
    submissions = read_receipts(warehouse, months)
    findings = read_findings_of(warehouse, [row["submission_id"] for row in submissions])
    counts = {"receipts": 0, "workbooks": 0}
    for row in submissions:
        folder, number = find_place(settings, row)
        if is_placed(row):
            write_whole(folder / f"{number}.html", build_receipt(project, row))
            counts["receipts"] += 1
        found = findings.get(row["submission_id"], [])
        if found:
            workbook = _build_workbook(project, archive, row, number, found)
            _send_back(folder / f"{number}-{project.feedback.sheet}.xlsx", workbook, row)
            counts["workbooks"] += 1
    return counts


def _send_back(path: Path, workbook: bytes, row: Row) -> None:
    """A run that finds what was found before writes the same bytes: that is no event."""
    if not path.exists() or path.read_bytes() != workbook:
        write_whole(path, workbook)
        emit_sent_back(row, path.name)


def is_placed(row: Row) -> bool:
    """Say whether it is known whose submission it is, and of which month."""
    return row["reporting_unit_code"] is not None and row["period"] is not None


def find_place(settings: Settings, row: Row) -> tuple[Path, str]:
    """Return the folder of a submission's files and the number that names them."""
    from g60pipeline.reports.receipt import receipt_number

    if is_placed(row):
        folder = settings.out / "feedback" / row["reporting_unit_code"] / row["period"]
        return folder, receipt_number(row)
    return settings.out / "feedback" / "unplaced", f"{int(row['submission_id']):06d}"


def _build_workbook(project: Project, archive: Archive, row: Row, number: str, findings: list[Row]) -> bytes:
    from g60pipeline.reports.feedback import build_feedback

    facts = _facts(project, row, number, findings)
    if row["verdict"] in ("unreadable", "refused"):
        return build_feedback(project, facts, findings)
    original, cells = archive.get(row["sha256"]), archive.get_cells(row["sha256"])
    return build_feedback(project, facts, findings, original, row["kind"], cells.get("sheets", ()))


def _facts(project: Project, row: Row, number: str, findings: list[Row]) -> SubmissionFacts:
    from g60pipeline.reports.feedback import SubmissionFacts

    units, unit = project.code_lists["units"], row["reporting_unit_code"]
    return SubmissionFacts(
        receipt_number=number,
        sha256=row["sha256"],
        file_name=row["file_name"],
        received_at=row["received_at"],
        status=row["verdict"],
        unit_code=unit,
        unit_name=units.label_zh(unit) if unit in units.by_code else None,
        period=row["period"],
        probable_cause=row["probable_cause"],
        explanations={f["finding_key"]: f["explanation"] for f in findings if f["explanation"]},
    )
