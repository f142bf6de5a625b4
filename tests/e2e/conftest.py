"""The whole main job, run once per session as a user runs it: `g60 sample`, then `g60 run`, in a home of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import g60

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import find_project_root


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project(find_project_root())


MakeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def sample_home(make_once: MakeOnce) -> Path:
    """A home with the sample in its inbox and nothing run. Read only: copy it before you change it."""

    def fill(home: Path) -> None:
        done = g60(home, "sample")
        assert done.returncode == 0, done.stderr

    return make_once("sample", fill)


@pytest.fixture(scope="session")
def full_home(sample_home: Path, make_once: MakeOnce, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the main job has run over everything. Read only: copy it before you change it.

    Run once for all test processes; each has its own copy, as no two may open the same warehouse.
    """

    def fill(home: Path) -> None:
        shutil.copytree(sample_home, home, dirs_exist_ok=True)
        done = g60(home, "run", "--from", "2015-01", "--to", "2021-12", "--json")
        assert done.returncode == 3, done.stderr  # ran, but submissions were returned
        (home / "outcome.json").write_text(done.stdout, encoding="utf-8")

    home = tmp_path_factory.mktemp("full") / "home"
    shutil.copytree(make_once("full", fill), home)
    return home


@pytest.fixture(scope="session")
def outcome(full_home: Path) -> dict[str, Any]:
    """What the main job printed."""
    return json.loads((full_home / "outcome.json").read_text(encoding="utf-8"))


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Copy a home into the test's own folder."""

    def copy(home: Path) -> Path:
        target = tmp_path / "home"
        shutil.copytree(home, target)
        return target

    return copy
