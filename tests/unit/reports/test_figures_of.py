"""Which published figures a month's briefing shows, and when there is something to compare with."""

from __future__ import annotations

import pytest

from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing_data import MonthFigure, figures_of

OF_2020 = {"F37", "F38", "F41", "F42"}


def by_id(project: Project, period: str) -> dict[str, MonthFigure]:
    assert project.figures is not None
    return {found.figure.id: found for found in figures_of(project.figures.figures, period)}


def test_december_2021_has_all_of_them_as_published(project: Project) -> None:
    found = by_id(project, "2021-12")
    assert len(found) == 44
    assert all(item.has_reference for item in found.values())
    assert found["F37"].figure.read.period == "2020-12"
    assert found["F44"].figure.read.period == "2021-06"


@pytest.mark.parametrize(
    ("period", "referenced"), [("2021-05", OF_2020), ("2020-11", set()), ("2022-03", OF_2020 | {"F44"})]
)
def test_another_month_is_read_at_that_month_without_a_reference(
    project: Project, period: str, referenced: set[str]
) -> None:
    found = by_id(project, period)
    assert {name for name, item in found.items() if item.has_reference} == referenced
    assert found["F10"].figure.read.period == period


def test_a_figure_about_a_later_month_is_not_shown_yet(project: Project) -> None:
    assert not (OF_2020 | {"F44"}) & set(by_id(project, "2020-11"))
    assert "F44" in by_id(project, "2021-06")
    assert "F44" not in by_id(project, "2021-05")


def test_the_contracts_themselves_stay_as_they_are(project: Project) -> None:
    by_id(project, "2019-01")
    assert project.figures is not None
    assert project.figures.figures[0].read.period == "2021-12"
