"""The wheel carries the contracts and definitions and finds them without a checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from g60pipeline.contracts.project import load_project

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json
from g60pipeline.contracts.project import load_project
from g60pipeline.settings import load_settings
settings = load_settings({})
project = load_project(settings.project_root)
print(json.dumps([str(settings.project_root), str(settings.home), project.rules_version]))
"""


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
    ]
    subprocess.run(
        [*build, "--wheel-dir", folder, ROOT], check=True, capture_output=True, stdin=subprocess.DEVNULL
    )
    (wheel,) = folder.glob("g60pipeline-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.parametrize("part", ["assets", "schemas"])
def test_the_wheel_holds_every_definition(installed: Path, part: str) -> None:
    assert files_below(installed / "g60pipeline" / "project" / part) == files_below(ROOT / part)


def test_an_installed_wheel_loads_its_own_project(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    root, home, rules_version = json.loads(run.stdout)
    assert Path(root) == installed / "g60pipeline" / "project"
    assert Path(home) == tmp_path / "g60-home"
    assert rules_version == load_project(ROOT).rules_version
