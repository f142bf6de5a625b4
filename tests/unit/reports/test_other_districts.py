"""With a second district in the lists, our own pages stay about our own district, and the template goes by the month."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from board_world import AT, HOST, PERIOD, status_row
from briefing_world import indicator_row, revenue_rows

from g60pipeline.contracts.boundaries import ClusterHost
from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing_charts import build_coverage_chart, build_share_chart
from g60pipeline.reports.briefing_data import KEY_COVERAGE, SHARE_OF_NEW_MEMBERS
from g60pipeline.reports.briefing_revenue import build_revenue_chart
from g60pipeline.reports.reminders import DISTRICT, build_digests
from g60pipeline.reports.template_order import Order

OTHER_DISTRICT, OTHER_UNIT, OTHER_CLUSTER = "330421", "330421U01", "C21"
MOVED, FORMER, PRESENT = "C07", "310117103", "310117105"


def _with(project: Project, name: str, *codes: Code) -> CodeList:
    return CodeList(name=name, codes=(*project.code_lists[name].codes, *codes))


@pytest.fixture(scope="module")
def two_districts(project: Project) -> Project:
    """A second district with a unit and a cluster; C07 was another unit's until the end of 2021."""
    plain = {"label_zh": "邻", "label_en": "neighbour"}
    above = (
        ("330400", "city", "G60"),
        (OTHER_DISTRICT, "district", "330400"),
        (OTHER_UNIT, "town", OTHER_DISTRICT),
    )
    units = (Code(code=code, **plain, attributes={"kind": kind, "parent": up}) for code, kind, up in above)
    cluster = project.code_lists["clusters"].by_code[MOVED]
    other = cluster.model_copy(
        update={"code": OTHER_CLUSTER, "attributes": cluster.attributes | {"host_unit": OTHER_UNIT}}
    )
    lists = {"units": _with(project, "units", *units), "clusters": _with(project, "clusters", other)}
    host = ClusterHost(cluster_code=MOVED, host_unit=FORMER, valid_to="2021-12-31")
    parts: dict[str, Any] = {name: getattr(project, name) for name in Project.model_fields}
    return Project(**parts | {"code_lists": project.code_lists | lists, "cluster_hosts": (host,)})


def test_charts_leave_out_other_districts(two_districts: Project) -> None:
    shares = [
        indicator_row(SHARE_OF_NEW_MEMBERS, "unit", unit, "year_to_date", 0.5)
        for unit in (FORMER, OTHER_UNIT)
    ]
    covered = [indicator_row(KEY_COVERAGE, "cluster", code, "end", 0.5) for code in (MOVED, OTHER_CLUSTER)]
    share = build_share_chart(two_districts, pd.DataFrame(shares), PERIOD)
    coverage = build_coverage_chart(two_districts, pd.DataFrame(covered), PERIOD)
    assert [bar.label.zh for bar in share.bars] == ["佘山镇"]
    assert [bar.label.zh for bar in coverage.bars] == ["新桥现代装备产业集群"]


@pytest.mark.parametrize(("period", "hosts"), [("2021-12", ["佘山镇"]), ("2022-01", ["佘山镇", "新桥镇"])])
def test_host_units_are_those_of_the_month(two_districts: Project, period: str, hosts: list[str]) -> None:
    rows = [
        indicator_row(SHARE_OF_NEW_MEMBERS, "unit", unit, "year_to_date", value, period=period)
        for unit, value in ((FORMER, 0.6), (PRESENT, 0.5))
    ]
    assert [
        bar.label.zh for bar in build_share_chart(two_districts, pd.DataFrame(rows), period).bars
    ] == hosts


def test_revenue_is_our_districts(two_districts: Project) -> None:
    own = revenue_rows(months=12)
    others = [{**row, "subject_code": OTHER_DISTRICT, "numerator": 1.0} for row in own]
    assert build_revenue_chart(pd.DataFrame(own + others), PERIOD) == build_revenue_chart(
        pd.DataFrame(own), PERIOD
    )


def test_each_unit_is_reminded_but_the_district_hears_of_its_own_only(two_districts: Project) -> None:
    rows = [status_row(unit, "unit_summary", PERIOD, "overdue") for unit in (HOST, OTHER_UNIT)]
    digests = {digest.addressee: digest for digest in build_digests(two_districts, pd.DataFrame(rows), AT)}
    assert list(digests) == [HOST, OTHER_UNIT, DISTRICT]
    assert {item[0] for item in digests[DISTRICT].items} == {HOST}
    only_others = build_digests(two_districts, pd.DataFrame(rows[1:]), AT)
    assert [digest.addressee for digest in only_others] == [OTHER_UNIT]


def test_a_template_offers_the_clusters_that_the_unit_hosts_in_the_month(two_districts: Project) -> None:
    clusters = two_districts.code_lists["clusters"]
    offered = {
        (unit, month): {code.code for code in Order(two_districts, unit, Period.parse(month)).own(clusters)}
        for unit in (FORMER, PRESENT)
        for month in ("2021-12", "2022-01")
    }
    assert offered == {
        (FORMER, "2021-12"): {"C03", MOVED},
        (PRESENT, "2021-12"): set(),
        (FORMER, "2022-01"): {"C03"},
        (PRESENT, "2022-01"): {MOVED},
    }
