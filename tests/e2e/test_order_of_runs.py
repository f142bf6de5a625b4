"""Months run in any order, or as one range, leave the same warehouse in force."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command import g60
from warehouse_export import export_hashes

from g60pipeline.contracts.project import Project

MONTHS = ("2020-12", "2021-01", "2021-02", "2021-03")


@pytest.fixture(scope="module")
def quarter(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose inbox holds four months, wrong returns and corrections among them."""
    home = tmp_path_factory.mktemp("quarter") / "home"
    inbox = home / "inbox"
    inbox.mkdir(parents=True)
    for file in (sample_home / "inbox").iterdir():
        if any(month in file.name for month in MONTHS):
            shutil.copy(file, inbox)
    shutil.copy(sample_home / "warehouse.duckdb", home)  # holds the opening of the locked months
    return home


def _run(quarter: Path, target: Path, spans: list[tuple[str, str]]) -> Path:
    shutil.copytree(quarter, target)
    for first, last in spans:
        done = g60(target, "run", "--from", first, "--to", last)
        assert done.returncode in (0, 3), done.stderr
    return target


@pytest.mark.sweep
def test_any_order_of_months_leaves_the_same(quarter: Path, tmp_path: Path, project: Project) -> None:
    as_one = _run(quarter, tmp_path / "as_one", [(MONTHS[0], MONTHS[-1])])
    shuffled = _run(
        quarter,
        tmp_path / "shuffled",
        [(month, month) for month in ("2021-02", "2020-12", "2021-03", "2021-01")],
    )
    assert export_hashes(as_one, project) == export_hashes(shuffled, project)
