"""The whole main job, run once per session as a user runs it: `g60 sample`, then `g60 run`, in a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import find_project_root


def g60(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with its state in `home`; further settings by name."""
    return subprocess.run(
        [sys.executable, "-m", "g60pipeline.cli", *arguments],
        env={**os.environ, "G60_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project(find_project_root())


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample in its inbox and nothing run."""
    home = tmp_path_factory.mktemp("sample")
    done = g60(home, "sample")
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="session")
def full_home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the main job has run over everything. Read only: copy it before you change it."""
    home = tmp_path_factory.mktemp("full") / "home"
    shutil.copytree(sample_home, home)
    done = g60(home, "run", "--from", "2015-01", "--to", "2021-12", "--json")
    assert done.returncode == 3, done.stderr  # ran, but submissions were returned
    (home / "outcome.json").write_text(done.stdout, encoding="utf-8")
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
