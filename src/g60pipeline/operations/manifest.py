"""A release's bytes: its values and revisions as canonical CSV, and the manifest that holds the hashes of everything.

Nothing here depends on machine, engine or order of rows. Belongs here: writing. Not here: making a release (releases.py),
comparing (verify.py).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.contracts.releases import PARTS
from g60pipeline.operations.disclosure import KEY
from g60pipeline.operations.gate import Condition

if TYPE_CHECKING:
    from g60pipeline.contracts.knowledge import Cut
    from g60pipeline.warehouse.engine import Warehouse
    from g60pipeline.warehouse.releases import Release

VALUES, REVISIONS = "values.csv", "revisions.csv"
FIGURES = ("value", "numerator", "denominator", "coverage_ratio")
COLUMNS = (
    *KEY, *FIGURES, "unit", "expected_unit_count", "reporting_unit_count", "status", "note",
)  # fmt: skip
_EXACT = ("value_before", "value_after", *PARTS)
Row = Mapping[str, Any]


def sha256(data: bytes) -> str:
    """Return the hash as hexadecimal text."""
    return hashlib.sha256(data).hexdigest()


def format_figure(value: Any) -> str:
    """Write a figure as it stands in a release's bytes: 15 significant digits, blank for none."""
    return "" if value is None or value != value else f"{float(value):.15g}"


def _format_exact(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.12f}"


def key_of(row: Row) -> tuple[str, ...]:
    """Return which value a row is."""
    return tuple(row[name] for name in KEY)


def _write_csv(
    rows: Iterable[Row], columns: Sequence[str], figures: Sequence[str], write: Callable[[Any], str]
) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in sorted(rows, key=key_of):
        cells = ((name, row.get(name)) for name in columns)
        writer.writerow(
            write(cell) if name in figures else "" if cell is None else cell for name, cell in cells
        )
    return text.getvalue().encode("utf-8")


def write_values(values: Iterable[Row]) -> bytes:
    """Return a release's values as canonical CSV: sorted by key, UTF-8, LF; the bytes that its manifest hashes."""
    return _write_csv(values, COLUMNS, FIGURES, format_figure)


def write_revisions(revisions: Iterable[Row]) -> bytes:
    """Return what changed since the release before as canonical CSV, with twelve decimals."""
    return _write_csv(revisions, (*KEY, *_EXACT, "note"), _EXACT, _format_exact)


def write_manifest(manifest: Row) -> bytes:
    """Return the manifest as canonical JSON."""
    return json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def build_manifest(
    warehouse: Warehouse,
    release: Release,
    before: Sequence[Release],
    definitions: Mapping[str, str],
    values: Sequence[Row],
    revisions: Sequence[Row],
    conditions: Sequence[Condition],
) -> dict[str, Any]:
    """Return what a release promises. `before`: releases that disclosure control had to think of."""
    statuses = sorted({str(row["status"]) for row in values})
    outputs = {
        VALUES: (write_values(values), len(values)),
        REVISIONS: (write_revisions(revisions), len(revisions)),
    }
    return {
        **describe(release),
        "definitions": {
            "hash": release.definitions_hash,
            "files": {path: sha256(text.encode("utf-8")) for path, text in sorted(definitions.items())},
        },
        "inputs": _inputs(warehouse, warehouse.project, release.period, release.cut),
        "releases_before": [
            {"release_id": earlier.release_id, "manifest_sha256": earlier.manifest_sha256}
            for earlier in before
        ],
        "gate": [asdict(condition) for condition in conditions],
        "outputs": {
            name: {"sha256": sha256(data), "bytes": len(data), "rows": rows}
            for name, (data, rows) in outputs.items()
        },
        "values_by_status": {status: sum(row["status"] == status for row in values) for status in statuses},
    }


def describe(release: Release) -> dict[str, Any]:
    """Return the part of the manifest that also stands in the release's own row."""
    return {
        "release_id": release.release_id,
        "period": release.period,
        "release_no": release.release_no,
        "stage": release.stage,
        "previous_release_id": release.previous_release_id,
        "note": release.note,
        "created_at": release.created_at.isoformat(timespec="seconds") + "Z",
        "cut": release.cut._asdict(),
    }


def _inputs(warehouse: Warehouse, project: Project, period: str, cut: Cut) -> list[dict[str, Any]]:
    """Return the files in force that the month's values can rest on."""
    from g60pipeline.indicators.reach import reaches_of
    from g60pipeline.warehouse.releases import read_input_files
    from g60pipeline.warehouse.world import read_in_force

    with warehouse.engine.connect() as connection:
        in_force = read_in_force(connection, cut)
    first = min((row["month_index"] for row in in_force), default=0)
    month = Period.parse(period).month_index
    reaches = [reach for one in project.indicators.values() for reach in reaches_of(project, one)]
    read = {
        (form, at) for reach in reaches for form in reach.forms for at in reach.months(month, False, first)
    }
    numbers = {int(row["submission_id"]) for row in in_force if (row["form"], row["month_index"]) in read}
    return read_input_files(warehouse, sorted(numbers))
