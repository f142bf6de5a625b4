from __future__ import annotations

import pytest
from sample_files import Written

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.sample.generate import Sample, build_sample, write_sample
from g60pipeline.sample.model import MONTHS, Return
from g60pipeline.settings import find_project_root


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project(find_project_root())


@pytest.fixture(scope="session")
def sample(project: Project) -> Sample:
    return build_sample(project)


@pytest.fixture(scope="session")
def returns(project: Project, sample: Sample) -> list[Return]:
    """All correct returns from 2020-12 to 2021-12, as typed by the clerks."""
    return [sample.correct_return(unit, month) for month in MONTHS for unit in project.reporting_units(month)]


@pytest.fixture(scope="session")
def written(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The whole sample on disk."""
    folder = tmp_path_factory.mktemp("sample") / "inbox"
    told: list[tuple[int, int]] = []
    manifest = write_sample(project, folder, progress=lambda done, count: told.append((done, count)))
    count = len(manifest.files)
    assert told == [(done, count) for done in range(1, count + 1)]
    return Written(folder, manifest)
