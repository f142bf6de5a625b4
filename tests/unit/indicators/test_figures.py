"""Published figures against ours: units, rounding, comparators."""

from __future__ import annotations

from decimal import Decimal

import pytest

from g60pipeline.contracts.indicators import Figure
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.figures import compare, convert_unit, round_half_up


def figure(project: Project, name: str) -> Figure:
    assert project.figures is not None
    return next(figure for figure in project.figures.figures if figure.id == name)


@pytest.mark.parametrize(
    ("name", "ours", "shown", "met"),
    [
        ("F03", 0.2, "20", True),  # ratio → percent
        ("F03", 0.205, "20.5", False),  # a half is rounded up, to 21
        ("F03", 0.2049, "20.49", True),
        ("F33", 0.31449, "31.449", True),  # one decimal
        ("F33", 0.3145, "31.45", False),
        ("F08", 1.245, "1.245", True),  # two decimals
        ("F20", 288.0, "12", True),  # hours → days
        ("F29", 43_550_000.0, "4355", True),  # 万元 → 亿元
        ("F39", 2_501_000.0, "250.1", True),
        ("F01", 20, "20", True),  # ge
        ("F01", 19, "19", False),
        ("F09", 500.0, "500", False),  # gt
        ("F09", 500.01, "500.01", True),
        ("F10", 900, "900", True),  # approx
        ("F10", 1000, "1000", True),
        ("F10", 899, "899", False),
        ("F10", 1001, "1001", False),
        ("F25", 0.3, "30", True),
    ],
)
def test_figures_are_compared_in_their_own_unit(
    project: Project, name: str, ours: float, shown: str, met: bool
) -> None:
    comparison = compare(project, figure(project, name), ours)
    assert comparison.ours == Decimal(shown)
    assert comparison.met is met


def test_less_or_equal(project: Project) -> None:
    bounded = figure(project, "F20").model_copy(update={"comparator": "le"})
    assert compare(project, bounded, 288).met
    assert not compare(project, bounded, 289).met


def test_no_value_meets_nothing(project: Project) -> None:
    zero = figure(project, "F02")
    assert compare(project, zero, 0).met
    assert not compare(project, zero, None).met


def test_units_of_different_dimensions_do_not_convert(project: Project) -> None:
    units = project.code_lists["measurement_units"]
    with pytest.raises(ValueError, match="cannot be converted"):
        convert_unit(units, Decimal(1), "hour", "tonne")
    with pytest.raises(ValueError, match="no unit of measure"):
        convert_unit(units, Decimal(1), "hour", "furlong")


def test_halves_are_rounded_away_from_zero() -> None:
    assert round_half_up(Decimal("2.5"), 0) == 3
    assert round_half_up(Decimal("-2.5"), 0) == -3


def test_every_published_figure_can_be_compared(project: Project) -> None:
    assert project.figures is not None
    assert [figure.id for figure in project.figures.figures] == [f"F{n:02d}" for n in range(1, 45)]
    for item in project.figures.figures:
        compare(project, item, 1.0)
        assert "{value}" in item.sentence.zh
        assert "{value}" in item.sentence.en
