"""Faults that random histories have shown, each in the shortest history that shows it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from compare import first_disagreement
from plain_sql import Row
from regroupings import succeeded, with_indicators
from steps import Compute, History, Judge, Regroup, Release, Step, Submit, changed

from g60pipeline.contracts.boundaries import ClusterHost, UnitLink
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

JIUTING, SIJING = "310117107", "310117102"
FIRST, SECOND = "310117105", "310117106"


@pytest.fixture
def gains(project: Project) -> Project:
    """Two hosts and one measure, that is a difference and may be negative."""
    small = with_indicators(project, {"shift_output_gain"})
    duties = tuple(duty for duty in small.obligations if duty.unit_code in (JIUTING, SIJING))
    return changed(small, obligations=duties)


def projects(
    project: Project, cluster: str | None, achieved: int, baseline: int
) -> dict[str, tuple[Row, ...]]:
    row: dict[str, Any] = dict.fromkeys(project.forms["integration_project"].field_by_name)
    row |= {"project_code": "P1", "cluster_code": cluster, "outcome_metric": "每班产量"}
    return {
        "integration_project": (
            row | {"achieved_value": Decimal(achieved), "baseline_value": Decimal(baseline)},
        )
    }


def agree(url: str, project: Project, folder: Path, *steps: Step) -> None:
    found = first_disagreement(url, History(0, project, steps), folder)
    assert found is None, found


def test_a_difference_is_divided_as_a_whole(gains: Project, warehouse_url: str, tmp_path: Path) -> None:
    """The weight of a split must not bind to the last term only."""
    links = tuple(
        UnitLink(from_unit=JIUTING, to_unit=unit, kind="split", valid_from="2021-07-01", weight=weight)
        for unit, weight in ((FIRST, 0.3), (SECOND, 0.7))
    )
    duties = succeeded(gains.obligations, JIUTING, [FIRST, SECOND], Period(2021, 7))
    former = ClusterHost(cluster_code="C01", host_unit=JIUTING, valid_to="2021-06-30")
    split = Regroup("split", duties, links, (former,), {"C01": SECOND}, {JIUTING: "2021-06-30"})
    agree(
        warehouse_url, gains, tmp_path,
        Submit(JIUTING, "2021-05", projects(gains, None, 100, 40)), Judge(1, "accepted"),
        Submit(SIJING, "2021-05", {"integration_project": ()}), Judge(2, "accepted"),
        split, Compute(("2021-05",)),
    )  # fmt: skip


def test_a_coverage_is_a_share(gains: Project, warehouse_url: str, tmp_path: Path) -> None:
    """What may be negative is no weight: coverage was -5 here."""
    agree(
        warehouse_url, gains, tmp_path,
        Submit(JIUTING, "2021-05", projects(gains, "C01", 50, 100)), Judge(1, "accepted"),
        Submit(SIJING, "2021-05", projects(gains, "C08", 100, 40)), Judge(2, "accepted"),
        Submit(JIUTING, "2021-06", projects(gains, "C01", 50, 100)), Judge(3, "accepted"),
        Compute(("2021-06",)),
    )  # fmt: skip


def test_a_month_without_protected_values_is_released_twice(
    gains: Project, warehouse_url: str, tmp_path: Path
) -> None:
    """Disclosure control has nothing to know of the first release then, as of months in which only bureaus report."""
    agree(
        warehouse_url, gains, tmp_path,
        Submit(JIUTING, "2021-05", projects(gains, "C01", 100, 40)), Judge(1, "accepted"), Release("2021-05"),
        Submit(SIJING, "2021-05", projects(gains, "C08", 100, 40)), Judge(2, "accepted"), Release("2021-05"),
    )  # fmt: skip
