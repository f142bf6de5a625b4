"""`g60 check` where there is a warehouse: what was accepted before is compared with, and the warehouse stays as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from g60pipeline.cli import app
from g60pipeline.sample.faults import FAULTS

# Faults that only show against last month's return, against another unit's, against the sum of all units.
ACROSS = {"ytd_does_not_add_up": "US-CUM", "in_two_registers": "CE-401", "units_do_not_add_up": "DE-501"}
CODES = {"returned": 3, "awaiting_explanation": 4}


@pytest.mark.parametrize("kind", ACROSS)
def test_comparisons_are_made_where_there_is_something_to_compare_with(
    full_home: Path, tmp_path: Path, kind: str
) -> None:
    fault = next(fault for fault in FAULTS if fault.kind == kind)
    file, warehouse = full_home / "inbox" / fault.file_name, full_home / "warehouse.duckdb"
    before = (os.stat(warehouse).st_mtime_ns, os.stat(warehouse).st_size)
    seen: dict[str, tuple[int, set[str], bool]] = {}
    for home in (full_home, tmp_path / "nothing"):
        out = str(tmp_path / f"{home.name}.xlsx")
        done = CliRunner().invoke(
            app, ["check", str(file), "--out", out, "--json"], env={"G60_HOME": str(home)}
        )
        said = json.loads(done.stdout)
        codes = {finding["code"] for finding in said["findings"]}
        seen[home.name] = (done.exit_code, codes, said["has_history"])
        assert ("已与本机数据库" in said["notes"][0]) == said["has_history"]
    assert seen[full_home.name] == (CODES[fault.status], {ACROSS[kind]}, True)
    assert seen["nothing"] == (0, set(), False)
    assert (os.stat(warehouse).st_mtime_ns, os.stat(warehouse).st_size) == before
    assert not (tmp_path / "nothing").exists()
