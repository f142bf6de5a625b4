"""A short run of the measurement with seeded errors: real files through the real path, with thresholds below what the
long run measures."""

from __future__ import annotations

import json
import subprocess
import sys

from g60pipeline.settings import find_project_root

# A host unit with a register, one without clusters, the bureau of statistics.
UNITS = ("310117107", "310117104", "310117U03")


def test_most_seeded_errors_are_found_and_their_causes_named() -> None:
    bench = find_project_root() / "bench" / "seeded_errors.py"
    command = [sys.executable, str(bench), "--count", "30", "--seed", "3", "--json"]
    command += ["--months", "2021-08", "--units", *UNITS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    total = json.loads(done.stdout)["total"]
    assert total["sent"] == 30
    assert total["recall"] >= 0.85
    assert total["precision"] >= 0.97
    assert total["with_cause"] >= 12
    assert total["cause_is_right"] >= 0.75
    assert total["cause_wrong"] <= 2
    assert total["named_without_need"] <= 2
