"""A canonical export of what is in force, for comparing two warehouses."""

from __future__ import annotations

import hashlib
from pathlib import Path

from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.engine import Warehouse

# Numbers of submissions follow the ledger and stay; what says when and by which run is left out.
_QUERIES = {
    "verdicts": "SELECT s.sha256, v.status, v.critical_count, v.warning_count FROM ops.verdict v JOIN ops.submission s "
    "ON s.submission_id = v.submission_id WHERE v.verdict_id IN (SELECT max(verdict_id) FROM ops.verdict GROUP BY submission_id)",
    "findings": "SELECT s.sha256, f.form, f.rule, f.cell, f.value, f.message_zh FROM ops.finding f JOIN ops.submission s "
    "ON s.submission_id = f.submission_id WHERE f.verdict_id IN (SELECT max(verdict_id) FROM ops.verdict GROUP BY submission_id)",
    "values": "SELECT * FROM mart.indicator_value",
    "unit_scorecard": "SELECT * FROM mart.unit_scorecard",
    "cluster_scorecard": "SELECT * FROM mart.cluster_scorecard",
}


def export_hashes(home: Path, project: Project) -> dict[str, str]:
    """Hash of every table's rows in a fixed order, by table."""
    queries = dict(_QUERIES)
    for form in project.forms:
        queries[form] = (
            f"SELECT * EXCLUDE (raw_text), CAST(raw_text AS VARCHAR) AS raw_text FROM core.{form}_latest"
        )
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        return {name: _hash(warehouse, query) for name, query in queries.items()}


def _hash(warehouse: Warehouse, query: str) -> str:
    rows = warehouse.read(f"SELECT * FROM ({query}) AS rows_ ORDER BY ALL")
    text = "\n".join(repr([_plain(value) for value in row]) for row in rows.itertuples(index=False))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, float):
        return None if value != value else f"{value:.10g}"
    return None if value is None else str(value)
