"""The project's own disclosure rules: columns exist, waivers are figures that were published."""

from __future__ import annotations

from pathlib import Path

import pytest
from disclosure_world import RULE
from pydantic import ValidationError

from g60pipeline.contracts.indicators import Disclosure, Indicator
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.disclosure.definitions import read_definitions
from g60pipeline.disclosure.relations import build_hierarchies
from g60pipeline.indicators.relations import find_relation
from g60pipeline.settings import find_project_root

PROJECT = load_project(Path(find_project_root()))
PROTECTED = [i for i in PROJECT.indicators.values() if i.disclosure is not None]


def _columns(project: Project, indicator: Indicator) -> list[set[str]]:
    parts = [part for part in (indicator.numerator, indicator.denominator) if part is not None]
    return [set(find_relation(project, part.from_).columns) for part in parts]


@pytest.mark.parametrize("indicator", PROTECTED, ids=lambda i: i.id)
def test_contributors_are_columns_of_what_is_read(indicator: Indicator) -> None:
    rule = indicator.disclosure
    assert rule is not None
    wanted = {*rule.contributors, *filter(None, [rule.counted_by])}
    assert all(wanted <= columns for columns in _columns(PROJECT, indicator))


def test_waivers_are_figures_that_the_district_published() -> None:
    assert PROJECT.figures is not None
    figures = {figure.id: figure.read for figure in PROJECT.figures.figures}
    waivers = [(i.id, w) for i in PROTECTED if i.disclosure for w in i.disclosure.published_by_district]
    assert {w.figure for _, w in waivers} == {"F08", "F09"}
    for name, w in waivers:
        read = figures[w.figure]
        assert (name, w.period, w.time, w.level, w.subject) == (
            read.indicator,
            read.period,
            read.time,
            read.level,
            read.subject,
        )
        assert (w.dimension, w.dimension_code) == (read.dimension or "", read.dimension_code or "")


def test_money_of_enterprises_is_protected_wherever_it_is_read() -> None:
    names = {
        i.id
        for i in PROJECT.indicators.values()
        if i.unit == "wan_yuan" and i.numerator.from_ != "district_economy"
    }
    assert names <= {i.id for i in PROTECTED}
    assert set(read_definitions(PROJECT.indicators.values())) == {i.id for i in PROTECTED}


def test_clusters_hang_below_their_hosts() -> None:
    hierarchy = build_hierarchies(PROJECT, "2021-12")[0]
    assert hierarchy["C06"] == "310117121"
    assert hierarchy["310117121"] == "310117"


@pytest.mark.parametrize(
    "wrong",
    [
        {"contributors": []},
        {"p": None},
        {"protection": 0.05},
        {"counted_by": "enterprises"},
        {"minimum_contributors": 1},
    ],
)
def test_rules_that_cannot_be_judged_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Disclosure.model_validate({**RULE, **wrong})
