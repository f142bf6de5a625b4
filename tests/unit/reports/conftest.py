"""Fixtures: the project as it stands and a made-up month."""

from __future__ import annotations

import pytest
from briefing_world import ROOT, make_data

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.reports.briefing_data import BriefingData


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project(ROOT)


@pytest.fixture
def data(project: Project) -> BriefingData:
    return make_data(project)
