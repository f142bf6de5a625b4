"""`g60 template` as a user runs it: with and without a warehouse, for one unit and for all, and used wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import g60

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.intake.parsers import parse
from g60pipeline.intake.returns import ParsedReturn, read_return


def read(project: Project, path: Path) -> ParsedReturn:
    return read_return(project, parse(path.read_bytes()), path.name)


def test_without_a_warehouse_the_keys_are_there_and_it_says_so(project: Project, tmp_path: Path) -> None:
    done = g60(tmp_path, "template", "--unit", "310117107", "--period", "2022-01")
    path = tmp_path / "out" / "templates" / "310117107-2022-01.xlsx"
    assert (done.returncode, done.stdout) == (0, f"{path}: no warehouse yet: nothing taken over\n"), (
        done.stderr
    )
    assert not (tmp_path / "warehouse.duckdb").exists()
    parsed = read(project, path)
    assert parsed.findings == ()
    assert [row.values["cluster_code"] for row in parsed.rows["cluster_organisation"]] == ["C01"]
    assert parsed.rows["cluster_enterprise"] == []


def test_after_a_run_the_accepted_register_is_taken_over(
    project: Project, full_home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "templates"
    done = g60(full_home, "template", "--all-units", "--period", "2022-01", "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    written = {entry["unit_code"]: entry for entry in json.loads(done.stdout)["templates"]}
    assert list(written) == list(project.reporting_units(Period(2022, 1)))
    assert {path.name for path in out.iterdir()} == {f"{unit}-2022-01.xlsx" for unit in written}
    town = written["310117107"]
    parsed = read(project, Path(town["file"]))
    assert parsed.findings == ()
    assert town["note"] == "taken over from 2021-12"
    register = parsed.rows["cluster_enterprise"]
    assert len(register) == town["taken_over"]["cluster_enterprise"] > 50
    assert all(row.values["enterprise_name"] and row.values["member_count"] is None for row in register)


def test_a_return_of_the_same_month_is_numbered_on(project: Project, full_home: Path, tmp_path: Path) -> None:
    done = g60(full_home, "template", "--unit", "310117107", "--period", "2021-04", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    sent = 2  # one was returned, one accepted
    assert read(project, tmp_path / "310117107-2021-04.xlsx").cover["sequence_number"] == sent + 1


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["--unit", "999", "--period", "2022-01"], 1, "999 is no unit"),
        (["--unit", "310117", "--period", "2022-01"], 1, "310117 owes no form for 2022-01"),
        (["--unit", "310117107", "--period", "2022-13"], 2, "is not a month"),
        (["--period", "2022-01"], 2, "--unit or --all-units"),
        (["--unit", "310117107", "--all-units", "--period", "2022-01"], 2, "--unit or --all-units"),
        (["--all-units", "--period", "2010-01"], 1, "nobody owes anything"),
    ],
)
def test_wrong_use_is_explained(tmp_path: Path, arguments: list[str], code: int, why: str) -> None:
    done = g60(tmp_path, "template", *arguments)
    assert done.returncode == code
    assert why in done.stderr
    assert not (tmp_path / "out").exists()
