"""`g60 release` and `g60 values` as an operator uses them, in a small world of its own and in that of the whole sample."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from command import g60

from frozen_world import FIRST, LATE, MEMBERS, MONTH, FrozenWorld
from g60pipeline.settings import find_project_root

RELEASE, SECOND_RELEASE = "2021-12.1", "2021-12.2"


@dataclass
class Small:
    """The small world, and the command with its project."""

    world: FrozenWorld
    folder: Path

    def run(self, *arguments: str) -> CompletedProcess[str]:
        self.world.close()  # DuckDB's file has one user at a time
        environment = {
            **os.environ, "PYTHONPATH": str(self.world.root / "src"), "G60_HOME": str(self.folder),
            "G60_WAREHOUSE_URL": self.world.url,
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-m", "g60pipeline.cli", *arguments], env=environment, capture_output=True, text=True,
            check=False, cwd=self.folder,
        )  # fmt: skip

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def small(warehouse_url: str, tmp_path: Path) -> Small:
    world = FrozenWorld(warehouse_url, tmp_path)
    shutil.copytree(find_project_root() / "src", world.root / "src")
    world.fill()
    return Small(world, tmp_path)


def test_a_months_releases(small: Small) -> None:
    assert small.run("release", "list").stdout == "no release yet\n"
    made = small.json("release", "create", MONTH, "--note", "初步数")
    assert (made["release_id"], made["stage"], made["note"]) == (RELEASE, "preliminary", "初步数")
    assert made["values_by_status"] == {"missing": 3, "published": 11, "suppressed": 4}
    assert made["inputs"] == 4

    refused = small.run("release", "create", MONTH, "--stage", "revised")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert f"missing: {LATE} unit_summary" in refused.stderr
    assert "Traceback" not in refused.stderr

    small.world.reopen()
    small.world.send(LATE, 104)
    small.world.send_again(FIRST, 111)
    assert small.run("release", "create", MONTH, "--stage", "revised").returncode == 0
    assert [item["release_id"] for item in small.json("release", "list")] == [RELEASE, SECOND_RELEASE]
    assert small.json("release", "verify") == {RELEASE: [], SECOND_RELEASE: []}

    out = small.folder / "values.csv"
    replayed = small.run("release", "replay", RELEASE, "--out", str(out))
    assert hashlib.sha256(out.read_bytes()).hexdigest() in replayed.stdout
    assert replayed.stdout.endswith("as the manifest says\n")
    nowhere = small.run("release", "replay", RELEASE, "--out", str(small.folder / "no" / "values.csv"))
    assert nowhere.returncode == 1
    assert "cannot be written: No such file or directory" in nowhere.stderr

    changed = small.json("release", "revisions", SECOND_RELEASE)
    parts = {row["subject_code"]: row for row in changed if row["indicator_id"] == MEMBERS}
    assert float(parts[FIRST]["corrections"]) == 11
    assert float(parts[LATE]["late_returns"]) == 104
    assert small.json("release", "revisions", RELEASE) == []
    assert "nothing changed" in small.run("release", "revisions", RELEASE).stdout
    said = " ".join(small.run("release", "revisions", SECOND_RELEASE).stdout.split())
    assert "late returns 104" in said

    values = small.json("values", MEMBERS, "--period", MONTH, "--release", RELEASE)
    assert {row["subject_code"]: row["value"] for row in values}[FIRST] == 100
    assert "406" in small.run("values", MEMBERS, "--period", MONTH, "--release", RELEASE).stdout
    found_nothing(small)
    tampered(small)


def found_nothing(small: Small) -> None:
    """What is asked for does not exist: an explanation, never a traceback."""
    unknown = "there is no release 2021-12.9; there are: 2021-12.1, 2021-12.2"
    questions = {
        ("release", "verify", "2021-12.9"): (1, unknown),
        ("release", "replay", "2021-12.9", "--out", "x.csv"): (1, unknown),
        ("release", "revisions", "2021-12.9"): (1, unknown),
        ("values", MEMBERS, "--period", MONTH, "--release", "2021-12.9"): (1, unknown),
        ("values", "unit_member_counts", "--period", MONTH): (2, MEMBERS),
        ("values", MEMBERS, "--period", MONTH, "--release", RELEASE, "--as-now"): (2, "one of"),
        ("values", MEMBERS, "--period", "2021-13"): (2, "2021-13"),
        ("release", "create", "2015-03"): (1, "nobody owes anything for 2015-03"),
        ("release", "create", "2022-01"): (1, "0 of 6 owed forms are in force"),
        ("release", "create", MONTH, "--stage", "first"): (2, "preliminary, revised, final"),
    }
    for arguments, (code, said) in questions.items():
        done = small.run(*arguments)
        text = " ".join(done.stderr.replace("│", " ").split())
        assert (done.returncode, done.stdout) == (code, ""), arguments
        assert said in text, arguments
        assert "Traceback" not in text
    assert not (small.folder / "x.csv").exists()
    assert small.run("values", MEMBERS, "--period", "2015-03").stdout == "no values\n"
    assert small.json("values", MEMBERS, "--period", "2015-03") == []


def tampered(small: Small) -> None:
    small.world.reopen()
    with small.world.warehouse.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE release.value SET value = 101 WHERE release_id = '2021-12.1' AND indicator_id = 'unit_member_count'"
            f" AND subject_code = '{FIRST}'"
        )
    done = small.run("release", "verify")
    assert done.returncode == 1
    assert f"value  {MEMBERS} {MONTH} end as_was unit {FIRST}: 101 -> 100" in done.stdout
    assert f"{SECOND_RELEASE}: the same, to the last byte" in done.stdout


@pytest.mark.parametrize("command", ["create", "list", "verify", "replay", "revisions"])
def test_help_has_an_example(command: str, tmp_path: Path) -> None:
    done = g60(tmp_path, "release", command, "--help")
    assert done.returncode == 0
    assert f"Example: g60 release {command}" in done.stdout


@pytest.mark.sweep
def test_the_whole_sample(full_home: Path, copy_of: Callable[[Path], Path]) -> None:
    home = copy_of(full_home)
    made = g60(home, "release", "create", MONTH, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["values_by_status"]["published"] > 5000
    verified = g60(home, "release", "verify", "--json")
    assert (verified.returncode, json.loads(verified.stdout)) == (0, {RELEASE: []})
