"""What is installed is pinned, with hashes, alike for users and developers, from no particular place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "constraints"
PIN = re.compile(r"([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==(\S+)(?: ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def pins(name: str) -> dict[str, str]:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    return dict(match.groups() for line in lines if (match := PIN.fullmatch(line)))


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt"])
def test_every_line_is_a_pin_or_a_hash(name: str) -> None:
    lines = (FOLDER / name).read_text("utf-8").splitlines()

    assert [line for line in lines if not PIN.fullmatch(line) and not HASH.fullmatch(line)] == []


def test_developers_run_what_users_run() -> None:
    assert pins("runtime.txt").items() <= pins("dev.txt").items()


def test_the_build_backend_is_among_the_pins() -> None:
    assert {"hatchling", "editables"} <= pins("runtime.txt").keys()


def test_the_versions_that_work_together_are_kept() -> None:
    together = {
        "dagster": "1.13.27",
        "dagster-webserver": "1.13.27",
        "pandas": "3.1.1",
        "sqlalchemy": "2.1.9",
        "great-expectations": "1.24.1",
        "duckdb": "2.0.0",
        "duckdb-sqlalchemy": "1.5.6.4",
    }

    assert together.items() <= pins("runtime.txt").items()
