"""Asset `submission/return`: the grid of units and months, in which each submission shows as a materialisation.

Nothing runs for a cell: the run that judges a submission (or refuses its file) reports it, so a month costs one run
whatever the number of units. Belongs here: which cells there are and what one shows. Not here: judging (verdicts.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from g60pipeline.contracts.project import Project
from g60pipeline.defs.keys import RECEIVED, RETURN
from g60pipeline.defs.metadata import spec
from g60pipeline.defs.partitions import MONTHS
from g60pipeline.defs.resources import House, project
from g60pipeline.settings import Settings, load_settings

# Dagster's pages and daemon slow down beyond; then the status board shows who owes what.
MAX_CELLS = 100_000
_SEVERITIES = ("critical", "warning", "info")


def reporting_units(project: Project) -> list[str]:
    """Units that can send returns: those of the list that no other lies below."""
    units = project.code_lists["units"].codes
    above = {unit.attributes.get("parent") for unit in units}
    return [unit.code for unit in units if unit.code not in above]


def build_grid(units: Sequence[str], settings: Settings) -> list[dg.AssetSpec]:
    """Build the grid's asset; none where the settings leave it out, or where it would have too many cells."""
    if not settings.has_unit_grid or len(units) * MONTHS.get_num_partitions() > MAX_CELLS:
        return []
    cells = dg.MultiPartitionsDefinition({"unit": dg.StaticPartitionsDefinition(units), "month": MONTHS})
    return [
        spec(
            list(RETURN.path),
            deps=[RECEIVED],
            group="intake",
            description=(
                "报送格：单位 × 月份，每份报送是一次物化，附文件指纹、行数、结论、问题数和回执。\n\n"
                "Units by months. Each submission is a materialisation of its cell, reported by the run that judged it."
            ),
            kinds={"excel"},
            metadata={"dagster/table_name": "ops.submission"},
            partitions_def=cells,
        )
    ]


def report_submissions(
    context: dg.AssetExecutionContext, house: House, submission_ids: Sequence[int]
) -> None:
    """Show submissions that the run has just judged in the cells of their units and months."""
    units = reporting_units(project())
    if not submission_ids or not build_grid(units, load_settings()):
        return
    for event in _materialisations(house, frozenset(units), submission_ids):
        context.log_event(event)


def _materialisations(
    house: House, units: frozenset[str], submission_ids: Sequence[int]
) -> Iterator[dg.AssetMaterialization]:
    from g60pipeline.warehouse.receipts import read_findings_of, read_receipts_of

    findings = read_findings_of(house.warehouse, submission_ids)
    for row in read_receipts_of(house.warehouse, submission_ids):
        unit, month = row["reporting_unit_code"], row["period"]
        if unit in units and month is not None:
            cell = dg.MultiPartitionKey({"unit": unit, "month": month})
            found = Counter(str(finding["severity"]) for finding in findings.get(row["submission_id"], []))
            yield dg.AssetMaterialization(RETURN, partition=cell, metadata=_metadata(house, row, found))


def _metadata(house: House, row: dict[str, Any], findings: Counter[str]) -> dict[str, Any]:
    from g60pipeline.operations.feedback import find_place

    folder, number = find_place(house.settings, row)
    rows = {form["form"]: form["row_count"] for form in row["forms"]}
    return {
        "submission_id": int(row["submission_id"]),
        "verdict": row["verdict"],
        **{f"{severity}_findings": findings[severity] for severity in _SEVERITIES},
        "probable_cause": row["probable_cause"] or "",
        "file_name": row["file_name"],
        "sha256": row["sha256"],
        "dagster/partition_row_count": sum(rows.values()),
        "rows_by_form": rows,
        "receipt": dg.MetadataValue.path((folder / f"{number}.html").resolve()),
        "feedback_folder": dg.MetadataValue.path(folder.resolve()),
    }
