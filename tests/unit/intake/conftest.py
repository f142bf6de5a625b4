"""A project read from the real schemas, and an inbox and archive of their own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import Settings, find_project_root, load_settings


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    # intake knows nothing of assets, so a fault in them must not show here
    root = tmp_path_factory.mktemp("project")
    (root / "schemas").symlink_to(find_project_root() / "schemas")
    return load_project(root)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox").mkdir()
    return dataclasses.replace(
        load_settings({"G60_HOME": str(tmp_path)}), parse_cpu_seconds=10, parse_wall_seconds=20
    )
