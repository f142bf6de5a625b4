"""The project as it stands."""

from __future__ import annotations

import pytest

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import find_project_root


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project(find_project_root())
