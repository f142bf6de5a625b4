"""`g60 values` and `g60 rows` as a reader calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import g60

INDICATOR = ("values", "unit_member_count", "--period", "2021-12")
ROWS = ("rows", "cluster_enterprise", "--period", "2021-12")


def read(home: Path, *arguments: str) -> list[dict[str, Any]]:
    done = g60(home, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_values_are_there_now_and_were_not_before_the_run(full_home: Path) -> None:
    latest = read(full_home, *INDICATOR)
    assert {row["level"] for row in latest} == {"unit", "district"}
    assert all(row["boundaries"] == "as_was" for row in latest)
    assert read(full_home, *INDICATOR, "--as-of", "2100-01-01") == latest
    assert read(full_home, *INDICATOR, "--as-of", "2000-01-01") == []
    now = read(full_home, *INDICATOR, "--as-now")
    assert [{**row, "boundaries": "as_was"} for row in now] == latest


def test_rows_are_there_now_and_were_not_before_the_run(full_home: Path) -> None:
    latest = read(full_home, *ROWS)
    assert latest
    assert sorted(map(str, read(full_home, *ROWS, "--as-of", "2100-01-01"))) == sorted(map(str, latest))
    assert read(full_home, *ROWS, "--as-of", "2000-01-01") == []
    assert g60(full_home, *ROWS).stdout.splitlines()[0].startswith("submission_id,reporting_unit_code,period")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("values", "unit_member_coun", "--period", "2021-12"), "unit_member_count"),
        (("rows", "submission", "--period", "2021-12"), "cluster_enterprise"),
        ((*ROWS, "--as-of", "2022-01-01", "--release", "2021-12.1"), "one of"),
        ((*INDICATOR, "--as-now", "--release", "2021-12.1"), "one of"),
        (("rows", "activity", "--period", "2021-13"), "2021-13"),
    ],
)
def test_what_cannot_be_asked_is_said(full_home: Path, arguments: tuple[str, ...], said: str) -> None:
    done = g60(full_home, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
