"""`g60 check` as a clerk types it, on a machine that has nothing but the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from openpyxl import load_workbook
from typer.testing import CliRunner

from g60pipeline.cli import app
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.sample.faults import FAULTS
from g60pipeline.sample.generate import Parcel, Sample, build_sample, render
from g60pipeline.sample.model import Return
from g60pipeline.sample.writers import Writer
from g60pipeline.settings import find_project_root

KINDS = {fault.kind: fault for fault in FAULTS}
SHEET = "校验结果"
Check = Callable[..., Result]


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(find_project_root())


@pytest.fixture(scope="module")
def sample(project: Project) -> Sample:
    return build_sample(project)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(*arguments: str | Path) -> Result:
        home = {"G60_HOME": str(tmp_path / "home"), "G60_WAREHOUSE_URL": None}
        return CliRunner().invoke(app, ["check", *map(str, arguments)], env=home)

    return run


def write(folder: Path, project: Project, sample: Sample, kind: str) -> Path:
    """A wrong return as a file."""
    fault = KINDS[kind]
    parcel = Parcel(fault.file_name, fault.unit_code, fault.period, fault=fault)
    path = folder / fault.file_name
    path.write_bytes(render(parcel, sample, Writer(project))[0])
    return path


def correct(sample: Sample, kind: str) -> Return:
    return sample.correct_return(KINDS[kind].unit_code, KINDS[kind].period)


def result(done: Result) -> dict[str, Any]:
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return json.loads(done.stdout)


def front(path: Path) -> str:
    sheet = load_workbook(path)[SHEET]
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


def test_a_clean_return_of_a_locked_month_is_clean_and_told_of_the_lock(
    tmp_path: Path, project: Project, sample: Sample, check: Check
) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(Writer(project).render(correct(sample, "bad_check_digit")))
    done = check(file, "--json")
    said = result(done)
    assert (done.exit_code, said["status"], said["findings"]) == (0, "accepted", [])
    assert not said["has_history"]
    compared, lock = said["notes"]
    assert "未与上月数据、其他单位的数据比较" in compared
    assert "锁定" in lock
    assert "《单位汇总表》" in lock
    text = front(Path(said["feedback"]))
    assert "自查通过" in text
    assert compared in text
    assert lock in text
    assert "入库" not in text
    assert "回执" not in text


def test_nothing_is_written_but_the_feedback_beside_the_file(
    tmp_path: Path, project: Project, sample: Sample, check: Check
) -> None:
    file = write(tmp_path, project, sample, "bad_check_digit")
    before = file.read_bytes()
    assert check(file).exit_code == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{file.stem}-{SHEET}.xlsx", file.name]
    assert file.read_bytes() == before


def test_a_wrong_cell_is_named_in_the_terminal_and_marked_in_the_workbook(
    tmp_path: Path, project: Project, sample: Sample, check: Check
) -> None:
    done = check(write(tmp_path, project, sample, "bad_check_digit"))
    for shown in ("自查：有必须改正的问题", "CE-CHK", "集群企业名册", "B5", "校验位不符", f"-{SHEET}.xlsx"):
        assert shown in done.output
    (workbook,) = tmp_path.glob(f"*-{SHEET}.xlsx")
    book = load_workbook(workbook)
    assert "校验位不符" in book["集群企业名册"]["B5"].comment.text
    assert "CE-CHK" in front(workbook)


def test_warnings_have_a_code_of_their_own_until_they_are_explained(
    tmp_path: Path, project: Project, sample: Sample, check: Check
) -> None:
    sent = correct(sample, "bad_check_digit")
    (row,) = sent.forms["unit_summary"]
    small = {**row, "above_scale_output_wan_yuan": 1}
    file = tmp_path / "a.xlsx"
    file.write_bytes(Writer(project).render(replace(sent, forms={**sent.forms, "unit_summary": [small]})))
    done = check(file, "--json")
    said = result(done)
    assert (done.exit_code, said["status"]) == (4, "awaiting_explanation")
    assert {finding["severity"] for finding in said["findings"]} == {"warning"}

    book = load_workbook(said["feedback"])
    rows = list(book[SHEET].iter_rows())
    heading = next(cell for row in rows for cell in row if cell.value == "说明")
    for n in range(heading.row + 1, len(rows) + 1):
        book[SHEET].cell(n, heading.column).value = "部分企业不在本地纳统"
    book.save(said["feedback"])
    again = check(said["feedback"], "--json")
    assert (again.exit_code, result(again)["status"]) == (0, "accepted")
    assert result(again)["feedback"] == str(tmp_path / f"a-{SHEET}2.xlsx")
    assert "部分企业不在本地纳统" in front(tmp_path / f"a-{SHEET}2.xlsx")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("not_a_workbook", "unreadable", "FI-002"), ("stale_template", "unreadable", "FI-008"),
     ("personal_number", "refused", "FI-004")],
)  # fmt: skip
def test_what_the_door_would_not_take_has_a_code_of_its_own(
    tmp_path: Path, project: Project, sample: Sample, check: Check, kind: str, status: str, code: str
) -> None:
    done = check(write(tmp_path, project, sample, kind), "--json")
    said = result(done)
    assert (done.exit_code, said["status"]) == (5, status)
    assert [finding["code"] for finding in said["findings"]] == [code]
    text = front(Path(said["feedback"]))
    assert "自查" in text
    assert "310117190001019990" not in text + done.output
    assert load_workbook(said["feedback"]).sheetnames == [SHEET]


def test_other_kinds_of_file_are_checked_too(
    tmp_path: Path, project: Project, sample: Sample, check: Check
) -> None:
    period = KINDS["bad_check_digit"].period
    for unit, suffix in (("310117001", ".zip"), ("310117U01", ".json")):
        file = tmp_path / f"{unit}{suffix}"
        file.write_bytes(Writer(project).render(sample.correct_return(unit, period)))
        assert check(file).exit_code == 0


def test_out_says_where_and_is_never_the_file_itself(
    tmp_path: Path, project: Project, sample: Sample, check: Check
) -> None:
    file = write(tmp_path, project, sample, "blank_required_cell")
    out = tmp_path / "results" / "b.xlsx"
    assert check(file, "--out", out).exit_code == 3
    assert out.exists()
    assert check(file, "--out", file).exit_code == 2
    assert check(tmp_path / "nix.xlsx").exit_code == 2


def test_a_warehouse_that_cannot_be_read_is_no_finding(
    tmp_path: Path, project: Project, sample: Sample, check: Check
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "warehouse.duckdb").write_bytes(b"nothing of the kind")
    done = check(write(tmp_path, project, sample, "blank_required_cell"))
    assert done.exit_code == 1
    assert "cannot be opened" in done.stderr
    assert not list(tmp_path.glob(f"*-{SHEET}.xlsx"))
