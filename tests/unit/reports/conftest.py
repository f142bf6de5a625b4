"""Fixtures: the project as it stands and a made-up month."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import HTTPServer
from typing import Any

import pytest
from briefing_world import ROOT, make_data
from local_servers import Web, serving

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.reports.briefing_data import BriefingData


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project(ROOT)


@pytest.fixture
def data(project: Project) -> BriefingData:
    return make_data(project)


@pytest.fixture
def web() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), Web)
    server.posted, server.answer = [], 200
    with serving(server):
        yield server
