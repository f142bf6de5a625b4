"""The acceptance of the main job: every published figure, every wrong return, nothing else returned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from command import g60

from g60pipeline.contracts.project import Project
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.warehouse.engine import Warehouse

FIGURES = [f"F{number:02d}" for number in range(1, 45)]


@pytest.mark.parametrize("figure", FIGURES)
def test_the_published_figure_is_met(outcome: dict[str, Any], figure: str) -> None:
    row = next(row for row in outcome["figures"] if row["id"] == figure)
    assert row["met"], row


def _findings(home: Path, project: Project) -> dict[str, tuple[str, set[tuple[Any, ...]]]]:
    """Verdict and findings by the file's hash, as they stand in the warehouse."""
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        verdicts = warehouse.read(
            "SELECT s.sha256, v.status, v.submission_id FROM ops.verdict v JOIN ops.submission s USING (submission_id)"
        )
        findings = warehouse.read(
            "SELECT submission_id, form, rule, field, sheet_row FROM ops.finding"
        ).astype(object)
    found: dict[int, set[tuple[Any, ...]]] = {}
    for row in findings.where(findings.notna(), None).itertuples(index=False):
        found.setdefault(row.submission_id, set()).add((row.form, row.rule, row.field, row.sheet_row))
    return {
        row.sha256: (row.status, found.get(row.submission_id, set()))
        for row in verdicts.itertuples(index=False)
    }


def test_every_return_gets_exactly_the_verdict_and_findings_it_was_made_for(
    full_home: Path, project: Project
) -> None:
    manifest = json.loads((full_home / "sample-manifest.json").read_text(encoding="utf-8"))
    judged = _findings(full_home, project)
    wrong: dict[str, Any] = {}
    for file in manifest["files"]:
        keys = ("form", "rule", "field", "sheet_row")
        expected = {tuple(finding[key] for key in keys) for finding in file["expected_findings"]}
        status, found = judged[file["sha256"]]
        if (status, found) != (file["expected_status"], expected):
            wrong[file["name"]] = (file["purpose"], status, found ^ expected)
    assert not wrong
    kinds = {file["purpose"] for file in manifest["files"]} - {"correct", "corrected"}
    assert len(kinds) >= 12


def test_months_are_counted(outcome: dict[str, Any]) -> None:
    months = {month["period"]: month for month in outcome["months"]}
    assert len(months) == 84
    assert months["2015-01"] == {
        "period": "2015-01", "expected": 2, "received": 2, "accepted": 2, "returned": 0, "missing": 0,
    }  # fmt: skip
    for month in outcome["months"]:
        assert month["received"] == month["accepted"] + month["returned"]
    assert sum(month["returned"] for month in outcome["months"]) > 12


def test_running_again_changes_nothing_and_finds_nothing_new(
    full_home: Path, copy_of: Any, project: Project
) -> None:
    from warehouse_export import export_hashes

    home = copy_of(full_home)
    before = export_hashes(home, project)
    written = (home / "out" / "dictionary.html").stat().st_mtime_ns
    again = g60(home, "run", "--from", "2021-11", "--to", "2021-12", "--json")
    assert again.returncode == 3, again.stderr
    assert export_hashes(home, project) == before
    assert (home / "out" / "dictionary.html").stat().st_mtime_ns == written
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        counts = warehouse.read("SELECT count(*) AS n, count(DISTINCT submission_id) AS m FROM ops.verdict")
    assert counts["n"].iloc[0] == counts["m"].iloc[0]


def test_every_link_of_an_asset_leads_somewhere(full_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("G60_HOME", str(full_home))
    links = {
        Path(str(value.path))
        for spec in build_definitions().resolve_all_asset_specs()
        for value in spec.metadata.values()
        if isinstance(value, dg.PathMetadataValue)
    }
    assert full_home / "out" / "lineage.html" in links
    assert {link for link in links if not link.exists()} == set()


def test_a_month_without_obligations_is_a_handled_failure(sample_home: Path) -> None:
    done = g60(sample_home, "run", "--from", "2014-01", "--to", "2014-02")
    assert done.returncode == 1
    assert "nobody owes anything" in done.stderr


def test_a_wrong_month_is_wrong_usage(sample_home: Path) -> None:
    assert g60(sample_home, "run", "--from", "2021-13", "--to", "2021-12").returncode == 2
    assert g60(sample_home, "run", "--from", "2021-12", "--to", "2021-01").returncode == 2
